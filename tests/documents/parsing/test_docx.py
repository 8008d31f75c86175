import dataclasses
import io
import os
import time
import zipfile

import pytest

from stc.documents.parsing import docx
from stc.documents.parsing.docx_numbering import Numbering
from stc.settings import Settings
from tests.documents.docxs import contents, listed, make_docx, paragraph, part, run, table
from tests.documents.parsing.told import told

NUMBERING = """
<w:abstractNum w:abstractNumId="0">
<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>
<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1.%2"/></w:lvl>
<w:lvl w:ilvl="2"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="(%3)"/></w:lvl>
</w:abstractNum>
<w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/><w:lvlText w:val="x"/></w:lvl></w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>
<w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>
<w:num w:numId="3"><w:abstractNumId w:val="0"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride></w:num>
"""


def read(tmp_path, content, **options):
    return told(docx.read, tmp_path / "file", content, **options)


def text(tmp_path, *blocks, **options):
    return read(tmp_path, make_docx(*blocks, **options)).text


def failure(tmp_path, content, **options):
    return read(tmp_path, content, **options).error


def test_headings_by_their_styles_become_markdown_below_the_title(tmp_path):
    found = text(
        tmp_path,
        paragraph("Lease", style="Titel"),
        paragraph("Rent", style="berschrift1"),
        paragraph("Due dates", style="Klausel"),
        paragraph("The rent is due on ", "the first."),
    )
    assert found == "# Lease\n\n## Rent\n\n### Due dates\n\nThe rent is due on the first."


def test_a_style_that_is_based_on_itself_ends(tmp_path):
    styles = '<w:style w:styleId="a"><w:name w:val="A"/><w:basedOn w:val="a"/></w:style>'
    assert text(tmp_path, paragraph("Text.", style="a"), styles=styles) == "Text."


def test_an_outline_level_makes_a_heading_too(tmp_path):
    found = text(tmp_path, paragraph("Rent", properties='<w:outlineLvl w:val="0"/>'), paragraph("It is due."))
    assert found == "# Rent\n\nIt is due."


def test_clauses_have_the_numbers_that_word_shows(tmp_path):
    found = text(
        tmp_path,
        paragraph("Parties", properties=listed(1)),
        paragraph("Rent", properties=listed(1)),
        paragraph("It is due monthly.", properties=listed(1, 1)),
        paragraph("It is paid by transfer.", properties=listed(1, 1)),
        paragraph("in euros", properties=listed(1, 2)),
        paragraph("without discount", properties=listed(1, 2)),
        paragraph("Term", properties=listed(1)),
        paragraph("It ends in May.", properties=listed(1, 1)),
        paragraph("From one again", properties=listed(3)),
        parts={"word/numbering.xml": part("numbering", NUMBERING)},
    )
    assert found.split("\n") == [
        "1. Parties",
        "2. Rent",
        "2.1 It is due monthly.",
        "2.2 It is paid by transfer.",
        "(a) in euros",
        "(b) without discount",
        "3. Term",
        "3.1 It ends in May.",
        "1. From one again",
    ]


def test_bullets_are_items_of_a_list(tmp_path):
    found = text(
        tmp_path,
        paragraph("Bring:"),
        paragraph("keys", properties=listed(2)),
        paragraph("papers", properties=listed(2)),
        parts={"word/numbering.xml": part("numbering", NUMBERING)},
    )
    assert found == "Bring:\n\n- keys\n- papers"


@pytest.mark.parametrize(
    ("form", "count", "written"),
    [
        ("lowerRoman", 14, "xiv"),
        ("upperRoman", 1999, "MCMXCIX"),
        ("upperLetter", 27, "AA"),
        ("decimalZero", 3, "03"),
        ("none", 3, ""),
    ],
)
def test_numbers_are_written_as_the_list_says(form, count, written):
    numbering = Numbering()
    for name, attributes in (
        ("abstractNum", {"abstractNumId": "0"}),
        ("lvl", {"ilvl": "0"}),
        ("start", {"val": str(count)}),
        ("numFmt", {"val": form}),
        ("lvlText", {"val": "%1"}),
        ("num", {"numId": "1"}),
        ("abstractNumId", {"val": "0"}),
    ):
        numbering.start(name, attributes)
    assert numbering.label("1", 0) == written


