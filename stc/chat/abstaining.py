"""What speaks against an answer although its sentence comes near: a twist in the question that the text does not have. Pure.

Nearness can't tell "the most" from "the least": a question that a text nearly answers shares all of its words but one. These
are the few turns of a word that are certain enough to keep silent for (docs/decisions/0032-nearly-answered.md).
"""

from __future__ import annotations

import re

from stc.chat.figures import MONTHS, numbers
from stc.chat.terms import stem, terms

_NEGATED = re.compile(r"\b(?:not|never|without|cannot|no longer|nobody|nor|neither|no (?=\w))\b|n['’]t\b", re.I)
_REPORTED = re.compile(
    r"\b(?:that|which|who|whom|whose|if|because|when|while|although|though|believ\w*|sa(?:id|ys?)|th(?:ought|ink\w*)|claim\w*"
    r"|argu\w*|suggest\w*|stat(?:e|es|ed)|show\w*|knew|know\w*|want\w*|fe(?:el\w*|lt)|complain\w*)\b",
    re.I,
)
"""A negation behind it is in what somebody believed, or tells which one is meant: the text may word that freely."""
_ASKING = re.compile(r"\b(?:what|which|who|whom|whose|when|where|why|how)\b", re.I)
_NEGATING = re.compile(
    r"\b(?:not|no|never|nor|neither|none|without|cannot|nothing|nobody|nowhere|except|lack\w*|fail\w*|un(?![idt])\w{3,}"
    r"|refus\w*|prohibit\w*|forb\w+|absen\w+|rather than|instead|few|hardly|rarely|seldom|exclud\w*|other than|unable"
    r"|impossible|non|in(?:ability|sufficient|correct\w*|adequate)|avoid\w*|den(?:y|ied)|reject\w*"
    r"|dis(?:agree|allow|appear|approv|continu|like|obey|qualif|regard)\w*)\b|n['’]t\b|\bnon-",
    re.I,
)
_OPPOSITES = """
most least, more less, more fewer, increase decrease, increased decreased, increasing decreasing, rise fall, rose fell, rising
falling, high low, higher lower, highest lowest, large small, larger smaller, largest smallest, big little, bigger smaller,
biggest smallest, long short, longer shorter, longest shortest, first last, earliest latest, early late, earlier later, before
after, begin end, began ended, start end, started ended, start finish, start stop, open close, opened closed, win lose, won
lost, with without, accept reject, accepted rejected, allow forbid, allow prohibit, allowed prohibited, allowed forbidden,
legal illegal, lawful unlawful, public private, male female, men women, north south, northern southern, east west, eastern
western, northeast southwest, northwest southeast, left right, top bottom, upper lower, above below, over under, inside
outside, internal external, inner outer, interior exterior, minimum maximum, best worst, better worse, good bad, strong weak,
stronger weaker, strongest weakest, rich poor, old new, older newer, older younger, oldest youngest, oldest newest, old young,
fast slow, faster slower, hot cold, warm cold, warmer cooler, heavy light, easy difficult, easy hard, simple complex, majority
minority, all none, always never, often rarely, often seldom, common rare, common uncommon, usual unusual, positive negative,
add remove, added removed, gain lose, gained lost, gain loss, buy sell, bought sold, import export, imports exports, imported
exported, enter leave, arrive depart, arrived departed, arrival departure, support oppose, supported opposed, supporter
opponent, friend enemy, ally enemy, allies enemies, peace war, victory defeat, defeated victorious, success failure,
successful unsuccessful, succeed fail, succeeded failed, create destroy, created destroyed, build destroy, built destroyed,
construct demolish, birth death, alive dead, live die, urban rural, ancient modern, natural artificial, liquid solid, direct
indirect, domestic foreign, voluntary compulsory, voluntary mandatory, optional mandatory, optional required, temporary
permanent, include exclude, included excluded, including excluding, advantage disadvantage, advantages disadvantages, benefit
drawback, agree disagree, agreed disagreed, connect disconnect, appear disappear, hired fired, raise lower, raised lowered,
expand contract, expanded contracted, expand shrink, widen narrow, wide narrow, deep shallow, dense sparse, near far, nearer
farther, nearest farthest, odd even, finite infinite, possible impossible, able unable, known unknown, dependent independent,
equal unequal, regular irregular, formal informal, sufficient insufficient, necessary unnecessary, safe dangerous, safe
unsafe, healthy sick, day night, morning evening, summer winter, spring autumn, love hate, loved hated, encourage discourage,
encouraged discouraged, promote hinder, protect attack, protected attacked, defend attack, praise criticize, praised
criticized, deny admit, denied admitted, deny confirm, denied confirmed, lend borrow, teach learn, push pull, send receive,
sent received, upload download, teacher student, teachers students, employer employee, landlord tenant, buyer seller, sender
receiver, winner loser, ancestor descendant, predecessor successor, catholic protestant, deterministic nondeterministic,
deterministic non-deterministic, profit loss, income expense, assets liabilities, debit credit, gross net, supply demand,
causes effects, quantitative qualitative, inhibit strengthen, inhibit promote, inhibit enhance, suppress promote, suppress
enhance, strengthen weaken, expose protect, reject receive, healthy infected, healthy injured, inject extract, ascend descend,
forward backward, backwards forwards, inward outward, upward downward, upstream downstream, horizontal vertical, parallel
perpendicular, real imaginary, rational irrational, mortal immortal, moral immoral, mature immature, stable unstable, visible
invisible, similar different, similarities differences, minimize maximize, minimise maximise, shortage surplus, deficit
surplus, cause prevent, approve disapprove, approve veto, approve reject, pass reject, married divorced, republican democrat,
liberal conservative, religious secular, civilian military, offensive defensive, active passive, active inactive, static
dynamic, constant variable, frequent infrequent, popular unpopular, likely unlikely, certain uncertain, centralized
decentralized, centralised decentralised, symmetric asymmetric, soluble insoluble, organic inorganic, edible poisonous, tame
wild, dry wet, arid humid, dry humid, dry rainy, sunrise sunset, dawn dusk, ally opponent, hero villain, guilty innocent,
convicted acquitted, accused acquitted, arrested released, captured released, enslaved freed, permit prohibit, ban allow,
banned legalized, hinder help, harm benefit, harmful beneficial, harmful harmless, reduce increase, decline growth, decline
rise, decline increase, shrink grow, shrank grew, growth loss, minor major, senior junior, superior inferior, thick thin,
thicker thinner, tall short, taller shorter, smooth rough, loud quiet, bright dark, brighter darker, lighter heavier, lightest
heaviest, clean dirty, full empty, broad narrow, widest narrowest, closest farthest, furthest nearest, cheapest expensive,
cheap expensive, quickest slowest, fastest slowest, easiest hardest, youngest eldest, younger elder, initial final, initially
finally, beginning end, origin end, onset end, parent child, parents children, father mother, husband wife, brother sister,
king queen, boys girls, man woman, debtor creditor, lender borrower, plaintiff defendant, prosecution defense, input output,
source destination, problem solution, quantity quality, producer consumer, predator prey, vowel consonant, singular plural,
fiction nonfiction, physical mental, theoretical practical, abstract concrete, objective subjective, explicit implicit,
voluntary involuntary, conscious unconscious, deliberate accidental, intentional accidental, compulsory optional, willing
unwilling, happy unhappy, satisfied dissatisfied, trust distrust, strength weakness, wealth poverty, abundant scarce, excess
lack, presence absence, present absent, remember forget, found lost, continue stop, continue cease, resume halt, unite divide,
combine separate, connect separate, included omitted, concave convex, clockwise counterclockwise, multiply divide, correct
incorrect, accurate inaccurate, true false, prove disprove, supporters opponents, proponents opponents, proponents critics,
supporters critics
"""
_OPPOSITE: dict[str, set[str]] = {}
for _pair in _OPPOSITES.split(","):
    _one, _other = map(stem, _pair.split())
    _OPPOSITE.setdefault(_one, set()).add(_other)
    _OPPOSITE.setdefault(_other, set()).add(_one)

