"""What questions are made of: dates, numbers, and how a statement's parts are cut, joined and judged. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from stc.sleep.grammar import AUXILIARIES, Casing, Clause, is_past


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with what answers it; ``weight`` (0 to 1) is how sure and how useful this kind of question is."""

    question: str
    text: str
    weight: float
    kind: str = "answer"


MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December"
    r"|Jan\.|Feb\.|Aug\.|Sept\.|Oct\.|Nov\.|Dec\.)"
)
YEAR = r"(?:1[0-9]{3}|20[0-9]{2})"
DATE = (
    r"(?:(?:early|late|mid|the (?:spring|summer|autumn|fall|winter|end|beginning) of)[ -])?"
    rf"(?:{MONTH} \d{{1,2}},? {YEAR}|\d{{1,2}} {MONTH} {YEAR}|{MONTH}(?: of)? {YEAR}|{MONTH} \d{{1,2}}(?!\d)"
    rf"|(?:FY|fiscal year|calendar year|the year) ?{YEAR}|\d{{1,2}}/\d{{1,2}}/(?:\d{{4}}|\d{{2}})"
    rf"|{YEAR}(?:[-–]\d{{2,4}})?(?: BC)?"
    rf"|the (?:early |late |mid-)?{YEAR}s|the (?:early |late )?\d{{1,2}}th century)"
)
WHEN = re.compile(rf"\b(in|on|by|since|until|from|during|around|before|after|as of) {DATE}(?![\w%-])")
NUMBER = (
    r"(?:(?:about|approximately|around|nearly|almost|over|more than|less than|fewer than|at least|up to|roughly|some|"
    r"as many as|only|an estimated|a total of) )?"
    r"(?:\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?(?= (?:million|billion|thousand|trillion))|\d{1,3}|two|three|four|five|six|"
    r"seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|"
    r"forty|fifty)"
    r"(?: (?:million|billion|thousand|trillion|hundred))?"
)
MONEY = re.compile(
    r"(?:(?:about|approximately|nearly|over|more than|at least|up to|a total of) )?"
    r"\$ ?\d[\d,.]*\d?(?: (?:million|billion|trillion|thousand))?(?: per \w+)?"
)
CUT = re.compile(
    r"(?:,? (?:which|who|whom|whose|where|while|although|though|whereas|but|because|so that|in order to|such as|including|"
    r"especially|particularly|as well as|rather than|unless|until|when|if|since|due to|as a result of|thanks to)\b|"
    r"[;:—]| [–-] |–(?=(?:an?|the|from|up|down|with) )|, )"
)  # fmt: skip
BAD_IN_QUESTION = re.compile(
    r"\b(?:it|they|them|he|she|him|we|us|our|ours|my|me|I|this|these|those|following|the above|the below|herein|thereof|"
    r"aforementioned|former|latter|respectively|etc|e\.g|i\.e|see|table|figure|chapter|exhibit|appendix|page)\b",
    re.IGNORECASE,
)
_VAGUE_HEADS = frozenset(
    (
    "result results reason reasons example examples case cases thing things way ways fact facts part parts one "
    "ones other others first second third majority rest remainder answer point points issue issues problem "
    "problems following process list section sections chapter table figure item items information text document "
    "time number difference"
).split()
)  # fmt: skip
_LONGEST_QUESTION = 20
_LONGEST_ANSWER = 42
Maker = Callable[[Clause, str, Casing], Iterator[Asked]]


def ask(words: str) -> str:
    return re.sub(r"\s+", " ", words).strip(" ,;:") + "?"


def answer(text: str, *, keep: int = 0) -> str:
    """Return the statement as an answer: whole where it is short, else cut where a clause ends behind ``keep`` characters."""
    words = text.split()
    if len(words) > _LONGEST_ANSWER:
        limit = len(" ".join(words[:_LONGEST_ANSWER]))
        cuts = [found.start() for found in CUT.finditer(text) if max(keep, 40) <= found.start() <= limit]
        if not cuts:
            return ""
        text = text[: cuts[-1]]
    text = text.rstrip(" ,;:")
    return text if re.search(r"[.!?][\"'”’)]*$", text) else text + "."


def made(question: str, text: str, weight: float, *, keep: int = 0, kind: str = "answer") -> Iterator[Asked]:
    told = answer(text, keep=keep)
    if told:
        yield Asked(ask(question), told, weight, kind)


