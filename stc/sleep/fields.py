"""Questions from the lines of forms: "Wind Direction: 230°" answers "What is the wind direction?". Pure.

A line may hold several fields whose columns are lost ("Age: 61, Male Seats: 4"). Where a value ends and the next label begins
is then read off the words; where that is not certain, the answer shows the line as it stands.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise

from stc.sleep.grammar import AUXILIARIES, PREPOSITIONS, PRONOUNS, Casing, is_plural, participle
from stc.sleep.reading import Statement

_SMALL = r"(?:of|and|or|in|to|for|the|per|from|at|on|by|&|/|–|-)"
_LABEL_WORD = r"[A-Z(#][\w()/&.'’#-]*"
_LABEL = re.compile(rf"({_LABEL_WORD}(?: (?:{_SMALL} ){{0,2}}(?:{_LABEL_WORD}|\d{{1,4}}))*) ?:(?=\s|$)")
_FIRST_LABEL = re.compile(r"([A-Z][^:;,.!?\t]{1,48}?(?:\([^:()]{1,20}\))?\.?) ?:(?=\s|$)")
_UNFINISHED_LABEL = re.compile(r"^(.*\d\S*(?: [a-z°%/]\S*)*?)(?: /)?(?: [A-Z][a-z]+){2,4}$")
"""A number with its unit, and behind it words that look like the next label without its colon."""
_CLOSED = frozenset("none no yes unknown n/a na true false".split())
_NO_LABELS = frozenset(
    "note notes example examples warning caution source sources see figure table tip important answer question q a step "
    "http https e.g i.e contents page where reference references remarks total".split()
)  # fmt: skip
_LABEL_STARTS = frozenset("first second third last next other another same former total".split())
"""Pronouns in a sentence, plain words of a label."""
_OPENING = frozenset("Last Latest Next Previous Current Initial Final".split())
"""Nothing but a label begins with them in the middle of a form's line."""
_LONGEST_VALUE = 22


@dataclass(frozen=True, slots=True)
class Field:
    """A label with its value; ``sure`` is False where the border between it and a neighbour is a guess."""

    label: str
    value: str
    sure: bool
    shown: str
    """What answers the question: the value, or the piece of the line where the value's end is a guess."""


@dataclass(frozen=True, slots=True)
class FieldQuestion:
    question: str
    text: str
    weight: float
    statement: Statement


def fields(line: str, known: frozenset[str] = frozenset()) -> list[Field]:
    """Return the fields of one line. ``known`` are labels that certainly are ones: lines of the document begin with them."""
    marks = _marks(line, known)
    result = []
    for position, (start, end, after, _) in enumerate(marks):
        following = marks[position + 1] if position + 1 < len(marks) else None
        sure = following is None or following[3]
        value = line[after : following[0] if following else len(line)].strip(" ;|")
        if following is None:
            value = _UNFINISHED_LABEL.sub(r"\1", value)
        if (
            not sure
            and following is not None
            and not line[following[2] : _value_end(line, marks, position + 2)].strip()
        ):
            continue  # neither border of the value is known
        shown = value if sure or following is None else line[start : _value_end(line, marks, position + 1)].strip(" ;|")
        result.append(Field(line[start:end].strip(), value, sure, shown))
    return result


def spans(line: str, known: frozenset[str] = frozenset()) -> list[tuple[str, int, int, int]]:
    """Return (label, its start, where its value begins, where the next colon stands) of each field of a line.

    What has a form of its own (a date, a number with its unit) is found at the value's beginning wherever the value ends.
    """
    marks = _marks(line, known)
    if not marks:
        return []
    ends = [*(end for _, end, _, _ in marks[1:]), len(line)]
    return [(line[mark[0] : mark[1]].strip(), mark[0], mark[2], end) for mark, end in zip(marks, ends, strict=True)]


def _marks(line: str, known: frozenset[str]) -> list[tuple[int, int, int, bool]]:
    """Return (start of the label, its end, end of the colon, whether the start is certain) of each label of a line."""
    first = _FIRST_LABEL.match(line)
    if not first or len(first.group(1).split()) > 7:
        return []
    starts = frozenset(label.split()[0] for label in known)
    marks = [(0, first.end(1), first.end(), True)]
    for found in _LABEL.finditer(line, first.end()):
        start, sure = _label_start(line, marks[-1][2], found.start(1), found.end(1), known, starts)
        marks.append((start, found.end(1), found.end(), sure))
    return marks


