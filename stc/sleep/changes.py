"""What follows from sentences: shares ("24 of 63"), changes ("from 120 to 150"), the time between two dates. Pure.

The question keeps the sentence's own words. Where they can't be turned round safely nothing is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from stc.chat.figures import numbers
from stc.sleep import quantities
from stc.sleep.deriving import Derived, percent, plainly
from stc.sleep.grammar import Casing, Clause, analyse, is_past, participle, plain
from stc.sleep.phrasing import ask, first_thought, front_in_question, is_vague, reads_as_question
from stc.sleep.reading import Reading, Statement
from stc.words import Evidence

_AMOUNT = r"\$?\d[\d,]*(?:\.\d+)?(?: (?:thousand|million|billion|trillion))?(?: ?%| percent\b| percentage points\b)?"
_CHANGE = re.compile(
    rf"\bfrom (?:about |approximately |nearly )?({_AMOUNT})((?:(?! to \$?\d)[^,;.]){{0,40}}?),? to ({_AMOUNT})"
)
_OF = re.compile(r"(\d[\d,]*)(?: \(\d[^)]*\))? (?:out )?of (?:(?:the|its|all|these|their|our) )*(\d[\d,]*) ")
_LEAD_IN = re.compile(r"^.*\b[A-Z][A-Za-z ]{2,60}: (?=[A-Z0-9])")
_PERIOD = r"(?:(?:FY|fiscal year|CY) )?(?:19|20)\d\d"
_IN_PERIOD = re.compile(rf" (?:in|at the end of|by the end of|at) ({_PERIOD})\b")
_FRONT = re.compile(
    r"((?:In|During|By|As of|At|Since|Of|Among|Across)(?: the| all| those)*(?: [\w-]+){1,4})(?:, [a-z][^.;:]{2,70})?,? $"
    r"|(?:In|During|By|As of|At|Since|Of|Among|Across) [^.;:]{2,120},? $"
)
_BOUND = re.compile(r" (?:within|during|as|by|before|after|for) .+$")
_THAT = re.compile(r"\bthat $")
_VERBS = frozenset(
    "increase decrease rise fall grow decline drop improve climb expand reduce shrink cut raise lower gain slip jump".split()
)
_STATED = re.compile(
    r"\b(?:an? (?:[a-z]+ )?(?:increase|decrease|decline|drop|gain|rise|reduction|improvement|growth) of|up by|down by|"
    r"representing|percentage points?|points? from|doubl|tripl|halv)",
    re.IGNORECASE,
)
_POINTING = re.compile(r"\b(?:his|her|my|your|he|she|they|we|this|these|those|such)\b", re.IGNORECASE)
_PERCENT_SIGN = re.compile(r"%|\bpercent\b|\bper cent\b")
_FEWEST_OF = 10
_LONGEST_REST = 18
_A_YEAR = re.compile(r"\b(?:1[0-9]|20)\d\d\b")
_FROM_YEAR = re.compile(r"\b(?:from|between) ((?:1[0-9]|20)\d\d) (?:to|until|till|through|and) ((?:1[0-9]|20)\d\d)$")
_LASTING = frozenset(
    "run last rule reign serve live work teach hold study govern air play remain exist operate take continue lead stay reside "
    "occupy produce publish own manage direct command host".split()
)
_NAMED = re.compile(r"([A-Z][\w.'’-]+(?: (?:[A-Z][\w.'’-]*|de|von|van|der|of|la|al-\w+)){1,4}) \(.{0,120}$")
_DATE_PAIR = re.compile(r"\b([A-Za-z]+(?:ed|en|ade|aid|old|eld|egan|orn))\b[ :]*$")


def derived(reading: Reading) -> Iterator[Derived]:
    """Yield what follows from a document's sentences."""
    day_first = quantities.day_first(page.text for page in reading.pages)
    for statement in reading.statements:
        if not statement.line:
            text = _LEAD_IN.sub("", statement.text)
            yield from _share(statement, text, reading.casing)
            yield from _change(statement, text, reading.casing)
            yield from _years(statement, text, reading.casing)
        yield from _dates(statement, day_first)


def _derived(statement: Statement, question: str, text: str, formula: str, value: float) -> Iterator[Derived]:
    question = ask(question)
    if reads_as_question(question) and not _POINTING.search(question):
        evidence = (Evidence(statement.page, statement.quote),)
        yield Derived(question, text, formula, evidence, statement.start, value)


# Shares


