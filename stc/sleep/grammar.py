"""Just enough English to turn a statement round: find its subject and verb, and give back a verb's plain form.

No model and no tagger: closed word lists, and a refusal (``None``) wherever they don't suffice. A question that is not
asked costs nothing; a crooked one is read by a person.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

BE = frozenset("is are was were".split())
AUXILIARIES = BE | frozenset("has have had will would can could may might must shall should does do did".split())
MODALS = frozenset("will would can could may might must shall should".split())
PREPOSITIONS = frozenset(
    (
        "about above across after against along amid among around as at before behind below beneath beside between "
        "beyond by despite down during except for from in inside into like near of off on onto out outside over past "
        "per since than through throughout to toward towards under until up upon via with within without regarding "
        "concerning including following according"
    ).split()
)
SUBORDINATORS = frozenset(
    (
        "if when while although though because since as unless once after before until whereas whenever where whether "
        "provided"
    ).split()
)
_CLAUSE_WORDS = frozenset(
    "that which who whom whose where when while although because if whether but so how why what".split()
)
PRONOUNS = frozenset(
    (
        "i you he she it we they me him them us this that these those there here who which what such one ones another "
        "other others both neither either none some many most several each all any every few fewer more less much nothing "
        "something anything everything someone anyone everyone nobody his her its their our my your mine hers theirs "
        "ours same another former latter first second third following next last above below only not no also even "
        "just then thus therefore however moreover furthermore nevertheless otherwise meanwhile instead rather yet "
        "still perhaps maybe today now"
    ).split()
)
_DETERMINERS = frozenset("the a an".split())
_POSSESSIVES = frozenset("its their his her our your my".split())

# Past tense and participle where they differ from -ed; verbs apart by commas, "base past participle".
_IRREGULAR = """
arise arose arisen, bear bore born, beat beat beaten, become became become, begin began begun, bend bent bent, bet bet
bet, bind bound bound, bite bit bitten, bleed bled bled, blow blew blown, break broke broken, breed bred bred, bring
brought brought, build built built, burst burst burst, buy bought bought, cast cast cast, catch caught caught, choose
chose chosen, come came come, cost cost cost, cut cut cut, deal dealt dealt, dig dug dug, draw drew drawn, drink drank
drunk, drive drove driven, eat ate eaten, fall fell fallen, feed fed fed, feel felt felt, fight fought fought, find
found found, flee fled fled, fly flew flown, forbid forbade forbidden, forget forgot forgotten, freeze froze frozen,
get got gotten, give gave given, go went gone, grow grew grown, hang hung hung, have had had, hear heard heard, hide
hid hidden, hit hit hit, hold held held, hurt hurt hurt, keep kept kept, know knew known, lay laid laid, lead led led,
leave left left, lend lent lent, let let let, lie lay lain, light lit lit, lose lost lost, make made made, mean meant
meant, meet met met, overcome overcame overcome, pay paid paid, put put put, read read read, ride rode ridden, ring
rang rung, rise rose risen, run ran run, say said said, see saw seen, seek sought sought, sell sold sold, send sent
sent, set set set, shake shook shaken, shine shone shone, shoot shot shot, show showed shown, shrink shrank shrunk,
shut shut shut, sing sang sung, sink sank sunk, sit sat sat, sleep slept slept, slide slid slid, speak spoke spoken,
spend spent spent, split split split, spread spread spread, stand stood stood, steal stole stolen, stick stuck stuck,
strike struck struck, swear swore sworn, sweep swept swept, swim swam swum, swing swung swung, take took taken, teach
taught taught, tear tore torn, tell told told, think thought thought, throw threw thrown, understand understood
understood, undergo underwent undergone, undertake undertook undertaken, wake woke woken, wear wore worn, weave wove
woven, win won won, wind wound wound, withdraw withdrew withdrawn, withstand withstood withstood, write wrote written,
oversee oversaw overseen, rebuild rebuilt rebuilt, uphold upheld upheld, offset offset offset, outgrow outgrew
outgrown, foresee foresaw foreseen
"""

_REGULAR = """
abandon abolish absorb accelerate accept access accompany accomplish account accumulate achieve acknowledge acquire
act activate adapt add address adjust administer admit adopt advance advise advocate affect affirm aid aim allocate
allow alter amend amount analyze announce answer appear apply appoint approach approve argue arrange arrest arrive
ascend ask assemble assert assess assign assist associate assume assure attach attack attain attempt attend attract
attribute audit authorize avoid award ban base believe belong benefit block boost borrow broadcast browse calculate
call cancel capture carry categorize cause cease celebrate centralize certify challenge change characterize charge
charter check cite claim clarify classify clean clear click climb close coach collaborate collapse collect collide
colonize combine command commence comment commission commit communicate compare compensate compete compile complain
complement complete comply compose comprise compute concentrate conclude conduct confer confine confirm connect
conquer consider consist consolidate constitute construct consult consume contact contain contend continue contract
contribute control convene convert convey convict convince cooperate coordinate cook copy correct correspond count cover
crash create criticize cross cultivate damage date debate decide declare decline decrease dedicate deepen defeat
defend define delegate delete deliver demand demonstrate deny depart depend depict deploy depose derive descend
describe design designate destroy detail detect determine develop devote die differ direct disagree disappear
discharge disclose discontinue discover discuss display displace dissolve distinguish distribute divide document
dominate donate double download draft drop earn ease edit educate elect eliminate embrace emerge emit emphasize employ
empower enable enact enclose encounter encourage end endorse enforce engage enhance ensure enter equip establish
estimate evaluate evolve examine exceed exchange execute exercise exhibit exist expand expect expel experience explain
exploit explore export express extend extract face facilitate fail favor feature figure file fill finance finish fire
fix flip flow focus fold follow force form formalize foster found fulfill function fund gain gather generate govern
graduate grant guarantee guide halt handle happen harm help highlight hire host house identify ignore illustrate
impact implement imply import impose improve include incorporate increase indicate influence inform inherit initiate
inject inspect inspire install institute integrate intend interact interpret intervene introduce invade invent invest
investigate invite involve issue join judge justify kill label lack land last launch learn leverage license lift limit
link list listen live load locate lower maintain manage manufacture mark market marry match mature measure merge
migrate minimize mitigate mix mobilize modernize modify monitor mount move name necessitate need negotiate note notify
nominate observe obtain occupy occur offer open operate oppose order organize originate outline overlap overrun own
participate partner pass peak penetrate perform permit persuade pick place plan plant play point pose possess post
postpone power practice praise precede predict prefer prepare present preserve press prevail prevent print prioritize
process proclaim procure produce prohibit project promise promote prompt propose protect prove provide publish pull
purchase pursue push qualify question raise range rank ratify reach react realize reassign recall receive recognize
recommend reconcile record recover recruit reduce refer reflect reform refuse regain regard register regulate reign
reject relate release relocate rely remain remember remove rename render renew reorganize repair repeal replace reply
report represent request require rescue research reserve reside resign resist resolve respond rest restore restrict
result resume retain retire retrieve return reveal review revise revive reward rotate rule satisfy save scale schedule
score search secure seize select separate serve settle shape share shift ship sign signal simplify skid skip slow
solve sort span specialize specify spur stabilize staff stall start state stay steer stipulate stop store streamline
strengthen stress stretch strive structure study submit succeed suffer suggest summarize supersede supervise
supplement supply support suppress surface surrender surround survey survive suspend sustain switch tackle target tax
terminate test threaten tie total touch tour track trade train transfer transform transition translate transmit
transport travel treat trigger try turn type undermine unify unite update upgrade urge use utilize validate vary
verify view visit volunteer vote wait walk want warn waste weaken weigh welcome witness work worship yield
"""


def _past(base: str) -> str:
    if base.endswith("e"):
        return base + "d"
    if base.endswith("y") and base[-2] not in "aeiou":
        return base[:-1] + "ied"
    if re.fullmatch(r"[^aeiou]*[aeiou][bdgklmnprt]", base) or base in {
        "admit", "ban", "commit", "compel", "confer", "control", "expel", "equip", "occur", "permit", "prefer", "propel",
        "refer", "regret", "submit", "transfer", "transmit",
    }:  # fmt: skip
        return base + base[-1] + "ed"
    return base + "ed"


def third_person(base: str) -> str:
    """Return the form for he, she or it."""
    if base == "have":
        return "has"
    if base.endswith(("s", "x", "z", "ch", "sh", "o")):
        return base + "es"
    if base.endswith("y") and base[-2] not in "aeiou":
        return base[:-1] + "ies"
    return base + "s"


def _gerund(base: str) -> str:
    if base.endswith("ie"):
        return base[:-2] + "ying"
    if base.endswith("e") and not base.endswith(("ee", "oe", "ye")):
        return base[:-1] + "ing"
    past = _past(base)
    return (
        past[:-2] if past.endswith("ed") and past[-3] == past[-4:-3] and len(past) > len(base) + 2 else base
    ) + "ing"


_PASTS: dict[str, str] = {}
PARTICIPLES: dict[str, str] = {}
_THIRDS: dict[str, str] = {}
_PAST_OF: dict[str, str] = {}
for _verb in _REGULAR.split():
    _PASTS[_past(_verb)] = PARTICIPLES[_past(_verb)] = _verb
    _PAST_OF[_verb] = _past(_verb)
for _item in _IRREGULAR.replace("\n", " ").split(","):
    _verb, _was, _been = _item.split()
    _PASTS[_was] = PARTICIPLES[_been] = _verb
    _PAST_OF[_verb] = _was
_PASTS["broadcast"] = PARTICIPLES["broadcast"] = "broadcast"
_PASTS["found"] = "find"  # and "founded" is "found"
_PASTS["lay"] = "lie"
BASES = frozenset(_PAST_OF)
for _verb in BASES:
    _THIRDS[third_person(_verb)] = _verb
GERUNDS = frozenset(_gerund(verb) for verb in BASES)

# Plural nouns and third persons look alike; only these are taken for a verb after a subject.
_CLEAR_THIRDS = frozenset(
    (
        "accounts costs "
        "allows applies appears arises becomes begins belongs comes comprises concludes consists constitutes contains "
        "continues creates defines depends describes determines develops differs discusses employs enables encourages "
        "ensures establishes exists explains extends follows generates gives goes grows happens holds identifies "
        "implies improves includes indicates involves keeps lies maintains makes means meets occurs offers operates "
        "oversees owns performs permits possesses presents prevents produces prohibits promotes protects proves "
        "provides publishes reads receives recognizes recommends reduces refers reflects relies remains represents "
        "requires resides runs seeks sees serves shows specifies spends stands states suggests summarizes supports "
        "takes teaches tells tends uses varies writes allocates administers advises conducts coordinates collects "
        "covers contributes delivers identifies manages monitors"
    ).split()
)
# A plural subject's verb looks like a noun, too; only these are taken.
_CLEAR_BASES = frozenset(
    (
        "include contain consist comprise provide require become depend refer represent remain allow enable describe "
        "differ vary exist occur belong involve constitute rely receive produce live have need use help make come "
        "take give"
    ).split()
)
_STATIVE = frozenset("has have had".split())


def participle(word: str) -> str | None:
    """Return the verb of a past participle, ``None`` for any other word."""
    return PARTICIPLES.get(word.lower())


def past_of(verb: str) -> str:
    return _PAST_OF[verb]


def is_past(word: str) -> bool:
    return word in _PASTS


@dataclass(frozen=True, slots=True)
class Clause:
    """A statement taken apart. Put together again it is ``front, subject auxiliary verb rest``.

    ``auxiliary`` stands in the statement, or is the "do" that a question needs; ``verb`` is then the plain form, and ""
    where a form of "be" or "have" is the main verb.
    """

    front: str
    subject: str
    auxiliary: str
    verb: str
    rest: str

    def asked(self, tail: str | None = None) -> str:
        """Return "auxiliary subject verb tail": the statement in the order of a question. ``tail`` is ``rest`` by default."""
        words = [self.auxiliary, self.subject, self.verb, self.rest if tail is None else tail]
        return " ".join(word for word in words if word)


class Casing:
    """Which words are names, learned from a document: a word seen in small letters is none."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._small: Counter[str] = Counter()
        self._capital: Counter[str] = Counter()
        for text in texts:
            self._small.update(re.findall(r"(?<![\w.])[a-z][a-z'’-]+", text))
            self._capital.update(word.lower() for word in re.findall(r"(?<=[a-z,;] )[A-Z][\w'’-]+", text))

    def is_name(self, word: str) -> bool:
        """Tell whether a capitalised word is a name rather than the first word of a sentence or of a label."""
        bare = word.strip("\"'“”‘’().,;:")
        if not bare[:1].isupper():
            return False
        if sum(letter.isupper() for letter in bare) > 1 or any(letter.isdigit() for letter in bare):
            return True
        low = bare.lower().removesuffix("'s").removesuffix("’s")
        if low in _DETERMINERS or low in PRONOUNS or low in PREPOSITIONS or low in SUBORDINATORS or low in AUXILIARIES:
            return False
        small = self._small[low] + self._small[low + "s"] + (self._small[low[:-1]] if low.endswith("s") else 0)
        return self._capital[low] > small or (small == 0 and low not in BASES and low not in _PASTS)

    def is_known_name(self, word: str) -> bool:
        """Tell whether a word was seen as a name inside sentences, and never in small letters."""
        low = word.lower()
        return word.istitle() and self._capital[low] > 0 and self._small[low] == 0

    def has_small(self, word: str) -> bool:
        return self._small[word.lower()] > 0

    def lower_first(self, phrase: str) -> str:
        """Return the phrase as it stands inside a sentence: its first word small unless it is a name."""
        first, _, rest = phrase.partition(" ")
        low = first.lower()
        if low not in _DETERMINERS and self.is_name(first):
            return phrase
        if rest[:1].isupper() and low not in _DETERMINERS and low not in PREPOSITIONS:
            second = rest.split(" ", 1)[0]
            if not second.isupper() or self._capital[low]:
                return phrase  # the first word of a longer name
        if low not in _DETERMINERS and re.match(r"(?:of|for) (?:the )?[A-Z]", rest):
            return phrase  # "Office of Strategy and Innovation"
        return low + (" " + rest if rest else "")


