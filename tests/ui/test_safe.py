from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stc.ui import safe

NASTY = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "![x](http://evil.test/a.png)",
    "[x]: http://evil.test\n[x]",
    "http://evil.test/x and www.evil.test and a@evil.test",
    "$$x^2$$ and $y$",
    ":material/bolt: :tada: :red[hi] :blue-background[x]",
    "# heading",
    "1. list",
    "> quote",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "```mermaid\ngraph TD\n```",
    "-> <- -- >= <= ~=",
    "&lt;b&gt; &#60;b&#62;",
    "\\[x\\](http://evil.test)",
]


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.text += data


def parsed(markup: str) -> Tags:
    tags = Tags()
    tags.feed(markup)
    tags.close()
    return tags


@pytest.mark.parametrize("text", NASTY)
def test_every_mark_of_punctuation_in_a_label_is_escaped(text):
    assert re.sub(r"\\.", "", safe.inert(text)).isascii() or "\u2060" in safe.inert(text)
    assert not re.search(r"(?<!\\)[!-/:-@\[-`{-~](?<!\\)", re.sub(r"\\[!-/:-@\[-`{-~]", "", safe.inert(text)))


@pytest.mark.parametrize(
    "active", ["://", ":material/", ":tada:", ":red", "www.", "@evil", "->", "<-", "--", ">=", "<=", "~="]
)
def test_what_works_without_markdown_is_broken_up_in_a_label(active):
    said = safe.inert(f"a {active} http://evil.test www.evil.test a@evil.test").replace("\\", "")
    assert active not in said
    assert safe.inert("-> x").replace("\\", "").replace("\u2060", "") == "-> x"


def test_a_label_is_one_line_without_what_is_not_seen():
    assert safe.plain("a\r\nb\tc\x00\u202egnp.exe\ud800") == "a b cgnp.exe"
    assert safe.plain("abcdefgh", 5) == "abcd…"


@pytest.mark.parametrize("text", NASTY)
def test_an_answer_becomes_no_element_but_those_of_its_form(text):
    tags = parsed(safe.answer_html(text, {1}))
    assert set(tags.tags) <= {"p", "ul", "ol", "li", "strong", "sup", "br", "pre"}
    assert tags.attributes <= {"style", "start"}


@given(st.text(max_size=300), st.integers(0, 300))
def test_no_text_and_no_beginning_of_it_becomes_another_element(text, cut):
    for shown in (text, text[:cut]):
        tags = parsed(safe.answer_html(shown, {1, 2}))
        assert set(tags.tags) <= {"p", "ul", "ol", "li", "strong", "sup", "br", "pre"}
        assert tags.attributes <= {"style", "start"}


def test_an_answer_keeps_paragraphs_lists_bold_and_its_marks():
    markup = safe.answer_html("It **rose** [1].\nMore [7].\n\n- one\n- two\n\n3. three\n4. four\n\n## End", {1})
    assert "<strong>rose</strong>" in markup
    assert re.search(r"<sup[^>]*>\[1\]</sup>", markup)
    assert "<sup" not in markup.split("More")[1].split("</p>")[0], "7 is no mark of this answer"
    assert markup.count("<li>") == 4
    assert '<ol start="3"' in markup
    assert "<strong>End</strong>" in markup


def test_an_unfinished_answer_is_drawn_like_a_finished_one():
    assert "<script" not in safe.answer_html("Well, <scr")
    assert safe.answer_html("It **ro") == safe.answer_html("It **ro", ())
    assert parsed(safe.answer_html("```\n<b>")).tags == ["pre"]


def test_a_table_keeps_its_columns_as_text():
    tags = parsed(safe.answer_html("| a | b |\n|---|---|\n| <i> | 2 |"))
    assert tags.tags == ["pre"]
    assert tags.text == "| a | b |\n|---|---|\n| <i> | 2 |"