def _value_end(line: str, marks: list[tuple[int, int, int, bool]], position: int) -> int:
    return marks[position + 1][0] if position + 1 < len(marks) else len(line)


def _label_start(
    line: str, after: int, start: int, end: int, known: frozenset[str], starts: frozenset[str]
) -> tuple[int, bool]:
    """Return where the label that ends at ``end`` begins, and whether that is certain."""
    words = [(found.start() + start, found.group()) for found in re.finditer(r"\S+", line[start:end])]
    before = line[after:start].strip()
    if not before and words[0][1].lower().rstrip(",") in _CLOSED and len(words) > 1:
        return words[1][0], True
    begin = 0
    for position, (_, word) in enumerate(words[:-1]):
        # A word with a digit or before a comma still belongs to the value.
        if any(letter.isdigit() for letter in word.strip("()")) or word.endswith(","):
            begin = position + 1
    short = 0
    if begin < len(words) - 1 and len(words[begin][1].strip("()")) <= 4 and _is_short_form(words[begin][1]):
        short = 1  # "WI" behind "Wausau," belongs to the value; elsewhere "IFR" may belong to either
    pair = re.search(r"(?:^| )([A-Z][a-z]+,)$", before)
    if pair and len(words) == 1:
        return after + line[after:start].rindex(pair.group(1)), True  # "Latitude, Longitude:"
    if (begin and short) or before.endswith(","):
        return words[begin + short][0], bool(begin or before)
    rest = words[begin:]
    for position, (at, _) in enumerate(rest):
        if line[at:end] in known:
            return at, position == 0
    for at, word in rest[:-1]:
        if word in _OPENING:
            return at, True
    for position, (at, word) in enumerate(rest):
        if word in starts and (position == 0 or position < len(rest) - 1):
            return at, position == 0 and len(rest) <= 4
    if short:
        return rest[1][0], False
    if begin or (before and not before[-1].isdigit()):
        return rest[0][0], begin > 0 or len(rest) <= 3
    if len(rest) == 1:
        return rest[0][0], True
    if before:  # a number, then perhaps its unit
        return rest[1][0], False
    if len(rest) == 2:
        return (rest[0][0] if participle(rest[1][1].lower()) else rest[1][0]), False
    # A label of two words is the likeliest; with "of" inside, the words around it.
    joints = PREPOSITIONS | {"of", "and", "or", "/", "&"}
    cut = len(rest) - 2
    while cut > 1 and (rest[cut][1].lower() in joints or rest[cut - 1][1].lower() in joints):
        cut -= 1
    return rest[cut][0], False


def _is_short_form(word: str) -> bool:
    bare = word.strip("()/")
    return len(bare) <= 2 or bare.isupper()


def known_labels(statements: Iterable[Statement]) -> frozenset[str]:
    return frozenset(_first_labels(statement for statement in statements if statement.line))


def _first_labels(statements: Iterable[Statement]) -> list[str]:
    found = (_FIRST_LABEL.match(statement.text) for statement in statements)
    return [match.group(1).strip() for match in found if match]


def _form_pages(statements: Iterable[Statement]) -> set[int]:
    """Return the pages that are forms: many lines begin with a label. A colon elsewhere is mostly a sentence's."""
    lines: Counter[int] = Counter()
    labelled: Counter[int] = Counter()
    for statement in statements:
        lines[statement.page] += 1
        labelled[statement.page] += _FIRST_LABEL.match(statement.text) is not None
    return {page for page, count in labelled.items() if count >= 4 and count >= 0.25 * lines[page]}


def in_forms(statements: Iterable[Statement]) -> list[tuple[Field, Statement]]:
    """Return the fields of form lines, in order, each with its line."""
    found = []
    lines, known = form_lines(statements)
    for statement, likely in lines:
        for field in fields(statement.text, known):
            below = re.search(re.escape(field.label) + r"\s*:[ \t]*\n", statement.quote)
            if below and field.value.istitle() and " " in field.value:
                continue  # an empty field above a heading
            if likely(field.label):
                found.append((field, statement))
    return found


