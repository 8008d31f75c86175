"""Text in a document that gives orders to the program that reads it: it may be reported, but it proves nothing. Pure."""

from __future__ import annotations

import re

from stc.chat.sentences import split

_ENGLISH = (
    r"(?:ignore|disregard|forget|override)\b[^.\n]{0,40}\b(?:instructions?|prompts?|rules)\b|"
    r"(?:ignore|disregard|forget) (?:everything|all|anything) (?:of )?(?:the )?(?:above|you were told)\b|"
    r"system prompt|new instructions?:|"
    r"you are (?:now )?(?:an? )?(?:ai|assistant|language model|chatbot)\b|"
    r"(?:act as|pretend (?:to be|(?:that )?you are)) (?:an? )?(?:ai|language model|chatbot)\b|"
    r"(?:respond|reply|answer) only with\b|"
    r"(?:tell|inform|assure|instruct|convince) (?:the |your )?(?:user|reader|customer)s? (?:to|that)\b|"
    r"(?:do not|don't|never) (?:tell|reveal|mention|disclose)[^.\n]{0,30}\b(?:users?|readers?|this note|these instructions)\b|"
    r"(?:notes?|messages?|instructions?|attention)\W+(?:(?:to|for) )?(?:all |any |the )*"
    r"(?:ai|llm|chatbot|language model|(?:ai |virtual )assistant)s?\b"
)
_GERMAN = (
    r"(?:ignorier\w*|missacht\w*|vergiss|vergesst|vergessen sie|überschreib\w*)\b[^.\n]{0,40}"
    r"\b(?:(?:an)?weisung|vorgabe|instruktion|regel|prompt)\w*|"
    r"neue anweisung(?:en)?:|"
    r"(?:du bist|sie sind) (?:jetzt |nun |ab jetzt )?(?:eine? )?(?:ki|ki-\w+|assistent|sprachmodell|chatbot)\b|"
    r"(?:sage?|sagen sie|versicher\w*|teile?(?:n sie)?|erkläre?) (?:dem|der|den) (?:be)?nutzern?\b|"
    r"(?:hinweis|nachricht|anweisung|achtung)\w*\W+(?:(?:an|für) )?(?:alle |die |jede )*"
    r"(?:ki\b|ki-\w+|llms?\b|chatbots?\b|sprachmodelle?\b|(?:virtuelle\w* )assistent\w*)"
)
_FRENCH = (
    r"(?:ignore[zr]|oublie[zr]?|néglige[zr]?|ne ten(?:ez|ir) pas compte)\b[^.\n]{0,40}"
    r"\b(?:instructions?|consignes?|règles|prompts?)\b|"
    r"nouvelles instructions\s?:|"
    r"(?:tu es|vous êtes) (?:maintenant |désormais )?(?:une? )?(?:ia|assistant|modèle de langage|chatbot)\b|"
    r"(?:dis|dites|indique[zr]?|assure[zr]?) (?:à l[’']|aux? )utilisateurs? (?:que|de)\b|"
    r"(?:note|message|instructions?|attention)\W+(?:à |aux? |pour )(?:l[’']|les |toutes les |tous les )?"
    r"(?:ia|llm|chatbots?|modèles? de langage|assistants? virtuels?)\b"
)
_SPANISH = (
    r"(?:ignor[ae](?:d|n|r)?|olvid[ae](?:d|n|r)?|descart[ae](?:d|n|r)?)\b[^.\n]{0,40}"
    r"\b(?:instrucciones|indicaciones|reglas|prompts?)\b|"
    r"nuevas instrucciones:|"
    r"(?:eres|usted es) (?:ahora )?(?:una? )?(?:ia|asistente|modelo de lenguaje|chatbot)\b|"
    r"(?:di|dile|diga|dígale|asegura|asegure) (?:al?|a la|a los) usuari[oa]s? (?:que|de)\b|"
    r"(?:nota|mensaje|instrucciones|atención)\W+(?:a |para )(?:la |las |los |todas las |todos los )?"
    r"(?:ia|llm|chatbots?|modelos? de lenguaje|asistentes? virtual(?:es)?)\b"
)
_ORDER = re.compile(rf"\b(?:{_ENGLISH}|{_GERMAN}|{_FRENCH}|{_SPANISH})", re.IGNORECASE)
_IMITATION = re.compile(
    r"<\|(?:im_start|im_end|system|user|assistant|endoftext|eot_id|start_header_id)\|>|\[/?INST\]|<</?SYS>>|"
    r"^\[\d{1,3}\] [^\n]{1,200}, pp?\. \d+(?:-\d+)?$|"
    r"\{\s*\"(?:notes|answers)\"\s*:\s*\[\s*\{\s*\"",
    re.MULTILINE,
)
"""What only a prompt or a reply of a model has: marks of chat formats, our own headings of passages, our own notes."""
_BEFORE = 2
"""So many sentences before are looked at: orders come first, then what is to be said."""
_QUOTED = re.compile(r"\"[^\"]*\"|“[^“”]*”|‘[^‘’]*’|«[^«»]*»")


def gives_orders(text: str) -> bool:
    """Tell whether a text gives orders to a reader that is a program, in English, German, French or Spanish.

    What stands in quotation marks is only reported.
    """
    return _ORDER.search(_QUOTED.sub(" ", text)) is not None or _IMITATION.search(text) is not None


def planted(text: str, start: int, end: int) -> bool:
    """Tell whether ``text[start:end]`` stands in a sentence that gives such orders, or behind one in the same paragraph."""
    units = split(text)
    touched = [position for position, unit in enumerate(units) if unit.start < end and start < unit.end]
    if not touched:
        return False
    first, last = touched[0], touched[-1]
    while first > 0 and text.count("\n", units[first - 1].end, units[first].start) < 2 and touched[0] - first < _BEFORE:
        first -= 1
    return gives_orders(text[units[first].start : units[last].end])
