"""The children are real here: each test starts one or two."""

import dataclasses
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest

from stc.documents.parsing import child, reader
from stc.documents.parsing.detect import DOCX, HTML, MARKDOWN, PDF, TEXT
from stc.documents.parsing.reader import name_pages, open_pages
from stc.errors import Unreadable
from stc.settings import Settings
from tests.documents.docxs import make_docx, paragraph
from tests.documents.pdfs import PICTURE, encrypted, make_pdf

SETTINGS = Settings()
LONG = "The lighthouse at Corvane was built in 1874 by the engineer Idris Vale."
NO_TEXT = b"0 0 m 10 10 l S"


def read(tmp_path, content, media_type=PDF, *, settings=SETTINGS, **options):
    path = tmp_path / "file"
    path.write_bytes(content)
    return open_pages(path, media_type, settings, **options)


def unreadable(tmp_path, content, media_type=PDF, *, settings=SETTINGS, **options):
    with pytest.raises(Unreadable) as caught:
        read(tmp_path, content, media_type, settings=settings, **options)
    return caught.value


def failure(tmp_path, content, media_type=PDF, *, settings=SETTINGS, **options):
    return str(unreadable(tmp_path, content, media_type, settings=settings, **options))


def test_a_pdf_is_read_page_by_page(tmp_path):
    heard = []
    parsed = read(
        tmp_path,
        make_pdf([LONG, LONG + "\nIts lamp burned 312 litres."]),
        on_page=lambda page, total: heard.append((page.number, total)),
    )
    assert [page.text for page in parsed.pages] == [LONG, LONG + "\nIts lamp burned 312 litres."]
    assert parsed.warnings == ()
    assert heard == [(1, 2), (2, 2)]


def test_pages_that_are_pictures_are_named_in_a_sentence(tmp_path):
    parsed = read(tmp_path, make_pdf([LONG, PICTURE, PICTURE, NO_TEXT, PICTURE]))
    assert [bool(page.text) for page in parsed.pages] == [True, False, False, False, False]
    assert parsed.warnings == ("Pages 2–3 and 5 are pictures; search can't read them.",)
    assert parsed.pictures == 3


def test_one_picture_is_one_page(tmp_path):
    assert read(tmp_path, make_pdf([LONG, PICTURE])).warnings == ("Page 2 is a picture; search can't read it.",)


def test_an_empty_page_is_no_picture(tmp_path):
    assert read(tmp_path, make_pdf([LONG, NO_TEXT])).warnings == ()


def test_a_scan_fails_and_says_what_helps(tmp_path):
    error = unreadable(tmp_path, make_pdf([PICTURE, PICTURE]))
    assert "OCR" in str(error)
    assert error.need == "ocr"


def test_a_pdf_of_empty_pages_fails_without_talk_of_pictures(tmp_path):
    reason = failure(tmp_path, make_pdf([NO_TEXT]))
    assert "no text at all" in reason
    assert "OCR" not in reason


def test_a_locked_pdf_asks_for_its_password(tmp_path):
    locked = encrypted(make_pdf([LONG]), user="secret")
    assert "needs a password" in failure(tmp_path, locked)
    assert unreadable(tmp_path, locked).need == "password"
    assert "password given does not open it" in failure(tmp_path, locked, password="wrong")
    assert read(tmp_path, locked, password="secret").pages[0].text == LONG


def test_a_pdf_that_only_restricts_is_read(tmp_path):
    assert read(tmp_path, encrypted(make_pdf([LONG]), user="")).pages[0].text == LONG


@pytest.mark.parametrize("content", [b"%PDF-1.7\n", b"%PDF-1.7\n" + bytes(range(256)) * 20])
def test_a_damaged_pdf_fails_in_words(tmp_path, content):
    assert "damaged" in failure(tmp_path, content)


def test_a_truncated_pdf_is_repaired_or_refused(tmp_path):
    whole = make_pdf([LONG] * 5)
    for share in (0.3, 0.6, 0.9):
        try:
            parsed = read(tmp_path, whole[: int(len(whole) * share)])
        except Unreadable:
            continue
        assert any(page.text for page in parsed.pages)


def test_where_the_first_parser_fails_the_second_reads(tmp_path):
    # pypdf finds no pages in a tree of this type; PDFium walks it all the same.
    whole = make_pdf([LONG]).replace(b"/Type /Pages /Kids [6 0 R]", b"/Type /Pagez /Kids [6 0 R]")
    assert read(tmp_path, whole).pages[0].text == LONG