def first_thought(rest: str) -> str:
    """Return the beginning of a predicate up to where another thought begins."""
    found = CUT.search(rest)
    if found and re.match(r" (?:who|whom|whose|which|where)\b", found.group()):
        return ""  # without the clause it would say something else: "employees who agree"
    rest = re.sub(r" (?:and|or|but)$", "", rest[: found.start()]) if found else rest
    # "born in 1802 and died in 1850": the second verb is another statement.
    for second in re.finditer(r" (?:and|or|but) (?:then |later |also )?(\w+)", rest):
        word = second.group(1)
        if is_past(word) or word in AUXILIARIES or word in {"it", "they", "he", "she"}:
            return rest[: second.start()]
    return rest


def enumerates(rest: str) -> bool:
    """Tell whether the predicate is an enumeration, which a question can't be cut out of."""
    return bool(re.search(r",[^,]{2,60},? (?:and|or) ", rest))


def front_in_question(clause: Clause) -> str | None:
    """Return what must be added so that the question keeps the statement's condition; ``None`` where it can't be kept."""
    front = clause.front
    if not front:
        return ""
    if BAD_IN_QUESTION.search(front) or re.search(r"\b(?:that|such|same)\b", front) or len(front.split()) > 8:
        return None
    first = front.split()[0].lower()
    if first in {
        "in",
        "at",
        "on",
        "under",
        "for",
        "among",
        "within",
        "during",
        "from",
        "by",
        "after",
        "before",
        "since",
        "between",
        "with",
        "without",
        "until",
        "throughout",
        "across",
    }:
        return " " + first + front[len(first) :]
    if first in {
        "according",
        "like",
        "unlike",
        "despite",
        "domestically",
        "globally",
        "relative",
        "through",
        "as",
        "besides",
    }:
        return ""
    return None


def when_in(text: str) -> str:
    found = WHEN.search(text)
    return f" {found.group()}" if found else ""


_ONLY_OF_WHAT = frozenset(
    "part parts one ones example examples majority rest remainder case cases first second third".split()
)
_VAGUE_ALONE = frozenset(
    "office team group unit division committee organization project method approach device researchers".split()
)
_VAGUE_BARE = frozenset("report plan program study author authors page".split())


def is_vague(subject: str) -> bool:
    """Tell whether a subject leaves open what it is about: "the results", "the first part", "the office"."""
    words = [word.lower() for word in subject.split()]
    bare = words[1:] if words[0] in {"the", "a", "an"} else words
    if not bare:
        return True
    if len(bare) == 1 and (bare[0] in _VAGUE_HEADS | _VAGUE_ALONE or (bare[0] in _VAGUE_BARE and len(words) == 1)):
        return True
    head = re.split(r" (?:of|for|in) ", " ".join(bare))[0].split()[-1]
    return head in _VAGUE_HEADS and (" of " not in subject or head in _ONLY_OF_WHAT)


def reads_as_sentence(sentence: str) -> bool:
    words = sentence.split()
    if (
        not 5 <= len(words) <= 60
        or not re.match(r"[\"“(]?[A-Z0-9]", sentence)
        or sentence.rstrip('"”’)')[-1:] not in ".!"
    ):
        return False
    letters = sum(letter.isalpha() or letter == " " for letter in sentence)
    if letters < 0.8 * len(sentence) or sum(word.isupper() and len(word) > 4 for word in words) > 2:
        return False
    small = sum(word[0].islower() for word in words)
    return small >= 0.4 * len(words) and not re.search(r"https?:|www\.|\.{3,}|_{2,}|[|<>{}]", sentence)


def reads_badly(question: str) -> bool:
    """Tell whether words can't stand in a question: they point outside of it, or are too many."""
    return len(question.split()) > _LONGEST_QUESTION or BAD_IN_QUESTION.search(question) is not None


def reads_as_question(question: str) -> bool:
    words = question.rstrip("?").split()
    if not 3 <= len(words) <= _LONGEST_QUESTION or BAD_IN_QUESTION.search(question):
        return False
    if (
        question.count("(") != question.count(")")
        or question.count('"') % 2
        or question.count("“") != question.count("”")
    ):
        return False
    last = words[-1].lower()
    if last in {
        "the",
        "a",
        "an",
        "and",
        "or",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "that",
        "not",
        "also",
        "both",
        "more",
        "than",
    }:
        return False
    if last in {"its", "their", "his", "her", "as", "such", "between", "among", "upon", "during", "because"}:
        return False
    return not re.search(r"\b(\w{3,}) \1\b|[a-z]\d{2,}|[,;:] *\?|\b(?:not|n't)\b|\?.*\?", question)
