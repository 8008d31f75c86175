"""Words that may stand for each other in two wordings of one question: short closed lists, no general thesaurus.

The groups follow Princeton WordNet (G. A. Miller, "WordNet: a lexical database for English", 1995): words of one synset, in the
one sense that questions use; words that are only near (revenue and profit, ship and boat, first and original) are left out.
Strong verbs are those of the tables in R. Quirk et al., "A Comprehensive Grammar of the English Language", 1985, ch. 3.
"""

from __future__ import annotations

_GROUPS = """
begin start commence
finish end conclude
buy purchase
build construct
happen occur
found establish
require need
allow permit
use utilize utilise
assist aid
choose select
live reside dwell
close shut
reply respond
speak talk
depart leave
fix repair
gather collect
hire recruit
murder assassinate
vanish disappear
enlarge expand
connect link
display exhibit
car automobile
movie film
lawyer attorney
nation country
airplane aeroplane
vacation holiday
disease illness sickness
medicine medication
error mistake
photo photograph
phone telephone
television tv
exam examination
ad advertisement
lab laboratory
occupation profession
purpose goal aim objective
method technique
kid child
author writer
teacher instructor
creator maker
percentage percent
headquarters headquarter
big large
biggest largest
bigger larger
fast quick rapid
fastest quickest
faster quicker
rich wealthy
richest wealthiest
famous renowned
entire whole
annual yearly
ill sick
approximately roughly circa
kilometre kilometer km
metre meter
centimetre centimeter cm
millimetre millimeter mm
litre liter
kilogram kilogramme kg
mile mi
hour hr
colour color
centre center
theatre theater
harbour harbor
labour labor
honour honor
defence defense
licence license
programme program
organise organize
organisation organization
recognise recognize
""".strip().splitlines()

SYNONYMS = {word: group.split()[0] for group in _GROUPS for word in group.split()}
"""From each word of a group to its first one."""

PHRASES = {
    "take place": "happen",
    "takes place": "happens",
    "took place": "happened",
    "taken place": "happened",
    "taking place": "happening",
    "pass away": "die",
    "passed away": "died",
    "set up": "establish",
    "is situated": "is located",
    "was situated": "was located",
    "are situated": "are located",
    "were situated": "were located",
    "per cent": "percent",
    "per annum": "per year",
    "annually": "per year",
    "each year": "per year",
    "every year": "per year",
    "each day": "per day",
    "every day": "per day",
    "daily": "per day",
    "each month": "per month",
    "every month": "per month",
    "monthly": "per month",
    "well known": "famous",
    "head office": "headquarters",
    "head offices": "headquarters",
    "chief executive officer": "ceo",
    "chief executive": "ceo",
    "gross domestic product": "gdp",
    "united nations": "un",
    "european union": "eu",
    "united kingdom": "uk",
    "united states of america": "united states",
    "new york city": "nyc",
    "world war ii": "ww2",
    "world war 2": "ww2",
    "2nd world war": "ww2",
    "wwii": "ww2",
    "world war i": "ww1",
    "world war 1": "ww1",
    "1st world war": "ww1",
    "wwi": "ww1",
    "in order to": "to",
    "as a result of": "because of",
    "due to": "because of",
    "in autumn": "in fall",
    "type of": "kind of",
    "types of": "kinds of",
    "sort of": "kind of",
    "sorts of": "kinds of",
    "how close": "how near",
    "at present": "now",
    "currently": "now",
    "presently": "now",
    "at moment": "now",
}
"""From words that belong together to what stands for them; articles are left out of both."""

VERBS = frozenset(
    (
        "accept achieve act add admit affect agree aim allow announce answer appear apply approve argue arrange arrive "
        "ask assign assume attack attend avoid belong block borrow call calculate cancel carry cause celebrate change "
        "charge check claim clean clear close collapse collect compare compete complain complete connect consider consist "
        "contain continue contribute control convert cost count cover crash create cross damage decide declare decline "
        "decrease defend define delay deliver demand deny depart depend describe design destroy detect determine develop "
        "die differ direct disappear discover discuss divide drop earn employ enable end enjoy ensure enter escape "
        "establish examine exceed exist expand expect expire explain explode export express extend face fail fill finish "
        "follow force form function gain govern grow guarantee handle happen help hire hope identify ignore import "
        "improve include increase indicate influence inform insist install intend introduce invent invest invite involve "
        "issue join judge jump kill land last launch lend license like limit link list listen live locate look love "
        "maintain manage mark marry match matter measure mention mix move name need note notice obtain occupy occur offer "
        "open operate oppose order organize own participate pass perform permit place plan play possess practice prefer "
        "prepare present prevent print proceed process produce prohibit promise promote propose protect prove provide "
        "publish pull punish push qualify raise reach receive recognize recommend record reduce refer reflect refuse "
        "regard register regulate reject relate release rely remain remember remove rent repair repeat replace report "
        "represent request require reside resign resist resolve respond rest result retire return reveal review rule sail "
        "save score search seem select separate serve settle share sign sit solve start state stay stop store strengthen "
        "study submit succeed suffer suggest suit supply support suppose survive suspend talk taste tend test threaten "
        "touch trade train transfer transport travel treat try turn use vary visit vote wait walk want warn wash waste "
        "watch weigh work worry"
    ).split()
)
"""Weak verbs of everyday questions, as they stand in a dictionary."""

