"""Files that nobody would send: real ones with their bytes changed, and what reading promises of any of them.

What each kind of file promises is asserted of its parser inside this process, where no child hides an error that nobody caught
behind "it is damaged"; ``files`` goes the whole way that a file goes, children, limits and all.
"""

from __future__ import annotations

import dataclasses
import random
import re
import tempfile
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

from hypothesis import strategies as st

from stc.documents.parsing import detect, docx, html, pdf
from stc.documents.parsing import text as plain_text
from stc.documents.parsing.child import Replies, Request
from stc.documents.parsing.cleaning import clean
from stc.documents.parsing.reader import open_pages
from stc.errors import Unreadable
from stc.settings import Settings
from tests.documents import docxs, pdfs
from tests.documents.parsing.told import told

LIMITS = dataclasses.replace(Settings(), parse_timeout_s=10.0, parse_memory_bytes=2**30)
SECONDS = {"kind": 2.0, "files": LIMITS.parse_timeout_s + 5.0}
"""So long may a target take for one small file, where that is not the usual time: what kind a file is says this process and no
child, so it has no other limit; and children have a clock of their own."""
_ERRORS = {None, "password", "broken", "memory", "too long", "too much", "bomb"}
_MOST_BYTES = 2_000_000
_NUMBER = re.compile(rb"\d+")
_NUMBERS = (b"0", b"-1", b"1", b"65535", b"2147483648", b"99999999999999999999", b"1e9", b"9" * 5000)

_LINE = "The lighthouse at Corvane was built in 1874 by the engineer Idris Vale."
_PAGE = f"""<!doctype html><html><head><meta charset="utf-8"><title>Lease &amp; rent</title>
<style>p {{ color: red }}</style><script src=a.js></script></head><body class='a b'><!-- a comment --><h1>Lease</h1>
<p>{_LINE}<br>5&nbsp;&euro; &#x41;<ul><li>warm<li hidden>cold</ul><ol start=3><li>three</ol><table><thead><tr><th>Item
<th>2023<tbody><tr><td>Lamp<td><table><tr><td>$5</table></table><pre># code
  x = 1</pre><svg><![CDATA[x]]></svg><textarea>&lt;</textarea><a href="https://a.test/?b=1&c=2">link</a></body></html>"""
_NUMBERING = (
    '<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="lowerRoman"/>'
    '<w:lvlText w:val="%1."/><w:pStyle w:val="Klausel"/></w:lvl></w:abstractNum>'
    '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
)


# What real files look like


@cache
def real_pdfs() -> tuple[bytes, ...]:
    two = pdfs.make_pdf([_LINE, f"{_LINE}\nIt burned down (twice) in 1901."])
    mixed = pdfs.make_pdf(
        [_LINE, pdfs.PICTURE, b"q 0 0 m 10 10 l S Q", b"BT /F1 11 Tf 1 0 0 1 72 720 Tm <41424344> Tj ET"]
    )
    return (two, mixed, pdfs.encrypted(two, user=""), pdfs.encrypted(two, user="secret"))


@cache
def real_docx() -> tuple[dict[str, bytes], ...]:
    """The parts of Word documents, by their names."""
    blocks = (
        docxs.paragraph("Lease", style="Titel"),
        docxs.paragraph("Rent", style="Klausel", properties=docxs.listed(1)),
        docxs.paragraph(_LINE, '<w:r><w:footnoteReference w:id="2"/><w:tab/><w:sym w:char="F0B7"/></w:r>'),
        docxs.table(["Item", "2023"], ["Lamp", docxs.table(["$5", "$6"])]),
        f"<w:del>{docxs.paragraph('gone')}</w:del>",
    )
    note = docxs.part("footnotes", f'<w:footnote w:id="2">{docxs.paragraph("Or later.")}</w:footnote>')
    parts = {"word/numbering.xml": docxs.part("numbering", _NUMBERING), "word/footnotes.xml": note}
    return (docxs.contents(*blocks, parts=parts), docxs.contents(docxs.paragraph(_LINE)))


@cache
def real_pages() -> tuple[bytes, ...]:
    encodings = ("utf-8", "utf-16", "cp1252")
    return (*(_PAGE.encode(each) for each in encodings), b"<p>" + _LINE.encode() * 20)


