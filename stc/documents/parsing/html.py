"""Child process: the text of a web page, as a reader of it sees it. Nothing that it names is fetched or run."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from pathlib import Path

from stc.documents.parsing import html_tokens, text
from stc.documents.parsing.blocks import Blocks, Rows, TooMuchText
from stc.documents.parsing.child import Replies, Request, run

_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
_UNSEEN = frozenset("script style template noscript iframe object svg canvas audio video select datalist".split())
_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure footer "
    "form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol option p pre search section summary table tbody "
    "td tfoot th thead title tr ul".split()
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
# An open element that a new one ends, though no end tag says so, and what it is not looked for beyond.
_ENDED_BY = {
    "li": ({"li"}, {"ul", "ol", "menu", "table"}),
    "dt": ({"dt", "dd"}, {"dl", "table"}),
    "dd": ({"dt", "dd"}, {"dl", "table"}),
    "tr": ({"tr"}, {"table"}),
    "td": ({"td", "th"}, {"tr", "table"}),
    "th": ({"td", "th"}, {"tr", "table"}),
    "tbody": ({"thead", "tbody", "tfoot"}, {"table"}),
    "tfoot": ({"thead", "tbody", "tfoot"}, {"table"}),
}
_ENDS_A_DRAWING = frozenset(
    "b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li menu meta ol p pre s small "
    "span strike strong sub sup table tt u ul var".split()
)
"""A drawing (svg) that nobody closes ends where one of these begins (the HTML standard's list): what follows is seen."""
_TEXT_IN_A_DRAWING = ("foreignobject", "desc")
_LISTS = {"ul", "ol", "menu"}
_NOT_BEYOND = {"td", "th", "table", "caption"}
_LOOK_BACK = 200
"""So many open elements are searched for one whose end is left out; deeper nesting is an attack."""
_WORTH_TELLING_CHARACTERS = 200
"""So much may be lost with a file's end without a word."""
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|font-size\s*:\s*0(?![.\d]*[1-9])")
_WHITE_SPACE = re.compile(r"[ \t\r\n\f]+")
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE)
_META_BYTES = 4_096
_ENCODINGS = re.compile(
    r"(?:utf8|ascii|cp\d+|latin_?\d+|iso8859_\d+|koi8_[rtu]|gb2312|gbk|gb18030|big5|shift_jis|euc_(?:jp|kr)|iso2022_jp|mac_\w+)"
)


def read(request: Request, replies: Replies) -> None:
    source, warning = decode(Path(request.path).read_bytes())
    if warning:
        replies.warning(warning)
    page = _Page(request.max_characters)
    try:
        cut_off = html_tokens.walk(source, page)
        page.finish()
    except TooMuchText:
        return replies.error("too much")
    if cut_off > _WORTH_TELLING_CHARACTERS:
        replies.warning(
            f"The last {cut_off:,} characters of the page stand in a comment, a tag or a script that nobody closed. A browser "
            "doesn't show them; they are left out."
        )
    text.send(page.blocks.text(), request, replies)


def decode(data: bytes) -> tuple[str, str | None]:
    """Return a page's source, by its byte-order mark, as UTF-8 where it is, by what its head says, or by a guess."""
    if data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return text.decode(data)
    if not data.isascii():
        try:
            return data.decode("utf-8"), None
        except UnicodeDecodeError:
            pass
    declared = _META_CHARSET.search(data[:_META_BYTES])
    if declared is None:
        return text.decode(data)
    try:
        name = codecs.lookup(declared[1].decode("ascii")).name.replace("-", "_")
    except LookupError:
        return text.decode(data)
    if not _ENCODINGS.fullmatch(name) or name == "utf8":
        return text.decode(data)
    # What says Latin-1 means Windows-1252, as browsers have it.
    return data.decode("cp1252" if name in {"iso8859_1", "ascii"} else name, "replace"), None