def test_too_many_pages_are_refused_by_their_number(tmp_path):
    settings = dataclasses.replace(SETTINGS, max_pages=2)
    reason = failure(tmp_path, make_pdf([LONG] * 3), settings=settings)
    assert "has 3 pages; 2 are the most" in reason
    assert "2 are the most" in failure(tmp_path, b"word " * 5000, TEXT, settings=settings)


def test_text_comes_in_sections_in_place_of_pages(tmp_path):
    parsed = read(tmp_path, ("A sentence of the text. " * 1000).encode(), TEXT)
    assert [page.number for page in parsed.pages] == [1, 2, 3, 4, 5]
    assert all(0 < len(page.text) <= 5000 for page in parsed.pages)


def test_markdown_keeps_its_marks(tmp_path):
    assert read(tmp_path, b"# Title\n\nText.\n", MARKDOWN).pages[0].text == "# Title\n\nText."


def test_a_web_page_and_a_word_document_come_in_sections(tmp_path):
    assert read(tmp_path, b"<h1>Rent</h1><p>It is due.", HTML).pages[0].text == "# Rent\n\nIt is due."
    long = make_docx(*[paragraph("A sentence of the text. " * 40) for _ in range(20)])
    assert [page.number for page in read(tmp_path, long, DOCX).pages] == [1, 2, 3, 4]


def test_a_file_without_text_says_what_it_is(tmp_path):
    assert "The web page holds no text" in failure(tmp_path, b"<script>x()</script>", HTML)
    assert "The Word document holds no text" in failure(tmp_path, make_docx(paragraph("")), DOCX)


def test_a_bomb_is_refused_in_words(tmp_path):
    bomb = make_docx(parts={"word/document.xml": b"<x>" + b" " * 40_000_000 + b"</x>"})
    assert "unpacks to far more than its size" in failure(tmp_path, bomb, DOCX)


def test_too_many_characters_are_refused_by_their_number(tmp_path):
    settings = dataclasses.replace(SETTINGS, max_characters=100)
    for content, media_type in (
        (make_pdf([LONG, LONG]), PDF),
        (LONG.encode() * 2, TEXT),
        (b"<p>" + LONG.encode() * 2, HTML),
        (make_docx(paragraph(LONG * 2)), DOCX),
    ):
        reason = failure(tmp_path, content, media_type, settings=settings)
        assert "more than 100 characters" in reason
        assert "STC_MAX_CHARACTERS" in reason


def test_broken_pages_do_not_lose_the_others(tmp_path):
    broken = b"] BT /F1 (" + bytes(range(128, 256)) + b" ET Q Q Q <</ [[[ 1 0 R"
    pages = [f"{LONG} This is page {number}." for number in range(1, 101)]
    mixed = [broken if number in {3, 50, 97} else page for number, page in enumerate(pages, start=1)]
    # Nothing of these three objects is left: neither parser has anything to go by.
    content = make_pdf(mixed).replace(broken, b"x" * len(broken))
    parsed = read(tmp_path, content)
    assert len(parsed.pages) == 100
    assert [page.number for page in parsed.pages if not page.text] == [3, 50, 97]
    assert all(page.text == pages[page.number - 1] for page in parsed.pages if page.text)


def test_white_space_is_no_text(tmp_path):
    assert "only white space" in failure(tmp_path, b" \n\t\n" * 100, TEXT)


def test_a_guessed_encoding_is_told(tmp_path):
    parsed = read(tmp_path, "Größe und Übermaß".encode("cp1252"), TEXT)
    assert parsed.pages[0].text == "Größe und Übermaß"
    assert "Windows-1252" in parsed.warnings[0]


@pytest.fixture
def children(tmp_path, monkeypatch):
    """Replace parsers by scripts, as in ``children(pdf="...")``; a script has the ``request`` and can ``say``."""
    (tmp_path / "stc" / "documents" / "parsing").mkdir(parents=True)
    scripts = {}
    start = reader.subprocess.Popen

    def popen(command, **options):
        module = command[-1].rpartition(".")[2]
        if module in scripts:
            command = [command[0], "-c", scripts[module]]
        return start(command, **options)

    monkeypatch.setattr(reader.subprocess, "Popen", popen)

    def replace(**bodies):
        opening = "import json, os, sys, time\nrequest = json.load(sys.stdin)\n"
        opening += "def say(**reply): print(json.dumps(reply), flush=True)\n"
        scripts.update({name: opening + body for name, body in bodies.items()})

    return replace