_CONNECTIVES = re.compile(
    r"^(?:However|Also|Moreover|Furthermore|Additionally|In addition|In fact|In particular|In general|Therefore|Thus|Hence|"
    r"Consequently|Nevertheless|Nonetheless|Similarly|Likewise|Indeed|Finally|Overall|Today|Currently|Generally|Typically|"
    r"Usually|Often|Sometimes|Historically|Traditionally|Originally|Initially|Eventually|Specifically|Notably|Importantly|"
    r"For example|For instance|By contrast|In contrast|On the other hand|In other words|Of course|As well|Still|And|But|"
    r"In response|As a result|In turn|As such|To this end|In this way|At the same time|At this time|"
    r"Thereafter|Afterwards|Meanwhile|Subsequently|Later|Recently),? (?=\S)"
)
_BROKEN = re.compile(r"[|_•●▪■□◦§=<>{}\\]|\.{3,}|…")


def plain(sentence: str) -> str:
    """Return a sentence for taking apart: no brackets, note marks, connective at its beginning or stop at its end."""
    text = re.sub(r"\s*\[[^\]]{0,30}\]", "", sentence)
    text = re.sub(r"\s+\((?:[^()]|\([^()]*\))*\)", "", text)
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r"(?<=[a-z\"”])\d{1,2}(?=$|[.] *$)", "", text)  # a footnote's number
    text = _CONNECTIVES.sub("", text, count=1)
    text = text.rstrip(" .!")
    return text[:1].upper() + text[1:]


