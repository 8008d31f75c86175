"""Feed texts and files that nobody would write to what reads them, and see whether it breaks, breaks its word, or takes for ever.

    python -m benchmarks.fuzz --seconds 300              every target in turn, by hypothesis
    python -m benchmarks.fuzz --only texts --seconds 300
    python -m benchmarks.fuzz --only files --seconds 300 --given FOLDER     files of that folder are changed too
    python -m benchmarks.fuzz --target replies --seconds 60
    python -m benchmarks.fuzz --long                     the same over and over, 40,000 characters or a million bytes of it
    python -m benchmarks.fuzz --atheris replies -max_total_time=60      where atheris is installed: guided by coverage

A target takes one text, or one file (``benchmarks/fuzz_files.py``), and asserts what must hold of any. What breaks is printed
in its shortest form; the exit status is 1 then. ``--long`` prints where four times the length takes much more than four times
as long.
"""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import json
import random
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from benchmarks import fuzz_files
from stc import settings as program_settings
from stc.chat import answering, citing, figures, offering, orders, replies, reuse, sentences, terms, wording
from stc.documents import chunking
from stc.documents.parsing import cleaning
from stc.documents.parsing import text as plain_text
from stc.errors import UserError
from stc.models import extractive, tokens
from stc.services import Services
from stc.sleep import checking, forms, formulas, notebook, quantities, reading, tables, thinking
from stc.sleep.extractive import ExtractiveThinker
from stc.storage import lexical
from stc.ui import safe
from stc.words import Chunk, Evidence, Note, NoteDraft, Page, Part
from tests.sleep import library

_LONG_CHARACTERS = 40_000
_LONG_BYTES = 1_000_000
_TOO_SHORT_S, _BROKEN_OFF_S = 0.02, 10.0
_GROWTH = 8.0
_GUIDED_BY = ("stc.chat.", "stc.documents.", "stc.sleep.", "stc.ui.safe")
_PIECES = (
    "The river Rhine is 1,230 km long.", "Who kept the light?", "In 1840", "$3.5 million", "12 March 2023",
    "03/04/2021", "10:05 p.m.", "5–7 %", "1/2", "−3 °C", "1e309", "½", "II.", "No. 7", "e.g.", "Mr.", "Dr. No",
    "not", "before", "at least", "east", "from 1 to 2", "per year", "km/h", "{", "}", "[", "]", "[1]", "[1, 2]",
    "[99999999999999999999]", '"', "'", "“", "”", "«", "```", "```json", "---", "NOT IN THE DOCUMENTS",
    "QUOTES:", "# Heading", "* item", "1. item", "a) item", "|", "Name: value", "Name :", "-\n", "\n", "\n\n",
    "\t", "\x0c", "\x0b", " ", "\xa0", "\u200b", "\u202e", "\ufeff", "\x00", "\ud800", "é", "é", "ß", "İ", "ﬁ",
    "中文。", "عربي", "🙂", "²", "١٢", "④", "\\", "\\u0000", "\\ud83d", "<page 1>", "</document>", "<script>",
    "&amp;", "$x$", ":red[x]", "![a](http://b)", "https://a.b/c", "@", "*", "**", "_", "~", "^", "NEAR(", "OR",
    "AND NOT", '"a"', "col:x", "(", ")", "+", "-", "/", "=", "%", ",", ".", ";", ":", "?", "!", "…", "null",
    "true", "NaN", "-0", "0x1F", "1_000", "99999999999999999999999", "0/0", "1**9999999",
)  # fmt: skip


# What each target promises of any text


