"""Text in a document that gives orders to the program that reads it: it may be reported, but it proves nothing. Pure."""

from __future__ import annotations

import re

from stc.chat.sentences import split

_ORDER = re.compile(
    r"\b(?:(?:ignore|disregard|forget|override)\b[^.\n]{0,40}\b(?:instructions?|prompts?|rules)\b|"
    r"system prompt|new instructions?:|"
    r"you are (?:now )?(?:an? )?(?:ai|assistant|language model|chatbot)\b|"
    r"(?:tell|inform|assure|instruct|convince) (?:the |your )?(?:user|reader|customer)s? (?:to|that)\b|"
    r"(?:do not|don't|never) (?:tell|reveal|mention|disclose)[^.\n]{0,30}\b(?:users?|readers?|this note|these instructions)\b|"
    r"(?:notes?|messages?|instructions?|attention)\W+(?:(?:to|for) )?(?:all |any |the )*"
    r"(?:ai|llm|chatbot|language model|(?:ai |virtual )assistant)s?\b)",
    re.IGNORECASE,
)
_BEFORE = 2
"""So many sentences before are looked at: orders come first, then what is to be said."""
_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|‘[^’]*’|«[^»]*»")


def gives_orders(text: str) -> bool:
    """Tell whether a text gives orders to a reader that is a program. What stands in quotation marks is only reported."""
    return _ORDER.search(_QUOTED.sub(" ", text)) is not None


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
