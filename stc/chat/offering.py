"""Tell whether a sentence offers a thing of the kind that a question asks for: a time for "when", a number for "how many",
a name for "who", a reason for "why", degrees for coordinates. Pure.

A thing that stands in the question already is no answer to it. What a sentence offers does not depend on the question but
for that, so it is looked for once and kept.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from stc.chat.terms import terms

Kind = Literal["coordinates", "time", "number", "name", "reason", "any"]

_COORDINATES = re.compile(
    r"\b(?:what|which|the|its|their|gps|exact|map|geographic(?:al)?) coordinates\b|\b(?:latitude|longitude)s?\b"
)
_TIME = re.compile(
    r"\bwhen\b|\b(?:what|which|whose) (?:\w+ )?(?:year|date|day|month|decade|century|time|season|era|period)s?\b"
    r"|\bdate of\b|\bhow long ago\b"
)
_NUMBER = re.compile(
    r"\bhow (?:many|much|long|old|far|high|tall|large|big|wide|deep|fast|often|heavy|hot|cold|few|small|thick|loud)\b"
    r"|\b(?:what|which) (?:\w+ )?(?:percent|percentage|number|amount|proportion|share|fraction|size|distance|height|length"
    r"|width|depth|speed|temperature|age|population|price|cost|rate|weight|score|total|sum|area|ratio)\b"
    r"|\b(?:number|percentage|population|amount) of\b"
)
_AGE = re.compile(r"\bhow old\b")
_REASON = re.compile(r"\bwhy\b|\bwhat (?:caused|causes|reason)\b|\breasons? (?:for|why|that)\b")
_NAME = re.compile(
    r"\bwho(?:m|se)?\b|\bwhere\b|\bnames?\b|\b(?:what|which) (?:\w+ )?(?:city|country|state|town|county|place|location"
    r"|continent|region|river|street|island|nation|province|person|king|queen|emperor|president|company|organi[sz]ation"
    r"|university|team|book|film|song|album|show|actor|author|artist|scientist|leader|language|party|ship|war|battle|treaty"
    r"|agency|department|office|model|brand|manufacturer)\b"
)
_PATTERNS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("coordinates", _COORDINATES),
    ("number", _AGE),
    ("time", _TIME),
    ("number", _NUMBER),
    ("name", _NAME),
    ("reason", _REASON),
)
"""The first that is found in a question tells its kind."""
_DIGIT = re.compile(r"\d")
_NUMBER_WORDS = frozenset(
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion trillion dozen half "
    "third quarter first second fourth fifth once twice none zero several couple pair both".split()
)
_DATE = re.compile(
    r"\b(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)\b"
    r"|\b\d{1,4}[/-]\d{1,2}(?:[/-]\d{2,4})?\b|\b1\d{3}s?\b|\b20\d\ds?\b|\b\d{1,2}:\d\d\b|\b\d{1,2} ?[ap]\.?m\b"
    r"|\b\d{1,2}(?:st|nd|rd|th) century\b|\b\d{3,4} [A-Z]{2,4}\b"
)
_DEGREES = re.compile(
    r"[-\u2212+]?\b\d{1,3}\.\d{2,}°?,? *[NS]?,? +[-\u2212+]?\d{1,3}\.\d{2,}|\b\d{1,3} ?° ?\d|\b\d{1,3}(?:\.\d+)? ?°? ?[NSEW]\b"
)
"""A pair of decimal degrees, degrees with minutes, or degrees with a direction."""
_BECAUSE = re.compile(
    r"\b(?:because|due to|since|as a result|owing to|in order to|so that|reasons?|caused?|therefore)\b"
)
_AROUND = ".,;:()\"'“”‘’[]"


@lru_cache(maxsize=1024)
def kind(question: str) -> Kind:
    """Return the kind of thing a question asks for, "any" where it asks for none in particular."""
    asked = " ".join(question.lower().split())
    return next((kind for kind, pattern in _PATTERNS if pattern.search(asked)), "any")


def offers(question: str, text: str) -> bool:
    """Say whether a text offers a thing of the kind asked for that is not already in the question.

    True where the question asks for no particular kind.
    """
    wanted = kind(question)
    if wanted == "any":
        return True
    found = _things(wanted, text)
    return found is None or not found <= _held(question)


@lru_cache(maxsize=1024)
def _held(question: str) -> frozenset[str]:
    return frozenset(terms(question))


@lru_cache(maxsize=16_384)
def _things(wanted: Kind, text: str) -> frozenset[str] | None:
    """Return the terms of the things of a kind that stand in a text, ``None`` where it offers one whatever is asked."""
    if wanted == "reason":
        return None if _BECAUSE.search(text) else frozenset()
    if wanted == "coordinates":
        return None if _DEGREES.search(text) else frozenset()
    if wanted == "time":
        return frozenset(terms(" ".join(_DATE.findall(text))))
    # A sentence begins with a capital, name or not.
    words = [word.strip(_AROUND) for word in text.split()]
    if wanted == "name":
        return frozenset(terms(" ".join(word for word in words[1:] if word[:1].isupper())))
    if any(word.lower() in _NUMBER_WORDS for word in words):
        return None
    return frozenset(terms(" ".join(word for word in words if _DIGIT.search(word))))