def test_tables_come_row_by_row(tmp_path):
    found = text(
        tmp_path,
        paragraph("Costs:"),
        table(["Item", "2023", "2024"], ["Repairs", "$48,200", "$51,000"], ["Lamp", "", "$900"]),
        paragraph("After it."),
    )
    assert found == "Costs:\n\nItem\t2023\t2024\nRepairs\t$48,200\t$51,000\nLamp\t\t$900\n\nAfter it."


def test_a_table_in_a_table_and_a_frame_of_one_cell_lose_nothing(tmp_path):
    inner = table(["a", "b"]) + paragraph("below")
    assert text(tmp_path, table(["left", inner])) == "left\ta b below"
    framed = paragraph("Notice", style="berschrift1") + paragraph("One.") + paragraph("Two.")
    assert text(tmp_path, table([framed])) == "# Notice\n\nOne.\n\nTwo."


def test_footnotes_follow_the_paragraph_that_names_them(tmp_path):
    notes = part("footnotes", f'<w:footnote w:id="2">{paragraph("Since 1998.")}</w:footnote>')
    found = text(
        tmp_path,
        paragraph("The rule stands.", '<w:r><w:footnoteReference w:id="2"/></w:r>'),
        paragraph("Next."),
        parts={"word/footnotes.xml": notes},
    )
    assert found == "The rule stands.\n\nFootnote 1: Since 1998.\n\nNext."


def test_what_a_reader_does_not_see_is_not_read(tmp_path):
    found = text(
        tmp_path,
        paragraph("Seen", run(" hidden", "<w:vanish/>"), run(" too", '<w:vanish w:val="0"/>'), "."),
        paragraph("Kept", f"<w:del>{run(' deleted')}</w:del>", f"<w:ins>{run(' inserted')}</w:ins>"),
        paragraph(
            "<w:r><w:instrText>PAGE</w:instrText></w:r>", "A", "<w:r><w:tab/></w:r>", "B", "<w:r><w:br/></w:r>", "C"
        ),
        paragraph("Chapter 1 ..... 3", style="Verzeichnis1"),
    )
    assert found == "Seen too.\n\nKept inserted\n\nA\tB\nC"


def test_a_text_box_is_read_once(tmp_path):
    box = f"<w:txbxContent>{paragraph('In the box.')}</w:txbxContent>"
    twice = (
        '<w:r><mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        f"<mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:r>"
    )
    assert text(tmp_path, paragraph("Around.", twice)) == "In the box.\n\nAround."


def test_the_main_part_may_have_another_name(tmp_path):
    assert text(tmp_path, paragraph("Text."), main="word/document2.xml") == "Text."


def test_long_text_comes_in_sections_of_at_most_5000_characters(tmp_path):
    parsed = read(tmp_path, make_docx(*[paragraph("A sentence of the text. " * 40) for _ in range(20)]))
    assert len(parsed.pages) == 4
    assert all(len(page) <= 5000 for page in parsed.pages)


def test_a_document_without_text_has_no_sections(tmp_path):
    assert read(tmp_path, make_docx(paragraph(""))).pages == []


LAUGHS = b"""<!DOCTYPE x [<!ENTITY a "ha ha ha ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>&b;</w:t></w:r></w:p>
</w:body></w:document>"""
OUTSIDE = b"""<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>&a;</w:t></w:r></w:p>
</w:body></w:document>"""


@pytest.mark.parametrize("attack", [LAUGHS, OUTSIDE])
@pytest.mark.parametrize("place", ["word/document.xml", "word/styles.xml", "_rels/.rels"])
def test_entities_are_refused_wherever_they_stand(tmp_path, attack, place):
    assert failure(tmp_path, make_docx(paragraph("Text."), parts={place: attack})) == "bomb"


