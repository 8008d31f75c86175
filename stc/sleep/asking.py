"""Turn a statement, a form's line or a lead-in into the question it answers. Pure, general over documents.

Each function returns ``Asked`` or nothing; there is no guessing: what can't be turned round cleanly is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from stc.sleep.grammar import (
    AUXILIARIES,
    BASES,
    BE,
    GERUNDS,
    MODALS,
    PARTICIPLES,
    PREPOSITIONS,
    PRONOUNS,
    Casing,
    Clause,
    analyse,
    is_noun_phrase,
    is_past,
    is_plural,
    participle,
    past_of,
    plain,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with what answers it; ``weight`` (0 to 1) is how sure and how useful this kind of question is."""

    question: str
    text: str
    weight: float
    kind: str = "answer"


_MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December"
    r"|Jan\.|Feb\.|Aug\.|Sept\.|Oct\.|Nov\.|Dec\.)"
)
_YEAR = r"(?:1[0-9]{3}|20[0-9]{2})"
_DATE = (
    r"(?:(?:early|late|mid|the (?:spring|summer|autumn|fall|winter|end|beginning) of)[ -])?"
    rf"(?:{_MONTH} \d{{1,2}},? {_YEAR}|\d{{1,2}} {_MONTH} {_YEAR}|{_MONTH}(?: of)? {_YEAR}|{_MONTH} \d{{1,2}}(?!\d)"
    rf"|(?:FY|fiscal year|calendar year|the year) ?{_YEAR}|\d{{1,2}}/\d{{1,2}}/(?:\d{{4}}|\d{{2}})"
    rf"|{_YEAR}(?:[-–]\d{{2,4}})?(?: BC)?"
    rf"|the (?:early |late |mid-)?{_YEAR}s|the (?:early |late )?\d{{1,2}}th century)"
)
_WHEN = re.compile(rf"\b(in|on|by|since|until|from|during|around|before|after|as of) {_DATE}(?![\w%-])")
_NUMBER = (
    r"(?:(?:about|approximately|around|nearly|almost|over|more than|less than|fewer than|at least|up to|roughly|some|"
    r"as many as|only|an estimated|a total of) )?"
    r"(?:\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?(?= (?:million|billion|thousand|trillion))|\d{1,3}|two|three|four|five|six|"
    r"seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|"
    r"forty|fifty)"
    r"(?: (?:million|billion|thousand|trillion|hundred))?"
)
_COUNTED = re.compile(
    rf"(?:^| )({_NUMBER}) ((?:(?!of |in |on |to |and |or |by |for |from |percent)[a-z][a-z-]+ ){{0,3}}?"
    r"(?:[a-z][a-z-]*[a-rt-z]s|people|children|women|men))(?=$|[ ,;])"
)
_PERCENT = re.compile(rf"(?:{_NUMBER}|\d+(?:\.\d+)?) ?(?:percent|per cent|%) of (?=\S)")
_NOT_COUNTABLE = frozenset(
    (
    "percent times hours minutes seconds days weeks months years feet miles meters metres km inches degrees "
    "pounds dollars cents lbs tons is was has its this us as less thus perhaps always across"
).split()
)  # fmt: skip
_BY_AMOUNT = re.compile(
    r" by ((?:about |approximately |at least |more than |nearly |over )?"
    r"\$?\d[\d,.]*(?: ?%| percent| percentage points| million| billion| points)?)(?=$|[ ,;])"
)
_MONEY = re.compile(
    r"(?:(?:about|approximately|nearly|over|more than|at least|up to|a total of) )?"
    r"\$ ?\d[\d,.]*\d?(?: (?:million|billion|trillion|thousand))?(?: per \w+)?"
)
_PAYING = frozenset(
    (
        "cost spend pay receive provide allocate total invest save generate earn award collect recover raise "
        "reimburse charge contribute"
    ).split()
)
_AGENT = frozenset(
    (
        "write found design build create invent discover direct produce publish develop introduce compose appoint "
        "elect commission conquer kill defeat sign propose translate edit award approve adopt launch own paint "
        "organize establish coin call name lead rule buy purchase acquire manufacture perform conduct describe defend "
        "draw"
    ).split()
)
_PLACE = re.compile(
    r"^(located|situated|born|headquartered|based|held|buried|found) (?:(?:in|at|on|near|along|between|within|outside) )(?=\S)"
)
_ROLE = (
    "(?:writer|author|poet|king|queen|theologian|professor|priest|leader|composer|philosopher|scientist|painter|"
    "politician|president|bishop|pope|saint|emperor|engineer|inventor|mathematician|physicist|historian|architect|"
    "founder|director|actor|singer|player|lawyer|judge)"
)
_STANDING = frozenset("lie begin end rise empty flow stand live originate start reside meet settle arrive grow".split())
_PURPOSEFUL = frozenset(
    (
        "use develop update create establish build conduct review issue publish collect hold form introduce train "
        "expand strengthen hire add apply design adopt launch install test monitor revise analyze employ perform "
        "visit modify replace send open pass deploy"
    ).split()
)
_TO_COMPLEMENT = re.compile(
    r"\b(?:ability|commitment|efforts?|plans?|need|right|ways?|opportunit\w+|authority|able|decision|failure|attempts?|"
    r"desire|responsibilit\w+|willingness|permission|capacity|access|according|due|related|approach|approaches|up|order|"
    r"strategy|strategies|request|how|continue|work|seek|begin|addition|response|regard|relation|guidance)$"
)
_MONTHS = re.compile(rf"^{_MONTH}|\b(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)\b")
_CUT = re.compile(
    r"(?:,? (?:which|who|whom|whose|where|while|although|though|whereas|but|because|so that|in order to|such as|including|"
    r"especially|particularly|as well as|rather than|unless|until|when|if|since|due to|as a result of|thanks to)\b|"
    r"[;:—]| [–-] |, )"
)  # fmt: skip
_BAD_IN_QUESTION = re.compile(
    r"\b(?:it|they|them|he|she|him|we|us|our|ours|my|me|I|this|these|those|following|above|below|herein|thereof|"
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


_Maker = Callable[[Clause, str, Casing], Iterator[Asked]]


def from_sentence(sentence: str, casing: Casing) -> Iterator[Asked]:
    """Yield the questions that one sentence of prose answers, each checked for how it reads."""
    if not _reads_as_sentence(sentence):
        return
    text = plain(sentence)
    for asked in _questions(text, casing):
        if _reads_as_question(asked.question):
            yield asked


def _questions(text: str, casing: Casing) -> Iterator[Asked]:
    yield from _conditions(text, casing)
    yield from _instructions(text)
    yield from _meanings(text, casing)
    yield from _counted_subjects(text)
    yield from _causes(text)
    yield from _apposition(text, casing)
    yield from _goals(text)
    told = _told(text, casing)
    if told is not None:
        for asked in [
            *_counted_subjects(told),
            *_of_clause(told, casing, (_percentage, _by_how_much, _how_much, _how_many, _when)),
        ]:
            answer = _answer(text)
            if answer:
                yield Asked(asked.question, answer, asked.weight, asked.kind)
        return
    yield from _of_clause(text, casing)


def _of_clause(text: str, casing: Casing, makers: tuple[_Maker, ...] | None = None) -> Iterator[Asked]:
    clause = analyse(text, casing)
    if clause is None or _vague(clause.subject):
        return
    for make in makers or _MAKERS:
        yield from make(clause, text, casing)


def _ask(words: str) -> str:
    return re.sub(r"\s+", " ", words).strip(" ,;:") + "?"


def _answer(text: str, *, keep: int = 0) -> str:
    """Return the statement as an answer: whole where it is short, else cut where a clause ends behind ``keep`` characters."""
    words = text.split()
    if len(words) > _LONGEST_ANSWER:
        limit = len(" ".join(words[:_LONGEST_ANSWER]))
        cuts = [found.start() for found in _CUT.finditer(text) if max(keep, 40) <= found.start() <= limit]
        if not cuts:
            return ""
        text = text[: cuts[-1]]
    text = text.rstrip(" ,;:")
    return text if re.search(r"[.!?][\"'”’)]*$", text) else text + "."


def _made(question: str, text: str, weight: float, *, keep: int = 0, kind: str = "answer") -> Iterator[Asked]:
    answer = _answer(text, keep=keep)
    if answer:
        yield Asked(_ask(question), answer, weight, kind)


def _head(rest: str) -> str:
    """Return the beginning of a predicate up to where another thought begins."""
    found = _CUT.search(rest)
    rest = rest[: found.start()] if found else rest
    # "born in 1802 and died in 1850": the second verb is another statement.
    second = re.search(r" (?:and|or|but) (?:then |later |also )?(\w+)", rest)
    while second:
        word = second.group(1)
        if is_past(word) or word in AUXILIARIES or word in {"it", "they", "he", "she"}:
            return rest[: second.start()]
        second = re.search(r" (?:and|or|but) (?:then |later |also )?(\w+)", rest[second.end() :]) and None
    return rest


def _lists(rest: str) -> bool:
    """Tell whether the predicate is an enumeration, which a question can't be cut out of."""
    return bool(re.search(r",[^,]{2,60},? (?:and|or) ", rest))


def _front_in_question(clause: Clause) -> str | None:
    """Return what must be added so that the question keeps the statement's condition; ``None`` where it can't be kept."""
    front = clause.front
    if not front:
        return ""
    if _BAD_IN_QUESTION.search(front) or len(front.split()) > 8:
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


def _identity(clause: Clause, text: str, casing: Casing) -> Iterator[Asked]:
    """ "The Rhine is a river": What is the Rhine?"""
    if (
        clause.auxiliary not in BE
        or clause.verb
        or _MONTHS.search(clause.subject)
        or (" " in clause.subject and clause.subject.split()[0] in GERUNDS)
    ):
        return
    first, _, more = clause.rest.partition(" ")
    low = first.lower()
    extra = _front_in_question(clause)
    if extra is None or not more:
        return
    measured = re.match(rf"(?:{_MONEY.pattern}|{_NUMBER}|\d+(?:\.\d+)?)(?: ?%|\b)", clause.rest)
    if measured and not participle(more.split()[0]) and not re.match(r"(?:two|three|four|five|six)\b", clause.rest):
        behind = _when_in(clause.rest[measured.end() :])
        if is_plural(clause.subject) == (clause.auxiliary in {"are", "were"}) and clause.subject.split()[0] in {
            "the",
            "total",
        }:
            yield from _made(
                f"What {clause.auxiliary} {clause.subject}{behind}{extra}",
                text,
                1.0,
                keep=text.find(measured.group()) + 20,
            )
        return
    superlative = re.match(
        r"the (?:[\w’']+ )?(?:(?!west|east|forest|interest|test|rest|latest|request|harvest|best)\w{3,}est|most \w+|first|"
        r"only|main|primary|chief|leading|principal|second[- ]\w+est|third[- ]\w+est) [a-z]",
        clause.rest,
    )
    if superlative and (clause.subject[:1].isupper() or clause.subject.startswith("the ")) and not _lists(clause.rest):
        complement = _head(clause.rest)
        if 4 <= len(complement.split()) <= 14 and not re.search(r"\bto (?:be|have)$|\bof the most\b", complement):
            word = "Who" if _person(clause) or re.search(rf" {_ROLE}\b", complement) else "What"
            yield from _made(f"{word} {clause.auxiliary} {complement}{extra}", text, 0.95)
            if not clause.subject[:1].isupper():
                return
    names = first[:1].isupper() and not first.isupper()
    if low in {"a", "an", "the", "one"} or names:
        if low == "the" and re.match(r"the (?:same|only|first|case|result|following|subject)\b", clause.rest):
            return
        word = "Who" if _person(clause) else "What"
        kind = "definition" if low in {"a", "an"} else "answer"
        bare = len(clause.subject.split()) == 1 and clause.subject.islower()
        if bare and (extra or clause.auxiliary in {"was", "were"}):
            return
        weight = 1.0 if kind == "definition" or _specific(clause.subject) else 0.8
        yield from _made(f"{word} {clause.auxiliary} {clause.subject}{extra}", text, weight, kind=kind)
    elif low == "to" and re.search(
        r"\b(?:goal|purpose|aim|objective|mission|role|task|function|intent|vision|responsibility|target)s?\b",
        clause.subject,
    ):
        yield from _made(f"What {clause.auxiliary} {clause.subject}{extra}", text, 1.0)
    elif low in {"responsible", "known", "famous"}:
        if re.match(r"\w+ for \S", clause.rest) and not _lists(clause.rest):
            yield from _made(f"What {clause.auxiliary} {clause.subject} {low} for{extra}", text, 0.9)
    elif low == "used":
        used = re.match(r"used (to(?= [a-z]+ )|for|in|as) ", clause.rest)
        if used and (used.group(1) != "to" or clause.rest.split()[2] in BASES):
            how = "for" if used.group(1) == "to" else used.group(1)
            yield from _made(f"What {clause.auxiliary} {clause.subject} used {how}{extra}", text, 0.95)
    elif low in {"composed", "made"}:
        of = re.match(r"(\w+(?: up)? of) ", clause.rest)
        if of:
            yield from _made(f"What {clause.auxiliary} {clause.subject} {of.group(1)}{extra}", text, 0.9)
    elif low in {"designed", "intended", "required"} and re.match(r"\w+ to [a-z]", clause.rest):
        yield from _made(f"What {clause.auxiliary} {clause.subject} {low} to do{extra}", text, 0.9)


def _person(clause: Clause) -> bool:
    """Tell whether "X is a …" is about a person: a name of two words or more, and a word for what a person does."""
    role = re.match(
        r"(?:a|an|the) (?:[\w-]+ ){0,5}?"
        r"(\w+(?:ist|ian|er|or)|\w*man|\w*woman|poet|saint|king|queen|monk|president|chief|judge)\b",
        clause.rest,
    )
    things = (
        "member number center centre order river computer paper chapter letter water error sector factor border tower "
        "power other under over"
    ).split()
    return (
        role is not None
        and role.group(1) not in things
        and re.fullmatch(r"(?:[A-Z][\w.’'-]+ ){0,3}[A-Z][\w.’'-]+", clause.subject) is not None
        and (" " in clause.subject or re.search(rf"\b{_ROLE}$", role.group(1)) is not None)
        and not any(word.isupper() for word in clause.subject.split())
        and not re.search(r"\b(?:or|and) ", clause.rest[:40])
    )


def _specific(subject: str) -> bool:
    """Tell whether a subject says which thing is meant, wherever the question is read."""
    words = subject.split()
    return len(words) >= 4 or any(word[:1].isupper() for word in words) or words[0] not in {"the", "a", "an"}


def _how(clause: Clause, text: str, casing: Casing) -> Iterator[Asked]:
    """ "EPA will reduce emissions by promoting …": How will EPA reduce emissions?"""
    found = re.search(r",? (?:by|through) ([a-z]+ing)\b", clause.rest)
    if not found or found.group(1) not in GERUNDS:
        return
    tail = clause.rest[: found.start()]
    extra = _front_in_question(clause)
    if extra is None or not tail or _CUT.search(tail) or len(tail.split()) > 12:
        return
    if clause.auxiliary in BE and not participle(tail.split()[0]):
        return
    yield from _made(f"How {clause.asked(tail)}{extra}", text, 1.0, keep=text.find(found.group()) + 30)


def _why(clause: Clause, text: str, casing: Casing) -> Iterator[Asked]:
    found = re.search(
        r",? (because(?: of)?|due to|as a result of|in order to|so that|thanks to|owing to|on the grounds that)\b",
        clause.rest,
    )
    if not found:
        return
    tail = clause.rest[: found.start()].strip(" ,")
    extra = _front_in_question(clause)
    if (
        extra is None
        or _CUT.search(tail)
        or not 1 <= len(tail.split()) <= 12
        or tail.split()[-1] in {"is", "partly", "primarily", "mainly", "largely", "not", "or", "and"}
    ):
        return
    yield from _made(f"Why {clause.asked(tail)}{extra}", text, 1.0, keep=text.find(found.group()) + 30)


def _percentage(clause: Clause, text: str, casing: Casing) -> Iterator[Asked]:
    found = _PERCENT.search(clause.rest)
    if not found:
        return
    before = clause.rest[: found.start()].strip()
    after = _head(clause.rest[found.end() :])
    extra = _front_in_question(clause)
    if (
        extra is None
        or not after
        or _CUT.search(before)
        or len(before.split()) > 4
        or _lists(clause.rest)
        or not before + clause.verb
    ):
        return
    yield from _made(
        f"What percentage of {after} {clause.asked(before)}{extra}", text, 0.9, keep=text.find(found.group()) + 20
    )


def _by_how_much(clause: Clause, text: str, casing: Casing) -> Iterator[Asked]:
    found = _BY_AMOUNT.search(clause.rest)
    if not found or re.fullmatch(_YEAR, found.group(1)):
        return
    before = clause.rest[: found.start()]
    after = _head(clause.rest[found.end() :])
    verb = clause.verb or before.split()[0]
    extra = _front_in_question(clause)
    if (
        extra is None
        or _CUT.search(before)
        or not re.match(
            r"(?:increas|decreas|reduc|grow|grew|rise|rose|fall|fell|drop|declin|improv|exceed|cut|rais|lower|expand|shrink|outperform|advance)",
            verb,
        )
    ):
        return
    yield from _made(
        f"By how much {clause.asked(f'{before}{after}')}{extra}", text, 1.0, keep=text.find(found.group()) + 8
    )


def _how_much(clause: Clause, text: str, casing: Casing) -> Iterator[Asked]:
    found = _MONEY.search(clause.rest)
    if not found or len(_MONEY.findall(clause.rest)) > 1:
        return
    before, after = clause.rest[: found.start()].strip(), clause.rest[found.end() :]
    words = f"{clause.verb} {before}".split()
    extra = _front_in_question(clause)
    if (
        extra is None
        or not words
        or words[0] not in _PAYING
        or len(words) > 2
        or re.match(r"[-\w]|,\d| (?:in|of) [a-z]", after)
    ):
        return
    yield from _made(
        f"How much {clause.asked(before + _head(after))}{extra}", text, 0.9, keep=text.find(found.group()) + 8
    )


def _how_many(clause: Clause, text: str, casing: Casing) -> Iterator[Asked]:
    found = _COUNTED.search(clause.rest)
    if not found or not _countable(found) or len(_COUNTED.findall(clause.rest)) > 1:
        return
    before = clause.rest[: found.start()].strip()
    after = _head(clause.rest[found.end() :])
    extra = _front_in_question(clause)
    if re.match(r"(?: and| or|,) ", clause.rest[found.end() :]):
        return
    if (
        extra is None
        or len(before.split()) > 3
        or _CUT.search(before)
        or not (clause.verb or before)
        or _lists(clause.rest[: found.end() + 40])
    ):
        return
    if (before.split()[-1:] and before.split()[-1] in PREPOSITIONS - {"of", "into", "by", "with", "to"}) or re.search(
        r"\b(?:than|the|these|a)$", before
    ):
        return
    if clause.auxiliary in BE and not participle(before.split()[0]):
        return
    yield from _made(
        f"How many {found.group(2)} {clause.asked(before + after)}{extra}",
        text,
        0.9,
        keep=text.find(found.group()) + 20,
    )


def _countable(found: re.Match[str]) -> bool:
    words = found.group(2).split()
    return (
        words[-1] not in _NOT_COUNTABLE
        and not any(word in PRONOUNS or word in AUXILIARIES or word in PREPOSITIONS for word in words)
        and found.group(1) != "some"
    )


def _counted_subjects(text: str) -> Iterator[Asked]:
    """ "Over 3 billion people cook …": How many people cook …?  "75 percent of X will be …": What percentage of X …?"""
    share = re.match(rf"(?:{_NUMBER}|\d+(?:\.\d+)?) ?(?:percent|per cent|%) of ", text, re.IGNORECASE)
    counted = re.match(
        rf"({_NUMBER}) ((?:[a-z][a-z-]+ ){{1,3}}?)(?=(?:are|were|have|had|will|can|must|live|work|\w+ed) )",
        text,
        re.IGNORECASE,
    )
    if share:
        rest = _head(text[share.end() :])
        if re.search(r" (?:is|are|was|were|will|has|have|had|\w+ed) ", rest) and len(rest.split()) <= 16:
            yield from _made(f"What percentage of {rest}", text, 0.9)
    elif (
        counted
        and counted.group(2).split()[-1] not in _NOT_COUNTABLE
        and counted.group(2).strip().endswith(("s", "people", "children", "women", "men"))
    ):
        rest = _head(text[counted.end() :])
        if len(rest.split()) >= 2:
            yield from _made(f"How many {counted.group(2)}{rest}", text, 0.85)
    there = re.match(rf"There (are|were) ({_NUMBER}) (.+)", text)
    if there:
        rest = _head(there.group(3))
        found = re.match(r"((?:[a-z-]+ ){0,3}?[a-z-]*s)(?=$| )(.*)", rest)
        if found and found.group(1).split()[-1] not in _NOT_COUNTABLE and not _lists(rest):
            yield from _made(f"How many {found.group(1)} {there.group(1)} there{found.group(2)}", text, 0.9)


def _who(clause: Clause, text: str, casing: Casing) -> Iterator[Asked]:
    """ "It was written by Adams": Who wrote it?"""
    if clause.auxiliary not in BE:
        return
    found = re.match(
        r"(?:(?:first|also|originally|later|jointly|commonly) )?(\w+)((?: \w+){0,6}?) by (?=\S)", clause.rest
    )
    if not found or not (verb := participle(found.group(1))):
        return
    agent = clause.rest[found.end() :]
    extra = _front_in_question(clause)
    first = agent.split()[0]
    if (
        extra is None
        or first.lower() in PRONOUNS
        or first.endswith("ing")
        or re.match(r"[\d$]|(?:about|at least|more than|nearly|the end|using|means|way)\b", agent)
        or re.match(_DATE, agent)
    ):
        return
    middle = found.group(2)
    if _CUT.search(middle):
        return
    if verb in _AGENT and (
        casing.is_name(first) or (first.lower() == "the" and casing.is_name([*agent.split(), ""][1]))
    ):
        behind = _when_in(_head(agent))
        yield from _made(
            f"Who {past_of(verb)} {clause.subject}{middle}{behind}{extra}", text, 1.0, keep=text.find(" by ") + 20
        )
    elif clause.auxiliary in {"was", "were", "is", "are"} and verb in {
        "cause",
        "determine",
        "govern",
        "fund",
        "form",
        "trigger",
        "influence",
        "measure",
        "affect",
        "limit",
        "provide",
        "support",
        "produce",
        "surround",
        "follow",
        "regulate",
        "replace",
    }:
        yield from _made(
            f"What {clause.auxiliary} {clause.subject} {found.group(1)}{middle} by{extra}",
            text,
            0.9,
            keep=text.find(" by ") + 20,
        )


def _when_in(text: str) -> str:
    found = _WHEN.search(text)
    return f" {found.group()}" if found else ""


def _where(clause: Clause, text: str, casing: Casing) -> Iterator[Asked]:
    found = _PLACE.match(clause.rest) if clause.auxiliary in BE else None
    extra = _front_in_question(clause)
    if (
        not found
        or extra is None
        or re.match(rf"{_DATE}|the (?:basis|form|sense)|{_NUMBER} ", clause.rest[found.end() :])
    ):
        return
    if found.group(1) in {"found", "based"} and not re.match(r"\w+ (?:in|at|near|along) (?:the )?[A-Z]", clause.rest):
        return
    yield from _made(f"Where {clause.auxiliary} {clause.subject} {found.group(1)}{extra}", text, 0.95)


def _when(clause: Clause, text: str, casing: Casing) -> Iterator[Asked]:
    if clause.auxiliary in BE and not participle(clause.rest.split()[0]):
        return
    front = re.fullmatch(rf"(?:In|On|By|Since|During|Around|After|Before|As of) {_DATE}", clause.front)
    inside = list(_WHEN.finditer(clause.rest))
    if front and not inside:
        preposition, tail = clause.front.split()[0].lower(), _head(clause.rest)
        if _lists(clause.rest) and clause.rest[len(tail) :].startswith(", "):
            return
    elif not clause.front and len(inside) == 1:
        found = inside[0]
        preposition = found.group(1)
        before, after = clause.rest[: found.start()].rstrip(), clause.rest[found.end() :]
        if _CUT.search(before) or _head(before) != before:
            return
        # What follows the time must end there or be a phrase of its own.
        tail = before + (
            _head(after)
            if re.match(r" (?:in|at|by|for|to|with|from|under|near|during) ", after) and len(_head(after).split()) <= 6
            else ""
        )
        if after and tail == before and not re.match(r"[,;:–—]| (?:and|but|when|after|because|while|which|by) ", after):
            return
    else:
        return
    words = tail.split()
    if len(words) + bool(clause.verb) < 2 or (_lists(clause.rest) and not front) or len(words) > 14:
        return
    if words and (words[-1] in PREPOSITIONS or words[-1] in {"and", "or", "the", "a"}):
        return
    ask = {"by": "By when", "since": "Since when", "until": "Until when", "as": "As of when"}.get(preposition, "When")
    if ask == "As of when" or preposition in {"from", "before", "after"}:
        return
    yield from _made(f"{ask} {clause.asked(tail)}", text, 0.9, keep=text.find(tail[:20]) + 20)


def _purpose(clause: Clause, text: str, casing: Casing) -> Iterator[Asked]:
    """ "EPA will use X to find Y": Why will EPA use X?"""
    verb = clause.verb or clause.rest.split()[0]
    if verb not in _PURPOSEFUL or clause.auxiliary in BE:
        return
    found = re.search(r"(?<=\w) to ([a-z]+) ", clause.rest)
    extra = _front_in_question(clause)
    if not found or found.group(1) not in BASES or extra is None:
        return
    tail = clause.rest[: found.start()]
    words = tail.split()
    if _CUT.search(tail) or not 2 <= len(words) <= 12 or _TO_COMPLEMENT.search(tail) or words[-1] in PREPOSITIONS:
        return
    yield from _made(f"Why {clause.asked(tail)}{extra}", text, 0.9, keep=text.find(found.group()) + 25)


def _change(clause: Clause, text: str, casing: Casing) -> Iterator[Asked]:
    """ "The share rose from 10 to 12 percent": How did the share change?"""
    found = re.match(r"(?:\w+ly )?from \$?\d[^,;]*? to (?:\w+ )?\$?\d", clause.rest)
    extra = _front_in_question(clause)
    if (
        found
        and extra is not None
        and clause.verb
        in {"increase", "decrease", "rise", "fall", "grow", "decline", "drop", "improve", "climb", "expand"}
    ):
        yield from _made(
            f"How {clause.auxiliary} {clause.subject} change{extra}",
            text,
            1.0,
            keep=text.find(found.group()) + len(found.group()) + 10,
        )


def _quantity(clause: Clause, text: str, casing: Casing) -> Iterator[Asked]:
    """ "Lyon has a population of 500,000": What is the population of Lyon?"""
    found = re.match(rf"an? ((?:[a-z-]+ ){{0,2}}?[a-z]+) of (?=\$?{_NUMBER}|\$?\d)", clause.rest)
    if (
        clause.verb != "have"
        or not found
        or found.group(1).split()[-1] in {"total", "number", "lot", "variety", "range"}
    ):
        return
    extra = _front_in_question(clause)
    if extra is not None:
        be = {"does": "is", "do": "is", "did": "was"}[clause.auxiliary]
        yield from _made(f"What {be} the {found.group(1)} of {clause.subject}{_when_in(clause.rest)}{extra}", text, 1.0)


def _how_long(clause: Clause, text: str, casing: Casing) -> Iterator[Asked]:
    found = re.search(
        rf" (within|for) {_NUMBER} (?:[a-z-]+ )?(?:days|hours|minutes|weeks|months|years)\b", " " + clause.rest
    )
    extra = _front_in_question(clause)
    if extra is None:
        return
    takes = re.match(rf"(?:takes? |last(?:s|ed)? )?{_NUMBER} (?:days|hours|minutes|weeks|months|years)\b", clause.rest)
    if clause.verb in {"take", "last"} and takes:
        yield from _made(f"How long {clause.auxiliary} {clause.subject} {clause.verb}{extra}", text, 0.95)
    elif found:
        before = clause.rest[: max(0, found.start() - 1)]
        after = clause.rest[found.end() - 1 :]
        kept = _head(after) if re.match(r" (?:of|after|before|from|in|at|with|by) ", after) else ""
        if not before or _CUT.search(before) or len(before.split()) > 12 or _head(before) != before:
            return
        if clause.auxiliary in BE and not participle(before.split()[0]):
            return
        word = "How soon" if found.group(1) == "within" else "For how long"
        if word == "How soon" and kept:
            yield from _made(
                f"{word} {clause.asked(before)}{kept.replace(' of ', ' after ', 1) if kept.startswith(' of ') else kept}{extra}",
                text,
                0.9,
                keep=text.find(found.group().strip()) + 20,
            )
        elif word == "How soon" or not kept.startswith(" of"):
            yield from _made(
                f"{word} {clause.asked(before + kept)}{extra}", text, 0.9, keep=text.find(found.group().strip()) + 20
            )


def _doer(clause: Clause, text: str, casing: Casing) -> Iterator[Asked]:
    """ "Napoleon founded the league": Who founded the league?"""
    if clause.auxiliary != "did" or clause.verb not in _AGENT - {
        "find",
        "call",
        "lead",
        "name",
        "conduct",
        "perform",
        "produce",
        "draw",
    }:
        return
    words = clause.subject.split()
    if not all(word[:1].isupper() or word in {"of", "the", "and", "de", "von", "van"} for word in words) or (
        words[0] == "the" and len(words) < 3
    ):
        return
    tail = _head(clause.rest)
    extra = _front_in_question(clause)
    if (
        extra is None
        or not 2 <= len(tail.split()) <= 13
        or _lists(clause.rest)
        or re.match(r"(?:that|to|in|on|by|from|at|his|her|its|their)\b", tail)
    ):
        return
    yield from _made(f"Who {past_of(clause.verb)} {tail}{extra}", text, 0.9)


def _causes(text: str) -> Iterator[Asked]:
    """ "The frost led to a poor harvest": What led to the poor harvest? The subject stays in the answer."""
    found = re.search(
        r"(?<!that)(?<!which)(?<!who)(?<!to)(?<!and) "
        r"(caused|led to|resulted in|triggered|prompted|contributed to) (?=(?:the|a|an) |[A-Z])",
        text,
    )
    if (
        not found
        or found.start() > 140
        or text.split(" ", 1)[0].lower() in PRONOUNS
        or re.search(
            r"\b(?:is|are|was|were|be|been|being|has|have|had|not|which|that|who|but)\b|;", text[: found.start()]
        )
    ):
        return
    tail = _head(text[found.end() :])
    tail = re.sub(r"^an? ", "the ", tail)
    if 2 <= len(tail.split()) <= 13:
        yield from _made(f"What {found.group(1)} {tail}", text, 0.9, keep=found.end() + 20)


def _told(text: str, casing: Casing) -> str | None:
    """Return what is reported in "EPA estimates that …" as a statement of its own; ``None`` where nothing is."""
    found = re.match(
        r"[A-Z][\w’' .-]{1,50}? (?:estimates?|estimated|reports?|reported|found|finds|shows?|showed|notes?|noted|states?|stated|"
        r"indicates?|indicated|concludes?|concluded|determined|confirmed|predicts?|predicted) that (?=[a-zA-Z])",
        text,
    )
    if not found or re.search(r"\b(?:not|if|which|who|that)\b", found.group()[:-6]):
        return None
    rest = text[found.end() :]
    return rest[:1].upper() + rest[1:]


def _apposition(text: str, casing: Casing) -> Iterator[Asked]:
    """ "Vals, a village in Grisons, has …": What is Vals? Only at the beginning, where it can't be one of a list."""
    found = re.match(r"((?:[A-Z][\w’&.-]+ ?){1,5}), ((?:an?|the) (?:[\w’'-]+ ){1,12}[\w’'-]+), ([a-z]+)", text)
    if not found:
        return
    name, what, verb = found.group(1).strip(), found.group(2), found.group(3)
    first = name.split()[0]
    known = (
        verb in AUXILIARIES
        or is_past(verb)
        or (verb.endswith("s") and verb.removesuffix("s") in BASES)
        or verb in {"which", "who"}
    )
    if not known or first.lower() in PRONOUNS | PREPOSITIONS or not casing.is_name(first) or _MONTHS.search(name):
        return
    if re.match(r"(?:the|an?) (?:same|first|year|day|month|number|more|few|following|latter|former|\w+est)\b", what):
        return
    if re.search(r"\b(?:which|who|is|was|are|were|has|had|will)\b", what):
        return
    word = "Who" if _person(Clause("", name, "is", "", what)) else "What"
    if word == "Who" or re.search(r" (?:of|in|for|that|to|with|on) ", what):
        yield Asked(_ask(f"{word} is {name}"), f"{name}, {what}.", 0.85, "definition")


def _goals(text: str) -> Iterator[Asked]:
    """ "By 2026, assist at least 400 tribes …": How many tribes are to be assisted by 2026? A goal without a subject."""
    found = re.match(rf"By ({_DATE}), ([a-z]+) (.+)", text)
    if not found or found.group(2) not in BASES or re.match(r"(?:and|or)\b", found.group(3)):
        return
    date, verb, rest = found.groups()
    done = re.sub(r"^.* ", "", _participle_of(verb))
    counted = re.match(
        rf"({_NUMBER}) ((?:[A-Za-z-]+ ){{0,4}}?[a-zA-Z-]*(?:[a-rt-z]s|people|children))(?=$|[ ,;])", rest
    )
    share = re.match(rf"(?:ensure )?(?:that )?(?:at least )?(?:{_NUMBER}|\d+(?:\.\d+)?) ?(?:percent|%) of ", f"{rest}")
    amount = _BY_AMOUNT.search(" " + rest)
    if counted and counted.group(2).split()[-1] not in _NOT_COUNTABLE:
        yield from _made(f"How many {counted.group(2)} are to be {done} by {date}", text, 1.0)
    elif share and verb in {"ensure", "make"}:
        yield from _made(f"What percentage of {_head(rest[share.end() :])} by {date}", text, 0.9)
    elif amount and verb in {"reduce", "increase", "decrease", "cut", "improve", "lower", "raise", "expand"}:
        thing = rest[: amount.start() - 1].strip()
        if thing and len(thing.split()) <= 12 and not _CUT.search(thing):
            yield from _made(
                f"By how much {'are' if is_plural(thing) else 'is'} {thing} to be {done} by {date}", text, 1.0
            )
    elif len(_head(rest).split()) >= 3:
        thing = _head(rest)
        if len(thing.split()) <= 10 and not _lists(rest[:60]):
            yield from _made(f"By when {'are' if is_plural(thing) else 'is'} {thing} to be {done}", text, 0.85)


def _participle_of(verb: str) -> str:
    return next((form for form, base in PARTICIPLES.items() if base == verb), verb)


def _place(clause: Clause, text: str, casing: Casing) -> Iterator[Asked]:
    """ "The river rises in the Alps": Where does the river rise?"""
    found = re.match(r"(?:in|at|on|into|through|near|from|between|to|along) (?=(?:the )?[A-Z])", clause.rest)
    extra = _front_in_question(clause)
    if found and extra is not None and clause.verb in _STANDING and clause.auxiliary in {"does", "do", "did"}:
        yield from _made(f"Where {clause.asked('')}{extra}", text, 0.85)


def _known_as(clause: Clause, text: str, casing: Casing) -> Iterator[Asked]:
    if clause.auxiliary not in BE:
        return
    found = re.match(
        r"((?:also |commonly |often |sometimes |usually )?(?:known as|called|referred to as|named|nicknamed)) (\S+)",
        clause.rest,
    )
    extra = _front_in_question(clause)
    if found and extra is not None and found.group(2).lower() not in PREPOSITIONS:
        if re.match(r"called (?:for|on|up|to)\b", clause.rest):
            return
        ending = {"called": "called", "named": "named", "nicknamed": "nicknamed"}.get(
            found.group(1).split()[-1], found.group(1)
        )
        yield from _made(f"What {clause.auxiliary} {clause.subject} {ending}{extra}", text, 0.85)


def _list(clause: Clause, text: str, casing: Casing) -> Iterator[Asked]:
    """ "The plan includes A, B and C": What does the plan include?"""
    verb = clause.verb
    extra = _front_in_question(clause)
    if extra is None:
        return
    if clause.auxiliary in {"does", "do", "did"}:
        fits = {
            "include": "", "contain": "", "require": "", "comprise": "", "consist": "of", "depend": "on", "focus": "on",
            "involve": "", "describe": "", "mean": "", "measure": "", "cause": "", "result": "in", "provide": "", "offer": "",
            "identify": "", "state": "", "recommend": "", "determine": "", "conclude": "", "find": "", "produce": "",
            "specify": "",
        }  # fmt: skip
        if verb not in fits:
            return
        preposition = fits[verb]
        if preposition and not clause.rest.startswith(preposition + " "):
            return
        if verb in {"provide", "offer", "produce", "identify", "cause"} and not _lists(clause.rest):
            return
        if verb in {"state", "recommend", "determine", "conclude", "find"} and not clause.rest.startswith("that "):
            return
        weight = 0.8 if _lists(clause.rest) or preposition or clause.rest.startswith("that ") else 0.65
        yield from _made(f"What {clause.auxiliary} {clause.subject} {verb} {preposition}{extra}", text, weight)
    elif (
        clause.auxiliary in MODALS
        and clause.rest.split()[0] in BASES
        and clause.rest.split()[0]
        in {"include", "provide", "require", "contain", "focus", "depend", "measure", "cover"}
    ):
        verb = clause.rest.split()[0]
        tail = {"focus": " on", "depend": " on"}.get(verb, "")
        if tail and not clause.rest.startswith(verb + tail):
            return
        if verb == "provide":
            to = re.search(
                r" ((?:to|for) (?!support|help|ensure|the extent)(?:[\w’-]+ ){0,5}[\w’-]+?)"
                r"(?=$|[,;]| (?:to|on|in|for|by|that|when|through|with|how) )",
                clause.rest,
            )
            if to and re.search(r"\baccess$", clause.rest[: to.start()]):
                return
            if (
                not to
                or to.group(1).split()[1] in BASES
                or (_CUT.search(clause.rest[: to.start()]) and not _lists(clause.rest[: to.start()]))
            ):
                return
            tail = " " + to.group(1)
        yield from _made(f"What {clause.auxiliary} {clause.subject} {verb}{tail}{extra}", text, 0.75)


def _conditions(text: str, casing: Casing) -> Iterator[Asked]:
    """ "If X, Y must Z": What must Y do if X?"""
    found = re.match(r"(If|When|Where|Whenever) ([^,;:]{8,90}), (?:then )?(.+)", text)
    if not found or _BAD_IN_QUESTION.search(found.group(2)) or len(found.group(2).split()) > 14:
        return
    word, condition, main = found.groups()
    if re.match(r"(?:and|or|but|which|such as)\b", main) or _lists(f"{condition}, {main}"[: len(condition) + 30]):
        return
    condition = casing.lower_first(condition)
    second = re.match(r"([^,]{3,60}?) (must|should|may|can|will|shall) (?!not\b)([a-z]+)", main)
    subject = second.group(1) if second else ""
    if (
        second
        and is_noun_phrase(subject[:1].upper() + subject[1:], longest=6)
        and second.group(3) not in {"be", "have"}
    ) or (second and subject.lower() in {"you", "the user"} and second.group(3) not in {"be", "have"}):
        yield from _made(
            f"What {second.group(2)} {subject} do {word.lower()} {condition}", text, 0.95, keep=found.start(3) + 25
        )
    elif (
        word == "If"
        and re.match(r"(?:the|a|an|no|all|any|[A-Z])", main)
        and re.search(r"\b(?:is|are|will|was|were|must|may|should|\w+s)\b", main)
    ):
        yield from _made(f"What happens if {condition}", text, 0.85, keep=found.start(3) + 25)


def _instructions(text: str) -> Iterator[Asked]:
    """ "To open a file, press …": How do you open a file?"""
    found = re.match(r"To ([a-z]+) ([^,;:]{3,90}), ((?:first |simply |please )?([a-z]+)) (?!,)", text)
    if found and found.group(1) in BASES and found.group(4) in BASES and not is_past(found.group(4)):
        if not re.match(r"[^,]{0,60}, (?:and|or) [a-z]+ ", text[found.start(4) :]):
            yield from _made(f"How do you {found.group(1)} {found.group(2)}", text, 1.0, keep=found.end() + 15)
        return
    found = re.match(
        r"To ([a-z]+) ([^,;:]{3,90}), ((?:the |an? )?[\w’'. -]{2,40}?) "
        r"(will|must|should|shall|may|can) (?!not\b)(?:also )?([a-z]+) ",
        text,
    )
    if (
        found
        and found.group(1) in BASES
        and found.group(5) in BASES
        and is_noun_phrase(found.group(3)[:1].upper() + found.group(3)[1:])
    ):
        yield from _made(
            f"What {found.group(4)} {found.group(3)} do to {found.group(1)} {found.group(2)}",
            text,
            1.0,
            keep=found.end() + 25,
        )


def _meanings(text: str, casing: Casing) -> Iterator[Asked]:
    found = re.match(
        r"(?:The (?:term|word|phrase|abbreviation|acronym) )?([\"“]?[A-Z][\w /’'-]{1,50}?[\"”]?) "
        r"(refers to|means|is defined as|are defined as|stands for|denotes) (?=[a-zA-Z])",
        text,
    )
    if not found or not is_noun_phrase(found.group(1).strip('"“”'), longest=6):
        return
    term = found.group(1).strip('"“”')
    term = term if found.group(1) != term else casing.lower_first(term)
    verb = {"refers to": "refer to", "stands for": "stand for"}.get(found.group(2), "mean")
    yield from _made(f"What does {term} {verb}", text, 1.0, kind="definition")


_MAKERS: tuple[_Maker, ...] = (
    _identity, _how, _why, _percentage, _by_how_much, _how_much, _how_many, _who, _where, _when, _known_as, _list,
    _purpose, _change, _quantity, _how_long, _doer, _place,
)  # fmt: skip

_ACRONYM = re.compile(
    r"\b((?:[A-Z][\w’'-]*)(?: (?:of|the|and|for|in|on|to|&|[A-Z][\w’'-]*)){1,8}) \(([A-Z][A-Za-z&]{1,7})\)"
)


def acronyms(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield (short form, its words, position) of "Air Quality Index (AQI)"."""
    for found in _ACRONYM.finditer(re.sub(r"\s", " ", text)):
        short = found.group(2)
        letters = [letter for letter in short if letter.isupper()]
        words = found.group(1).split()
        for start in range(len(words)):
            tail = words[start:]
            capitals = [word[0] for word in tail if word[:1].isupper()]
            initials = [word[0].upper() for word in tail if word[0].isalpha()]
            if tail[0][:1].isupper() and len(letters) >= 2 and letters in (capitals, initials):
                yield short, " ".join(tail), found.start()
                break


def _vague(subject: str) -> bool:
    words = [word.lower() for word in subject.split()]
    bare = words[1:] if words[0] in {"the", "a", "an"} else words
    if not bare:
        return True
    if len(bare) == 1 and (
        bare[0] in _VAGUE_HEADS
        or (bare[0] in {"report", "plan", "program", "study", "author", "authors", "page"} and len(words) == 1)
    ):
        return True
    head = re.split(r" (?:of|for|in) ", " ".join(bare))[0].split()[-1]
    return head in _VAGUE_HEADS and (
        " of " not in subject
        or head
        in {
            "part",
            "parts",
            "one",
            "ones",
            "example",
            "examples",
            "majority",
            "rest",
            "remainder",
            "case",
            "cases",
            "first",
            "second",
            "third",
        }
    )


def _reads_as_sentence(sentence: str) -> bool:
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
    return len(question.split()) > _LONGEST_QUESTION or _BAD_IN_QUESTION.search(question) is not None


def is_named(phrase: str, casing: Casing) -> bool:
    """Tell whether a phrase begins with a name, so that no article stands before it."""
    return casing.is_name(phrase.split()[0])


def _reads_as_question(question: str) -> bool:
    words = question.rstrip("?").split()
    if not 3 <= len(words) <= _LONGEST_QUESTION or _BAD_IN_QUESTION.search(question):
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