class _Page:
    """Collects blocks; ``_words`` is the text of the block that is open."""

    def __init__(self, max_characters: int) -> None:
        self.blocks = Blocks(max_characters)
        self._max_characters = max_characters
        self._open: list[tuple[str, bool]] = []  # (tag, not to be seen), outermost first
        self._opened: Counter[str] = Counter()
        self._unseen = 0
        self._words: list[str] = []
        self._rows = Rows(self.blocks)
        self._lists: list[int | None] = []  # of each open list the number of its next item, None where it has none
        self._mark = ""  # of the item that has begun, until its first text
        self._title = ""

    # What stands in the source

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag in _ENDS_A_DRAWING and not any(self._opened[one] for one in _TEXT_IN_A_DRAWING):
            while self._opened["svg"]:
                self._close_innermost("svg")
        if tag in _BLOCKS:
            self._end_implied(tag)
            self._end_block()
        if tag == "br":
            self._words.append("\n")
        elif tag == "hr":
            self._end_block()
        if tag in _VOID:
            return
        unseen = tag in _UNSEEN or _is_hidden(attributes)
        self._open.append((tag, unseen))
        self._opened[tag] += 1
        self._unseen += unseen
        if not self._unseen:
            if tag == "tr":
                self._rows.begin()
            elif tag in {"td", "th"}:
                self._rows.begin_cell()
            elif tag in _LISTS:
                self._lists.append(_start(attributes) if tag == "ol" else None)
            elif tag == "li":
                self._begin_item()

    def end(self, tag: str) -> None:
        if tag == "p" and not self._opened["p"]:
            self._end_block()
        if not self._opened[tag]:
            return
        if tag in _BLOCKS or tag in _UNSEEN:
            self._close_innermost(tag)
            return
        self._end_innermost({tag}, _NOT_BEYOND)

    def text(self, text: str) -> None:
        if not self._unseen:
            self._words.append(text if self._opened["pre"] else _WHITE_SPACE.sub(" ", text))

    # Elements

    def _depths(self) -> range:
        return range(len(self._open) - 1, -1, -1)

    def _end_implied(self, tag: str) -> None:
        if tag in _ENDED_BY:
            self._end_innermost(*_ENDED_BY[tag])
        self._end_innermost({"p"}, _NOT_BEYOND)  # a paragraph ends where any other block begins

    def _end_innermost(self, tags: set[str], beyond: set[str]) -> None:
        """Close the innermost element of ``tags``, unless one of ``beyond`` stands inside it."""
        if not any(self._opened[tag] for tag in tags):
            return
        for depth in self._depths()[:_LOOK_BACK]:
            if self._open[depth][0] in tags:
                self._close_until(depth)
                return
            if self._open[depth][0] in beyond:
                return

    def _close_innermost(self, tag: str) -> None:
        self._close_until(next(depth for depth in self._depths() if self._open[depth][0] == tag))

    def _close_until(self, depth: int) -> None:
        """Close elements until so many are open."""
        while len(self._open) > depth:
            tag = self._open[-1][0]
            if tag in _BLOCKS:
                self._end_block()
            _, unseen = self._open.pop()
            self._opened[tag] -= 1
            if not self._unseen:
                if tag == "tr":
                    self._rows.end()
                elif tag in _LISTS and self._lists:
                    self._lists.pop()
            self._unseen -= unseen

    # Blocks

    def _end_block(self) -> None:
        """Put away the text since the last block's end, as what the innermost element makes of it."""
        if not self._words:
            return
        words = "".join(self._words)
        self._words = []
        code = bool(self._opened["pre"])
        if not code:
            words = "\n".join(line.strip() for line in words.split("\n")).strip()
        if not words.strip():
            return
        inner = (self._open[depth][0] for depth in self._depths()[:_LOOK_BACK])
        tag = next((name for name in inner if name in _BLOCKS), "body")
        if tag == "title":
            self._title = self._title or " ".join(words.split())[:500]
        elif tag in _HEADINGS:
            self._rows.flush()
            self.blocks.add(words, "heading", level=_HEADINGS[tag])
        elif self._rows.put(words):
            return
        elif code:
            self.blocks.add(words, "code")
        elif self._mark:
            self.blocks.add(self._mark + words, "item")
            self._mark = ""
        else:
            self.blocks.add(words)

    def _begin_item(self) -> None:
        number = self._lists[-1] if self._lists else None
        self._mark = "- " if number is None else f"{number}. "
        if number is not None:
            self._lists[-1] = number + 1

    def finish(self) -> None:
        """End what is open, and put the title first where no heading says it."""
        self._close_until(0)
        self._end_block()
        if self._title and self._title not in self.blocks.headings:
            titled = Blocks(self._max_characters + len(self._title) + 2)
            titled.add(self._title, "paragraph" if self.blocks.headings else "heading")
            titled.add(self.blocks.text())
            self.blocks = titled


def _start(attributes: dict[str, str]) -> int:
    start = attributes.get("start", "")
    return int(start) if re.fullmatch(r"[0-9]{1,6}", start) else 1


def _is_hidden(attributes: dict[str, str]) -> bool:
    return "hidden" in attributes or bool(_HIDDEN_STYLE.search(attributes.get("style", "").lower()))


if __name__ == "__main__":
    run(read)
