"""Understand a follow-up ("and in 2015?", "how tall is it?") by the question before it. Pure.

A wrong reading is worse than none, so the rules refuse (``None``) wherever two readings are possible, and a question that
can be understood by itself is never changed. What they refuse a language model may read, where there is one; its reading is
taken only where all its figures and names were said before. docs/decisions/0025-follow-ups.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from stc.chat.figures import MONTHS, numbers
from stc.chat.synonyms import PAST
from stc.chat.terms import terms

LONGEST = 300
"""Characters of a question that is read by rules, or that a model may make of one."""

_BE = "is|are|was|were"
_AUX = f"{_BE}|did|does|do|has|have|had|will|would|can|could|should|must|may|might"
_WHEN = "when|where|why|how"
_OPEN = "what|which|who|whom|whose|when|where|why|how"
_MEASURE = "tall|high|deep|wide|long|old|heavy|big|large|thick|fast|far|hot|cold|expensive|strong"
_ORDINAL = "(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last)"
_PREPOSITION = (
    "in|on|at|for|from|to|with|without|by|under|over|between|per|during|since|until|till|before|after|of|about"
    "|within|via"
)
_DETERMINER = "the|a|an|this|that|these|those|our|my|your"
_LEAD = re.compile(r"^(?:(?:and|but|or|so|also|then|ok|okay)\b[ ,]*)?(?:what about|how about|what of)\b[ ,]*", re.I)
_AND = re.compile(r"^(?:and|but|or|so|also|then|ok|okay)\b[ ,]*", re.I)

_MONTH = "|".join(MONTHS)
_DAYS = "(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|weekend|weekday)s?"
_YEAR = r"(?:1[5-9]\d\d|20\d\d)"
_TIMED = re.compile(
    rf"\b(?:{_YEAR}|(?:{_MONTH})(?!\w)|{_DAYS}|today|yesterday|tomorrow|now|currently|last|next|this (?:year|month|week|day)"
    r"|(?:in|during|at|by) (?:the )?(?:spring|summer|autumn|fall|winter|night|noon|midnight|morning|evening|afternoon)"
    r"|year|month|week|day|century|quarter)s?\b",
    re.I,
)

_SAME = {
    "it": "it", "its": "it", "itself": "it", "he": "he", "him": "he", "his": "he", "she": "he", "her": "he", "hers": "he",
    "they": "they", "them": "they", "their": "they", "theirs": "they",
}  # fmt: skip
_POSSESSIVE = frozenset("its his their".split())
_PRONOUN = re.compile(rf"\b(?:{'|'.join(_SAME)})\b", re.I)
_EMPTY_IT = re.compile(
    r"\bit (?:take|takes|took|rain|rains|rained|snow|snows|snowed|cost to|seem|seems|seemed)\b"
    r"|\b(?:is|was) it (?:true|possible|necessary|likely|clear|important|allowed|legal|illegal|worth|raining|correct|right"
    r"|wrong|normal|common|safe|dangerous|required|permitted|forbidden|that|when|where|because|a|an|the)\b"
    r"|\b(?:is|was) it .* that\b"
    r"|\bit (?:is|was|be) \w+ (?:to|that|for)\b|\bmakes? it \w+ to\b|\btime is it\b",
    re.I,
)
"""An "it" that stands for nothing."""
_EVENT = re.compile(
    r"\b(?:happen|occur|take place|took place|caus|mean|affect|matter|investigat|report|confirm|announc|prevent|avoid|impact"
    r"|consequence|result|effect|lower|higher|increase|decrease|change|rise|rose|fall|fell|more|less|differ|compare)",
    re.I,
)
"""What is said of an event or a figure rather than of the thing that the question before was about."""
_POINTING = re.compile(
    r"\b(?:the )?(?:former|latter|same|(?:first|second|third|fourth|last|other|next|previous|previous|remaining) ones?|others?"
    r"|one|ones|else|rest|both|these|those)\b\W*$|^(?:why|how) (?:is|was) (?:this|that)\b"
    r"|\b(?:did|does|do|was|is) (?:this|that) (?:happen|occur|mean|work|matter|cost|take|cause)\b|\b(?:this|that|these|those)\W*$"
    r"|\b(?:that|this) (?:year|day|time|case|date|month)\b|\b(?:there|then|too|exactly|instead|again)\W*$"
    r"|^(?:tell me more|go on|more details?|continue|explain|really|say more|which ones?|who else|what else)\b",
    re.I,
)
_FRAGMENT = re.compile(
    rf"(?:for )?how (?:{_MEASURE}|much|many|often)|(?:{_PREPOSITION}) (?:{_OPEN})|(?:the )?{_ORDINAL}", re.I
)
_THERE = re.compile(rf"\b(?:{_AUX}) there\b|\bthere (?:{_AUX})\b", re.I)
_VERBED = re.compile(rf"\b(?:{_AUX}|{_OPEN})\b", re.I)

_ATTRIBUTES = frozenset(
    (
        "height length width depth weight size age price cost name title capital population area colour color number address "
        "speed capacity temperature duration date value diameter volume currency area language religion rent salary"
    ).split()
)
_PERSONS = frozenset(
    (
        "captain pilot copilot keeper author director manager president king queen emperor mayor minister chairman chairwoman "
        "chair founder owner architect engineer teacher doctor nurse judge lawyer tenant landlord employee employer driver "
        "passenger patient student witness inspector inventor composer painter writer poet singer actor actress mother father "
        "son daughter wife husband brother sister man woman boy girl person officer sailor farmer priest bishop pope chef coach"
    ).split()
)
_VERBS = frozenset(
    (
        "accept act agree allow appear apply arrive begin belong buy carry cause change charge close collapse come contain cost "
        "cover crash create cross declare decrease deliver depart develop die discover drop earn eat employ end enter escape "
        "exist expand expire explode fail fall fight find finish fly follow found get give go grow happen have hold include "
        "increase introduce invent join keep land last launch lead leave live lose make marry mean measure meet merge move need "
        "occur offer open operate order own pay perform play produce publish pull reach receive release remain replace require "
        "resign rest retire return ride rise rule run sail say sell send serve show sign sink sit sleep speak spend stand start "
        "stay stop study suffer support take teach tell think travel turn use visit vote wear weigh win work write"
    ).split()
)
_QUALITY = re.compile(
    rf"(?:est|[tl]er|ior|{_MEASURE}|minimum|maximum|average|mean|median|total|new|small|young|short|low|male|female|left|right|"
    r"inner|upper|net|gross|white|black|red|green|blue|yellow|same|only|main|rest)$"
)
"""Words that may be said of the thing before, "the minimum" of a speed, rather than be another thing."""
_PLURAL = re.compile(r"(?:[^sui]s|people|children|men|women|mice|feet)$", re.I)


def dependent(question: str) -> bool:
    """Say whether a question looks as if it could not be understood without what was said before."""
    if len(question) > LONGEST:
        return False
    asked = _words(question)
    rest = _without_lead(asked)
    if not rest or not terms(rest):
        return True
    if rest != asked and not _VERBED.search(rest):
        return True
    if re.match(rf"(?:{_PREPOSITION})\b", rest, re.I) and not _VERBED.search(rest):
        return True
    if _POINTING.search(_THERE.sub("", rest)) or _FRAGMENT.fullmatch(rest):
        return True
    return _open_pronoun(rest) is not None


def resolve(question: str, before: str) -> str | None:
    """Return a follow-up as a question that stands by itself, ``None`` where the rules are not sure or it does already.

    ``before`` is the question before it, itself standing by itself.
    """
    if max(len(question), len(before)) > LONGEST:
        return None
    asked, said = _words(question), _without_lead(_words(before))
    if not said or re.search(r"[?!;:]|\. ", f"{asked} | {said}"):
        return None
    rest = _without_lead(asked)
    if not dependent(question) or _POINTING.search(_THERE.sub("", rest)):
        return None
    found = (
        _other_question_word(rest, said)
        or _other_time(rest, said)
        or _other_number(rest, said)
        or _other_place(rest, said)
        or _other_name(rest, said)
    )
    if found is None and rest.lower() not in said.lower():
        found = _named(rest, said)
    return None if found is None or found.casefold() == said.casefold() else f"{found[:1].upper()}{found[1:]}?"


def accepted(reply: str, question: str, earlier: Sequence[tuple[str, str]]) -> str | None:
    """Return a model's reading of a follow-up, ``None`` where it is no question made only of what was said.

    It must be one line; every figure and name in it must stand in the question or in the conversation, and none of the
    question's own may be lost. ``earlier`` are (question, answer) pairs.
    """
    lines = [line.strip(" \"“”'*`") for line in reply.strip().splitlines() if line.strip()]
    if len(lines) != 1 or len(reply) > 2 * LONGEST:
        return None
    reading = re.sub(r"^(?:standalone |rewritten )?question:\s*", "", lines[0], flags=re.I).strip(" \"“”'*`")
    if not reading or len(reading) > LONGEST or reading.count("?") > 1 or "http" in reading.lower():
        return None
    told = " ".join([question, *(text for turn in earlier for text in turn)])
    if not numbers(reading) <= numbers(told) or not numbers(question) <= numbers(reading):
        return None
    known = set(terms(told))
    if not {term for name in _NAME.findall(reading[1:]) for term in terms(name)} <= known:
        return None
    new = [term for term in terms(reading) if term not in known]
    if len(new) > 2 or (not set(terms(question)) & set(terms(reading)) and terms(question)):
        return None
    return None if _words(reading).casefold() == _words(question).casefold() else reading


_NAME = re.compile(r"\b[A-Z][\w'’-]*(?: (?:(?:of|de|van|von) )?[A-Z][\w'’-]*)*")


def _words(text: str) -> str:
    return " ".join(text.split()).strip(" ?!.…")


def _without_lead(text: str) -> str:
    shorter = _LEAD.sub("", text, count=1)
    return shorter if shorter != text else _AND.sub("", text, count=1)


def _names(text: str) -> list[re.Match[str]]:
    """Return the runs of capitalised words, but for months and days, and the first word of a question."""
    first = re.match(rf"(?:{_OPEN}|{_AUX}|name|list|tell|give|{_DETERMINER})\b", text, re.I)
    begin = first.end() if first else 0
    return [match for match in _NAME.finditer(text, begin) if not _TIMED.fullmatch(match.group())]


# Fragments: the question before once more, with one thing exchanged


def _other_question_word(rest: str, said: str) -> str | None:
    """ "Where?" after "When was it built?"."""
    asked = rest.lower()
    begins = re.match(rf"({_WHEN}) (?=(?:{_AUX})\b)", said, re.I)
    if re.fullmatch(_WHEN, asked):
        if begins and begins[1].lower() != asked:
            return asked + said[len(begins[1]) :]
        return f"{asked} {said[0].lower()}{said[1:]}" if re.match(rf"(?:{_AUX})\b", said, re.I) else None
    if asked in ("by whom", "who by") and begins and re.match(rf"(?:{_BE})\b", said[begins.end() :], re.I):
        return f"by whom {said[begins.end() :]}" if _participle(said.split()[-1]) else None
    if asked == "for how long" and begins:
        return f"for how long {said[begins.end() :]}"
    if found := re.fullmatch(rf"how ({_MEASURE})", asked):
        measured = re.match(rf"how ({_MEASURE}) (?=(?:{_BE})\b)", said, re.I)
        return f"how {found[1]} {said[measured.end() :]}" if measured and measured[1].lower() != found[1] else None
    return None


def _other_time(rest: str, said: str) -> str | None:
    """ "In 2015?" after "How many passengers came in 2014?", and where no time was said before."""
    for time in (_YEAR, rf"(?:{_MONTH})", _DAYS):
        found = re.fullmatch(
            rf"(?:(in|on|at|for|during|since|by|before|after|until|of) )?(?:the )?({time})", rest, re.I
        )
        if not found:
            continue
        preposition, value = found[1], found[2]
        there = list(
            re.finditer(rf"\b(?:(in|on|at|for|during|since|by|before|after|until|of) )?({time})\b", said, re.I)
        )
        if len(there) == 1:
            place = there[0]
            if time == _YEAR and re.search(rf"(?:{_MONTH})\.?(?: \d+,?)? $", said[: place.start(2)], re.I):
                return None  # June 2014: of 2015 the whole year may be meant
            if preposition and place[1] and place[1].lower() not in ("of", preposition.lower()):
                return f"{said[: place.start()]}{preposition} {value}{said[place.end() :]}"
            return f"{said[: place.start(2)]}{value}{said[place.end(2) :]}"
        if there or _TIMED.search(said):
            return None
        return f"{said} {preposition or ('on' if time == _DAYS else 'in')} {value}"
    return None


def _other_number(rest: str, said: str) -> str | None:
    """ "And chapter 4?" after "What is chapter 3 about?", "the second?" after "When was the first edition published?"."""
    counted = re.fullmatch(r"([a-z]+) (\d+|[A-Z])", rest)
    pattern = rf"\b{counted[1]} (\d+|[A-Z])\b" if counted else rf"\b({_ORDINAL})\b"
    value = counted[2] if counted else re.sub(r"^the ", "", rest, flags=re.I)
    if not counted and not re.fullmatch(_ORDINAL, value, re.I):
        return None
    there = list(re.finditer(pattern, said, 0 if counted else re.I))
    return f"{said[: there[0].start(1)]}{value}{said[there[0].end(1) :]}" if len(there) == 1 else None


def _other_place(rest: str, said: str) -> str | None:
    """ "To Oslo?" after "When does the ferry to Bergen leave?", "for children?" after "What does a ticket cost?"."""
    found = re.fullmatch(rf"({_PREPOSITION}) ((?:(?:{_DETERMINER}) )?[\w'’-]+(?: [\w'’-]+){{0,3}})", rest, re.I)
    if not found or _VERBED.search(rest) or _PRONOUN.search(rest) or _TIMED.search(rest) or _POINTING.search(rest):
        return None
    if re.search(rf"\b(?:{_PREPOSITION})\b", found[2], re.I):
        return None
    preposition, value = found[1].lower(), found[2]
    there = list(re.finditer(rf"\b{preposition}\b ", said, re.I))
    if len(there) == 1:
        tail = said[there[0].end() :]
        name = _NAME.match(tail)
        if name and _NAME.fullmatch(value):
            return f"{said[: there[0].end()]}{value}{tail[name.end() :]}"
        noun_phrase = re.fullmatch(rf"(?:(?:{_DETERMINER}) )?[\w'’-]+(?: [\w'’-]+)?", tail, re.I)
        if noun_phrase and not re.search(rf"\b(?:{_PREPOSITION}|{_AUX})\b", tail, re.I) and not name:
            return f"{said[: there[0].end()]}{value}"
        return None
    if (
        there
        or preposition not in ("for", "from", "without", "with")
        or re.search(rf"\b(?:{_PREPOSITION})\b", said, re.I)
    ):
        return None
    return f"{said} {preposition} {value}"


def _other_name(rest: str, said: str) -> str | None:
    """ "And Germany?" after "What is the capital of France?"; "and the width?" after "What is the length of the pier?"."""
    there = _names(said)
    if re.fullmatch(rf"(?:the )?{_NAME.pattern}", rest) and not _TIMED.search(rest):
        if len(there) != 1:
            return None
        start = there[0].start() - 4 if said[: there[0].start()].lower().endswith("the ") else there[0].start()
        return f"{said[:start]}{rest}{said[there[0].end() :]}"
    attribute = re.fullmatch(r"(?:the )?(\w+)", rest)
    frame = re.match(rf"(?:what|which) (?:{_BE}) the (\w+) of ", said, re.I)
    if attribute and frame and {attribute[1].lower(), frame[1].lower()} <= _ATTRIBUTES:
        return f"{said[: frame.start(1)]}{attribute[1]}{said[frame.end(1) :]}"
    thing = re.fullmatch(rf"((?:{_DETERMINER}) [a-z-]+(?: [a-z-]+)?)", rest)
    if thing and not there and thing[1].split()[-1] not in _ATTRIBUTES and not _QUALITY.search(thing[1]):
        only = list(re.finditer(rf"\b(?:{_DETERMINER}) ", said, re.I))
        topic = _topic(said)
        if topic and len(only) == 1 and said.count(topic) == 1 and not re.search(rf" (?:{_PREPOSITION}) ", topic):
            return said.replace(topic, thing[1])
    return None


# Pronouns


def _open_pronoun(text: str) -> re.Match[str] | None:
    """Return the first pronoun of a question, where nothing before it in the question can be what it stands for."""
    text = _EMPTY_IT.sub(lambda found: "x" * len(found.group()), text)
    found = next((one for one in _PRONOUN.finditer(text) if one.group() != "IT"), None)
    if not found:
        return None
    before = text[: found.start()]
    if _names(before) or re.search(rf"\b(?:{_DETERMINER}) (?!\w+ (?:of|time|year|day)\b)\w+", before, re.I):
        return None
    words = re.findall(r"[\w'’-]+", before)
    nouns = [word for word in words if word.lower() not in _FUNCTION and not word.lower().endswith(("ly", "ed"))]
    plain = not nouns or re.match(r"(?:how|what|which)\b", before, re.I) is not None
    return found if plain else None


_FUNCTION = frozenset(f"{_AUX}|{_OPEN}|{_PREPOSITION}|not|else|much|many|often|other|of|or|and|{_MEASURE}".split("|"))


def _named(rest: str, said: str) -> str | None:
    """Put what the question before was about in the place of a pronoun: "How tall is it?"."""
    found = _open_pronoun(rest)
    if not found or len({_SAME[one.lower()] for one in _PRONOUN.findall(rest)}) != 1:
        return None
    word, group = found.group().lower(), _SAME[found.group().lower()]
    if group == "it" and (_EVENT.search(rest) or not re.match(rf"(?:{_OPEN}|its)\b", rest, re.I)):
        return None
    topic = _person(said) if group == "he" else _topic(said)
    if topic is None or not _may_be(group, topic, said):
        return None
    behind = rest[found.end() :].strip()
    noun_behind = bool(behind) and not re.match(rf"(?:{_PREPOSITION}|{_AUX}|and|or)\b", behind, re.I)
    if word in _POSSESSIVE or (word == "her" and noun_behind):
        if word == "her" and re.search(r"\b(?:did|does|do|will) .* her\b", rest, re.I):
            return None  # "who gave her money": whose?
        topic += "'" if topic.endswith("s") and _PLURAL.search(topic) else "'s"
    elif word in ("hers", "theirs", "itself"):
        return None
    whole = f"{rest[: found.start()]}{topic}{rest[found.end() :]}"
    if word in _POSSESSIVE and rest.lower().startswith(word):  # "its length?" is no question yet
        head = re.fullmatch(r"(\w+)", behind)
        return f"what is the {head[1]} of {topic.removesuffix(chr(39) + 's')}" if head else None
    return whole


def _may_be(group: str, topic: str, said: str) -> bool:
    head = _head(topic)
    named = bool(_NAME.fullmatch(topic))
    if group == "they":
        counted = re.match(r"(?:how many|what|which) \w+ ", said, re.I)  # the seats, or the planes that have them?
        return bool(_PLURAL.search(head)) and not named and not counted
    if group == "he":
        return True
    if head.lower() in _PERSONS or (_PLURAL.search(head) and not named):
        return False
    if re.search(rf" (?:{_PREPOSITION}) (?:(?:{_DETERMINER}) |[a-z])", topic):
        return False  # the roof of the church: which of the two?
    return not named or " " not in topic or bool(re.match(rf"how (?:{_MEASURE}) ", said, re.I))


def _head(noun_phrase: str) -> str:
    return re.split(rf" (?:{_PREPOSITION}|who) ", noun_phrase, flags=re.I)[0].split()[-1]


def _person(said: str) -> str | None:
    """Return the one person that a question is about, in words that can stand in the next one."""
    names = _names(said)
    asked = re.match(r"who ((?!is\b|was\b|are\b|were\b|did\b|does\b|do\b|has\b|had\b)[a-z]+ .+)$", said, re.I)
    if asked and not names and _past(asked[1].split()[0]):
        return f"the person who {asked[1]}"
    topic = _topic(said)
    if len(names) == 1 and topic == names[0].group() and " " in topic:
        return topic
    if topic and not names and _head(topic).lower() in _PERSONS:
        return topic
    office = re.fullmatch(r"who (?:is|was) ((?:the|an?) (\w+)(?: of .+)?)", said, re.I)
    return office[1] if office and office[2].lower() in _PERSONS and len(names) <= 1 else None


def _topic(said: str) -> str | None:
    """Return the words of a question for what it is about, ``None`` where that is not plain."""
    text = said
    patterns = (
        rf"how (?:{_MEASURE}) (?:{_BE}) (?P<np>.+)",
        rf"(?:what|which) (?:{_BE}) the (?:{'|'.join(sorted(_ATTRIBUTES))}) of (?P<np>.+)",
        rf"(?:who|what) (?:{_BE}) (?P<np>[A-Z].*|(?:the|an?) \w+(?: \w+)?)",
        rf"where (?:{_BE}) (?P<np>.+?)(?: (?:located|situated))?",
    )
    for pattern in patterns:
        found = re.fullmatch(pattern, text, re.I if "[A-Z]" not in pattern else 0) or (
            re.fullmatch(pattern, text[:1].lower() + text[1:]) if "[A-Z]" in pattern else None
        )
        if found and _is_noun_phrase(found["np"]):
            return found["np"]
    passive = re.fullmatch(rf"(?:{_WHEN}) (?:{_BE}) (.+)", text, re.I)
    if passive:
        words = passive[1].split()
        for place, word in enumerate(words):
            if place >= 1 and _participle(word) and word[0].islower():
                subject, behind = " ".join(words[:place]), " ".join(words[place + 1 :])
                return subject if _is_noun_phrase(subject) and _tells_nothing_else(behind) else None
    active = re.fullmatch(rf"(?:{_WHEN}|what|how (?:\w+)(?: \w+)?) (?:did|does|do) (.+)", text, re.I)
    if active:
        words = active[1].split()
        first = 2 if re.fullmatch(_DETERMINER, words[0], re.I) else 1
        for place in range(first, len(words)):
            if words[place] in _VERBS:
                subject, behind = " ".join(words[:place]), " ".join(words[place + 1 :])
                return subject if _is_noun_phrase(subject) and _tells_nothing_else(behind) else None
    built = re.fullmatch(r"who ([a-z]+) (.+)", text, re.I)
    if built and _past(built[1]) and _is_noun_phrase(built[2]):
        return built[2]
    return None


def _is_noun_phrase(text: str) -> bool:
    words = text.split()
    if not words or len(words) > 7 or re.search(rf"[,()]|\b(?:{_AUX}|{_OPEN}|and|or|not|by)\b", text, re.I):
        return False
    if _PRONOUN.search(text) or _TIMED.search(text) or text.endswith("ing"):
        return False
    return bool(re.match(rf"(?:{_DETERMINER}) \S", text, re.I) or _NAME.fullmatch(text) or len(words) == 1)


def _tells_nothing_else(behind: str) -> bool:
    """Tell whether what stands behind the verb names no other thing that a pronoun could mean."""
    rest = _TIMED.sub("", behind)
    return not _names(f"x {rest}") and not re.search(rf"\b(?:{_DETERMINER}) ", f"{rest} ", re.I)


def _past(word: str) -> bool:
    return word.lower() in PAST or (word.endswith("ed") and len(word) > 4)


_participle = _past