_CAPITAL_STARTS = frozenset("The Each This These An A In It All Any No For To If When".split())
_BEFORE_ADJECTIVES = _DETERMINERS | {"of", "and", "in", "for", "newly", "federally"}


def is_noun_phrase(phrase: str, *, longest: int = 11) -> bool:
    """Tell whether words before a verb can be its subject on their own: short, no verb inside, no pronoun to resolve."""
    words = phrase.split()
    if not 1 <= len(words) <= longest or phrase.endswith(("-", "/")) or _BROKEN.search(phrase):
        return False
    low = [word.lower().strip("\"“”'’‘,") for word in words]
    first = low[0]
    if first in PRONOUNS or first in PREPOSITIONS or first in SUBORDINATORS or first in _POSSESSIVES:
        return False
    if re.match(r"[\d$(]", words[0]) or "," in phrase or ";" in phrase or ":" in phrase or phrase.count('"') % 2:
        return False
    if low[-1] in PREPOSITIONS or low[-1] in _DETERMINERS or low[-1] in {"and", "or", "not", "also"} | _POSSESSIVES:
        return False
    if any(
        word in _CLAUSE_WORDS or word in AUXILIARIES or word in {"it", "they", "he", "she", "we", "this", "these"}
        for word in low
    ):
        return False
    if any(word in _CAPITAL_STARTS for word in words[1:]):
        return False  # two lines run together: "Verification Each system"
    if first.endswith("ly") or (first.endswith("ing") and first in GERUNDS and len(low) > 1 and low[1] in _DETERMINERS):
        return False
    head = low[1:] if first in _DETERMINERS else low
    if not head or head[0] in PRONOUNS:
        return False
    for position, word in enumerate(low):
        looks_past = word in _PASTS or (len(word) > 4 and word.endswith("ed") and word.isalpha())
        # "the proposed rule" is a noun phrase; "the pilot reported a fire" is a sentence.
        if position and looks_past and words[position][0].islower() and low[position - 1] not in _BEFORE_ADJECTIVES:
            return False
    return True


