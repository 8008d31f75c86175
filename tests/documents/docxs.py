"""Small Word documents for tests, written by hand so that each says exactly what it is."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from xml.sax.saxutils import escape

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STYLES = """
<w:style w:type="paragraph" w:styleId="Titel"><w:name w:val="Title"/></w:style>
<w:style w:type="paragraph" w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>
<w:style w:type="paragraph" w:styleId="Klausel"><w:name w:val="Clause"/><w:basedOn w:val="berschrift2"/></w:style>
<w:style w:type="paragraph" w:styleId="berschrift2"><w:name w:val="heading 2"/></w:style>
<w:style w:type="paragraph" w:styleId="Verzeichnis1"><w:name w:val="toc 1"/></w:style>
"""


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def paragraph(*texts: str, style: str = "", properties: str = "") -> str:
    """Return a paragraph; a text that begins with ``<`` stands as it is."""
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    runs = "".join(text if text.startswith("<") else run(text) for text in texts)
    return f"<w:p><w:pPr>{named}{properties}</w:pPr>{runs}</w:p>"


def listed(number: int, level: int = 0) -> str:
    return f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'


def table(*rows: list[str]) -> str:
    """Return a table; a cell that begins with ``<`` stands as it is."""
    lines = []
    for row in rows:
        cells = (cell if cell.startswith("<") else paragraph(cell) for cell in row)
        lines.append("<w:tr>" + "".join(f"<w:tc>{cell}</w:tc>" for cell in cells) + "</w:tr>")
    return f"<w:tbl>{''.join(lines)}</w:tbl>"


def part(root: str, body: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><w:{root} {_W}>{body}</w:{root}>'.encode()


def make_docx(
    *blocks: str, styles: str = STYLES, parts: Mapping[str, bytes] | None = None, main: str = "word/document.xml"
) -> bytes:
    """Return a .docx of these blocks; ``parts`` are added, or stand in place of those that are made here."""
    return zipped(contents(*blocks, styles=styles, parts=parts, main=main))


def contents(
    *blocks: str, styles: str = STYLES, parts: Mapping[str, bytes] | None = None, main: str = "word/document.xml"
) -> dict[str, bytes]:
    """Return the files that are packed into a .docx, by their names."""
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{_RELATION}/officeDocument" Target="{main}"/></Relationships>'
    )
    return {
        "[Content_Types].xml": b"<Types/>",
        "_rels/.rels": relations.encode(),
        main: part("document", f"<w:body>{''.join(blocks)}</w:body>"),
        "word/styles.xml": part("styles", styles),
        **(parts or {}),
    }


def zipped(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()
