"""Make text of documents, models and file names inert. All such text reaches the page through this module.

Two doors. ``inert`` is for the short texts that Streamlit reads as Markdown whatever one does: labels, titles,
messages. ``show_answer``, ``show_text`` and ``show_page`` are for the long ones: they build a few elements of their
own around escaped text and hand them to ``st.html``, so no Markdown parser ever sees what a document or a model says.
A partial answer takes the same way as a finished one.
"""

from __future__ import annotations

import html
import re
import string
from collections.abc import Iterable

import streamlit as st

_JOINER = "\u2060"  # takes no room and breaks no line
_PUNCTUATION = re.compile(f"[{re.escape(string.punctuation)}]")
# Undone by a joiner, as Streamlit looks for these in the text that is left after Markdown's escapes are resolved:
# :emoji: and :material/icon:, links without brackets, and arrows, dashes and comparisons drawn with two characters.
_ACTIVE = re.compile(r":(?=\S)|@(?=\S)|(?i:www)(?=\.)|[-<>~](?=[-=>])")
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufff9-\ufffb]")

_BULLET = re.compile(r"\s{0,3}[-*•]\s+(.*)")
_NUMBERED = re.compile(r"\s{0,3}(\d{1,4})[.)]\s+(.*)")
_HEADING = re.compile(r"\s{0,3}#{1,6}\s+(.*?)\s*#*\s*")
_FENCE = re.compile(r"\s{0,3}(?:```|~~~)")
_BOLD = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*")
_MARK = re.compile(r"\[(\d{1,3})\]")

_FLOWING = "overflow-wrap:anywhere;line-height:1.6"
_VERBATIM = f"white-space:pre-wrap;{_FLOWING}"
_HIGHLIGHT = "background:#ffd54f73;color:inherit;border-radius:.2em;padding:.05em 0"


def plain(text: str, limit: int | None = None) -> str:
    """Return ``text`` on one line without control characters, cut to ``limit``: for places that read no Markdown."""
    line = " ".join(_visible(text).split())
    if limit is not None and len(line) > limit:
        line = line[: limit - 1].rstrip() + "…"
    return line


def inert(text: str, limit: int | None = None) -> str:
    """Return ``text`` as one line of Markdown that shows it as it stands: no link, image, icon, formula or list."""
    joined = _ACTIVE.sub(lambda found: found.group() + _JOINER, plain(text, limit))
    return _PUNCTUATION.sub(lambda found: "\\" + found.group(), joined)


def show_text(text: str, *, quiet: bool = False) -> None:
    """Show a text as it stands, line breaks included."""
    style = _VERBATIM + (";font-size:.9rem;opacity:.8" if quiet else "")
    _draw(_element("div", _escape(text.strip()), style))


def show_answer(text: str, labels: Iterable[int] = ()) -> None:
    """Show an answer, finished or not: paragraphs, lists, bold, and the marks ``[n]`` of its citations ``labels``."""
    _draw(_element("div", answer_html(text, labels) or "&nbsp;", _FLOWING))


def show_page(text: str, start: int | None = None, end: int | None = None) -> None:
    """Show a page's text with the characters ``start:end`` highlighted.

    What stands far above them is folded, so that the highlight is in sight without scrolling.
    """
    if start is None or end is None:
        show_text(text)
        return
    above, quote, below = text[:start], text[start:end], text[end:]
    cut = 0
    if len(above) > 700:
        end_of_fold = len(above) - 300
        cut = max(above.rfind("\n", 0, end_of_fold) + 1, above.rfind(". ", 0, end_of_fold) + 2)
    parts = []
    if above[:cut].strip():
        summary = _element("summary", f"The page up to here ({cut:,} characters)", "cursor:pointer;opacity:.7")
        parts.append(_element("details", summary + _escape(above[:cut]), "margin-bottom:.5em"))
    parts += [_escape(above[cut:]), _element("mark", _escape(quote), _HIGHLIGHT), _escape(below)]
    _draw(_element("div", "".join(parts), _VERBATIM))


def answer_html(text: str, labels: Iterable[int] = ()) -> str:
    """Return an answer's text as HTML: escaped first, then only what this function itself adds."""
    marks = frozenset(labels)
    blocks: list[str] = []
    lines = _visible(text).split("\n")
    at = 0
    while at < len(lines):
        line = lines[at]
        if not line.strip():
            at += 1
        elif _FENCE.match(line):
            end = next((i for i in range(at + 1, len(lines)) if _FENCE.match(lines[i])), len(lines))
            blocks.append(_verbatim(lines[at + 1 : end]))
            at = end + 1
        elif line.lstrip().startswith("|"):
            end = _while(lines, at, lambda one: one.lstrip().startswith("|"))
            blocks.append(_verbatim(lines[at:end]))
            at = end
        elif heading := _HEADING.fullmatch(line):
            blocks.append(_element("p", f"<strong>{_inline(heading[1], marks)}</strong>", "margin:0 0 .4em"))
            at += 1
        elif _BULLET.match(line):
            end = _while(lines, at, _BULLET.match)
            items = "".join(_element("li", _inline(_BULLET.sub(r"\1", one), marks)) for one in lines[at:end])
            blocks.append(_element("ul", items, "margin:0 0 .8em"))
            at = end
        elif numbered := _NUMBERED.match(line):
            end = _while(lines, at, _NUMBERED.match)
            items = "".join(_element("li", _inline(_NUMBERED.sub(r"\2", one), marks)) for one in lines[at:end])
            blocks.append(f'<ol start="{int(numbered[1])}" style="margin:0 0 .8em">{items}</ol>')
            at = end
        else:
            end = _while(lines, at, lambda one: bool(one.strip()) and not _starts_block(one))
            end = max(end, at + 1)
            blocks.append(_element("p", "<br>".join(_inline(one, marks) for one in lines[at:end]), "margin:0 0 .8em"))
            at = end
    return "".join(blocks)


def _starts_block(line: str) -> bool:
    return bool(
        _FENCE.match(line)
        or _HEADING.fullmatch(line)
        or _BULLET.match(line)
        or _NUMBERED.match(line)
        or line.lstrip().startswith("|")
    )


def _while(lines: list[str], at: int, belongs) -> int:
    while at < len(lines) and belongs(lines[at]):
        at += 1
    return at


def _inline(text: str, marks: frozenset[int]) -> str:
    escaped = _BOLD.sub(r"<strong>\1</strong>", _escape(text.strip()))
    return _MARK.sub(
        lambda found: _element("sup", found.group(), "opacity:.75") if int(found[1]) in marks else found.group(),
        escaped,
    )


def _verbatim(lines: list[str]) -> str:
    return _element("pre", _escape("\n".join(lines)), "overflow-x:auto;font-size:.875rem;margin:0 0 .8em")


def _visible(text: str) -> str:
    """Drop what is not seen: control characters, changes of writing direction, halves of characters."""
    return _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _escape(text: str) -> str:
    return html.escape(_visible(text))


def _element(tag: str, inner: str, style: str = "") -> str:
    return f'<{tag} style="{style}">{inner}</{tag}>' if style else f"<{tag}>{inner}</{tag}>"


def _draw(markup: str) -> None:
    """Put markup on the page: the only call of ``st.html``. What is from outside in it went through ``_escape``."""
    st.html(markup)