def _pages(text: str) -> list[Page]:
    cleaned = cleaning.clean(text)
    parts = cleaned.split("\f") if "\f" in cleaned else [cleaned[: len(cleaned) // 2], cleaned[len(cleaned) // 2 :]]
    return [Page(number, part) for number, part in enumerate(parts, start=1)]


def _count(text: str) -> int:
    return len(text.split())


def _embed(texts: list[str]) -> Any:
    return _services().embedder.encode(texts)


@cache
def _services() -> Services:
    import os

    os.environ["STC_FAKE_EMBEDDER"] = "1"
    return Services(Path(tempfile.mkdtemp(prefix="fuzz-")))


@cache
def _library() -> Services:
    services = _services()
    library.add(services)
    library.add(
        services, ["The bridge at Cologne was opened on 12 March 1911 and cost 3.5 million marks."], name="bridge.md"
    )
    return services


def _note(question: str, text: str) -> Note:
    quote = (Evidence(1, text, None),)
    return Note(
        "n", "local", "d", None, "answer", question, text, None, quote, "verified", "model", "double", 1, 0, 0.0
    )


def fuzz_cleaning(text: str) -> None:
    cleaned = cleaning.clean(text)
    assert cleaning.clean(cleaned) == cleaned
    cleaned.encode("utf-8")
    assert not [c for c in cleaned if (ord(c) < 32 and c not in "\n\t\f") or c in "\x7f\u202e\u200b"]
    name = cleaning.clean_name(text)
    name.encode("utf-8")
    assert "\n" not in name
    assert 0 < len(name) <= 200
    for section in (sections := plain_text.sections(cleaned)):
        assert len(section) <= plain_text.SECTION_CHARACTERS
    assert "".join("".join(sections).split()) == "".join(cleaned.split())
    plain_text.decode(text.encode("utf-8", "surrogatepass"))
    plain_text.decode(text.encode("utf-16-le", "surrogatepass"))


def fuzz_chunking(text: str) -> None:
    pages = _pages(text)
    texts = {page.number: page.text for page in pages}
    for markdown in (False, True):
        chunks = chunking.chunk("d", pages, _count, markdown=markdown)
        seen = {number: [False] * len(page) for number, page in texts.items()}
        for chunk in chunks:
            for span in chunk.spans:
                assert 0 <= span.start <= span.end <= len(texts[span.page])
                seen[span.page][span.start : span.end] = [True] * (span.end - span.start)
        for number, marks in seen.items():
            assert not [c for c, mark in zip(texts[number], marks, strict=True) if not mark and not c.isspace()]


def fuzz_sentences(text: str) -> None:
    cleaned = cleaning.clean(text)
    end = 0
    for unit in sentences.split(cleaned):
        assert end <= unit.start < unit.end <= len(cleaned)
        assert not cleaned[end : unit.start].strip()
        end = unit.end
    assert not cleaned[end:].strip()
    for _, start, stop in terms.places(cleaned):
        assert 0 <= start < stop <= len(cleaned)
    figures.numbers(cleaned)
    figures.readings(cleaned)
    figures.constants(cleaned)
    orders.gives_orders(cleaned)
    orders.planted(cleaned, len(cleaned) // 3, len(cleaned) // 2)


def fuzz_citing(text: str) -> None:
    page = cleaning.clean(text)
    for quote in (page[len(page) // 4 : len(page) // 2], text[:40], text):
        for start, end in citing.locate(quote, page):
            assert 0 <= start < end <= len(page)
        found = citing.find_quote(quote, page)
        assert found is None or 0 <= found[0] < found[1] <= len(page)


def fuzz_quantities(text: str) -> None:
    for found in quantities.quantities(text):
        assert 0 <= found.start < found.end <= len(text)
    for dated in [*quantities.dates(text), *quantities.times(text)]:
        assert 0 <= dated.start < dated.end <= len(text)
    quantities.day_first([text])
    quantities.possible_dates(text)
    quantities.unit(text)
    quantities.singular(text)


def fuzz_formulas(text: str) -> None:
    formula, _, quotes = text.partition("\n")
    formulas.recompute(formula, quotes.split("\n"))
    formulas.recompute(text, [text])


def fuzz_checking(text: str) -> None:
    pages = {page.number: page.text for page in _pages(text)}
    parts = [*text.split("\n"), "", "", ""][:3]
    whole = pages[1]
    drafts = [
        NoteDraft("answer", "Who was it?", parts[0], (Evidence(1, parts[1], None),)),
        NoteDraft("answer", parts[2], whole[:80], (Evidence(1, whole[:80], None),)),
        NoteDraft("inference", "How many?", parts[1], (Evidence(1, whole[:200], None),), parts[0]),
        NoteDraft("summary", "", text, (Evidence(2, text, None), Evidence(9, text, None))),
    ]
    found = checking.check(drafts, pages, asked=[text])
    assert len(found.accepted) + sum(found.dropped.values()) == len(drafts)
    for draft in found.accepted:
        assert draft.evidence
        for each in draft.evidence:
            assert each.quote in pages[each.page]
    checking.restated(text, whole)
    checking.words_only(text)


def fuzz_replies(text: str) -> None:
    found = replies.parse(text)
    assert "".join(claim.raw for claim in replies.claims(found.text)) == found.text
    replies.relabel(text, {1: [2, 3], 2: []}, more=[4])
    shown = replies.Shown()
    for start in range(0, len(text), 7):
        shown.add(text[start : start + 7])
        if start % 700 == 0:
            shown.text(final=False)
    shown.text(final=True)


def fuzz_thinking(text: str) -> None:
    pages = [Page(1, "The Rhine is 1,230 km long.")]

    def call(*_: Any) -> thinking.Said:
        return thinking.Said(text, "stop")

    for think in (
        lambda: thinking.anticipate(call, name="n", outline="", pages=pages, limit=1000),
        lambda: thinking.infer(call, name="n", outline="", pages=pages, limit=1000),
        lambda: thinking.outline(call, name="n", pages=pages, shown=[(1, pages[0].text)], excerpts=False),
        lambda: thinking.directed(
            call, name="n", pages=pages, shown=[(1, pages[0].text)], questions=["How long?"], excerpts=False
        ),
    ):
        try:
            json.dumps([dataclasses.asdict(draft) for draft in think()]).encode()
        except thinking.Unusable:
            continue


def fuzz_extracting(text: str) -> None:
    """The thinker without a model: everything it makes must pass the check like any note."""
    pages = _pages(text)
    known = reading.read(pages)
    texts = {page.number: page.text for page in pages}
    for statement in known.statements:
        assert texts[statement.page][statement.start : statement.end]
    list(tables.derived(known))
    list(forms.derived(known))
    thinker = ExtractiveThinker(known, _count)
    drafts = [*thinker.outline(tokens=500)]
    drafts += thinker.anticipate(1, len(pages), tokens=500, asked=())
    drafts += thinker.infer(1, len(pages), tokens=500, asked=())
    for draft in checking.check(drafts, texts).accepted:
        draft.text.encode("utf-8")


def fuzz_wording(text: str) -> None:
    one, _, other = text.partition("\n")
    for question in (one, other, text):
        found = wording.read(question)
        if found is not None:
            assert wording.same(found, found)
    assert reuse.same_question(one, other) == reuse.same_question(other, one)
    reuse.may_stand(one, _note(other, text), documents=1, similarity=0.99)
    reuse.agree([_note(one, one), _note(one, other)])


def fuzz_reader(text: str) -> None:
    question, _, rest = text.partition("\n")
    parts = [Part(1, "chunk", "c", "d", 1, 1, rest, 1), Part(2, "note", "n", "d", 1, 1, text, 1)]
    found = extractive.read(question, parts, embed=_embed)
    assert tokens.count(found.text) <= 200
    for quote in found.quotes:
        part = parts[quote.label - 1]
        assert part.text[quote.start : quote.end] == quote.text
    offering.offers(question, rest)


def fuzz_searching(text: str) -> None:
    """Any question finds its context in a small library, within its budget, or is refused in words."""
    services = _library()
    try:
        context = answering.prepare_context(services, text, budget=100)
    except UserError:
        return
    assert context.tokens <= 100
    for part in context.parts:
        assert part.text in context.text
    holding = lexical.holding(context.text + text.encode("utf-8", "replace").decode(), kind="chunk", document_id="d")
    if holding is not None:
        with services.database.read() as connection:
            connection.execute(holding).all()


def fuzz_importing(text: str) -> None:
    for result in notebook.bring_in(_services(), text.splitlines(), document_id="d"):
        assert result.status == "failed"
        json.dumps(dataclasses.asdict(result)).encode()


def fuzz_settings(text: str) -> None:
    for name in program_settings.names():
        try:
            value = program_settings.convert(name, text)
        except ValueError:
            continue
        json.dumps(value, allow_nan=False)
    try:
        program_settings.load({"effort": text, "tick_s": text}, {"STC_NUM_CTX": text})
    except UserError:
        return


def fuzz_screen(text: str) -> None:
    shown = safe.plain(text, 60)
    assert "\n" not in shown
    assert len(shown) <= 60
    inert = safe.inert(text)
    assert "\n" not in inert
    html = safe.answer_html(text, [1, 2])
    for never in ("<script", "<img", "<a ", "javascript:", "onerror="):
        assert never not in html.replace("&lt;", "").lower() or never not in ("<script", "<img", "<a ")


def fuzz_chunk_holder(text: str) -> None:
    pages = _pages(text)
    chunks: list[Chunk] = chunking.chunk("d", pages, _count)
    for chunk in chunks:
        chunking.embedded_text(chunk).encode("utf-8")
    chunking.holder(1, text[:30], chunks)


TEXT_TARGETS: dict[str, Callable[[str], None]] = {
    name.removeprefix("fuzz_"): target
    for name, target in dict(globals()).items()
    if name.startswith("fuzz_") and callable(target)
}
TARGETS: dict[str, Callable[[Any], None]] = {**TEXT_TARGETS, **fuzz_files.TARGETS}


# The three ways to make texts and files


@st.composite
def _texts(draw: st.DrawFn) -> str:
    piece = st.one_of(st.sampled_from(_PIECES), st.text(max_size=12), st.sampled_from("0123456789 .,\n"))
    pieces = draw(st.lists(piece, max_size=30))
    return draw(st.sampled_from(["", " ", "\n"])).join(pieces)


def by_hypothesis(name: str, seconds: float, first_seed: int) -> tuple[int, str | None]:
    """Try a target for so long; return how often, and what broke it, in its shortest form."""
    tried = 0
    end = time.monotonic() + seconds
    number = first_seed
    last: Any = ""
    inputs: st.SearchStrategy[Any] = fuzz_files.INPUTS.get(name, _texts())

    while time.monotonic() < end:

        @seed(number)
        @settings(
            max_examples=20 if name == "files" else 200,
            database=None,
            deadline=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        @given(inputs)
        def attempt(tried_on: Any) -> None:
            nonlocal tried, last
            tried += 1
            last = tried_on
            try:
                with _at_most(fuzz_files.SECONDS.get(name, _BROKEN_OFF_S)):
                    TARGETS[name](tried_on)
            except _TooLong:
                raise AssertionError("it takes too long") from None

        try:
            attempt()
        except Exception:  # noqa: BLE001 - whatever it is, it is what was looked for
            return tried, f"{ascii(last) if isinstance(last, str) else last}\n{traceback.format_exc(limit=-4)}"
        number += 1
    return tried, None


class _TooLong(BaseException):
    """The time for one text is over."""


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    def ring(*_: Any) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def long_texts() -> Iterator[tuple[str, str]]:
    """Yield (what it is, the text): one piece over and over, with something at the end that makes a pattern fail."""
    units = [
        *_PIECES,
        *"aA1",
        "a ",
        "A ",
        "1 ",
        "a.",
        "A. ",
        "1,",
        "1.",
        "1/",
        "a-\n",
        "Ab ",
        "a b\n",
        "x: y\n",
        "1 2\n",
    ]
    units += [
        "of the ",
        "12:30 ",
        "2020-01-01 ",
        "[1][",
        '{"a":',
        "[[",
        "a, and b ",
        "1 km and ",
        "“a ",
        "((",
        "-1",
        "*a*",
    ]
    units += ["a_", ". ", "Q? "]
    for unit in dict.fromkeys(unit for unit in units if unit):
        times = _LONG_CHARACTERS // len(unit)
        yield f"{unit!r} over and over", unit * times
        yield f"{unit!r} over and over, then \\x01!", unit * times + "\x01!"
    chance = random.Random(0)
    yield "all pieces mixed", " ".join(chance.choice(_PIECES) for _ in range(_LONG_CHARACTERS // 8))


def _long_inputs(name: str) -> Iterator[tuple[str, list[Any]]]:
    """Yield (what it is, a quarter of it and all of it) for a target."""
    if name in TEXT_TARGETS:
        for what, text in long_texts():
            yield what, [text[: _LONG_CHARACTERS // 4], text]
    else:
        for what, make in fuzz_files.long_files(name):
            yield what, [make(_LONG_BYTES // 4), make(_LONG_BYTES)]


def by_length(name: str) -> list[str]:
    """Return what a target breaks on or takes long for: over ten seconds, or sixteen times as long for four times as much
    (eight times counts already)."""
    slow = []
    for what, inputs in _long_inputs(name):
        taken = []
        for one in inputs:
            began = time.process_time()
            try:
                with _at_most(_BROKEN_OFF_S):
                    TARGETS[name](one)
            except _TooLong:
                pass
            except Exception as error:  # noqa: BLE001 - whatever it is, it is what was looked for
                slow.append(f"{what}: {type(error).__name__} {str(error)[:200]!a}")
                break
            taken.append(time.process_time() - began)
            if taken[0] < _TOO_SHORT_S:
                break
        if taken and (taken[-1] >= _BROKEN_OFF_S or taken[-1] > _GROWTH * taken[0]):
            slow.append(f"{what}: {' s, then '.join(f'{each:.2f}' for each in taken)} s")
    return slow


def by_coverage(name: str, arguments: list[str]) -> None:
    import atheris

    def one(data: bytes) -> None:
        if name not in TEXT_TARGETS:
            TARGETS[name](fuzz_files.File(f"a.{name}", data))
            return
        # The first byte of each step chooses a piece, so that a few bytes make a text with sense in it.
        text = "".join(_PIECES[byte % len(_PIECES)] if byte >= 128 else chr(byte) for byte in data)
        TARGETS[name](text)

    for module in [module for name, module in sys.modules.items() if name.startswith(_GUIDED_BY)]:
        for function in [value for value in vars(module).values() if inspect.isfunction(value)]:
            if function.__module__ == module.__name__:
                atheris.instrument_func(function)
    atheris.Setup([sys.argv[0], *arguments], one)
    atheris.Fuzz()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--target", action="append", choices=sorted(TARGETS), help="this one (repeatable); all by default"
    )
    parser.add_argument("--only", choices=("texts", "files"), help="the targets that take these")
    parser.add_argument("--given", type=Path, metavar="FOLDER", help="change files of it, too")
    parser.add_argument("--seconds", type=float, default=300.0, help="for all targets together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--long", action="store_true", help="time long texts in place of trying short ones")
    parser.add_argument("--atheris", choices=sorted(TARGETS), metavar="TARGET", help="hand this target to atheris")
    options, rest = parser.parse_known_args()
    if options.atheris:
        by_coverage(options.atheris, rest)
        return
    if rest:
        parser.error(f"unknown: {' '.join(rest)}")
    if options.given:
        fuzz_files.give(options.given, random.Random(options.seed))
    groups = {None: TARGETS, "texts": TEXT_TARGETS, "files": fuzz_files.TARGETS}
    names = options.target or list(groups[options.only])
    failed = False
    for name in names:
        if options.long:
            slow = by_length(name)
            failed = failed or bool(slow)
            print("\n   ".join([f"{name}: {len(slow)} slow or broken", *slow[:12]]), flush=True)
        else:
            tried, broke = by_hypothesis(name, options.seconds / len(names), options.seed)
            failed = failed or broke is not None
            print(f"{name}: {tried:,} tried, {'BROKE on ' + broke if broke else 'fine'}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