def test_a_part_that_unpacks_to_far_more_than_it_is_is_given_up(tmp_path):
    bomb = part("document", f"<w:body>{' ' * 40_000_000}</w:body>")
    assert failure(tmp_path, make_docx(parts={"word/document.xml": bomb})) == "bomb"


def test_too_many_files_in_it_are_refused(tmp_path):
    parts = {f"word/media/{number}": b"" for number in range(10_001)}
    assert failure(tmp_path, make_docx(paragraph("Text."), parts=parts)) == "bomb"


def test_endless_nesting_is_refused(tmp_path):
    deep = "<w:sdt>" * 100_000 + paragraph("Text.") + "</w:sdt>" * 100_000
    assert failure(tmp_path, make_docx(deep)) == "bomb"


def test_names_that_lead_out_of_it_and_links_to_elsewhere_are_no_paths(tmp_path):
    outside = tmp_path / "outside.xml"
    outside.write_bytes(part("styles", ""))
    relations = (
        b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        b'<Relationship Type="x/styles" Target="../../../outside.xml"/>'
        b'<Relationship Type="x/footnotes" TargetMode="External" Target="http://evil.test/notes.xml"/></Relationships>'
    )
    parts = {"../../escaped.txt": b"x", "word/_rels/document.xml.rels": relations}
    before = set(tmp_path.parent.rglob("*"))
    assert text(tmp_path, paragraph("Text."), parts=parts) == "Text."
    assert {path.name for path in set(tmp_path.parent.rglob("*")) - before} == {"file"}


def test_a_damaged_document_keeps_what_stands_before_the_damage(tmp_path):
    whole = part("document", f"<w:body>{paragraph('The beginning.')}{paragraph('The end.')}</w:body>")
    parsed = read(tmp_path, make_docx(parts={"word/document.xml": whole.partition(b"The end")[0]}))
    assert parsed.text == "The beginning."
    assert "damaged" in parsed.warnings[0]


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_truncated_document_is_damaged(tmp_path, share):
    whole = make_docx(*[paragraph(f"Sentence {number} of it.") for number in range(200)])
    assert failure(tmp_path, whole[: int(len(whole) * share)]) == "broken"


def test_a_locked_part_says_so(tmp_path):
    content = bytearray(make_docx(paragraph("Text.")))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        info = archive.getinfo("word/document.xml")
    content[info.header_offset + 6] |= 1
    listed_at = content.rindex(b"word/document.xml") - 46
    content[listed_at + 8] |= 1
    assert failure(tmp_path, bytes(content)) == "password"


def test_more_characters_than_the_limit_are_refused(tmp_path):
    settings = dataclasses.replace(Settings(), max_characters=1_000)
    assert failure(tmp_path, make_docx(paragraph("word " * 500)), settings=settings) == "too much"


def test_a_tag_that_does_not_end_is_given_up(tmp_path):
    endless = part("document", f'<w:body><w:p w:x="{chr(97) * 20_000_000}"/></w:body>')
    parts = {"word/document.xml": endless, "padding": os.urandom(100_000)}
    assert failure(tmp_path, make_docx(parts=parts)) == "bomb"


def test_a_packing_that_the_format_does_not_know_is_damage(tmp_path):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as archive:
        for name, content in contents(paragraph("Text.")).items():
            archive.writestr(name, content)
    assert failure(tmp_path, out.getvalue()) == "broken"


def test_a_part_whose_place_lies_behind_the_end_is_damage(tmp_path):
    content = make_docx(paragraph("Text."))
    entry = content.rindex(b"PK\x01\x02", 0, content.index(b"word/document.xml", content.index(b"PK\x01\x02")))
    beyond = (len(content) - 4).to_bytes(4, "little")
    assert failure(tmp_path, content[: entry + 42] + beyond + content[entry + 46 :]) == "broken"


def test_tables_deep_in_one_another_lose_no_text_and_take_no_long_time(tmp_path):
    deep = paragraph("deep " * 200_000) + paragraph("beside")
    for _ in range(300):
        deep = table([deep])
    began = time.process_time()
    found = text(tmp_path, deep, paragraph("after"))
    assert found.split()[-2:] == ["beside", "after"]
    assert time.process_time() - began < 5
