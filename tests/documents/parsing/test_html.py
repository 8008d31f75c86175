import dataclasses
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stc.documents.parsing import html
from stc.documents.parsing.detect import HTML, TEXT, detect
from stc.documents.parsing.html import decode
from stc.settings import Settings
from tests.documents.parsing.told import told


def read(tmp_path, source, **options):
    content = source if isinstance(source, bytes) else source.encode()
    return told(html.read, tmp_path / "file", content, **options)


def text(tmp_path, source):
    return read(tmp_path, source).text


def test_headings_paragraphs_and_lists_become_markdown(tmp_path):
    found = text(
        tmp_path,
        "<!doctype html><title>Lease</title><h1>Lease</h1><p>Between\n  A <b>and</b> B.<br>Signed.</p><h2>Rent</h2>"
        "<ul><li>warm<li>cold</ul><ol start=3><li><p>three</p><p>more</p></li><li>four</ol>After",
    )
    assert found == (
        "# Lease\n\nBetween A and B.\nSigned.\n\n## Rent\n\n- warm\n- cold\n3. three\n\nmore\n\n4. four\n\nAfter"
    )


def test_a_title_that_no_heading_says_stands_first(tmp_path):
    assert text(tmp_path, "<title>Price list</title><p>Lamp: $5") == "# Price list\n\nLamp: $5"
    assert text(tmp_path, "<title>Shop</title><h1>Prices</h1>") == "Shop\n\n# Prices"


def test_tables_come_row_by_row(tmp_path):
    found = text(
        tmp_path,
        "<table><thead><tr><th>Item<th>2023<tbody><tr><td>Lamp<td> $5 <tr><td><p>Two</p><p>lines</p><td></table>",
    )
    assert found == "Item\t2023\nLamp\t$5\nTwo lines"


def test_tables_that_lay_out_a_page_become_paragraphs(tmp_path):
    long = "A sentence. " * 60
    found = text(tmp_path, f"<table><tr><td><h1>News</h1><p>{long}<p>{long}<td>side</table>")
    assert found == f"# News\n\n{long.strip()}\n\n{long.strip()}\n\nside"
    assert text(tmp_path, "<table><tr><td><table><tr><td>a<td>b</table><td>c</table>") == "a b\tc"


@pytest.mark.parametrize(
    "unseen",
    [
        "<script>alert('gone')</script>",
        "<script>document.write('<p>gone')</script>",
        "<style>p { color: gone }</style>",
        "<!-- gone -->",
        "<template><p>gone</p></template>",
        "<noscript>gone</noscript>",
        "<iframe srcdoc='<p>gone'>gone</iframe>",
        "<svg><text>gone</text></svg>",
        "<div hidden>gone<p>gone</p></div>",
        "<p hidden>gone<p>kept?</p>",
        "<div style='color:red; DISPLAY : none'><div>gone</div></div>",
        "<span style='font-size:0'>gone</span>",
        "<span style='visibility: hidden'>gone</span>",
        "<object data='http://evil.test/'>gone</object>",
        "<img alt=x src='http://evil.test/pixel.gif'>",
    ],
)
def test_what_a_reader_does_not_see_is_not_read(tmp_path, unseen):
    found = text(tmp_path, f"<html><body><p>Before.</p>{unseen}<p>After.</p></body></html>")
    assert found.replace("kept?\n\n", "") == "Before.\n\nAfter."


@pytest.mark.parametrize(
    ("page", "seen"),
    [
        ("<p>Before.<svg><path><p>After.<ul><li>More.</ul>", "Before.\n\nAfter.\n\n- More."),
        ("<svg><g><svg><text>gone<br>After.", "After."),
        ("<svg><text>gone</svg></svg>After.", "After."),
        (
            "<svg><foreignObject><p>gone</p></foreignObject><desc><p>gone</p></desc><text>gone</text></svg>After.",
            "After.",
        ),
    ],
)
def test_a_drawing_that_nobody_closes_hides_nothing_of_the_page_behind_it(tmp_path, page, seen):
    assert text(tmp_path, page) == seen


def test_small_print_that_is_seen_stays(tmp_path):
    assert text(tmp_path, "<span style='font-size:0.8em'>fine print</span>") == "fine print"


def test_code_keeps_its_lines_and_makes_no_headings(tmp_path):
    assert text(tmp_path, "<pre># no heading\n  x = 1\n</pre><p>Text.") == "```\n# no heading\n  x = 1\n```\n\nText."


def test_wrongly_nested_tags_lose_nothing(tmp_path):
    found = text(tmp_path, "<table><tr><td><b>one<td>two</b></table></div></p><i>three</section>four")
    assert found == "one\ttwo\n\nthreefour"