def has_verb(phrase: str) -> bool:
    """Tell whether a word of a phrase is surely a verb."""
    return any(word in AUXILIARIES or word in _CLEAR_THIRDS for word in phrase.split())


def analyse(sentence: str, casing: Casing) -> Clause | None:
    """Take a plain statement (see ``plain``) apart; ``None`` where its subject or verb is not certain."""
    front, body = _split_front(sentence)
    body = _without_aside(body)
    if not body or _BROKEN.search(body):
        return None
    words = [word for word in body.split(" ") if word]
    for position in range(1, min(len(words), 13)):
        word = words[position]
        if word in {"and", "or", "of", "the"}:
            continue
        if word in AUXILIARIES:
            return _with_auxiliary(front, words, position, casing)
        named = word in _THIRDS and _is_name(words[:position]) and not is_plural(" ".join(words[:position]))
        if word not in _PASTS and position + 1 < len(words) and words[position + 1] in AUXILIARIES:
            continue  # a noun: "the programme costs are"
        if word in _PASTS or word in _CLEAR_THIRDS or word in _CLEAR_BASES or named:
            if word in _PASTS and words[position - 1].lower() in _DETERMINERS | {"of", "and"}:
                continue  # an adjective: "the proposed rule"
            return _with_verb(front, words, position, casing)
        if word in _CLAUSE_WORDS or word.endswith((",", ";", ":")):
            return None
    return None


