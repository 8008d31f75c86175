"""Child process: the text of a Word document (.docx), in reading order.

A .docx is a ZIP of XML files written by whoever sent it. Nothing is unpacked to disk, no name in it becomes a path, a part
that unpacks to too much is given up, XML with a document type (where entities are declared) is refused, and what it links to
is never followed.
"""

from __future__ import annotations

import posixpath
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import Protocol
from xml.parsers import expat

from stc.documents.parsing import text
from stc.documents.parsing.blocks import Blocks, TooMuchText
from stc.documents.parsing.child import Replies, Request, run
from stc.documents.parsing.docx_numbering import Numbering
from stc.documents.parsing.docx_text import Body, Notes, Styles

MAX_ENTRIES = 10_000
MAX_PART_BYTES = 512 * 2**20
MAX_RATIO = 300
"""Of a part, unpacked against packed: a long and dull table reaches 100."""
_RATIO_COUNTS_FROM_BYTES = 8 * 2**20
_BLOCK_BYTES = 1 << 20
_MAX_DEPTH = 2_000
_MAX_TAG_BYTES = 8 * 2**20
"""What is not at its end after so much is read from its beginning again with each block (expat before 2.6)."""
_PACKINGS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""The format knows no other."""

_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_NAMESPACES = frozenset(
    {
        "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        "http://purl.oclc.org/ooxml/wordprocessingml/main",
        "http://schemas.openxmlformats.org/officeDocument/2006/math",
        "http://purl.oclc.org/ooxml/officeDocument/math",
        "http://schemas.openxmlformats.org/markup-compatibility/2006",
        _RELATIONS,
    }
)
"""Whose elements are read; those of drawings, charts and extensions are passed by."""


class Part(Protocol):
    """What hears of a part's elements, by their names without namespace."""

    def start(self, name: str, attributes: dict[str, str]) -> None: ...

    def end(self, name: str) -> None: ...

    def text(self, text: str) -> None: ...


class _Refused(Exception):
    """The file is not read, on purpose. ``str()`` is the kind of error."""


class _Damaged(Exception):
    """A part ends early, or is no XML."""


def read(request: Request, replies: Replies) -> None:
    found = Blocks(request.max_characters)
    try:
        with zipfile.ZipFile(request.path) as archive:
            _read_archive(archive, found, replies)
    except TooMuchText:
        return replies.error("too much")
    except _Refused as error:
        return replies.error(str(error))
    except _Damaged:
        if not found.text():
            return replies.error("broken")
        replies.warning("The file is damaged. What stands before the damaged place was read; the rest is left out.")
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, LookupError):
        return replies.error("broken")
    text.send(found.text(), request, replies)


def _read_archive(archive: zipfile.ZipFile, found: Blocks, replies: Replies) -> None:
    if len(archive.filelist) > MAX_ENTRIES:
        raise _Refused("bomb")
    main = _related(archive, "").get("officeDocument", "")
    if main not in archive.NameToInfo:
        main = "word/document.xml"
    folder = posixpath.dirname(main)
    names = {kind: f"{folder}/{kind}.xml" for kind in ("styles", "numbering", "footnotes", "endnotes")}
    names |= _related(archive, main)
    styles, numbering, notes = Styles(), Numbering(), Notes()
    for kind, part in (("styles", styles), ("numbering", numbering), ("footnotes", notes), ("endnotes", notes)):
        if names[kind] in archive.NameToInfo:
            try:
                _parse(archive, names[kind], part)
            except _Damaged:
                replies.warning(f"The {kind} of the file are damaged and were left out.")
    body = Body(found, styles, numbering, notes)
    _parse(archive, main, body)
    if body.embeds:
        replies.warning("Another file is embedded as a part of its text; that part is left out.")


def _parse(archive: zipfile.ZipFile, name: str, part: Part) -> None:
    """Tell ``part`` of the elements and the text of one file in the archive. Raises ``_Refused`` or ``_Damaged``."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    depth = 0

    def start(full: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _MAX_DEPTH:
            raise _Refused("bomb")
        namespace, _, local = full.rpartition(" ")
        if namespace in _NAMESPACES:
            part.start(local, {key.rpartition(" ")[2]: value for key, value in attributes.items()})

    def end(full: str) -> None:
        nonlocal depth
        depth -= 1
        namespace, _, local = full.rpartition(" ")
        if namespace in _NAMESPACES:
            part.end(local)

    def refuse(*_: object) -> None:
        raise _Refused("bomb")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = part.text
    parser.StartDoctypeDeclHandler = refuse
    size = 0
    try:
        for block in _unpacked(archive, name):
            parser.Parse(block, False)
            size += len(block)
            if size - parser.CurrentByteIndex > _MAX_TAG_BYTES:
                raise _Refused("bomb")
        parser.Parse(b"", True)
    except (expat.ExpatError, zipfile.BadZipFile, zlib.error, struct.error, EOFError) as error:
        raise _Damaged from error


def _unpacked(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    try:
        info = archive.getinfo(name)
    except KeyError:
        raise _Damaged from None
    if info.flag_bits & 0x1:
        raise _Refused("password")
    if info.compress_type not in _PACKINGS:
        raise _Damaged
    size = 0
    with archive.open(info) as file:
        while block := file.read(_BLOCK_BYTES):
            size += len(block)
            dense = size > _RATIO_COUNTS_FROM_BYTES and size > MAX_RATIO * max(1, info.compress_size)
            if size > MAX_PART_BYTES or dense:
                raise _Refused("bomb")
            yield block


class _Relations:
    """The parts that one part names, by their kind: the last word of the relation's type."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self.targets: dict[str, str] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            kind = attributes.get("Type", "").rpartition("/")[2]
            target = posixpath.normpath(posixpath.join("/", self._folder, attributes.get("Target", "")))
            self.targets.setdefault(kind, target.lstrip("/"))

    def end(self, name: str) -> None:
        pass

    def text(self, text: str) -> None:
        pass


def _related(archive: zipfile.ZipFile, source: str) -> dict[str, str]:
    """Return the names of the parts that ``source`` ("" the whole file) names, by kind; {} where that is damaged."""
    folder, name = posixpath.split(source)
    relations = _Relations(folder)
    listed = posixpath.join(folder, "_rels", f"{name}.rels")
    if listed in archive.NameToInfo:
        try:
            _parse(archive, listed, relations)
        except _Damaged:
            return {}
    return relations.targets


if __name__ == "__main__":
    run(read)
