"""The thinker that needs no model: it turns a document's own sentences and lines into questions, and picks its summaries.

General over documents: it knows English and the shapes of forms and tables, and no document's field names. Each note is in
the document's words and stands on one quote.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from stc.chat.sentences import split
from stc.chat.terms import terms
from stc.sleep import asking, changes, deriving, fields, forms, tables
from stc.sleep.grammar import (
    BASES,
    MODALS,
    PREPOSITIONS,
    PRONOUNS,
    Casing,
    analyse,
    has_verb,
    is_noun_phrase,
    is_plural,
    plain,
)
from stc.sleep.phrasing import Asked, reads_badly
from stc.sleep.reading import Heading, Reading, Statement, readable
from stc.words import Evidence, NoteDraft

OUTLINE_SHARE = 0.08
INFER_SHARE = 0.17
QUESTIONS_SHARE = 0.41
"""Tokens of notes per token of text, at most; what is derived comes out of the questions' share, for nothing in the text
answers it. Together they stay below half, with room for rounding."""
_OPENING_TOKENS = 80
_SUMMARY_TOKENS = 170
_SECTION_TOKENS = 70
_SECTION_WORDS = 120
"""A section shorter than this needs no summary of its own."""
_SMALL_WORDS = frozenset("and or of the to in for a an with by on at from is are".split())
_PER_PAGE = 14
_DERIVED_PER_PAGE = 30
_PER_SHAPE = 2
"""Questions of one series ("What does X stand for?") per window; more of the same help nobody."""

CountTokens = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class _Candidate:
    draft: NoteDraft
    page: int
    start: int
    value: float
    tokens: int


class ExtractiveThinker:
    """Thinks about one document. What it learns of the whole document is kept from window to window."""

    def __init__(self, reading: Reading, count: CountTokens) -> None:
        self.reading = reading
        self.count = count

    @cached_property
    def _weights(self) -> _Weights:
        return _Weights(self.reading.sentences)

    @cached_property
    def _fields(self) -> list[fields.FieldQuestion]:
        return fields.questions(self.reading.statements, self.reading.casing)

    @cached_property
    def _sections(self) -> dict[str, list[Statement]]:
        """Statements per heading path, in order; text under a heading and under its subheadings stay apart."""
        found: dict[str, list[Statement]] = {}
        for statement in self.reading.statements:
            if statement.heading:
                found.setdefault(statement.heading, []).append(statement)
        return found

    def outline(self, *, tokens: int) -> list[NoteDraft]:
        """Return the summary of the document, then of each section that is long enough; ``tokens`` are the document's."""
        room = int(tokens * OUTLINE_SHARE)
        drafts = []
        told = [statement for statement in self.reading.sentences if _stands_alone(statement.text)]
        chosen = _central(told, self._weights, self.count, limit=min(_SUMMARY_TOKENS, room), most=6)
        if chosen:
            drafts.append(_summary(None, chosen))
            room -= self.count(drafts[-1].text)
        headings = {heading.path: heading for heading in reversed(self.reading.headings)}
        for path, section in self._sections.items():
            if room < 30:
                break
            sentences = [statement for statement in section if not statement.line]
            if (
                path not in headings
                or not _is_whole(headings[path])
                or sum(len(sentence.text.split()) for sentence in sentences) < _SECTION_WORDS
            ):
                continue
            told = [sentence for sentence in sentences if _stands_alone(sentence.text)]
            chosen = _central(told, self._weights, self.count, limit=min(_SECTION_TOKENS, room), most=2)
            if chosen:
                drafts.append(_summary(headings[path], chosen))
                room -= self.count(drafts[-1].text)
        return drafts

    def anticipate(self, first: int, last: int, *, tokens: int, asked: Iterable[str] = ()) -> list[NoteDraft]:
        """Return questions that pages ``first`` to ``last`` answer, the best of them that fit the window's share.

        ``asked`` are questions that notes of other windows have already; ``tokens`` are the window's.
        """
        here = self.reading.within(first, last)
        candidates = [
            *_from_sentences(here, self.reading, self._weights, self.count),
            *self._from_fields(first, last),
            *_from_lists(here, self.reading, self.count),
            *_from_tables(here, self.reading, self.count),
            *self._from_headings(first, last),
            *_from_acronyms(here, self.reading, first, self.count),
        ]
        derived = sum(self.count(f"{item.question} {item.text}") for item in self._inferred(first, last, tokens))
        room = int(tokens * QUESTIONS_SHARE) - derived
        return [candidate.draft for candidate in _choose(candidates, asked, room=room)]

    def infer(self, first: int, last: int, *, tokens: int, asked: Iterable[str] = ()) -> list[NoteDraft]:
        """Return what follows from the text but stands nowhere in it, the most wanted that fit the window's share.

        An inference belongs to the window that holds its first quote; the others may stand anywhere in the document.
        """
        known = {_key(question) for question in asked}
        return [
            NoteDraft("inference", item.question, item.text, item.evidence, item.formula)
            for item in self._inferred(first, last, tokens)
            if _key(item.question) not in known
        ]

    @cached_property
    def _derived(self) -> list[deriving.Derived]:
        sources = (forms, changes, tables)
        found = [item for source in sources for item in source.derived(self.reading)]
        return deriving.proven(found, self.reading)

    def _inferred(self, first: int, last: int, tokens: int) -> list[deriving.Derived]:
        room = int(tokens * INFER_SHARE)
        per_page: Counter[int] = Counter()
        seen = set()
        chosen = []
        for item in self._derived:
            page, size = item.evidence[0].page, self.count(f"{item.question} {item.text}")
            if not first <= page <= last or size > room or per_page[page] >= _DERIVED_PER_PAGE:
                continue
            if _key(item.question) not in seen:
                seen.add(_key(item.question))
                per_page[page] += 1
                room -= size
                chosen.append(item)
        return sorted(chosen, key=lambda item: (item.evidence[0].page, item.start))

    def digest(self, *, tokens: int) -> list[tuple[int, str]]:
        """Return (page, text) of a document's first lines, its headings and its most telling sentences, at most so many
        tokens, in order."""
        first, opening = self._opening(tokens // 8)
        pieces = [(first, 0, opening)] if opening else []
        used = self.count(opening)
        for heading in sorted(self.reading.headings, key=lambda heading: heading.guessed):
            at = self.reading.page_text(heading.page).find(heading.line)
            if used < tokens // 4 and (heading.page, at) > (first, len(opening)):
                pieces.append((heading.page, at, heading.line))
                used += self.count(heading.line) + 1
        told = [
            sentence
            for sentence in self.reading.sentences
            if _stands_alone(sentence.text) and (sentence.page, sentence.start) > (first, len(opening))
        ]
        firsts = {id(section[0]) for section in self._sections.values()}
        value = {id(item): self._weights.centrality(item) * (1.5 if id(item) in firsts else 1.0) for item in told}
        for sentence in sorted(told, key=lambda item: -value[id(item)]):
            size = self.count(sentence.text) + 1
            if used + size > tokens:
                break
            pieces.append((sentence.page, sentence.start, sentence.quote))
            used += size
        by_page: dict[int, list[str]] = {}
        for page, _, text in sorted(pieces):
            by_page.setdefault(page, []).append(text)
        return [(page, "\n".join(texts)) for page, texts in by_page.items()]

    def _opening(self, limit: int) -> tuple[int, str]:
        """Return the first page that has text, and its first lines, a few: what a document is stands there."""
        page = next((page for page in self.reading.pages if page.text.strip()), None)
        if page is None:
            return 0, ""
        end = 0
        for unit in split(page.text):
            size = self.count(page.text[: unit.end])
            if size > (limit if end == 0 else min(limit, _OPENING_TOKENS)):
                break
            end = unit.end
        return page.number, page.text[:end]

    def _from_fields(self, first: int, last: int) -> list[_Candidate]:
        return [
            _candidate("answer", item.question, item.text, [item.statement], item.weight, self.count)
            for item in self._fields
            if first <= item.statement.page <= last
        ]

    def _from_headings(self, first: int, last: int) -> list[_Candidate]:
        """A heading that asks is a question; one that names a subject becomes one."""
        result = []
        often = Counter(heading.line for heading in self.reading.headings)
        for heading in self.reading.headings:
            if often[heading.line] > 2 or not first <= heading.page <= last:
                continue
            section = [
                item for item in self._sections.get(heading.path, []) if not item.line and first <= item.page <= last
            ]
            told = [item for item in section if len(item.text.split()) >= 5 and item.text[-1:] in ".!"]
            name = _name(heading)
            if name.endswith("?") and len(name.split()) >= 3:
                answer = [item for item in told[:2] if self.count(item.text) <= 60]
                if answer:
                    text = " ".join(item.text for item in answer)
                    result.append(_candidate("answer", name, text, answer, 1.1, self.count))
                continue
            subject = _subject_of(name, self.reading.casing)
            named = set(terms(subject or ""))
            alone = [item for item in told if _stands_alone(item.text) and named & set(terms(item.text))]
            if subject is None or len(alone) < (4 if heading.guessed else 1):
                continue
            best = _central(alone, self._weights, self.count, limit=60, most=1)
            if best:
                question = f"What does the document say about {subject}?"
                value = 0.45 + 0.2 * self._weights.centrality(best[0])
                result.append(_candidate("answer", question, best[0].text, best, value, self.count))
        return result


# The outline


def _name(heading: Heading) -> str:
    """Return a heading without its mark-up."""
    return readable(heading.line).strip("# ")


def _is_whole(heading: Heading) -> bool:
    """Tell whether a heading is surely one, and all of it, so that it can stand before a summary."""
    words = _name(heading).split()
    return not heading.guessed and not heading.line.endswith(("-", ",")) and words[-1].lower() not in _SMALL_WORDS


def _summary(heading: Heading | None, chosen: Sequence[Statement]) -> NoteDraft:
    text = " ".join(statement.text for statement in chosen)
    evidence = [Evidence(item.page, item.quote) for item in chosen]
    if heading is not None:
        text = f"{_name(heading).rstrip(' .:')}: {text}"
        evidence.insert(0, Evidence(heading.page, heading.line))
    return NoteDraft("summary", "", text, tuple(evidence))


class _Weights:
    """What a document is about: the terms that come up in it again and again."""

    def __init__(self, sentences: Sequence[Statement]) -> None:
        self._terms = {id(sentence): terms(sentence.text) for sentence in sentences}
        seen = Counter(term for found in self._terms.values() for term in set(found))
        total = max(1, len(sentences))
        self.rarity = {term: math.log(1 + total / count) for term, count in seen.items()}
        # What is said once is a detail.
        self.centre = {term: math.log(count) for term, count in seen.items() if count > 2}
        self._highest = sum(sorted(self.centre.values(), reverse=True)[:8]) / 8 or 1.0

    def vector(self, statement: Statement) -> dict[str, float]:
        found = self._terms.get(id(statement)) or terms(statement.text)
        return {term: (1 + math.log(count)) * self.rarity.get(term, 0.0) for term, count in Counter(found).items()}

    def centrality(self, statement: Statement) -> float:
        """Return how much a sentence is about what the document is about, mostly 0 to 1."""
        found = set(self._terms.get(id(statement)) or terms(statement.text))
        # Divided by more than the sentence's own length, so that three words can't be the summary of a book.
        return sum(self.centre.get(term, 0.0) for term in found) / (self._highest * max(8, len(found)))


def _cosine(one: dict[str, float], other: dict[str, float]) -> float:
    lengths = math.sqrt(sum(v * v for v in one.values())) * math.sqrt(sum(v * v for v in other.values()))
    return sum(value * other.get(term, 0.0) for term, value in one.items()) / lengths if lengths else 0.0


def _central(
    sentences: Sequence[Statement], weights: _Weights, count: CountTokens, *, limit: int, most: int
) -> list[Statement]:
    """Return the sentences that say most and repeat each other least, in reading order."""
    scored = []
    for position, sentence in enumerate(sentences):
        # Beginnings say what it is about; ends are often boilerplate.
        bonus = (1.8, 1.5, 1.3)[position] if position < 3 else 1.0 - 0.2 * position / len(sentences)
        scored.append((weights.centrality(sentence) * bonus * _telling(sentence.text), sentence))
    scored.sort(key=lambda pair: -pair[0])
    chosen: list[tuple[Statement, dict[str, float]]] = []
    used = 0
    if sentences and _defines(sentences[0].text) and count(sentences[0].text) <= 0.75 * limit:
        chosen.append((sentences[0], weights.vector(sentences[0])))
        used = count(sentences[0].text) + 1
    for score, sentence in scored[:60]:
        if score <= 0 or len(chosen) >= most:
            break
        vector = weights.vector(sentence)
        size = count(sentence.text) + 1
        if used + size <= limit and all(_cosine(vector, other) < 0.5 for _, other in chosen):
            chosen.append((sentence, vector))
            used += size
    return sorted((sentence for sentence, _ in chosen), key=lambda item: (item.page, item.start))


_LEADS = re.compile(
    r"\b(?:in (?:conclusion|summary|short)|overall|the (?:main|primary|probable|key|purpose|goal|aim|objective|mission)|"
    r"we (?:found|conclude|show)|this (?:report|paper|document|study|guide|plan|manual|article) "
    r"(?:describes|presents|provides|explains|covers|is|shows|sets))\b",
    re.IGNORECASE,
)


def _defines(text: str) -> bool:
    """Tell whether a first sentence says what the whole is: "Geology is an earth science …"."""
    return re.match(r"(?:[^\s.;:]+ ){1,6}?(?:\([^)]*\) )?(?:is|are|was|were) (?:a|an|the|one) ", text) is not None


def _telling(text: str) -> float:
    """Return a factor for what a sentence looks like: summing-up words help; very short or long ones summarise badly."""
    words = len(text.split())
    factor = 1.25 if _LEADS.search(text) else 1.0
    return factor * (0.7 if words < 8 or words > 45 else 1.0)


_POINTING = (PRONOUNS | {"but", "and", "or", "so", "then"}) - {
    "each", "all", "some", "many", "most", "several", "any", "every", "i", "we", "no", "few", "more",
}  # fmt: skip
_CONNECTING = frozenset("however, therefore, also, moreover, furthermore, instead, thus, hence,".split())


def _stands_alone(text: str) -> bool:
    """Tell whether a sentence can be read without the one before it."""
    words = text.split()
    if not 6 <= len(words) <= 60 or not text[0].isupper() or text.rstrip('"”’)')[-1:] not in ".!":
        return False
    if words[0].lower().strip(",") in _POINTING or words[0].lower() in _CONNECTING:
        return bool(re.match(r"This (?:report|paper|document|study|guide|plan|manual|article|chapter)\b", text))
    if text.count('"') % 2 or text.count("“") != text.count("”") or text.count("(") != text.count(")"):
        return False
    letters = sum(letter.isalpha() or letter == " " for letter in text)
    return letters >= 0.8 * len(text) and sum(word[0].islower() for word in words) >= 0.4 * len(words)


# Questions


def _candidate(
    kind: str, question: str, text: str, evidence: Sequence[Statement], value: float, count: CountTokens
) -> _Candidate:
    draft = NoteDraft(
        "definition" if kind == "definition" else "answer",
        question,
        text,
        tuple(Evidence(statement.page, statement.quote) for statement in evidence),
    )
    return _Candidate(draft, evidence[0].page, evidence[0].start, value, count(f"{question} {text}"))


def _from_sentences(
    here: Sequence[Statement], reading: Reading, weights: _Weights, count: CountTokens
) -> list[_Candidate]:
    found: list[tuple[Asked, Statement]] = []
    for statement in here:
        if not statement.line:
            found.extend((asked, statement) for asked in asking.from_sentence(statement.text, reading.casing))
    by_question: defaultdict[str, list[tuple[Asked, Statement]]] = defaultdict(list)
    for asked, statement in found:
        by_question[asked.question.lower()].append((asked, statement))
    result = []
    for group in by_question.values():
        texts = {statement.text for _, statement in group}
        asked, statement = max(group, key=lambda pair: (pair[0].weight, len(pair[0].text)))
        # "What will EPA provide?" with five answers is no question; "What is radon?" with two definitions is.
        if (
            len(texts) > 1
            and asked.kind != "definition"
            and not asked.question.startswith(("What is the", "What was the", "Who "))
        ):
            continue
        value = asked.weight * (0.6 + weights.centrality(statement)) * _weight_of_question(asked.question, weights)
        result.append(_candidate(asked.kind, asked.question, asked.text, [statement], value, count))
    return _best_per_sentence(result)


def _weight_of_question(question: str, weights: _Weights) -> float:
    """Return 0.5 to 1: how much a question says for itself, by the words that tell something."""
    told = set(terms(question))
    return 0.5 + 0.5 * min(1.0, sum(weights.rarity.get(term, 4.0) for term in told) / 12.0)


def _best_per_sentence(candidates: list[_Candidate]) -> list[_Candidate]:
    """Keep at most two questions of one sentence, and the second only at a discount."""
    kept = []
    by_place: Counter[tuple[int, int]] = Counter()
    for candidate in sorted(candidates, key=lambda c: -c.value):
        place = (candidate.page, candidate.start)
        if by_place[place] < 2:
            factor = 1.0 if by_place[place] == 0 else 0.6
            kept.append(
                _Candidate(candidate.draft, candidate.page, candidate.start, candidate.value * factor, candidate.tokens)
            )
            by_place[place] += 1
    return kept


_LEAD_IN = re.compile(r"^(.{8,160}?)(?:,? (?:as follows|the following(?: [a-z]+){0,2}|such as))?:$")
_LEAD_IN_WITHIN = re.compile(r"^([A-Z][^:]{8,160}?): ([A-Z][^:]{15,}[.!])$")
_TO_BE = re.compile(r" (?:to be|is|are|was|were|include|includes)(?: the following(?: [a-z]+)?)?$")


def _from_lists(here: Sequence[Statement], reading: Reading, count: CountTokens) -> list[_Candidate]:
    """ "The probable cause is:" and what stands below it."""
    result = []
    for position, statement in enumerate(here):
        told = _LEAD_IN_WITHIN.match(statement.text) if not statement.line else None
        if told:
            question = _question_of_lead(told.group(1), plural=False, reading=reading)
            if question is not None and count(told.group(2)) <= 70:
                result.append(_candidate("answer", question, told.group(2), [statement], 0.95, count))
            continue
        lead = _LEAD_IN.match(statement.text)
        if not lead or position + 1 == len(here):
            continue
        items = _items(here, position + 1)
        question = _question_of_lead(lead.group(1), plural=len(items) > 1, reading=reading)
        if not items or question is None:
            continue
        text = "; ".join(item.text.rstrip(" ;,.") for item in items) + "."
        if count(text) <= 90:
            result.append(_candidate("answer", question, text, [statement, *items], 0.95, count))
    return result


def _items(here: Sequence[Statement], position: int) -> list[Statement]:
    """Return the list below a lead-in: its bullets, or else the sentence that follows."""
    first = here[position]
    if not first.item:
        follows = (
            first.page == here[position - 1].page
            and not first.line
            and first.text[-1:] == "."
            and len(first.text.split()) >= 4
        )
        return [first] if follows else []
    items = []
    for statement in here[position : position + 9]:
        if not statement.item:
            break
        items.append(statement)
    return items if 2 <= len(items) <= 8 else []


def _question_of_lead(lead: str, *, plural: bool, reading: Reading) -> str | None:
    told = re.match(r"To ([a-z]+) ([^,;:]{3,60})(?:, .{0,40})?$", lead)
    if told and told.group(1) in BASES:
        return f"How do you {told.group(1)} {told.group(2)}?"
    found = _TO_BE.search(lead)
    noun_phrases = lead[: found.start()] if found else ""
    for start in re.finditer(r"\b[Tt]he (?=[a-z])", noun_phrases):
        noun = re.sub(r"\([^)]*\)", "", noun_phrases[start.start() :])
        noun = re.sub(r"\s+", " ", re.sub(r"\bthis\b", "the", f"the {noun[4:]}")).strip()
        if len(noun.split()) >= 2 and is_noun_phrase(noun) and not has_verb(noun) and not reads_badly(noun):
            return f"What {'are' if is_plural(noun) else 'is'} {noun}?"
    clause = analyse(plain(lead), reading.casing)
    if clause is None or clause.front:
        return None
    if clause.verb in {"include", "contain", "require", "provide", "comprise"} and len(clause.rest.split()) <= 3:
        question = f"What {clause.auxiliary} {clause.subject} {clause.verb}?"
    elif clause.auxiliary in MODALS and len(clause.rest.split()) <= 5 and plural:
        question = f"What {clause.auxiliary} {clause.subject} {clause.rest}?"
    elif clause.auxiliary in {"is", "are"} and clause.rest.startswith(
        ("responsible for", "required to", "designed to")
    ):
        rest = clause.rest if clause.rest.endswith("for") else f"{clause.rest} do"
        question = f"What {clause.auxiliary} {clause.subject} {rest}?"
    else:
        return None
    return None if reads_badly(question) else question


_FIGURE = re.compile(r"^[($]*-?\d[\d,.]*[)%]*$|^(?:N/?A|n/a|-|–)$")
_COLUMN = re.compile(r"^(?:FY ?)?(?:19|20)\d\d(?:[-/]\d{2,4})?$")


def _from_tables(here: Sequence[Statement], reading: Reading, count: CountTokens) -> list[_Candidate]:
    """Rows of a label and figures below a line of years: "Outlays 12 13" under "2019 2020"."""
    result = []
    header: tuple[Statement, list[str]] | None = None
    for statement in here:
        words = re.sub(r"\bFY (?=\d)", "FY", statement.text).split()
        columns = words[-_trailing(words, _COLUMN) :] if _trailing(words, _COLUMN) else []
        if len(columns) >= 2 and len(words) <= len(columns) + 4:
            header = (statement, [column.replace("FY", "FY ") for column in columns])
            continue
        figures = _trailing(words, _FIGURE)
        if header is None or not statement.line or figures != len(header[1]) or header[0].page != statement.page:
            if not statement.line:
                header = None
            continue
        label = " ".join(words[:-figures]).strip(" .:$")
        if (
            not 1 <= len(label.split()) <= 8
            or not re.match(r"[A-Z]", label)
            or not any(letter.islower() for letter in label)
        ):
            continue
        name = reading.casing.lower_first(label)
        verb = "were" if is_plural(name) else "was"
        years = header[1]
        question = (
            f"What {verb} {'' if reading.casing.is_name(label.split()[0]) else 'the '}{name} in {_enumerated(years)}?"
        )
        text = "; ".join(f"{year}: {figure}" for year, figure in zip(years, words[-figures:], strict=True))
        if reads_badly(question):
            continue
        result.append(_candidate("answer", question, text, [header[0], statement], 0.75, count))
    return result


def _trailing(words: Sequence[str], pattern: re.Pattern[str]) -> int:
    total = 0
    for word in reversed(words):
        if not pattern.match(word):
            break
        total += 1
    return total


def _enumerated(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


_DULL_HEADINGS = frozenset(
    (
    "introduction overview background summary contents conclusion appendix references notes general other "
    "miscellaneous abstract preface foreword index glossary acknowledgments acknowledgements bibliography "
    "disclaimer findings"
).split()
)  # fmt: skip


def _subject_of(heading: str, casing: Casing) -> str | None:
    """Return what a heading is about, where it is a plain name of two to seven words."""
    name = re.sub(r"^(?:(?:[A-Z][a-z]+ )?\d+(?:\.\d+)*[.:)]?|[IVXLC]+[.)]|[A-Z][.)]|§+ ?[\d.]+)\s*", "", heading).strip(
        " .:-–"
    )
    words = name.replace(" & ", " and ").split()
    if not 2 <= len(words) <= 7 or any(letter in name for letter in "|=_@<>{}[]/\\") or words[0].lower() in BASES:
        return None
    if all(word.lower().strip(".,:") in _DULL_HEADINGS for word in words) or re.search(r"\d|\(|[,;:]", name):
        return None
    if words[0].lower() in PRONOUNS or words[0].lower().endswith("ly") or words[0].lower() in PREPOSITIONS:
        return None
    if words[-1].lower() in _SMALL_WORDS:
        return None
    return " ".join(
        word if casing.is_name(word) and not (name.isupper() and casing.has_small(word)) else word.lower()
        for word in words
    )


def _from_acronyms(here: Sequence[Statement], reading: Reading, first: int, count: CountTokens) -> list[_Candidate]:
    """ "Air Quality Index (AQI)": What does AQI stand for? Asked where the short form first comes up."""
    seen = {
        short
        for statement in reading.statements
        if statement.page < first
        for short, _, _ in asking.acronyms(statement.text)
    }
    result = []
    for statement in here:
        for short, words, _ in asking.acronyms(statement.text):
            if short not in seen:
                seen.add(short)
                question = f"What does {short.removesuffix('s')} stand for?"
                result.append(_candidate("definition", question, f"{words} ({short})", [statement], 0.5, count))
    return result


def _choose(candidates: Sequence[_Candidate], asked: Iterable[str], *, room: int) -> list[_Candidate]:
    """Return the most valuable candidates that fit, in reading order; no question twice, pages share the room."""
    seen = {_key(question) for question in asked}
    per_page: Counter[int] = Counter()
    chosen = []
    shapes: Counter[str] = Counter()
    for candidate in sorted(candidates, key=lambda c: (-c.value, c.page, c.start)):
        key = _key(candidate.draft.question)
        shape = _shape(candidate.draft.question)
        if (
            (shape and shapes[shape] >= _PER_SHAPE)
            or key in seen
            or candidate.tokens > room
            or (per_page[candidate.page] >= _PER_PAGE and candidate.value < 0.8)
        ):
            continue
        seen.add(key)
        shapes[shape] += 1
        per_page[candidate.page] += 1
        room -= candidate.tokens
        chosen.append(candidate)
    return sorted(chosen, key=lambda c: (c.page, c.start))


def _shape(question: str) -> str:
    """Return what makes a question one of a series, "" for one that stands by itself."""
    if re.match(r"What does \S+ stand for", question):
        return "short form"
    found = re.match(
        r"What does the document say about|What (?:is|are|was|were) the [^?]{3,40}? for (?=[A-Z])", question
    )
    return found.group() if found else ""


def _key(question: str) -> str:
    return " ".join(re.findall(r"\w+", question.lower()))