def _with_verb(front: str, words: list[str], position: int, casing: Casing) -> Clause | None:
    subject = " ".join(_without_adverb(words[:position]))
    word, rest = words[position], words[position + 1 :]
    following = rest[0].lower() if rest else ""
    if not is_noun_phrase(subject, longest=8) or following in {"and", "or"}:
        return None
    if word in _PASTS:
        # "the method used by", "descriptions contained in this guide are": perhaps a participle.
        first = re.split(r"[,;:]| (?:and|but|which|that|who|when|where|while|because) ", " ".join(rest))[0].split()
        if following == "by" or following in AUXILIARIES or following.endswith(",") or AUXILIARIES & set(first):
            return None
        if not _simple(subject):
            return None
        auxiliary, verb = "did", _PASTS[word]
    elif word in _CLEAR_BASES and word not in _CLEAR_THIRDS:
        auxiliary, verb = "do", word
    else:
        auxiliary, verb = "does", _THIRDS.get(word, "")
    if auxiliary != "does" and words[0].lower() in BASES:
        return None  # perhaps an order: "Support expanded research"
    if not verb or (auxiliary != "did" and is_plural(subject) != (auxiliary == "do")):
        return None
    return Clause(front, casing.lower_first(subject), auxiliary, verb, " ".join(rest))


def _without_aside(body: str) -> str:
    """Return "The crisis led to war" for "The crisis, caused by a note, led to war"."""
    found = re.match(r"([^,;:]{3,70}), ([^,;:]{3,110}), ([a-z]+) ", body)
    if not found or (
        found.group(3) not in AUXILIARIES and found.group(3) not in _PASTS and found.group(3) not in _CLEAR_THIRDS
    ):
        return body
    aside = found.group(2).split(" ", 1)[0].lower()
    if aside in {"and", "or", "but", "nor"} or re.search(r", (?:and|or) ", found.group(0)):
        return body
    return f"{found.group(1)} {body[found.start(3) :]}"