_SOLE = re.compile(r"\bthe (?:only|sole)\b|\b(?:solely|exclusively|always)\b", re.I)
"""Not "only twice a week", which says no more than "twice a week" does."""
_SOLE_TOLD = re.compile(r"\b(?:only|sole(?:ly)?|exclusively|alone|always|all|every|each|just|single|one|never)\b", re.I)
_WORD = re.compile(r"(?:non-)?[^\W\d_]+", re.I)
"""A negative prefix stays with its word: "non-deterministic" is an opposite, "public-key" says "public"."""
_YEAR = re.compile(r"\b(?:1[0-9]\d\d|20\d\d)\b")
_FIGURE = re.compile(r"(?<![\w.,])\d+(?:,\d{3})*(?:\.\d+)?(?!\w)")
_NAME = re.compile(r"\b[A-Z][\w’'-]+")
_NO_NAME = frozenset(MONTHS) | frozenset(
    "monday tuesday wednesday thursday friday saturday sunday i what which who whom whose when where why how".split()
)
_MEASURE = re.compile(r"\bhow (?!many\b|much\b)\w+", re.I)
"""Asks for a figure: how far something is may be near."""
_PREFIX = re.compile(r"^(?:un|in|im|ir|il|dis|non-?)")
_STEM = 5
"""Letters that two forms of one name share at least."""
_FEWEST_PLAIN = 0.5
"""Share of a question's words that begin with a small letter; with fewer, capitals tell no name."""