AGENTS = {
    "founder": "founded",
    "founders": "founded",
    "author": "wrote",
    "authors": "wrote",
    "writer": "wrote",
    "inventor": "invented",
    "inventors": "invented",
    "discoverer": "discovered",
    "composer": "composed",
    "creator": "created",
    "creators": "created",
    "painter": "painted",
    "designer": "designed",
    "designers": "designed",
    "builder": "built",
    "winner": "won",
    "killer": "killed",
}
"""From who did something to what they did: "the founder of X" founded X."""

MEASURES = {
    "tall": "height",
    "high": "height",
    "deep": "depth",
    "wide": "width",
    "long": "length",
    "old": "age",
    "heavy": "weight",
    "big": "size",
    "large": "size",
    "thick": "thickness",
    "fast": "speed",
}
"""From the adjective that asks for a measure to the measure: "how tall is X" asks for the height of X."""

_STRONG = """
be was been; bear bore born; beat beat beaten; become became become; begin began begun; bend bent bent; bet bet bet;
bind bound bound; bite bit bitten; bleed bled bled; blow blew blown; break broke broken; breed bred bred; bring brought brought;
broadcast broadcast broadcast; build built built; burn burnt burnt; burst burst burst; buy bought bought; cast cast cast;
catch caught caught; choose chose chosen; come came come; cost cost cost; cut cut cut; deal dealt dealt; dig dug dug;
draw drew drawn; drink drank drunk; drive drove driven; eat ate eaten; fall fell fallen; feed fed fed; feel felt felt;
fight fought fought; find found found; flee fled fled; fly flew flown; forbid forbade forbidden; forget forgot forgotten;
freeze froze frozen; get got gotten; give gave given; go went gone; grow grew grown; hang hung hung; have had had;
hear heard heard; hide hid hidden; hit hit hit; hold held held; hurt hurt hurt; keep kept kept; know knew known; lay laid laid;
lead led led; leave left left; lend lent lent; let let let; lie lay lain; lose lost lost; make made made; mean meant meant;
meet met met; pay paid paid; put put put; quit quit quit; read read read; ride rode ridden; ring rang rung; rise rose risen;
run ran run; say said said; see saw seen; seek sought sought; sell sold sold; send sent sent; set set set; shake shook shaken;
shed shed shed; shine shone shone; shoot shot shot; show showed shown; shrink shrank shrunk; shut shut shut; sing sang sung;
sink sank sunk; sit sat sat; sleep slept slept; speak spoke spoken; spend spent spent; split split split; spread spread spread;
stand stood stood; steal stole stolen; stick stuck stuck; strike struck struck; swear swore sworn; swim swam swum;
take took taken; teach taught taught; tear tore torn; tell told told; think thought thought; throw threw thrown;
understand understood understood; wake woke woken; wear wore worn; win won won; withdraw withdrew withdrawn; write wrote written;
do did done; undergo underwent undergone; overcome overcame overcome; undertake undertook undertaken; weave wove woven
"""

STRONG_VERBS = frozenset(verb.split()[0] for verb in _STRONG.split(";"))

PAST: dict[str, set[str]] = {}
"""From a strong verb's past form or participle to the verbs that it may be of ("lay": lie)."""
for _verb in _STRONG.split(";"):
    _base, *_forms = _verb.split()
    for _form in _forms:
        PAST.setdefault(_form, set()).add(_base)

PLURALS = {
    "people": "person",
    "children": "child",
    "men": "man",
    "women": "woman",
    "feet": "foot",
    "teeth": "tooth",
    "mice": "mouse",
    "wives": "wife",
    "lives": "life",
    "knives": "knife",
    "leaves": "leaf",
    "criteria": "criterion",
}
"""Plurals not made with an s at the end of the word."""