def _share(statement: Statement, text: str, casing: Casing) -> Iterator[Derived]:
    """ "In 2017, 11 of 18 offices measured it": What share of offices measured it in 2017?"""
    found = list(_OF.finditer(text))
    if len(found) != 1 or _PERCENT_SIGN.search(text):
        return
    part, whole = (Decimal(number.rstrip(",").replace(",", "")) for number in found[0].groups())
    if not 0 < part < whole or whole < _FEWEST_OF or re.match(r"\d{4}$", found[0][2]):
        return
    asked = _of_subject(text, found[0]) or _of_object(text, found[0], casing)
    if asked:
        places = 0 if Decimal("0.01") <= part / whole <= Decimal("0.99") else 1
        share = percent(str(part), str(whole), places)
        a, b = (number.rstrip(",") for number in found[0].groups())
        yield from _derived(statement, asked, f"About {share}: {a} of {b}.", f"{a} / {b} = {share}", 0.8)


def _of_subject(text: str, found: re.Match[str]) -> str:
    """Return the question about what a share of something does, "" where no verb follows."""
    before = text[: found.start()]
    front = _FRONT.match(before)
    if before and not (front and front.end() == found.start()) and not _THAT.search(before):
        return ""
    told = first_thought(f" {text[found.end() :].strip().rstrip(' .!')}").strip()
    words = told.split()
    verb = next((place for place, word in enumerate(words) if is_past(word) or word in _BE), None)
    if verb is None or not 0 < verb <= 8 or len(words) > _LONGEST_REST or verb == len(words) - 1:
        return ""
    the = "the " if words[0].islower() else ""
    when = re.match(
        rf"((?:In|During|By the end of|As of the end of|At the end of|As of) (?:[A-Z]\w+ )?{_PERIOD}), ", before
    )
    if when:
        return f"What share of {the}{told} {when[1][0].lower()}{when[1][1:]}"
    if front:
        return f"{front[1]}, what share of {the}{told}" if front[1] and len(front[1].split()) <= 6 else ""
    return f"What share of {the}{told}"


def _of_object(text: str, found: re.Match[str], casing: Casing) -> str:
    """Return the question about a share of what something is done to, "" where the clause can't be turned round."""
    clause = analyse(plain(text), casing)
    if clause is None or is_vague(clause.subject) or len(clause.subject.split()) > 8:
        return ""
    place = clause.rest.find(found.group().strip())
    extra = front_in_question(clause)
    if place < 0 or extra is None:
        return ""
    before = clause.rest[:place].strip()
    noun = first_thought(f" {clause.rest[place + len(found.group().strip()) :].strip()}").strip()
    bound = _BOUND.search(noun)
    if bound:  # "claims within 60 days"
        noun, before = noun[: bound.start()], f"{before} {bound[0].strip()}".strip()
    if not noun or not 1 <= len(noun.split()) <= 10 or re.search(r"[,;:]", before) or not (clause.verb or before):
        return ""
    preposition = re.search(r"(?:^| )(for|in|at|from|on)$", before)
    if preposition:
        asked = clause.asked(before[: preposition.start()].strip())
        return f"{preposition[1].capitalize()} what share of the {noun} {asked}{extra}"
    if re.search(r"(?:^| )(?:to|with|by|of|than|about)$", before):
        return ""
    return f"What share of the {noun} {clause.asked(before)}{extra}"


_BE = frozenset("is are was were had have has did do does".split())


# Changes


def _change(statement: Statement, text: str, casing: Casing) -> Iterator[Derived]:
    """ "Hires rose from 20,618 in 2014 to 26,466 in 2015": By what percentage did hires rise from 2014 to 2015?"""
    found = list(_CHANGE.finditer(text))
    if len(found) != 1 or _STATED.search(text):
        return
    first, between, last = (piece.strip() for piece in found[0].groups())
    clause = analyse(plain(text), casing)
    if clause is None or is_vague(clause.subject) or not _changes(clause) or len(clause.subject.split()) > 12:
        return
    place = clause.rest.find(f"from {first}")
    extra = front_in_question(clause)
    before = re.sub(r"\b(?:about|approximately|nearly|\w+ly)$", "", clause.rest[:place].strip()).strip()
    if place < 0 or extra is None or len(before.split()) > 8 or re.search(r"[,;]", before):
        return
    behind = text[found[0].end() :]
    when = _between(f" {between}", behind)
    a, b = _number(first), _number(last)
    shares = [bool(_PERCENT_SIGN.search(amount)) for amount in (first, last)]
    if shares[0] != shares[1] and shares[0]:
        return
    told = f"from {first} to {last}."
    if shares[1]:
        points = plainly(abs(b - a))
        unit = "percentage points" if points != "1" else "percentage point"
        formula = f"{max(a, b)}% - {min(a, b)}% = {points} {unit}"
        if points not in numbers(text):
            asked = f"By how many percentage points {clause.asked(before)}{when}{extra}"
            yield from _derived(statement, asked, f"By {points} {unit}, {told}", formula, 0.75)
        return
    if not a or _year(first) or _year(last) or re.match(r"(?:to|and) \d", behind.strip()):
        return
    relative = percent(plainly(abs(b - a)), plainly(a))
    high, low = (last, first) if b >= a else (first, last)
    if relative == "0%" or relative.rstrip("%") in numbers(text):
        return
    asked = f"By what percentage {clause.asked(before)}{when}{extra}"
    yield from _derived(
        statement, asked, f"By about {relative}, {told}", f"({high} - {low}) / {first} = {relative}", 0.85
    )