def form_lines(
    statements: Iterable[Statement],
) -> tuple[list[tuple[Statement, Callable[[str], bool]]], frozenset[str]]:
    """Return the lines that may hold fields, each with what tells whether a label of it is one, and the certain labels."""
    lines = [statement for statement in statements if statement.line or _FIRST_LABEL.match(statement.text)]
    forms = _form_pages(lines)
    often = Counter(label.lower() for label in _first_labels(lines))

    def on_form(label: str) -> bool:
        return True

    def repeated(label: str) -> bool:
        return often[label.lower()] >= 3

    return [(line, on_form if line.page in forms else repeated) for line in lines], known_labels(lines)


def questions(statements: Iterable[Statement], casing: Casing) -> list[FieldQuestion]:
    """Return the questions that form lines answer. A label with several values is asked about per heading, or not at all."""
    found: defaultdict[str, list[tuple[Field, Statement]]] = defaultdict(list)
    for field, statement in in_forms(statements):
        found[field.label.lower()].append((field, statement))
    result = []
    for group in found.values():
        values = {field.value.lower() for field, _ in group}
        if len(values) == 1 or re.search(r"\d$", group[0][0].label):
            result.extend(_one_value(group, casing))
        else:
            result.extend(_per_heading(group, casing))
    return result


def _one_value(group: list[tuple[Field, Statement]], casing: Casing) -> list[FieldQuestion]:
    """Return the question of a label with one value; of a numbered one ("Goal 3"), of the fullest."""
    field, statement = max(group, key=lambda pair: len(pair[0].value))
    asked = question(field, casing)
    return [FieldQuestion(asked, field.shown, _weight(field), statement)] if asked else []


def _per_heading(group: list[tuple[Field, Statement]], casing: Casing) -> list[FieldQuestion]:
    """Return the questions of a label that stands below many headings with a value each; none where the headings don't tell."""
    places = Counter(_heading(statement) for _, statement in group)
    if len({field.value.lower() for field, _ in group}) < 0.7 * len(group):
        return []  # hardly anybody asks what is the same nearly everywhere
    telling = [
        (field, statement) for field, statement in group if places[_heading(statement)] == 1 and _heading(statement)
    ]
    if len(telling) < 0.6 * len(group):
        return []
    result = []
    for field, statement in telling:
        asked = question(field, casing)
        if asked:
            asked = f"{asked.removesuffix('?')} for {_heading(statement)}?"
            result.append(FieldQuestion(asked, field.shown, 0.35, statement))
    return result


def _heading(statement: Statement) -> str:
    """Return the innermost heading as a name, "" where it is no whole one."""
    name = _as_name(statement.heading.split(" > ")[-1])
    words = name.split()
    if not 2 <= len(words) <= 7 or words[-1].lower() in PREPOSITIONS | {"and", "or", "the", "a", "an", "of"}:
        return ""
    return name


def _weight(field: Field) -> float:
    if not field.sure:
        return 0.6
    low = field.value.lower().strip(".")
    if low in _CLOSED:
        return 0.55
    return 0.85 if any(letter.isdigit() for letter in low) else 0.8


def _as_name(heading: str) -> str:
    """Return a heading as a name: without its number, and not in capitals only."""
    bare = re.sub(r"^(?:\d+(?:\.\d+)*\.?|[IVX]+\.)\s+", "", heading).rstrip(" .:")
    return bare.title() if bare.isupper() and " " in bare else bare