def test_a_parser_that_hangs_is_killed_and_its_pages_stay(tmp_path, children):
    children(
        pdf=f"say(total=2); say(page=1, text={LONG!r}, picture=False); time.sleep(600)",
        pdfium="say(total=2); time.sleep(600)",
    )
    started = time.monotonic()
    parsed = read(tmp_path, make_pdf([LONG, LONG]), settings=dataclasses.replace(SETTINGS, parse_timeout_s=4.0))
    assert time.monotonic() - started < 10
    assert [page.text for page in parsed.pages] == [LONG, ""]
    assert parsed.warnings == ("Page 2 could not be read; it is left out.",)


def alive(process_id):
    try:
        return "State:\tZ" not in Path(f"/proc/{process_id}/status").read_text()
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="only on Linux")
def test_nothing_that_a_parser_started_outlives_it_deaf_to_signals_or_not(tmp_path, children):
    deaf = (
        "import signal, subprocess\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "grandchild = subprocess.Popen([sys.executable, '-c', "
        "'import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)'])\n"
        f"open({str(tmp_path / 'pids')!r}, 'a').write(f'{{os.getpid()}} {{grandchild.pid}} ')\ntime.sleep(600)"
    )
    children(pdf=deaf, pdfium=deaf)
    failure(tmp_path, make_pdf([LONG]), settings=dataclasses.replace(SETTINGS, parse_timeout_s=6.0))
    started = [int(each) for each in (tmp_path / "pids").read_text().split()]
    assert len(started) == 4
    end = time.monotonic() + 5
    while any(map(alive, started)):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_child_that_says_no_json_or_a_line_without_end_has_crashed(tmp_path, children):
    children(text="print('no JSON', flush=True); time.sleep(600)")
    assert "damaged" in failure(tmp_path, b"x", TEXT)
    children(text="while True: os.write(1, b'x' * 65536)")
    assert "damaged" in failure(tmp_path, b"x", TEXT)


def test_a_child_can_fill_no_disk_and_ends_without_its_parent(tmp_path):
    pytest.importorskip("resource")
    request = child.Request(
        path="", password=None, pages=None, max_pages=1, max_characters=1, memory_bytes=2**31, time_s=7
    )
    code = (
        "import json, resource, signal, sys\nfrom stc.documents.parsing import child\n"
        "child._limit(child.Request(**json.loads(sys.argv[1])))\n"
        "print(resource.getrlimit(resource.RLIMIT_FSIZE)[0], resource.getrlimit(resource.RLIMIT_CPU)[0], signal.alarm(0))"
    )
    root = Path(reader.__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", code, request.dumps()], cwd=root, capture_output=True, text=True, check=True
    )
    size, processor_s, alarm_s = map(int, done.stdout.split())
    assert (size, processor_s) == (2**20, 7)
    assert 7 < alarm_s < 20


def test_a_file_that_hangs_every_parser_fails_within_its_time(tmp_path, children):
    children(pdf="time.sleep(600)", pdfium="time.sleep(600)")
    started = time.monotonic()
    settings = dataclasses.replace(SETTINGS, parse_timeout_s=2.0)
    assert "took longer than 2 s" in failure(tmp_path, make_pdf([LONG]), settings=settings)
    assert time.monotonic() - started < 10


def test_a_parser_that_trickles_for_ever_is_stopped(tmp_path, children):
    trickle = (
        f"say(total=100000)\nfor n in range(1, 100001): say(page=n, text={LONG!r}, picture=False); time.sleep(0.05)"
    )
    children(pdf=trickle, pdfium=trickle.replace("range(1, 100001)", "request['pages']"))
    settings = dataclasses.replace(SETTINGS, parse_timeout_s=2.0, max_pages=1_000_000)
    assert "took longer" in failure(tmp_path, make_pdf([LONG]), settings=settings)


def test_a_first_parser_too_slow_for_the_pages_leaves_them_to_the_second_early(tmp_path, children):
    say = f"say(page=n, text='%s says: ' + {LONG!r}, picture=False)"
    children(
        pdf=f"say(total=1000)\nfor n in range(1, 1001): {say % 'first'}; time.sleep(0.1)",
        pdfium=f"say(total=1000)\nfor n in request['pages']: {say % 'second'}\nsay(end=True)",
    )
    started = time.monotonic()
    parsed = read(tmp_path, make_pdf([LONG]), settings=dataclasses.replace(SETTINGS, parse_timeout_s=20.0))
    assert time.monotonic() - started < 12
    assert [len(parsed.pages), parsed.warnings] == [1000, ()]
    assert parsed.pages[0].text.startswith("first")
    assert parsed.pages[-1].text.startswith("second")


def test_pages_behind_a_crash_are_read_by_a_new_child(tmp_path, children):
    children(
        pdf="say(total=4); say(failed=1); say(failed=2); say(failed=3); say(failed=4); say(end=True)",
        pdfium=f"say(total=4)\nfor n in request['pages']:\n"
        f"    if n == 2: os.abort()\n    say(page=n, text={LONG!r}, picture=False)\nsay(end=True)",
    )
    parsed = read(tmp_path, make_pdf([LONG]))
    assert [page.text for page in parsed.pages] == [LONG, "", LONG, LONG]
    assert parsed.warnings == ("Page 2 could not be read; it is left out.",)


def test_single_pages_that_one_parser_can_not_read_come_from_the_other(tmp_path):
    stumbling_block = b"] BT /F1 11 Tf 1 0 0 1 72 720 Tm (Only PDFium reads this.) Tj ET"
    parsed = read(tmp_path, make_pdf([LONG, stumbling_block, LONG]))
    assert [page.text for page in parsed.pages] == [LONG, "Only PDFium reads this.", LONG]
    assert parsed.warnings == ()


def test_a_page_in_a_font_that_one_parser_does_not_know_comes_from_the_other(tmp_path):
    without_font = make_pdf([LONG]).replace(b"/F1 3 0 R", b"/F1 9 0 R")
    assert read(tmp_path, without_font).pages[0].text == LONG


def test_when_most_pages_are_lost_the_file_fails(tmp_path, children):
    lost = "say(total=5); say(page=1, text='word ' * 20, picture=False); sys.exit(1)"
    children(pdf=lost, pdfium="sys.exit(1)")
    assert "damaged" in failure(tmp_path, make_pdf([LONG]))


def test_a_child_gets_no_secrets_and_what_it_prints_is_no_reply(tmp_path, children, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    children(text="say(total=1); say(page=1, text=','.join(os.environ), picture=False); say(end=True)")
    assert "OPENAI_API_KEY" not in read(tmp_path, b"x", TEXT).pages[0].text


def test_an_error_of_the_listener_ends_the_child(tmp_path):
    class Stop(Exception):
        pass

    def stop(page, total):
        raise Stop

    with pytest.raises(Stop):
        read(tmp_path, make_pdf([LONG] * 50), on_page=stop)


def test_a_memory_limit_ends_in_words(tmp_path):
    pytest.importorskip("resource")
    settings = dataclasses.replace(SETTINGS, parse_memory_bytes=300 * 2**20)
    assert "memory" in failure(tmp_path, b"word " * 40_000_000, TEXT, settings=settings)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([4], "Page 4"),
        ([3, 4, 5], "Pages 3–5"),
        ([3, 4, 5, 9], "Pages 3–5 and 9"),
        ([1, 3, 4, 9, 11], "Pages 1, 3–4, 9 and 11"),
    ],
)
def test_pages_are_named_in_ranges(numbers, words):
    assert name_pages(numbers) == words


def test_hostile_files_end_in_text_or_in_words(shared_data, tmp_path):
    with tarfile.open(shared_data / "hostile.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    (folder,) = (path for path in tmp_path.rglob("pdf") if path.is_dir())
    expected = {
        "08_no_xref_trailer.pdf": "PELICAN-7-2",
        "12_owner_password_only_aes256.pdf": "PELICAN-7-2",
        "18_huge_mediabox.pdf": "HERON-4",
        "21_xref_prev_loop.pdf": "HERON-4",
        "32_hidden_white_text.pdf": "VISIBLE-1",
        "41_lone_surrogate_and_nul.pdf": "HERON-4",
        "44_javascript_openaction.pdf": "HERON-4",
    }
    for name, marker in expected.items():
        parsed = open_pages(folder / name, PDF, SETTINGS)
        assert marker in "\n".join(page.text for page in parsed.pages), name
    for name in ("15_flate_bomb_1GiB.pdf", "16_flate_bomb_nested_8GiB.pdf", "19_circular_page_tree.pdf"):
        with pytest.raises(Unreadable):
            open_pages(folder / name, PDF, SETTINGS)
    password = "пароль"
    parsed = open_pages(folder / "14_user_password_unicode.pdf", PDF, SETTINGS, password=password)
    assert len(parsed.pages) == 3


def test_a_child_imports_its_parser_and_nothing_of_the_program():
    code = (
        "import sys\nfrom stc.documents.parsing import docx, html, ocr, pdf, pdfium, text\n"
        "print(*sorted(name for name in sys.modules if name.startswith(('stc', 'numpy', 'sqlalchemy', 'streamlit'))))"
    )
    root = Path(reader.__file__).parents[3]
    loaded = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True).stdout
    beside = set(loaded.split()) - {"stc", "stc.documents", "stc.errors"}
    assert all(name.startswith("stc.documents.parsing") for name in beside), beside
