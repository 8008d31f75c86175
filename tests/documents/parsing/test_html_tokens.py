import time

import pytest

from stc.documents.parsing.html_tokens import decoded, walk

TIMES = 50_000


class Heard:
    """Tags in angle brackets, text in one piece."""

    def __init__(self):
        self.said = []

    def start(self, tag, attributes):
        self.said.append(("start", tag, attributes) if attributes else ("start", tag))

    def end(self, tag):
        self.said.append(("end", tag))

    def text(self, text):
        if self.said and isinstance(self.said[-1], str):
            self.said[-1] += text
        else:
            self.said.append(text)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a<B>c</b >d", ["a", ("start", "b"), "c", ("end", "b"), "d"]),
        ("a < b <3", ["a < b <3"]),
        ("<a href='x>y' CLASS = b c>", [("start", "a", {"href": "x>y", "class": "b", "c": ""})]),
        ('<a b="1"c=2/>', [("start", "a", {"b": "1", "c": "2/"})]),
        ("<a b=1 B=2 = =3>", [("start", "a", {"b": "1", "=": "3"})]),
        ("<a b= >c", [("start", "a", {"b": ""}), "c"]),
        ("<a/b/ /c>", [("start", "a", {"b": "", "c": ""})]),
        ("<a b='&lt;&#65;'>", [("start", "a", {"b": "<A"})]),
        ("</a b='1'>c", [("end", "a"), "c"]),
        ("a<!-- <b> -- > -->b<!-->c<!--->d<!--x--!>e<!---->f", ["abcdef"]),
        ("a<!doctype html>b<!x>c<?php x ?>d</>e</ x>f<![CDATA[x]]>g<![x[y]]>h", ["abcdefgh"]),
        ("<title><b>&amp;</title>c", [("start", "title"), "<b>&", ("end", "title"), "c"]),
        ("<title>a<p>b", [("start", "title"), "a", ("start", "p"), "b"]),
        ("<Script>if (a<b) '</p>' </sCript>c", [("start", "script"), ("end", "script"), "c"]),
        ("<script>a</scripts></script\n>b", [("start", "script"), ("end", "script"), "b"]),
        ("<script src='x'/>a", [("start", "script", {"src": "x"}), ("end", "script"), "a"]),
    ],
)
def test_tags_and_text_are_those_of_a_browser(source, expected):
    heard = Heard()
    assert walk(source, heard) == 0
    assert heard.said == expected


@pytest.mark.parametrize(
    "unclosed",
    ["<!-- b <p>c", "<p class='>c</p>", "<p ", "<script>b</scrip", "<style>", "<!doctype", "<?b", "</b", "</"],
)
def test_what_nobody_closes_is_no_text_and_its_length_is_told(unclosed):
    heard = Heard()
    assert walk(f"a{unclosed}", heard) == len(unclosed)
    assert heard.said[0] == "a"
    assert not [each for each in heard.said[1:] if isinstance(each, str)]


@pytest.mark.parametrize(
    ("reference", "letters"),
    [
        (f"&#{'0' * 5_000}65;", "A"),
        (f"&#x{'0' * 5_000}41;b", "Ab"),
        (f"&#{'1' * 5_000};b", "\ufffdb"),
        (f"&#x{'f' * 5_000}", "\ufffd"),
        ("&#65;&#x42&#0;&amp;lt; &bogus;", "AB\ufffd&lt; &bogus;"),
    ],
)
def test_a_reference_of_any_length_is_a_letter_or_none(reference, letters):
    assert decoded(reference) == letters


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "<!--",
            "<!-- -",
            "<![CDATA[",
            "<!doctype ",
            "<!",
            "<?",
            "</",
            "<",
            "<a",
            "<a ",
            "<a href='",
            "<a x=1>",
            "</a ",
        ),
        *(
            "<script",
            "<script>",
            "<style>",
            "<title>",
            "<textarea>",
            "<iframe>",
            "<title></title>",
            "&",
            "&#",
            "&#1",
            "&lt",
        ),
    ],
)
def test_the_same_over_and_over_takes_as_long_as_it_is(piece):
    began = time.process_time()
    walk(piece * TIMES, Heard())
    walk(f"<p {piece * TIMES}", Heard())
    assert time.process_time() - began < 3