def question(field: Field, casing: Casing) -> str | None:
    """Return the question whose answer is the field's value; ``None`` where it would read oddly."""
    label, value = field.label.strip(" .#"), field.value
    words = label.split()
    if not _asks_well(words, value) or all(casing.is_known_name(word) for word in words):
        return None
    if re.search(r"\d(?:\.\d+)*$", label):
        label = label.title() if label.isupper() and len(label) > 8 else label
        return f"What is {label}?" if words[0][0].isupper() and len(words) <= 4 else None
    phrase = in_sentence(label, casing)
    last = phrase.split()[-1] if phrase else ""
    closed = value.lower().strip(".") in {"yes", "no"}
    bare = phrase.rsplit(" ", 1)[0] if " " in phrase else ""
    if not phrase or (not bare and (participle(last) or last in PREPOSITIONS)):
        return None
    be = "were" if is_plural(bare or phrase) else "was"
    if participle(last) and last not in {"set", "read", "cost", "cut", "put", "hit", "found", "born"}:
        return f"{be.capitalize()} {bare} {last}?" if closed else f"What {bare} {be} {last}?"
    if last in PREPOSITIONS:
        return f"What was the {phrase}?" if " " in bare else None
    if closed and last in {"present", "available", "required", "active", "open", "complete"} and bare:
        return f"{be.capitalize()} {_article(bare)} {last}?"
    if closed:
        return f"Is there {_article(phrase)}?" if len(phrase.split()) <= 3 else None
    plural = is_plural(phrase) or " and " in phrase
    if is_plural(phrase) and not re.search(r" (?:and|or) ", phrase) and re.match(r"\d{1,4}(?:$| [A-Z])", value):
        return f"How many {phrase} are there?"
    return f"What {'are' if plural else 'is'} the {phrase}?"


def in_sentence(label: str, casing: Casing) -> str:
    """Return a label as it stands inside a question: "Landing Gear Type(s)" as "landing gear types"."""
    label = re.sub(r"(?<=\w)\(s\)", "s", label)
    label = re.sub(r"\s*\([^)]*\)", "", label)
    if not any(letter.isdigit() for letter in label):
        label = re.sub(r"\s*/\s*", " or ", label).replace(" & ", " and ").replace(", ", " and ")
    shouted = label.isupper() and " " in label
    return " ".join(_lower(word, casing, shouted) for word in label.split())


def _article(phrase: str) -> str:
    if is_plural(phrase):
        return phrase
    return ("an " if phrase[0].lower() in "aeiou" else "a ") + phrase


def _lower(word: str, casing: Casing, shouted: bool) -> str:
    bare = word.strip("#.,")
    if bare.isupper() and 1 < len(bare) <= 5 and not (shouted and (casing.has_small(bare) or len(bare) > 3)):
        return word
    return (
        word if not bare.isupper() and not bare.istitle() and bare[:1].isupper() and "-" not in bare else word.lower()
    )


def _asks_well(words: list[str], value: str) -> bool:
    if not words or not value or not 1 <= len(words) <= 6:
        return False
    first = words[0].lower().strip("().")
    if (
        first in _NO_LABELS
        or first in PREPOSITIONS
        or first in AUXILIARIES
        or first in {"the", "this", "if", "when", "a", "an", "it", "to"}
    ):
        return False
    label = " ".join(words)
    if any(a.lower()[:6] == b.lower()[:6] for a, b in pairwise(words)):
        return False  # two labels run together: "Conditions Condition of Light"
    if first in PRONOUNS - _LABEL_STARTS or label.count("(") != label.count(")"):
        return False
    if len(words) == 1 and (value.endswith("?") or first[:6] in value.lower() or len(value.split()) > 8):
        return False
    telling = [word for word in words if word.lower() not in PREPOSITIONS | {"of", "and", "or", "the", "a", "&", "/"}]
    if len(words) > 2 and sum(
        word[0].isupper() or word[0] in "(#" or word[0].isdigit() for word in telling
    ) < 0.6 * len(telling):
        return False
    if len(label) < 3 or sum(letter.isalpha() for letter in label) < 0.7 * len(label.replace(" ", "")):
        return False
    if label.isupper() and len(words) > 3:
        return False
    if any(word.lower() in AUXILIARIES | {"that", "which", "who", "you", "we", "our", "your"} for word in words):
        return False
    tokens = value.split()
    if (
        (len(tokens) > 8 and value.endswith("."))
        or tokens[-1].lower() in PREPOSITIONS | {"and", "or", "the", "a", "an", "of"}
        or value.endswith(",")
    ):
        return False  # a sentence, or cut by a line's end
    return 1 <= len(tokens) <= _LONGEST_VALUE and any(letter.isalnum() for letter in value) and not value.endswith(":")