@cache
def real_texts() -> tuple[bytes, ...]:
    text = f"# Lease\n\n{_LINE}\n\n* warm\n* cold\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\ncode\n```\n"
    other = {"cp1252": "Größe 5 €", "cp1251": "Дом стоит", "shift_jis": "東京は", "gb18030": "中文。", "koi8-r": "Дом"}
    return (
        *(text.encode(each) for each in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")),
        *((words * 40).encode(encoding) for encoding, words in other.items()),
    )


PIECES = {
    "pdf": (
        *(b"<<", b">>", b"[", b"]", b"(", b")", b"<", b">", b"/", b"%", b"obj", b"endobj", b"stream\n", b"endstream"),
        *(b"xref", b"trailer", b"startxref", b"%%EOF", b"1 0 R", b"2 0 R", b"99 0 R", b"1 0 obj", b"null", b"true"),
        *(
            b"/Length -1",
            b"/Filter /FlateDecode",
            b"/Filter [/ASCIIHexDecode /LZWDecode]",
            b"/Prev 0",
            b"/Kids [2 0 R]",
        ),
        *(b"/Type /ObjStm /N 9 /First 9", b"/Type /XRef /W [1 2 1]", b"/Encrypt 1 0 R", b"/Contents [4 0 R 4 0 R]"),
        *(b"/ToUnicode 5 0 R", b"/Encoding /Identity-H", b"/DecodeParms << /Predictor 15 /Columns 99999999 >>"),
        *(b"BT", b"ET", b"Tj", b"TJ", b"BI", b"ID", b"EI", b"q", b"Q", b"Do", b"\\", b"\\777", b"\x00", b"\r", b"\xff"),
    ),
    "docx": (
        *(
            b"<w:p>",
            b"</w:p>",
            b"<w:tr>",
            b"</w:tr>",
            b"<w:tc>",
            b"<w:tbl>",
            b"<w:r>",
            b"<w:t>",
            b"<w:del>",
            b"<w:rPr>",
        ),
        *(
            b'<w:pStyle w:val="Klausel"/>',
            b'<w:numId w:val="1"/>',
            b'<w:ilvl w:val="9"/>',
            b'<w:outlineLvl w:val="9"/>',
        ),
        *(b'<w:sym w:char="D800"/>', b'<w:footnoteReference w:id="2"/>', b"<w:pPr>", b"<w:vanish/>", b"<w:altChunk/>"),
        *(b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?x", b"?>", b"&#0;", b"&#xD800;", b"&lt;", b"&x;", b"<!DOCTYPE x>"),
        *(b'encoding="utf-16"', b'encoding="utf-7"', b'encoding="zip"', b"xmlns:w=", b'"', b"\x00", b"\xff", b"../"),
        *(b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"\xff\xff\xff\xff"),
    ),
    "html": (
        *(
            b"<!--",
            b"-->",
            b"--!>",
            b"<!-->",
            b"<!---->",
            b"<![x",
            b"<![CDATA[",
            b"]]>",
            b"<!",
            b"<?",
            b"</",
            b"<",
            b">",
            b"/>",
            b"=",
            b"'",
        ),
        *(
            b'"',
            b"&",
            b"&#",
            b"&#x",
            b"&#99999999999999;",
            b"&amp",
            b"&notit;",
            b"<script>",
            b"</script",
            b"</script >",
        ),
        *(
            b"<style",
            b"<title>",
            b"</title>",
            b"<textarea>",
            b"<iframe>",
            b"<svg>",
            b"<table>",
            b"<tr>",
            b"<td>",
            b"<h1>",
        ),
        *(b"</table>", b"<li>", b"<ol start=9>", b"<p hidden>", b"<br/>", b"<pre>", b"</p>", b"style='display:none'"),
        *(b"<meta charset=utf-16>", b"<meta charset=shift_jis>", b"\x00", b"\xff", b"\xed\xa0\x80", b"\xe2\x80\xae"),
    ),
    "text": (
        *(b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff", b"\x00", b"\xff", b"\x80", b"\xed\xa0\x80"),
        *(
            b"\xe2\x80\xae",
            b"\xe2\x80\x8b",
            b"\xc2\xad",
            b"\x1b$B",
            b"\x0e",
            b"\r",
            b"\n",
            b"\t",
            b"\x0c",
            b"# ",
            b"* ",
        ),
        *(b"```", b"|", b"---", b"===", b"....", b"____", b"> ", b"\\", b"\xf0\x9f\x99\x82", b"a\xcc\x81", b"\xc2\x85"),
    ),
}


# How they are changed


@dataclasses.dataclass(frozen=True)
class File:
    """``name`` is what somebody calls it."""

    name: str
    content: bytes

    def __repr__(self) -> str:
        content = self.content
        if len(content) <= 2000:
            return f"{self.name}: {content!r}"
        with tempfile.NamedTemporaryFile(prefix="fuzz-", suffix=Path(self.name).suffix, delete=False) as kept:
            kept.write(content)
        return f"{self.name}: {len(content):,} bytes, kept in {kept.name}"


@st.composite
def changed(draw: st.DrawFn, content: bytes, kind: str) -> bytes:
    """Change a file in up to six places."""
    data = bytearray(content)
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.one_of(st.just(0), st.integers(0, len(data))))
        span = draw(st.sampled_from((1, 2, 4, 16, 64, 512, 4096)))
        change = draw(st.sampled_from(("byte", "cut", "piece", "repeat", "number", "end", "move")))
        if change == "byte":
            data[at : at + 1] = bytes([draw(st.integers(0, 255))])
        elif change == "cut":
            del data[at : at + span]
        elif change == "piece":
            data[at:at] = draw(st.sampled_from(PIECES[kind])) * draw(st.sampled_from((1, 1, 1, 2, 30, 3000)))
        elif change == "repeat" and len(data) < _MOST_BYTES:
            data[at:at] = bytes(data[at : at + span]) * draw(st.sampled_from((1, 2, 30, 1000)))
        elif change == "number":
            found = _NUMBER.search(data, at)
            if found:
                data[found.start() : found.end()] = draw(st.sampled_from(_NUMBERS))
        elif change == "end":
            del data[at:]
        elif change == "move":
            data[at:at] = data[: span * 4][-span:]
    return bytes(data[:_MOST_BYTES])


@st.composite
def _pdfs(draw: st.DrawFn) -> File:
    return File("a.pdf", draw(changed(draw(st.sampled_from(real_pdfs() + given_files(".pdf"))), "pdf")))


@st.composite
def _docx(draw: st.DrawFn) -> File:
    """A Word document with parts changed before they are packed, or bytes afterwards, or both."""
    parts = dict(draw(st.sampled_from(real_docx())))
    for name in draw(st.lists(st.sampled_from(sorted(parts)), max_size=2)):
        parts[name] = draw(changed(parts[name], "docx"))
    packed = docxs.zipped(parts)
    if draw(st.booleans()):
        packed = draw(changed(draw(st.sampled_from((packed, *given_files(".docx")))), "docx"))
    return File("a.docx", packed)


@st.composite
def _pages(draw: st.DrawFn) -> File:
    return File("a.html", draw(changed(draw(st.sampled_from(real_pages() + given_files(".html"))), "html")))


@st.composite
def _texts(draw: st.DrawFn) -> File:
    name = draw(st.sampled_from(("a.txt", "a.md")))
    return File(name, draw(changed(draw(st.sampled_from(real_texts() + given_files(".txt"))), "text")))


@st.composite
def _any(draw: st.DrawFn) -> File:
    file = draw(st.one_of(_pdfs(), _docx(), _pages(), _texts()))
    other = draw(st.sampled_from(("", "", "", ".pdf", ".docx", ".html", ".md", ".txt", ".xlsx", ".")))
    return File(f"a{other}", file.content) if other else file


_given: dict[str, list[bytes]] = {}


def give(folder: Path, chance: random.Random, most: int = 60) -> None:
    """Take files of a folder too, by chance: what is small enough to be changed thousands of times."""
    found = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.stat().st_size < 300_000]
    chance.shuffle(found)
    for path in found[:most]:
        _given.setdefault(path.suffix.lower(), []).append(path.read_bytes())


def given_files(ending: str) -> tuple[bytes, ...]:
    return tuple(_given.get(ending, ()))


# What each kind promises


@cache
def _place() -> Path:
    return Path(tempfile.mkdtemp(prefix="fuzz-"))


def _read(read: Callable[[Request, Replies], None], file: File, *, section: int | None) -> None:
    try:
        said = told(read, _place() / "file", file.content, settings=LIMITS)
    except MemoryError:
        return  # the child says so in words
    assert said.error in _ERRORS, said.error
    assert len(said.pages) <= LIMITS.max_pages
    assert sum(map(len, said.pages)) <= LIMITS.max_characters + len(said.pages)
    for page in said.pages:
        assert clean(page) == page
        assert section is None or len(page) <= section
    for warning in said.warnings:
        assert warning.endswith(".")


def fuzz_pdf(file: File) -> None:
    _read(pdf.read, file, section=None)


def fuzz_docx(file: File) -> None:
    _read(docx.read, file, section=plain_text.SECTION_CHARACTERS)


def fuzz_html(file: File) -> None:
    _read(html.read, file, section=plain_text.SECTION_CHARACTERS)


def fuzz_text(file: File) -> None:
    _read(plain_text.read, file, section=plain_text.SECTION_CHARACTERS)


def fuzz_kind(file: File) -> None:
    path = _place() / "kind"
    path.write_bytes(file.content)
    try:
        assert "/" in detect.detect(path, file.name)
    except Unreadable as refusal:
        _in_words(refusal)


def fuzz_files(file: File) -> None:
    path = _place() / "whole"
    path.write_bytes(file.content)
    try:
        parsed = open_pages(path, detect.detect(path, file.name), LIMITS)
    except Unreadable as refusal:
        _in_words(refusal)
    else:
        assert [page.number for page in parsed.pages] == list(range(1, len(parsed.pages) + 1))
        assert any(page.text.strip() for page in parsed.pages)


def _in_words(refusal: Unreadable) -> None:
    words = str(refusal)
    assert words.endswith(".")
    assert len(words) < 400
    assert "Traceback" not in words


INPUTS: dict[str, st.SearchStrategy[File]] = {
    "pdf": _pdfs(),
    "docx": _docx(),
    "html": _pages(),
    "text": _texts(),
    "kind": _any(),
    "files": _any(),
}
TARGETS: dict[str, Callable[[File], None]] = {
    "pdf": fuzz_pdf,
    "docx": fuzz_docx,
    "html": fuzz_html,
    "text": fuzz_text,
    "kind": fuzz_kind,
    "files": fuzz_files,
}


# The same over and over

_DEEP: dict[str, tuple[tuple[bytes, bytes], ...]] = {
    "html": (
        (b"<div>", b"</div>"),
        (b"<b><p>", b"</p></b>"),
        (b"<ul><li>word", b"</ul>"),
        (b"<table><tr><td>word", b"</table>"),
        (b"<table><tr><td><h1>word</h1>", b""),
        (b"<td><h1>word</h1>", b""),
        (b"<tr><td>word", b""),
        (b"<h1>word", b""),
        (b"<p>word", b""),
        (b"<p hidden>word", b"</p>"),
        (b"<script>", b""),
        (b"<script></script>", b""),
        (b"<!-- -", b""),
        (b"<!doctype ", b""),
        (b"<a href='", b""),
        (b"<a href=x ", b""),
        (b"<a x x x x>", b"</a>"),
        (b"<a ", b">"),
        (b"a=b ", b""),
        (b"&#1", b""),
        (b"&lt", b""),
        (b"<select><option>", b""),
        (b"</b>", b""),
        (b"<b>", b"</i>"),
        (b"<pre>", b""),
        (b"<ol start=5><li>", b""),
        (b"<dl><dt>x<dd>y", b""),
    ),
    "docx": (
        (b"<w:p><w:r><w:t>word</w:t></w:r></w:p>", b""),
        (b"<w:r><w:t>word</w:t></w:r>", b""),
        (b"<w:p/>", b""),
        (b"<w:t>a</w:t>", b""),
        (b"<w:tbl><w:tr><w:tc>", b"</w:tc></w:tr></w:tbl>"),
        (b"<w:tr><w:tc><w:p><w:r><w:t>word</w:t></w:r></w:p></w:tc></w:tr>", b""),
        (b"<w:tc><w:p><w:r><w:t>word</w:t></w:r></w:p></w:tc>", b""),
        (b"<w:p>", b"</w:p>"),
        (b"<w:del>", b"</w:del>"),
        (b'<w:p><w:pPr><w:pStyle w:val="Klausel"/><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:p>', b""),
        (b'<w:p><w:r><w:footnoteReference w:id="2"/></w:r></w:p>', b""),
        (b"<!-- x -->", b""),
        (b"<!--", b""),
        (b"<?x y?>", b""),
        (b"<![CDATA[x]]>", b""),
        (b"&lt;", b""),
        (b"x", b""),
    ),
    "text": (
        (b"word ", b""),
        (b"a. ", b""),
        (b". ", b""),
        (b"- x\n", b""),
        (b" \n", b""),
        (b"\xc2\xad ", b""),
        (b"    ", b"\n"),
        (b"e\xcc\x81", b""),
        (b"\xcc\x81", b""),
        (b"\xed\xa0\xbd", b""),
        (b"\xe4", b""),
    ),
}
_KINDS_OF = {"docx": ("docx",), "html": ("html",), "text": ("text",), "kind": ("html", "text")}


def long_files(target: str) -> Iterator[tuple[str, Callable[[int], File]]]:
    """Yield (what it is, how to make it of so many bytes). None for PDFs, whose parsers are not ours: their clock is."""
    for kind in _KINDS_OF.get(target, ()):
        for opening, closing in (*((piece, b"") for piece in PIECES[kind]), *_DEEP[kind]):
            yield f"{opening!r} and {closing!r} over and over", partial(_long_file, kind, opening, closing)
            if target == "kind":
                yield f"{opening!r} at the beginning", partial(_long_beginning, opening)


def _long_file(kind: str, opening: bytes, closing: bytes, size: int) -> File:
    times = size // len(opening + closing)
    long = opening * times + b" A word. " + closing * times
    if kind == "html":
        return File("a.html", b"<!doctype html><p>A word. " + long)
    if kind == "docx":
        parts = dict(real_docx()[0])
        parts["word/document.xml"] = docxs.part("document", "<w:body>%s</w:body>").replace(b"%s", long)
        return File("a.docx", docxs.zipped(parts))
    return File("a.txt", b"A word. " + long + b"!")


def _long_beginning(piece: bytes, size: int) -> File:
    return File("a", piece * (size // len(piece)) + b"A word.")