def _changes(clause: Clause) -> bool:
    """Tell whether a clause says that something becomes more or less: "increased", "has improved"."""
    if clause.verb:
        return clause.verb in _VERBS
    words = clause.rest.split()
    return clause.auxiliary in {"has", "have", "had"} and bool(words) and participle(words[0]) in _VERBS


def _between(between: str, behind: str) -> str:
    """Return the two times of a change as a question has them, "" where not both are given."""
    one, other = _IN_PERIOD.match(between), _IN_PERIOD.match(behind)
    return f" from {one[1]} to {other[1]}" if one and other else ""


def _number(amount: str) -> Decimal:
    match = re.search(r"\d[\d,]*(?:\.\d+)?", amount)
    assert match is not None
    scale = next((size for name, size in quantities.SCALES.items() if name in amount), 1)
    return Decimal(match.group().replace(",", "")) * scale


def _year(amount: str) -> bool:
    return re.fullmatch(r"(?:1[5-9]|20)\d\d", amount) is not None


# Years and dates


def _years(statement: Statement, text: str, casing: Casing) -> Iterator[Derived]:
    """ "The programme ran from 1963 to 1989": For about how many years did it run?"""
    clause = analyse(plain(text), casing)
    found = _FROM_YEAR.search(clause.rest) if clause else None
    if clause is None or found is None or clause.front or is_vague(clause.subject) or len(_A_YEAR.findall(text)) > 2:
        return
    first, last = found[1], found[2]
    years = int(last) - int(first)
    before = clause.rest[: found.start()].strip(" ,")
    if clause.verb not in _LASTING or years < 2 or len(before.split()) > 8 or re.search(r"[,;]|\byears?\b", before):
        return
    told = f"About {years} years: from {first} to {last}."
    asked = f"For about how many years {clause.asked(before)}"
    yield from _derived(statement, asked, told, f"{last} - {first} = {years}", 0.6)


def _dates(statement: Statement, day_first: bool | None) -> Iterator[Derived]:
    """ "Argued November 1, 2022; decided February 22, 2023": the days between. A life in brackets: its full years."""
    flat = re.sub(r"\s", " ", statement.quote)
    found = quantities.dates(flat, day_first=day_first)
    if len(found) != 2 or found[0].value >= found[1].value:
        return
    first, last = found
    told = f"from {flat[first.start : first.end]} to {flat[last.start : last.end]}."
    life = _NAMED.match(flat[: first.start])
    years = quantities.months_between(first.value, last.value) // 12
    if life and re.fullmatch(r"\s*(?:–|-|—|to)\s*[^()]{0,40}", flat[first.end : last.start]) and 5 < years < 120:
        result = f"{years} years"
        formula = f"years({first.value}, {last.value}) = {result}"
        yield from _derived(statement, f"How many full years did {life[1]} live", f"{result}: {told}", formula, 0.9)
        return
    did = [_DATE_PAIR.search(re.sub(r"\b(?:on|by)\s*$", "", flat[: item.start])) for item in found]
    days = (last.value - first.value).days
    if did[0] and did[1] and did[0][1].lower() != did[1][1].lower() and days <= 3660:
        result = f"{days} day{'s' if days != 1 else ''}"
        one, other = did[0][1].lower(), did[1][1].lower()
        pair = [f"{flat[item.start : item.end]} ({word})" for item, word in ((first, one), (last, other))]
        asked = f"How many days passed between {' and '.join(pair)}"
        formula = f"days({first.value}, {last.value}) = {result}"
        yield from _derived(statement, asked, f"{result}: {told}", formula, 0.7)