def doubt(question: str, sentence: str, passage: str, context: str) -> str:
    """Return what speaks against answering a question by a sentence, "" where nothing does.

    ``passage`` is what the sentence stands in, ``context`` all that was read, with the names of its documents.
    """
    asked = _words(_MEASURE.sub("", question))
    negation = _NEGATED.search(question)
    asking = _ASKING.search(question)
    main = question[asking.end() if asking else 0 : negation.start() if negation else 0]
    turned = _turned(asked, sentence)
    if negation and not turned and not _REPORTED.search(main) and not _NEGATING.search(sentence):
        return f"the question says “{negation.group().strip()}”, the nearest sentence does not"
    if turned and not negation:  # "not active" is told by "inactive"
        return f"the question says “{turned[0]}”, the nearest sentence “{turned[1]}”"
    if (sole := _SOLE.search(question)) and not _SOLE_TOLD.search(sentence):
        return f"the question says “{sole.group()}”, the nearest sentence does not"
    before = passage[: passage.find(sentence) + len(sentence)] if sentence in passage else sentence
    if other := _another(_YEAR, question, sentence, set(_YEAR.findall(before))):
        return f"the question is about {other[0]}, the nearest sentence about {other[1]}"
    if other := _another(_FIGURE, _YEAR.sub("", question), sentence, numbers(passage)):
        return f"the question is about {other[0]}, the nearest sentence about {other[1]}"
    known = set(terms(context)) | set(terms(passage))
    name = next((one for one in _names(question) if not all(_is_known(term, known) for term in terms(one))), None)
    return f"“{name}” stands nowhere in what was read" if name else ""


def _turned(asked: list[str], sentence: str) -> tuple[str, str] | None:
    """Return a word of the question that the sentence lacks, and its opposite that the sentence alone has."""
    said, told = ({stem(word): word for word in words} for words in (asked, _words(sentence)))
    for word in (one for one in said if one not in told):
        for opposite in sorted((_OPPOSITE.get(word, set()) & told.keys()) - said.keys()):
            negating = _PREFIX.sub("", word) == opposite and _NEGATED.search(sentence)
            if not negating:  # "not known" is "unknown"
                return said[word], told[opposite]
    return None


def _another(pattern: re.Pattern[str], question: str, sentence: str, known: set[str]) -> tuple[str, str] | None:
    """Return a year or figure of the question that is not known, and another one of the sentence; ``None`` for none."""
    asked, there = (
        {found.replace(",", "") if pattern is _FIGURE else found for found in pattern.findall(text)}
        for text in (question, sentence)
    )
    missing, others = sorted(asked - there - known), sorted(there - asked)
    return (missing[0], others[0]) if missing and others else None


def _is_known(term: str, known: set[str]) -> bool:
    """Tell whether a term or a form of it is known: "Saharan" where "Sahara" is, and "Hatmanis" where "Hartmanis" is."""
    if term in known:
        return True
    if len(term) < _STEM:
        return False
    return any(
        other[:_STEM] == term[:_STEM] or (len(term) > _STEM and _is_slip(term, other))
        for other in known
        if len(other) >= _STEM
    )


def _is_slip(one: str, other: str) -> bool:
    """Tell whether two words differ by one letter that is missing, or by two that changed places."""
    if len(one) == len(other):
        apart = [place for place, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
        return len(apart) == 2 and one[apart[0]] + one[apart[1]] == other[apart[1]] + other[apart[0]]
    short, long = sorted((one, other), key=len)
    return len(long) == len(short) + 1 and any(long[:place] + long[place + 1 :] == short for place in range(len(long)))


def _words(text: str) -> list[str]:
    return list(dict.fromkeys(word.lower() for word in _WORD.findall(text)))


def _names(question: str) -> list[str]:
    words = question.split()
    if sum(word[:1].islower() for word in words) < _FEWEST_PLAIN * len(words):
        return []
    return [
        found.group()
        for found in _NAME.finditer(question)
        # What an abbreviation stands for may be written out in the text.
        if found.start() > 0
        and not found.group().isupper()
        and found.group().lower().removesuffix("'s").removesuffix("’s") not in _NO_NAME
    ]