def test_entities_are_letters_and_an_undeclared_one_stays(tmp_path):
    assert text(tmp_path, "<p>5&nbsp;&euro; &#x41;&#xD800;&#0;&bogus; &lt;b&gt;") == "5 € A��&bogus; <b>"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<p>Größe".encode(), "<p>Größe"),
        ("<p>Größe".encode("utf-16"), "<p>Größe"),
        ('<meta charset="windows-1251"><p>Дом'.encode("cp1251"), '<meta charset="windows-1251"><p>Дом'),
        ("<meta charset=iso-8859-1><p>5 €".encode("cp1252"), "<meta charset=iso-8859-1><p>5 €"),
        ("<meta http-equiv=x content='text/html; charset=Shift_JIS'>東京".encode("shift_jis"), None),
        ("<meta charset=iso-8859-1><p>Größe".encode(), "<meta charset=iso-8859-1><p>Größe"),
        ("<meta charset=iso-2022-jp>東京".encode("iso2022_jp"), "<meta charset=iso-2022-jp>東京"),
    ],
)
def test_the_encoding_is_the_marks_then_utf8_then_what_the_head_says(content, expected):
    source, warning = decode(content)
    assert source == (expected or content.decode("shift_jis"))
    assert warning is None


@pytest.mark.parametrize(
    "name", ["zip", "base64", "punycode", "idna", "unicode_escape", "utf-7", "nonsense", "undefined"]
)
def test_an_encoding_that_is_none_of_the_webs_is_not_followed(name):
    source, _ = decode(f"<meta charset={name}><p>Text é".encode("cp1252"))
    assert "Text é" in source


def test_deep_nesting_is_read_without_recursion(tmp_path):
    assert text(tmp_path, "<div>" * 20_000 + "deep" + "</b></div>" * 20_000) == "deep"
    assert text(tmp_path, "<b>" * 10_000 + "<p>" * 1000 + "deep" + "</i></b>" * 10_000) == "deep"


def test_more_characters_than_the_limit_are_refused(tmp_path):
    settings = dataclasses.replace(Settings(), max_characters=1_000)
    assert read(tmp_path, "<p>" + "word " * 500, settings=settings).error == "too much"
    assert read(tmp_path, "<p>word " * 500, settings=settings).error == "too much"


TAGS = st.sampled_from("p div b table tr td th ul ol li h1 pre br script style title select svg a".split())
PIECES = st.lists(
    st.one_of(
        TAGS.map("<{}>".format),
        TAGS.map("</{}>".format),
        TAGS.map("<{} hidden>".format),
        st.sampled_from(
            ["word ", "&amp;", "<", "<!--", "-->", "&#x110000;", "]]>", "<![CDATA[", "<?", "\x00", "\ud83d"]
        ),
    ),
    max_size=30,
)


@given(PIECES)
def test_any_mix_of_tags_is_read(tmp_path_factory, pieces):
    source = "".join(pieces).encode("utf-8", "surrogatepass")
    read(tmp_path_factory.getbasetemp(), source)


def test_what_stands_in_something_unclosed_at_the_end_is_left_out_and_told(tmp_path):
    said = read(tmp_path, f"<p>Rent: $500.<!-- {'never closed ' * 100}")
    assert said.text == "Rent: $500."
    assert said.warnings[0].startswith("The last 1,305 characters of the page stand in a comment, a tag or a script")
    assert read(tmp_path, "<p>Rent: $500.<p class=").warnings == []


def test_a_page_of_300_000_unclosed_comments_is_read_in_the_time_that_it_takes(tmp_path):
    began = time.process_time()
    read(tmp_path, "<p>Rent: $500." + "<!--" * 300_000)
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("<table><tr><td>", "</table>"),
        ("<table><tr><td><h1>Rent</h1>", ""),
        ("<td><h1>Rent</h1>", ""),
        ("<div>", "</div>"),
        ("<ul><li>", "</ul>"),
    ],
)
def test_time_grows_with_a_pages_length_however_deep_and_wide(tmp_path, opening, closing):
    def took(times):
        began = time.process_time()
        read(tmp_path, f"<table><tr>{opening * times}{'word ' * times * 4}{closing * times}")
        return time.process_time() - began

    assert took(20_000) < 10 * took(5_000)


def test_tables_deep_in_one_another_lose_no_text(tmp_path):
    found = text(tmp_path, "<table><tr><td>" * 50 + "deep<td>beside" + "</table>" * 50 + "after")
    assert found.split() == ["deep", "beside", "after"]


def test_a_page_that_begins_with_many_comments_is_known_for_what_it_is(tmp_path):
    (tmp_path / "page").write_bytes(b"<!---->" * 9_000 + b"<p>Rent")
    assert detect(tmp_path / "page", "a.txt") == TEXT
    (tmp_path / "page").write_bytes(b"<!---->" * 9_000 + b"<html>Rent")
    assert detect(tmp_path / "page", "a.txt") == HTML
