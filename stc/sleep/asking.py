"""Turn a statement, a form's line or a lead-in into the question it answers. Pure, general over documents.

Each function returns ``Asked`` or nothing; there is no guessing: what can't be turned round cleanly is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from stc.sleep.figures import (
    by_how_much,
    change,
    counted_subjects,
    goals,
    how_long,
    how_many,
    how_much,
    percentage,
    quantity,
    when,
)
from stc.sleep.grammar import (
    AUXILIARIES,
    BASES,
    BE,
    GERUNDS,
    MODALS,
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
from stc.sleep.phrasing import (
    BAD_IN_QUESTION,
    CUT,
    DATE,
    MONEY,
    MONTH,
    NUMBER,
    Asked,
    Maker,
    answer,
    ask,
    enumerates,
    first_thought,
    front_in_question,
    is_vague,
    made,
    reads_as_question,
    reads_as_sentence,
    when_in,
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
_MONTHS = re.compile(rf"^{MONTH}|\b(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)\b")


def from_sentence(sentence: str, casing: Casing) -> Iterator[Asked]:
    """Yield the questions that one sentence of prose answers, each checked for how it reads."""
    if not reads_as_sentence(sentence):
        return
    text = plain(sentence)
    for asked in _questions(text, casing):
        if reads_as_question(asked.question):
            yield asked


def _questions(text: str, casing: Casing) -> Iterator[Asked]:
    yield from _conditions(text, casing)
    yield from _instructions(text)
    yield from _meanings(text, casing)
    yield from counted_subjects(text)
    yield from _causes(text)
    yield from _apposition(text, casing)
    yield from goals(text)
    told = _told(text, casing)
    if told is not None:
        for asked in [
            *counted_subjects(told),
            *_of_clause(told, casing, (percentage, by_how_much, how_much, how_many, when)),
        ]:
            whole = answer(text)
            if whole:
                yield Asked(asked.question, whole, asked.weight, asked.kind)
        return
    yield from _of_clause(text, casing)


def _of_clause(text: str, casing: Casing, makers: tuple[Maker, ...] | None = None) -> Iterator[Asked]:
    clause = analyse(text, casing)
    if clause is None or is_vague(clause.subject):
        return
    for make in makers or _MAKERS:
        yield from make(clause, text, casing)


def _identity(clause: Clause, text: str, casing: Casing) -> Iterator[Asked]:
    """ "The Rhine is a river": What is the Rhine?"""
    if (
        clause.auxiliary not in BE
        or clause.verb
        or _MONTHS.search(clause.subject)
        or (" " in clause.subject and clause.subject.split()[0].lower() in GERUNDS)
    ):
        return
    first, _, more = clause.rest.partition(" ")
    low = first.lower()
    extra = front_in_question(clause)
    if extra is None or not more:
        return
    measured = re.match(rf"(?:{MONEY.pattern}|{NUMBER}|\d+(?:\.\d+)?)(?: ?%|\b)", clause.rest)
    if measured and not participle(more.split()[0]) and not re.match(r"(?:two|three|four|five|six)\b", clause.rest):
        behind = when_in(clause.rest[measured.end() :])
        if is_plural(clause.subject) == (clause.auxiliary in {"are", "were"}) and clause.subject.split()[0] in {
            "the",
            "total",
        }:
            yield from made(
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
    if (
        superlative
        and (clause.subject[:1].isupper() or clause.subject.startswith("the "))
        and not enumerates(clause.rest)
    ):
        complement = first_thought(clause.rest)
        if 4 <= len(complement.split()) <= 14 and not re.search(r"\bto (?:be|have)$|\bof the most\b", complement):
            word = "Who" if _person(clause) or re.search(rf" {_ROLE}\b", complement) else "What"
            yield from made(f"{word} {clause.auxiliary} {complement}{extra}", text, 0.95)
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
        yield from made(f"{word} {clause.auxiliary} {clause.subject}{extra}", text, weight, kind=kind)
    elif low == "to" and re.search(
        r"\b(?:goal|purpose|aim|objective|mission|role|task|function|intent|vision|responsibility|target)s?\b",
        clause.subject,
    ):
        yield from made(f"What {clause.auxiliary} {clause.subject}{extra}", text, 1.0)
    elif low in {"responsible", "known", "famous"}:
        if re.match(r"\w+ for \S", clause.rest) and not enumerates(clause.rest):
            yield from made(f"What {clause.auxiliary} {clause.subject} {low} for{extra}", text, 0.9)
    elif low == "used":
        used = re.match(r"used (to(?= [a-z]+ )|for|in|as) ", clause.rest)
        if used and (used.group(1) != "to" or clause.rest.split()[2] in BASES):
            how = "for" if used.group(1) == "to" else used.group(1)
            yield from made(f"What {clause.auxiliary} {clause.subject} used {how}{extra}", text, 0.95)
    elif low in {"composed", "made"}:
        of = re.match(r"(\w+(?: up)? of) ", clause.rest)
        if of:
            yield from made(f"What {clause.auxiliary} {clause.subject} {of.group(1)}{extra}", text, 0.9)
    elif low in {"designed", "intended", "required"} and re.match(r"\w+ to [a-z]", clause.rest):
        yield from made(f"What {clause.auxiliary} {clause.subject} {low} to do{extra}", text, 0.9)


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
    extra = front_in_question(clause)
    if extra is None or not tail or CUT.search(tail) or len(tail.split()) > 12:
        return
    if clause.auxiliary in BE and not participle(tail.split()[0]):
        return
    yield from made(f"How {clause.asked(tail)}{extra}", text, 1.0, keep=text.find(found.group()) + 30)


def _why(clause: Clause, text: str, casing: Casing) -> Iterator[Asked]:
    found = re.search(
        r",? (because(?: of)?|due to|as a result of|in order to|so that|thanks to|owing to|on the grounds that)\b",
        clause.rest,
    )
    if not found:
        return
    tail = clause.rest[: found.start()].strip(" ,")
    extra = front_in_question(clause)
    if (
        extra is None
        or clause.verb in {"refer", "mean", "include", "consist"}
        or CUT.search(tail)
        or not 1 <= len(tail.split()) <= 12
        or tail.split()[-1] in {"is", "partly", "primarily", "mainly", "largely", "not", "or", "and"}
    ):
        return
    yield from made(f"Why {clause.asked(tail)}{extra}", text, 1.0, keep=text.find(found.group()) + 30)


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
    extra = front_in_question(clause)
    first = agent.split()[0]
    if (
        extra is None
        or first.lower() in PRONOUNS
        or first.endswith("ing")
        or re.match(r"[\d$]|(?:about|at least|more than|nearly|the end|using|means|way)\b", agent)
        or re.match(DATE, agent)
    ):
        return
    middle = found.group(2)
    if CUT.search(middle):
        return
    if verb in _AGENT and (
        casing.is_name(first) or (first.lower() == "the" and casing.is_name([*agent.split(), ""][1]))
    ):
        behind = when_in(first_thought(agent))
        yield from made(
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
        yield from made(
            f"What {clause.auxiliary} {clause.subject} {found.group(1)}{middle} by{extra}",
            text,
            0.9,
            keep=text.find(" by ") + 20,
        )


def _where(clause: Clause, text: str, casing: Casing) -> Iterator[Asked]:
    found = _PLACE.match(clause.rest) if clause.auxiliary in BE else None
    extra = front_in_question(clause)
    if (
        not found
        or extra is None
        or re.match(rf"{DATE}|the (?:basis|form|sense)|{NUMBER} ", clause.rest[found.end() :])
    ):
        return
    if found.group(1) in {"found", "based"} and not re.match(r"\w+ (?:in|at|near|along) (?:the )?[A-Z]", clause.rest):
        return
    yield from made(f"Where {clause.auxiliary} {clause.subject} {found.group(1)}{extra}", text, 0.95)


def _purpose(clause: Clause, text: str, casing: Casing) -> Iterator[Asked]:
    """ "EPA will use X to find Y": Why will EPA use X?"""
    verb = clause.verb or clause.rest.split()[0]
    if verb not in _PURPOSEFUL or clause.auxiliary in BE:
        return
    found = re.search(r"(?<=\w) to ([a-z]+) ", clause.rest)
    extra = front_in_question(clause)
    if not found or found.group(1) not in BASES or extra is None:
        return
    tail = clause.rest[: found.start()]
    words = tail.split()
    if CUT.search(tail) or not 2 <= len(words) <= 12 or _TO_COMPLEMENT.search(tail) or words[-1] in PREPOSITIONS:
        return
    yield from made(f"Why {clause.asked(tail)}{extra}", text, 0.9, keep=text.find(found.group()) + 25)


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
    tail = first_thought(clause.rest)
    extra = front_in_question(clause)
    if (
        extra is None
        or not 2 <= len(tail.split()) <= 13
        or enumerates(clause.rest)
        or re.match(r"(?:that|to|in|on|by|from|at|his|her|its|their)\b", tail)
    ):
        return
    yield from made(f"Who {past_of(clause.verb)} {tail}{extra}", text, 0.9)


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
    tail = first_thought(text[found.end() :])
    tail = re.sub(r"^an? ", "the ", tail)
    if 2 <= len(tail.split()) <= 13:
        yield from made(f"What {found.group(1)} {tail}", text, 0.9, keep=found.end() + 20)


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
        yield Asked(ask(f"{word} is {name}"), f"{name}, {what}.", 0.85, "definition")


def _place(clause: Clause, text: str, casing: Casing) -> Iterator[Asked]:
    """ "The river rises in the Alps": Where does the river rise?"""
    found = re.match(r"(?:in|at|on|into|through|near|from|between|to|along) (?=(?:the )?[A-Z])", clause.rest)
    extra = front_in_question(clause)
    if found and extra is not None and clause.verb in _STANDING and clause.auxiliary in {"does", "do", "did"}:
        yield from made(f"Where {clause.asked('')}{extra}", text, 0.85)


def _known_as(clause: Clause, text: str, casing: Casing) -> Iterator[Asked]:
    if clause.auxiliary not in BE:
        return
    found = re.match(
        r"((?:also |commonly |often |sometimes |usually )?(?:known as|called|referred to as|named|nicknamed)) (\S+)",
        clause.rest,
    )
    extra = front_in_question(clause)
    if found and extra is not None and found.group(2).lower() not in PREPOSITIONS:
        if re.match(r"called (?:for|on|up|to)\b", clause.rest):
            return
        ending = {"called": "called", "named": "named", "nicknamed": "nicknamed"}.get(
            found.group(1).split()[-1], found.group(1)
        )
        yield from made(f"What {clause.auxiliary} {clause.subject} {ending}{extra}", text, 0.85)


def _list(clause: Clause, text: str, casing: Casing) -> Iterator[Asked]:
    """ "The plan includes A, B and C": What does the plan include?"""
    verb = clause.verb
    extra = front_in_question(clause)
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
        if verb in {"provide", "offer", "produce", "identify", "cause"} and not enumerates(clause.rest):
            return
        if verb in {"state", "recommend", "determine", "conclude", "find"} and not clause.rest.startswith("that "):
            return
        weight = 0.8 if enumerates(clause.rest) or preposition or clause.rest.startswith("that ") else 0.65
        yield from made(f"What {clause.auxiliary} {clause.subject} {verb} {preposition}{extra}", text, weight)
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
            if to and re.search(r"\baccess$| (?:by|through) \w+ing\b", clause.rest[: to.start()]):
                return
            if (
                not to
                or to.group(1).split()[1] in BASES
                or (CUT.search(clause.rest[: to.start()]) and not enumerates(clause.rest[: to.start()]))
            ):
                return
            tail = " " + to.group(1)
        yield from made(f"What {clause.auxiliary} {clause.subject} {verb}{tail}{extra}", text, 0.75)


def _conditions(text: str, casing: Casing) -> Iterator[Asked]:
    """ "If X, Y must Z": What must Y do if X?"""
    found = re.match(r"(If|When|Where|Whenever) ([^,;:]{8,90}), (?:then )?(.+)", text)
    if not found or BAD_IN_QUESTION.search(found.group(2)) or len(found.group(2).split()) > 14:
        return
    word, condition, main = found.groups()
    if re.match(r"(?:and|or|but|which|such as)\b", main) or enumerates(f"{condition}, {main}"[: len(condition) + 30]):
        return
    condition = casing.lower_first(condition)
    second = re.match(r"([^,]{3,60}?) (must|should|may|can|will|shall) (?!not\b)([a-z]+)", main)
    subject = second.group(1) if second else ""
    if (
        second
        and is_noun_phrase(subject[:1].upper() + subject[1:], longest=6)
        and second.group(3) not in {"be", "have"}
    ) or (second and subject.lower() in {"you", "the user"} and second.group(3) not in {"be", "have"}):
        yield from made(
            f"What {second.group(2)} {subject} do {word.lower()} {condition}", text, 0.95, keep=found.start(3) + 25
        )
    elif (
        word == "If"
        and re.match(r"(?:the|a|an|no|all|any|[A-Z])", main)
        and re.search(r"\b(?:is|are|will|was|were|must|may|should|\w+s)\b", main)
    ):
        yield from made(f"What happens if {condition}", text, 0.85, keep=found.start(3) + 25)


def _instructions(text: str) -> Iterator[Asked]:
    """ "To open a file, press …": How do you open a file?"""
    found = re.match(r"To ([a-z]+) ([^,;:]{3,90}), ((?:first |simply |please )?([a-z]+)) (?!,)", text)
    if found and found.group(1) in BASES and found.group(4) in BASES and not is_past(found.group(4)):
        if not re.match(r"[^,]{0,60}, (?:and|or) [a-z]+ ", text[found.start(4) :]):
            yield from made(f"How do you {found.group(1)} {found.group(2)}", text, 1.0, keep=found.end() + 15)
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
        yield from made(
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
    yield from made(f"What does {term} {verb}", text, 1.0, kind="definition")


_MAKERS: tuple[Maker, ...] = (
    _identity, _how, _why, percentage, by_how_much, how_much, how_many, _who, _where, when, _known_as, _list,
    _purpose, change, quantity, how_long, _doer, _place,
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