def _is_name(words: list[str]) -> bool:
    """Tell whether words are "Lyon", "the Rhine" or "the University of Oslo"."""
    rest = words[1:] if words[0].lower() == "the" else words
    return (
        bool(rest)
        and all(word[:1].isupper() or word in {"of", "the", "and"} for word in rest)
        and rest[0][:1].isupper()
    )


def _without_adverb(words: list[str]) -> list[str]:
    last = words[-1].lower()
    adverbs = {"also", "then", "once", "later", "soon", "now", "again", "often", "usually", "always", "thus", "still"}
    return (
        words[:-1]
        if len(words) > 1
        and (last in adverbs or (last.endswith("ly") and last not in {"family", "assembly", "supply", "july", "italy"}))
        else words
    )


def _with_auxiliary(front: str, words: list[str], position: int, casing: Casing) -> Clause | None:
    subject = " ".join(_without_adverb(words[:position]))
    auxiliary = words[position]
    rest = words[position + 1 :]
    if not is_noun_phrase(subject) or not rest:
        return None
    subject = casing.lower_first(subject)
    if auxiliary in {"does", "do", "did"}:
        return None  # "did not"
    if auxiliary in _STATIVE:
        if (
            participle(rest[0])
            or rest[0].endswith("ed")
            or rest[0] in {"been", "also", "long", "always", "never", "not", "since", "to"}
        ):
            return Clause(front, subject, auxiliary, "", " ".join(rest)) if rest[0] not in {"to", "not"} else None
        base = {"has": "does", "have": "do", "had": "did"}[auxiliary]
        return Clause(front, subject, base, "have", " ".join(rest))
    if rest[0] in {
        "not",
        "also",
        "often",
        "usually",
        "generally",
        "typically",
        "sometimes",
        "always",
        "currently",
        "now",
    }:
        if rest[0] == "not" or len(rest) < 2:
            return None
        rest = rest[1:]
    return Clause(front, subject, auxiliary, "", " ".join(rest))


def _simple(subject: str) -> bool:
    """Tell whether a subject is so plain that the word behind it must be its verb."""
    words = subject.split()
    low = [word.lower() for word in words]
    if all(word[:1].isupper() or word.lower() in {"of", "the", "and", "de", "von", "van"} for word in words):
        return True
    if low[0] in _DETERMINERS and len(words) <= 5:
        return True
    return len(words) <= 2


def is_plural(subject: str) -> bool:
    """Tell whether a subject takes "are", judged by its head: the last word before the first preposition."""
    words = re.split(r" (?:of|in|for|on|at|from|with|to|between|within|under|by|among|about|into) ", subject)[0].split()
    if " and " in f" {' '.join(words)} " and words[0].lower() not in {"a", "an"}:
        return True
    last = words[-1].lower().strip("\"'”’") if words else ""
    if last in {"people", "children", "men", "women", "data", "criteria", "media", "police", "mice", "feet", "teeth"}:
        return True
    return (
        last.endswith("s")
        and not last.endswith(("ss", "us", "is", "ics", "’s", "'s"))
        and last not in {"news", "series", "congress", "species"}
    )


def _split_front(sentence: str) -> tuple[str, str]:
    """Split "In 1884, he came" into what stands before the comma and the statement itself."""
    first = sentence.split(" ", 1)[0].lower().rstrip(",")
    if (
        first in PREPOSITIONS
        or first in SUBORDINATORS
        or first in {"to", "domestically", "globally", "beginning", "starting", "relative"}
    ):
        found = re.match(r"([^,;:]{2,90}), (?=\S)", sentence)
        if not found:
            return "", sentence
        front, body = found.group(1), sentence[found.end() :]
        # "On May 3, 1999, it" has its comma inside.
        inner = re.match(r"(\d{4}), ", body)
        if inner and re.search(r"\d$", front):
            front, body = f"{front}, {inner.group(1)}", body[inner.end() :]
        return front, body
    return "", sentence
