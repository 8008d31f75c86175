"""Questions about figures: how many, how much, what share, when, how long. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stc.sleep.grammar import (
    AUXILIARIES,
    BASES,
    BE,
    PARTICIPLES,
    PREPOSITIONS,
    PRONOUNS,
    Casing,
    Clause,
    is_past,
    is_plural,
    participle,
)
from stc.sleep.phrasing import (
    CUT,
    DATE,
    MONEY,
    NUMBER,
    WHEN,
    YEAR,
    Asked,
    enumerates,
    first_thought,
    front_in_question,
    made,
    when_in,
)

_COUNTED = re.compile(
    rf"(?:^| )({NUMBER}) ((?:(?!of |in |on |to |and |or |by |for |from |percent)[a-z][a-z-]+ ){{0,3}}?"
    r"(?:[a-z][a-z-]*[a-rt-z]s|people|children|women|men))(?=$|[ ,;])"
)
_PERCENT = re.compile(rf"(?:{NUMBER}|\d+(?:\.\d+)?) ?(?:percent|per cent|%) of (?=\S)")
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
_PAYING = frozenset(
    (
        "cost spend pay receive provide allocate total invest save generate earn award collect recover raise "
        "reimburse charge contribute"
    ).split()
)


def percentage(clause: Clause, text: str, casing: Casing) -> Iterator[Asked]:
    found = _PERCENT.search(clause.rest)
    if not found:
        return
    before = clause.rest[: found.start()].strip()
    after = first_thought(clause.rest[found.end() :])
    extra = front_in_question(clause)
    if (
        extra is None
        or not after
        or CUT.search(before)
        or len(before.split()) > 4
        or enumerates(clause.rest)
        or not before + clause.verb
    ):
        return
    yield from made(
        f"What percentage of {after} {clause.asked(before)}{extra}", text, 0.9, keep=text.find(found.group()) + 20
    )


def by_how_much(clause: Clause, text: str, casing: Casing) -> Iterator[Asked]:
    found = _BY_AMOUNT.search(clause.rest)
    if not found or re.fullmatch(YEAR, found.group(1)):
        return
    before = clause.rest[: found.start()]
    after = first_thought(clause.rest[found.end() :])
    verb = clause.verb or before.split()[0]
    extra = front_in_question(clause)
    if (
        extra is None
        or CUT.search(before)
        or not re.match(
            r"(?:increas|decreas|reduc|grow|grew|rise|rose|fall|fell|drop|declin|improv|exceed|cut|rais|lower|expand|shrink|outperform|advance)",
            verb,
        )
    ):
        return
    yield from made(
        f"By how much {clause.asked(f'{before}{after}')}{extra}", text, 1.0, keep=text.find(found.group()) + 8
    )


def how_much(clause: Clause, text: str, casing: Casing) -> Iterator[Asked]:
    found = MONEY.search(clause.rest)
    if not found or len(MONEY.findall(clause.rest)) > 1:
        return
    before, after = clause.rest[: found.start()].strip(), clause.rest[found.end() :]
    words = f"{clause.verb} {before}".split()
    extra = front_in_question(clause)
    if (
        extra is None
        or not words
        or words[0] not in _PAYING
        or len(words) > 2
        or re.match(r"[-\w]|,\d| (?:in|of) [a-z]", after)
    ):
        return
    yield from made(
        f"How much {clause.asked(before + first_thought(after))}{extra}", text, 0.9, keep=text.find(found.group()) + 8
    )


def how_many(clause: Clause, text: str, casing: Casing) -> Iterator[Asked]:
    found = _COUNTED.search(clause.rest)
    if not found or not _countable(found) or len(_COUNTED.findall(clause.rest)) > 1:
        return
    before = clause.rest[: found.start()].strip()
    after = first_thought(clause.rest[found.end() :])
    extra = front_in_question(clause)
    following = re.match(r" ([a-z]+)", clause.rest[found.end() :])
    if following and following.group(1) not in PREPOSITIONS | {"to", "that", "when", "while", "each"}:
        return  # not the last noun: "two benefits officers"
    if re.match(r", ", clause.rest[found.end() :]):
        return
    if (
        extra is None
        or len(before.split()) > 3
        or CUT.search(before)
        or not (clause.verb or before)
        or enumerates(clause.rest[: found.end() + 40])
    ):
        return
    if (before.split()[-1:] and before.split()[-1] in PREPOSITIONS - {"of", "into", "by", "with", "to"}) or re.search(
        r"\b(?:than|the|these|a)$", before
    ):
        return
    if clause.auxiliary in BE and not participle(before.split()[0]):
        return
    yield from made(
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


def counted_subjects(text: str) -> Iterator[Asked]:
    """ "Over 3 billion people cook …": How many people cook …?  "75 percent of X will be …": What percentage of X …?"""
    share = re.match(rf"(?:{NUMBER}|\d+(?:\.\d+)?) ?(?:percent|per cent|%) of ", text, re.IGNORECASE)
    counted = re.match(
        rf"({NUMBER}) ((?:[a-z][a-z-]+ ){{1,3}}?)(?=(\w+) )(?:(?<=s )|(?<=people )|(?<=children )|(?<=women )|(?<=men ))",
        text,
        re.IGNORECASE,
    )
    if share:
        rest = first_thought(text[share.end() :])
        if re.search(r" (?:is|are|was|were|will|has|have|had|\w+ed) ", rest) and len(rest.split()) <= 16:
            yield from made(f"What percentage of {rest}", text, 0.9)
    elif (
        counted
        and counted.group(2).split()[-1] not in _NOT_COUNTABLE
        and (counted.group(3) in AUXILIARIES | BASES or is_past(counted.group(3)))
    ):
        rest = first_thought(text[counted.end() :])
        if len(rest.split()) >= 2:
            yield from made(f"How many {counted.group(2)}{rest}", text, 0.85)
    there = re.match(rf"There (are|were) ({NUMBER}) (.+)", text)
    if there:
        rest = "" if re.match(r"\w+ (?:and|or) ", there.group(3)) else first_thought(there.group(3))
        found = re.match(r"((?:[a-z-]+ ){0,3}?[a-z-]*s)(?=$| )(.*)", rest)
        if found and found.group(1).split()[-1] not in _NOT_COUNTABLE and not enumerates(rest):
            yield from made(f"How many {found.group(1)} {there.group(1)} there{found.group(2)}", text, 0.9)


def when(clause: Clause, text: str, casing: Casing) -> Iterator[Asked]:
    if clause.verb == "have" or (clause.auxiliary in BE and not participle(clause.rest.split()[0])):
        return
    front = re.fullmatch(rf"(?:In|On|By|Since|During|Around|After|Before|As of) {DATE}", clause.front)
    inside = list(WHEN.finditer(clause.rest))
    if front and not inside:
        preposition, tail = clause.front.split()[0].lower(), first_thought(clause.rest)
        if enumerates(clause.rest) and clause.rest[len(tail) :].startswith(", "):
            return
    elif not clause.front and len(inside) == 1:
        found = inside[0]
        preposition = found.group(1)
        before, after = clause.rest[: found.start()].rstrip(), clause.rest[found.end() :]
        if CUT.search(before) or first_thought(before) != before:
            return
        # What follows the time must end there or be a phrase of its own.
        tail = before + (
            first_thought(after)
            if re.match(r" (?:in|at|by|for|to|with|from|under|near|during) ", after)
            and len(first_thought(after).split()) <= 6
            else ""
        )
        if after and tail == before and not re.match(r"[,;:–—]| (?:and|but|when|after|because|while|which|by) ", after):
            return
    else:
        return
    words = tail.split()
    if len(words) + bool(clause.verb) < 2 or (enumerates(clause.rest) and not front) or len(words) > 14:
        return
    if words and (words[-1] in PREPOSITIONS or words[-1] in {"and", "or", "the", "a"}):
        return
    ask = {"by": "By when", "since": "Since when", "until": "Until when", "as": "As of when"}.get(preposition, "When")
    if ask == "As of when" or preposition in {"from", "before", "after"}:
        return
    yield from made(f"{ask} {clause.asked(tail)}", text, 0.9, keep=text.find(tail[:20]) + 20)


def change(clause: Clause, text: str, casing: Casing) -> Iterator[Asked]:
    """ "The share rose from 10 to 12 percent": How did the share change?"""
    found = re.match(r"(?:\w+ly )?from \$?\d[^,;]*? to (?:\w+ )?\$?\d", clause.rest)
    extra = front_in_question(clause)
    if (
        found
        and extra is not None
        and clause.verb
        in {"increase", "decrease", "rise", "fall", "grow", "decline", "drop", "improve", "climb", "expand"}
    ):
        yield from made(
            f"How {clause.auxiliary} {clause.subject} change{extra}",
            text,
            1.0,
            keep=text.find(found.group()) + len(found.group()) + 10,
        )


def quantity(clause: Clause, text: str, casing: Casing) -> Iterator[Asked]:
    """ "Lyon has a population of 500,000": What is the population of Lyon?"""
    found = re.match(rf"an? ((?:[a-z-]+ ){{0,2}}?[a-z]+) of (?=\$?{NUMBER}|\$?\d)", clause.rest)
    if (
        clause.verb != "have"
        or not found
        or found.group(1).split()[-1] in {"total", "number", "lot", "variety", "range"}
    ):
        return
    extra = front_in_question(clause)
    if extra is not None:
        be = {"does": "is", "do": "is", "did": "was"}[clause.auxiliary]
        yield from made(f"What {be} the {found.group(1)} of {clause.subject}{when_in(clause.rest)}{extra}", text, 1.0)


def how_long(clause: Clause, text: str, casing: Casing) -> Iterator[Asked]:
    found = re.search(
        rf" (within|for) {NUMBER} (?:[a-z-]+ )?(?:days|hours|minutes|weeks|months|years)\b", " " + clause.rest
    )
    extra = front_in_question(clause)
    if extra is None:
        return
    takes = re.match(rf"(?:takes? |last(?:s|ed)? )?{NUMBER} (?:days|hours|minutes|weeks|months|years)\b", clause.rest)
    if clause.verb in {"take", "last"} and takes:
        yield from made(f"How long {clause.auxiliary} {clause.subject} {clause.verb}{extra}", text, 0.95)
    elif found:
        before = clause.rest[: max(0, found.start() - 1)]
        after = clause.rest[found.end() - 1 :]
        kept = first_thought(after) if re.match(r" (?:of|after|before|from|in|at|with|by) ", after) else ""
        if not before or CUT.search(before) or len(before.split()) > 12 or first_thought(before) != before:
            return
        if clause.auxiliary in BE and not participle(before.split()[0]):
            return
        word = "How soon" if found.group(1) == "within" else "For how long"
        if word == "How soon" and kept:
            yield from made(
                f"{word} {clause.asked(before)}{kept.replace(' of ', ' after ', 1) if kept.startswith(' of ') else kept}{extra}",
                text,
                0.9,
                keep=text.find(found.group().strip()) + 20,
            )
        elif word == "How soon" or not kept.startswith(" of"):
            yield from made(
                f"{word} {clause.asked(before + kept)}{extra}", text, 0.9, keep=text.find(found.group().strip()) + 20
            )


def goals(text: str) -> Iterator[Asked]:
    """ "By 2026, assist at least 400 tribes …": How many tribes are to be assisted by 2026? A goal without a subject."""
    found = re.match(rf"By ({DATE}), ([a-z]+) (.+)", text)
    if not found or found.group(2) not in BASES or re.match(r"(?:and|or)\b", found.group(3)):
        return
    date, verb, rest = found.groups()
    done = re.sub(r"^.* ", "", _participle_of(verb))
    counted = re.match(rf"({NUMBER}) ((?:[A-Za-z-]+ ){{0,4}}?[a-zA-Z-]*(?:[a-rt-z]s|people|children))(?=$|[ ,;])", rest)
    share = re.match(rf"(?:ensure )?(?:that )?(?:at least )?(?:{NUMBER}|\d+(?:\.\d+)?) ?(?:percent|%) of ", f"{rest}")
    amount = _BY_AMOUNT.search(" " + rest)
    if counted and counted.group(2).split()[-1] not in _NOT_COUNTABLE:
        yield from made(f"How many {counted.group(2)} are to be {done} by {date}", text, 1.0)
    elif share and verb in {"ensure", "make"}:
        yield from made(f"What percentage of {first_thought(rest[share.end() :])} by {date}", text, 0.9)
    elif amount and verb in {"reduce", "increase", "decrease", "cut", "improve", "lower", "raise", "expand"}:
        thing = rest[: amount.start() - 1].strip()
        if thing and len(thing.split()) <= 12 and not CUT.search(thing):
            yield from made(
                f"By how much {'are' if is_plural(thing) else 'is'} {thing} to be {done} by {date}", text, 1.0
            )
    elif len(first_thought(rest).split()) >= 3:
        thing = first_thought(rest)
        if len(thing.split()) <= 10 and not enumerates(rest[:60]):
            yield from made(f"By when {'are' if is_plural(thing) else 'is'} {thing} to be {done}", text, 0.85)


def _participle_of(verb: str) -> str:
    return next((form for form, base in PARTICIPLES.items() if base == verb), verb)
