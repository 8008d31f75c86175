"""Read a question so that two wordings of one question can be told from two questions. Pure.

A question is rewritten, by rules that keep its sense, into a row of words: politeness and articles go, auxiliaries are
listed apart, the passive becomes the active, what stands before the question word moves behind, "how tall is X" becomes "what
is the height of X". Two questions are the same where their rows are: word for word, in order. Every other word counts: no
word is too small to turn a question round.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from stc.chat.figures import MONTHS
from stc.chat.synonyms import AGENTS, MEASURES, PAST, PHRASES, PLURALS, STRONG_VERBS, SYNONYMS, VERBS

Forms = frozenset[tuple[str, str]]
"""What a word may be: (word of the dictionary, form), the form "" (as it is), "s", "past" or "ing"."""

LONGEST = 400
"""Characters of a question; a longer one is the same as none."""


@dataclass(frozen=True, slots=True)
class Wording:
    """A question read. ``asked``: what its question word asks for; ``helpers``: its auxiliaries in order, without do;
    ``did`` and ``does``: how often the past or the present was told by do, or by a passive. ``sources``: what it was asked of by
    name ("according to the report")."""

    asked: str
    words: tuple[Forms, ...]
    helpers: tuple[str, ...]
    did: int
    does: int
    sources: frozenset[str] = frozenset()


def same(one: Wording, other: Wording) -> bool:
    """Say whether two questions, whatever they ask for ("when" or "what year"), ask it of the same."""
    if len(one.words) != len(other.words) or one.helpers != other.helpers:
        return False
    if one.sources and other.sources and one.sources != other.sources:
        return False
    costs: Counter[tuple[str, str]] = Counter()
    steady = 0  # verbs whose past is as their present ("put")
    for place, (mine, theirs) in enumerate(zip(one.words, other.words, strict=True)):
        if mine & theirs:
            steady += any((base, "past") in mine | theirs for base, form in mine & theirs if form == "")
            continue
        cost = _cost(mine, theirs)
        if cost is None:
            return False
        if cost[0] == "s" and not _is_verb(other.words if cost[1] == "one" else one.words, place):
            return False  # "does the night ship leave" is not "the night ships leave"
        costs[cost] += 1
    did, does = one.did - other.did, one.does - other.does
    return (
        _told("past", did, costs, steady)
        and costs["s", "one"] <= max(does, 0)
        and costs["s", "other"] <= max(-does, 0)
        and not (did and (one.does if did < 0 else other.does))
    )


def _is_verb(row: tuple[Forms, ...], place: int) -> bool:
    """Tell whether a word with an s is a verb: behind somebody who does it, and with no other verb of its own behind it."""
    if place == 0 or not any(form == "s" and base in _VERB for base, form in row[place]):
        return False
    for word in row[place + 1 :]:
        if any(base in _PREPOSITIONS for base, _ in word):
            break
        if any(form == "" and base in _VERB for base, form in word):
            return False
    return True


_VERB = frozenset(SYNONYMS.get(verb, verb) for verb in VERBS | STRONG_VERBS)


def _told(form: str, more: int, costs: Counter[tuple[str, str]], steady: int) -> bool:
    """Tell whether each verb that one question has in the past is told by a "did" of the other, and each "did" used."""
    base, bare = ("one", "other") if more >= 0 else ("other", "one")
    return costs[form, bare] == 0 and costs[form, base] <= abs(more) <= costs[form, base] + steady


def _cost(mine: Forms, theirs: Forms) -> tuple[str, str] | None:
    """Return which form one word has more than the other, and which question has the bare one."""
    for form in ("past", "s"):
        for bare, full, side in ((mine, theirs, "one"), (theirs, mine, "other")):
            if any(kind == form and (base, "") in bare for base, kind in full):
                return form, side
    return None


# One word


@lru_cache(maxsize=100_000)
def forms(word: str) -> Forms:
    found = {(word, "")}
    found |= {(base, "past") for base in PAST.get(word, ())}
    if word in PLURALS:
        found.add((PLURALS[word], "s"))
    if word.isalpha() and len(word) > 3:
        if word.endswith("s") and not word.endswith(("ss", "us", "is")):
            found.add((word[:-1], "s"))
            if word.endswith("ies"):
                found.add((word[:-3] + "y", "s"))
            if word.endswith(("ses", "xes", "zes", "ches", "shes", "oes")):
                found.add((word[:-2], "s"))
        if len(word) > 4 and word.endswith("ed") and not word.endswith("eed") and word not in _NO_VERBS:
            found |= {(base, "past") for base in _bases(word[:-2])}
        if len(word) > 5 and word.endswith("ing"):
            found |= {(base, "ing") for base in _bases(word[:-3])}
    return frozenset((SYNONYMS.get(base, base), form) for base, form in found)


_NO_VERBS = frozenset("united hundred sacred naked wicked limited".split())
_VOWELS = re.compile("[aeiouy]+")


def _bases(left: str) -> set[str]:
    """Return what may stand before "ed" or "ing" is added: stopp, stop; hop, hope."""
    found = {left + "e"}
    doubled = len(left) > 2 and left[-1] == left[-2]
    if doubled:
        found |= {left, left[:-1]}
    elif len(_VOWELS.findall(left)) > 1 or not re.search(r"[^aeiou][aeiou][^aeiouwxy]$", left):
        found.add(left)
    if left.endswith("i"):
        found.add(left[:-1] + "y")
    return found


# From text to words

_CONTRACTIONS = (
    (re.compile(r"\b(?:won't)\b"), "will not"),
    (re.compile(r"\b(?:can't|cannot)\b"), "can not"),
    (re.compile(r"\bshan't\b"), "shall not"),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"\b(what|who|when|where|why|how|which|that|there|it|he|she)'s\b"), r"\1 is"),
    (re.compile(r"\b(what|who|when|where|why|how)'d\b"), r"\1 did"),
    (re.compile(r"\b(what|who|where|why|how|which)'re\b"), r"\1 are"),
    (re.compile(r"\b(what|who|where|when|which)'ll\b"), r"\1 will"),
    (re.compile(r"\b(who|what|i|we|you|they)'ve\b"), r"\1 have"),
    (re.compile(r"\b(whats|wheres|whos|whens)\b"), lambda found: found[1][:-1] + " is"),
)
_MONTH = "|".join(MONTHS)
_DATES = (
    (re.compile(rf"\b({_MONTH})\.? (\d{{1,2}})(?:st|nd|rd|th)?,? (\d{{4}})\b"), lambda m: _date(m[3], m[1], m[2])),
    (
        re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({_MONTH})\.?,? (\d{{4}})\b"),
        lambda m: _date(m[3], m[2], m[1]),
    ),
    (re.compile(r"\b(\d{4})-(\d\d)-(\d\d)\b"), lambda m: _date(m[1], m[2], m[3])),
    (re.compile(rf"\b({_MONTH})\.? (\d{{1,2}})(?:st|nd|rd|th)?\b"), lambda m: f"{MONTHS[m[1]]}m{int(m[2])}d"),
    (re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({_MONTH})\b"), lambda m: f"{MONTHS[m[2]]}m{int(m[1])}d"),
)


def _date(year: str, month: str, day: str) -> str:
    return f"{year}y{int(MONTHS.get(month, month))}m{int(day)}d"


_SOURCE = r"(?:(?:the|this|that|your|my) )?(?:document|documents|text|file|report|article|passage|paper|manual|page)"
_NAMED_SOURCE = re.compile(r"(?<!this )\b(?:report|article|paper|manual)\b")
"""What a document may be called, but also something that it tells of; where two questions name two, they are two."""
_POLITE = (
    re.compile(r"^(?:hi|hello|hey|ok|okay|so|please|quick question|question)\b[ ,:!.]*"),
    re.compile(
        r"^(?:(?:can|could|would|will) you(?: please| kindly)?(?: be able to)? (?:tell|inform|let|remind) (?:me|us)(?: know)?"
        r"|(?:can|could) (?:you|anyone|somebody|someone)(?: please)? (?:say|explain)"
        r"|(?:please )?(?:tell|inform|remind) (?:me|us)|please (?:say|state)|let me know"
        r"|(?:i|we)(?:'d| would)? (?:like|love|want|need|have) to know|(?:i|we) (?:was |were )?wonder(?:ing)?|i'm wondering"
        r"|do you (?:happen to )?know|do we know|does anyone know|any idea|may i ask|can i ask|would you mind telling me"
        rf"|(?:what|when|where|who) (?:does|do) {_SOURCE} say about|is it known|is it stated)[ ,:]+(?=\w)(?:please[ ,:]+)?"
    ),
    re.compile(rf"^(?:(?:according to|in|as per|per|from|based on) {_SOURCE}(?: says)?)[ ,:]+(?=\w)"),
)
_POLITE_END = re.compile(
    rf"[ ,]+(?:please|thanks|thank you|(?:according to|as per|based on) {_SOURCE}|in {_SOURCE})[ .!?]*$"
)
_WORD = re.compile(r"'s\b|@\w+|(?<![^\s(])[-−–]\d+(?:[.,:/]\d+)*|\d+(?:[.,:/]\d+)+|[^\W_]+|[^\w\s?!.;:'\"()\[\]_-]")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_NUMBERS = {
    word: str(value)
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen twenty".split()
    )
} | {
    word: f"{value}{'st' if value == 1 else 'nd' if value == 2 else 'rd' if value == 3 else 'th'}"
    for value, word in enumerate("first second third fourth fifth sixth seventh eighth ninth tenth".split(), start=1)
}
_ARTICLES = frozenset("a an the".split())
_NO_ARTICLE = re.compile(r"(?<=.)\bA\b|(?<=[\w'] )a(?= (?:few|little)\b)|(?<=\w )a$|(?<=[\d(/.-])a\b(?!\.? ?m\b)")
"""The letter in "vitamin A" and "section 5(a)", and "a few", which is not "few"."""
_SOUNDED = re.compile(r"@?[aeiouh8]|1[18]")
"""What an article "an" stands before; elsewhere it is a word of another language, or none of its own."""
_ANOTHER_IN_CAPITALS = re.compile(
    rf"(?<=\w )(?:(?:{'|'.join(word.upper() for word in sorted(SYNONYMS) if len(word) < 6)}|WHO|IT|AM|IS|ALL|AN|ON|OR|SO|TO|DO)\b"
    r"|(?:Polish|Turkey|China|Nice|Reading|Bath|Mobile|Jobs|Bill|Mark|Frank|Rose|Will|Cook|Hunt|Hope|Grace|Faith)\b)"
)
"""Written so behind another word, these are names: HR is no hour, and who can polish need not be Polish."""
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_PHRASE = re.compile(r"\b(?:" + "|".join(sorted(map(re.escape, PHRASES), key=len, reverse=True)) + r")\b")


def _plain(question: str) -> tuple[str, frozenset[str]]:
    """Return a question in plain words, one blank between, and the sources that it named."""
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda found: f" ^ {found.group().translate(_RAISED)}", question)
    text = unicodedata.normalize("NFKC", text).replace("’", "'").replace("‘", "'").replace("“", '"').replace("”", '"')
    text = re.sub(r"\bU\.? ?S\.?(?: ?A\.?)?(?![\w'])", "united states", text)
    text = _NO_ARTICLE.sub("@a", " ".join(text.split()).strip(" ?!.…"))
    for name in names(text):
        text = re.sub(rf"\b{name}\b", f"@{name}", text)
    text = text.lower()  # casefold would make "Masse" of "Maße"
    for pattern, plain in _CONTRACTIONS:
        text = pattern.sub(plain, text)
    for pattern, plain in _DATES:
        text = pattern.sub(plain, text)
    text = text.strip(" ?!.…")
    sources: set[str] = set()

    def leave_out(found: re.Match[str]) -> str:
        sources.update(_NAMED_SOURCE.findall(found.group()))
        return ""

    before = ""
    while before != text:
        before = text
        text = re.sub(r"^(?:please )?(?:tell|give) (?:me|us) the ", "what is the ", text)
        for pattern in _POLITE:
            text = pattern.sub(leave_out, text, count=1)
        text = _POLITE_END.sub(leave_out, text)
    text = _NOUN.sub(r"\1 @\2", text)
    text = _ANY_OF.sub(_marked, _ANY_OF_TOLD.sub(r"\1 \3 \2", text))
    text = re.sub(r"^what (?=(?:the|an?) )", "@what ", text)
    text = re.sub(r"(?<=\w)s' (?=\w)", "s 's ", text)
    text = re.sub(r"\b([ap])\. ?m\b\.?", r"\1m", text)
    words = []
    for found, behind in pairwise([*_WORD.findall(text), ""]):
        word = found.replace(",", "") if _THOUSANDS.fullmatch(found) else found
        if word not in _ARTICLES or (word == "an" and not _SOUNDED.match(behind)):
            words.append("percent" if word == "%" else _NUMBERS.get(word, word))
    return _PHRASE.sub(lambda found: PHRASES[found.group()], " ".join(words)), frozenset(sources)


def _marked(found: re.Match[str]) -> str:
    """Mark what asks for any of its kind: "what is a premium" asks what that is, "what is the premium" how much."""
    article, words = found[3], found[4].split()
    if not article and (found[1] == "who" or len(words) > 1):
        return found.group()
    if any(word in _PREPOSITIONS or word in _DETERMINERS or word.endswith("'s") for word in words):
        return found.group()
    return f"{found[1]} {found[2]} @any {found[4]}"


def names(question: str) -> list[str]:
    """Return the words of a question that are names only because they are written in capitals, in alphabetical order."""
    if not any(letter.islower() for letter in question):
        return []
    return sorted(set(_ANOTHER_IN_CAPITALS.findall(question)))


# Rewriting: on words with one blank between, articles gone

_BE = r"(?:is|are|was|were)"
_PREPOSITION = (
    "in on at by for from to with within without of during after before since until till under over into onto between among "
    "amongst through throughout across against along around behind beside besides beyond despite except inside near off "
    "outside per toward towards unlike up upon via as according following than"
).split()
_PREPOSITIONS = frozenset(_PREPOSITION)
_OPEN = "|".join(_PREPOSITION)


def _run(*ends: str) -> str:
    """Return the pattern of a group of words, as few as can be, none of which is one of ``ends``."""
    word = rf"(?!(?:{'|'.join(ends)})\b)\S+"
    return rf"({word}(?: {word})*?)"


_VERBS = "is are was were do does did".split()
_NOUN = re.compile(r"\b(the|an?|his|her|their|our|my|your) (will|can|may|might|must)\b")
"""Written like an auxiliary: who read the will does not ask who will read."""
_DETERMINERS = frozenset("the this that these those my your our their its his her there it he she they @a".split())
_ANY_OF = re.compile(rf"^(what|who) ({_BE}) (?:(an?) )?([\w'@-]+(?: [\w'@-]+){{0,3}})$")
_ANY_OF_TOLD = re.compile(rf"^(what|who) (an? [\w'@-]+(?: [\w'@-]+){{0,3}}|[\w'@-]+) ({_BE})$")
_NP = _run(*_PREPOSITION, *_VERBS, *"who that which and or".split())
_OF = _run(*_VERBS, *(word for word in _PREPOSITION if word not in ("of", "for")))
_AMOUNTS = "price|fee|charge|rent|salary|tax|budget|revenue|income|profit|fine|deposit|fare|premium|interest|loan|grant"
_REWRITES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), plain)
    for pattern, plain in (
        (r"\b(?:during|in|in year|during year) (?=(?:1\d|20)\d\d\b)", "in "),
        (r"^(?:name|give|give me|state|list|identify|define price|say) (?!of\b)(?=\S+ (?:of|for|'s)\b)", "what is "),
        (r"^(?:price|cost|name|capital|height|age|population|date|number|length|title|purpose) of ", "what is \\g<0>"),
        (rf"^(what|who|where|when) ({_BE}) {_NP} 's {_NP}(?= (?:{_OPEN})\b|$)", r"\1 \2 \4 of \3"),
        (rf"^(what|who|where) {_NP} 's {_NP} ({_BE})$", r"\1 \4 \3 of \2"),
        (r"^(?:in |during )?(?:what|which) year\b", "@year"),
        (r"^(?:on |at )?(?:what|which) (?:calendar )?date\b(?! of)", "@date"),
        (r"^(?:on )?(?:what|which) day(?: of week)\b", "@weekday"),
        (r"^(?:on )?which weekday\b|^(?:on )?what weekday\b", "@weekday"),
        (r"^(?:on )?(?:what|which) day\b(?! of)", "@day"),
        (r"^at (?:what|which) (?:time|hour)\b(?! of)|^what time\b(?! of)", "@time"),
        (rf"^(?:what|which) ({_BE}) (?:year|date) (?:when|in which|on which|that) ", "@when "),
        (r"^(?:in|at) (?:what|which) (?:place|location)\b", "where"),
        (rf"^what ({_BE}) location of ", r"where \1 "),
        (rf"^where ({_BE}) (.+?) (?:located|situated)$", r"where \1 \2"),
        (rf"^where (.+?) ({_BE}) (?:located|situated)$", r"where \2 \1"),
        (rf"^(what) ({_BE}) (?:date of birth|birth date|birthdate|birthday) of {_NP}$", r"@when was \3 born"),
        (rf"^(what) ({_BE}) (?:place of birth|birth place|birthplace) of {_NP}$", r"where was \3 born"),
        (rf"^(what) ({_BE}) (?:date of death|death date) of {_NP}$", r"@when did \3 die"),
        (r"^(?:for )?(?:what|which) reason\b", "why"),
        (rf"^what {_BE} reason (?:why|that) ", "why "),
        (r"^how come\b", "why"),
        (r"^when\b", "@when"),
        (r"^(?:what|which) person\b", "who"),
        (r"\bwhom\b", "who"),
        (rf"^(?:what|who) {_BE} name of (?:person|man|woman) (?:that|who) ", "who "),
        (r"^what number of ", "how many "),
        (rf"^what ({_BE}) (?:total )?number of ", "how many "),
        (r"^how many (.+?) (is|are|was|were) there\b", r"how many \1"),
        (r"^how many (.+?) there (is|are|was|were)\b", r"how many \1"),
        (
            rf"^how many (?:people|persons|inhabitants) (?:live|lives|reside|dwell) in {_NP}$",
            r"what is population of \1",
        ),
        (rf"^how many (?:people|persons|inhabitants) (?:lived|resided|dwelt) in {_NP}$", r"what was population of \1"),
        (r"^what percentage\b|^how many percent\b", "what percent"),
        (rf"^how much (?:does|do) {_OF} cost(?= (?:{_OPEN})\b|$)", r"what is price of \1"),
        (rf"^how much did {_OF} cost(?= (?:{_OPEN})\b|$)", r"what was price of \1"),
        (rf"^what (?:does|do) {_OF} cost(?= (?:{_OPEN})\b|$)", r"what is price of \1"),
        (rf"^what did {_OF} cost(?= (?:{_OPEN})\b|$)", r"what was price of \1"),
        (rf"^how much {_OF} (?:costs|cost)(?= (?:{_OPEN})\b|$)", r"what is price of \1"),
        (
            # In books the cost of something is what it took, not what it sells for.
            rf"^what ({_BE}) (?:price|cost) (?:of|for) (?!goods sold|sales|capital|debt|equity|production|revenue)",
            r"what \1 price of ",
        ),
        (rf"^how much ({_BE}) (?=(?:\S+ ){{0,4}}(?:{_AMOUNTS})\b)", r"what \1 "),
        (rf"^how much {_OF} ({_BE})$", r"what \2 price of \1"),
        (rf"^how much ({_BE}) {_OF}$", r"what \1 price of \2"),
        (rf"^how much (?:does|do) {_OF} weigh$", r"what is weight of \1"),
        (rf"^how much did {_OF} weigh$", r"what was weight of \1"),
        (rf"^how long (?:does|do) {_OF} last$", r"what is duration of \1"),
        (rf"^how long did {_OF} last$", r"what was duration of \1"),
        (rf"^how long {_OF} lasted$", r"what was duration of \1"),
        (rf"^how long {_OF} lasts$", r"what is duration of \1"),
        (rf"^(?:what|which) ({_BE}) {_OF} (?:called|named)$", r"what \1 name of \2"),
        (rf"^(?:what|which) {_OF} ({_BE}) (?:called|named)$", r"what \2 name of \1"),
        (rf"^(?:how is|how are) {_OF} called$", r"what is name of \1"),
        (rf"^(?:what (?:does|do) {_OF} mean)$", r"what mean \1"),
        (rf"^(?:what (?:is|are) meant by) {_OF}$", r"what mean \1"),
        (rf"^(?:define|explain meaning of|what is meaning of|what is definition of) {_OF}$", r"what mean \1"),
    )
)
_MEASURED = re.compile(rf"^how ({'|'.join(MEASURES)}) ({_BE}) {_OF}(?= (?:in (?:1|2)\d{{3}}|now)$|$)")
_MEASURED_TOLD = re.compile(rf"^how ({'|'.join(MEASURES)}) {_OF} ({_BE})$")
_AGENT = re.compile(rf"^who {_BE} ({'|'.join(AGENTS)}) of {_OF}$")
_WH = "@?what|which|who|whose|@?when|where|why|how|@year|@date|@day|@time|@weekday"
_FRONTED = re.compile(rf"^((?:{_OPEN}) (?!(?:{_WH})\b).+?),? ,? ?((?:@|\b)(?:{_WH})\b.*)$")
_FRONTED_ASKED = re.compile(rf"^({_OPEN}) ((?:{_WH})\b.+)$")
_CLAUSE = re.compile(
    r"\b(?:that|which|who|whom|whose|when|where|while|because|if|whether|say|says|said|claim|claims|claimed|believe|believes|"
    r"believed|think|thinks|thought|report|reports|reported|argue|argues|argued|and|or)\b"
)
_HELPERS = frozenset("is are was were be been being am will shall can could may might must should would ought".split())
_SAME_HELPER = {"are": "is", "am": "is", "were": "was", "shall": "will"}
_PERFECT = frozenset("has have had".split())
_DO = {"did": "did", "does": "does", "do": "does"}
_ADVERBIAL = frozenset("@when @year @date @day @time @weekday where why how".split())
_PRONOUNS = frozenset("who what which".split())
_BY_NO_AGENT = re.compile(rf"(?:\d|end\b|beginning\b|\S+ing\b|how\b|means\b|way\b|time\b|{'|'.join(MONTHS)})")


@lru_cache(maxsize=4096)
def read(question: str) -> Wording | None:
    """Return the reading of a question, ``None`` of one that is empty or too long to be sure of."""
    if len(question) > LONGEST:
        return None
    text, sources = _plain(question)
    text = _fronted(text)
    for pattern, plain in _REWRITES:
        text = pattern.sub(plain, text, count=1)
    text = _MEASURED.sub(lambda m: f"what {m[2]} {MEASURES[m[1]]} of {m[3]}", text)
    text = _MEASURED_TOLD.sub(lambda m: f"what {m[3]} {MEASURES[m[1]]} of {m[2]}", text)
    text = _AGENT.sub(lambda m: f"who {AGENTS[m[1]]} {m[2]}", text)
    if found := _FRONTED_ASKED.match(text):
        text = f"{found[2]} {found[1]}"
    words = [word for word in text.split() if word != ","]
    if not words:
        return None
    return replace(_row(words), sources=sources)


def _fronted(text: str) -> str:
    """Put what stands before the question word behind the rest, where only one reading comes of it."""
    found = _FRONTED.match(text)
    if not found or found[1].split()[-1] in _PREPOSITIONS or "," in found[2]:
        return text
    behind = found[2].split(" ", 1)
    if len(behind) < 2 or _CLAUSE.search(behind[1]) or _CLAUSE.search(found[1]):
        return text
    return f"{found[2]} {found[1]}".replace(" ,", "")


def _row(words: list[str]) -> Wording:
    asked = words[0] if words[0].lstrip("@") in _WH.replace("@", "").replace("?", "").split("|") else ""
    rest = words[1:] if asked else words
    told = {"did": 0, "does": 0}
    follows = rest[0] if rest else ""
    if asked == "@what":
        asked = "what"  # "what the tenant does" asks for no sort of tenant
    elif asked in _PRONOUNS - {"who"} or asked == "how":
        # "What animals eat" is not "what do animals eat".
        direct = follows in _HELPERS or follows in _DO or follows in _PERFECT or not follows
        asked = ("what" if asked != "how" else "how") + ("" if direct else "+")
    for place, word in enumerate(rest):
        if word in _DO:
            before_verb = place + 1 < len(rest) and (place == 0 or rest[place + 1] == "not" or asked.endswith("+"))
            if before_verb or (asked == "how+" and place + 1 < len(rest)):
                told[_DO[word]] += 1
                del rest[place]
            break
    else:
        rest = _active(asked, rest, told)
    helpers: list[str] = []
    row: list[Forms] = []
    for place, word in enumerate(rest):
        perfect = word in _PERFECT and any(form == "past" for later in rest[place + 1 :] for _, form in forms(later))
        if word in _HELPERS or perfect:
            word = "have" if word == "has" else word
            helpers.append(_SAME_HELPER.get(word, word))
        elif isinstance(word, _Bare):
            row.append(frozenset((base, "") for base, form in forms(word) if form == "past"))
        else:
            row.append(forms(word))
    return Wording(asked, tuple(row), tuple(helpers), told["did"], told["does"])


class _Bare(str):
    """A participle of which only the verb counts."""


def _active(asked: str, rest: list[str], told: dict[str, int]) -> list[str]:
    """Turn the first passive round: "X was built by Y" becomes "did Y build X", without a doer "did one build X"."""
    place = next((place for place, word in enumerate(rest) if word in ("is", "are", "was", "were", "be")), None)
    if place is None or (rest[place] == "be" and not any(word in _HELPERS for word in rest[:place])):
        return rest
    before = [word for word in rest[:place] if word not in _HELPERS]
    modal = [word for word in rest[:place] if word in _HELPERS]
    after = rest[place + 1 :]
    verb = next((place for place, word in enumerate(after) if any(form == "past" for _, form in forms(word))), None)
    if verb is None or "been" in after or "being" in after or "not" in rest:
        return rest
    if any(word in _HELPERS or word in _PERFECT for word in after[:verb]):
        return rest
    subject, behind = after[:verb], after[verb + 1 :]
    about: list[str] = []
    if subject and before:
        about, patient = before, subject  # which airline | was | the plane | flown by
    elif subject:
        patient = subject
    elif asked in _ADVERBIAL:
        patient = before
    else:
        about, patient = before, []
    doer = ["one"]
    if "by" in behind:
        by = behind.index("by")
        agent_end = by + 1
        while agent_end < len(behind) and (behind[agent_end] not in _PREPOSITIONS or behind[agent_end] == "of"):
            agent_end += 1
        agent = behind[by + 1 : agent_end]
        if not agent and asked not in _ADVERBIAL:
            doer, behind = [], behind[:by] + behind[by + 1 :]  # the one asked for did it
        elif agent and not _BY_NO_AGENT.match(" ".join(agent)) and not any(word in _HELPERS for word in agent):
            doer, behind = agent, behind[:by] + behind[agent_end:]
    if rest[place] != "be":
        told["did" if rest[place] in ("was", "were") else "does"] += 1
    return [*modal, *about, *doer, _Bare(after[verb]), *patient, *behind]
