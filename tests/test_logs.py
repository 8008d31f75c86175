"""The log: whole lines whatever happens to the disk and whoever else writes, and no words of anybody's."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from stc import cli, logs
from stc.errors import UserError
from stc.storage.secrets import Secrets
from tests.fakes import ModelServer

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def storage(tmp_path: Path):
    logs.start(tmp_path, "test", max_bytes=10_000, files=3)
    yield tmp_path
    logs.stop()


def lines(storage: Path) -> list[dict]:
    return [
        json.loads(line)
        for path in sorted((storage / "logs").glob("*.jsonl"))
        for line in path.read_text().splitlines()
    ]


def test_an_event_is_one_line_with_its_facts(storage):
    logs.event("document ready", document_id="0123456789abcdef", pages=3, seconds=1.23456789, cost_usd=None)
    (line,) = lines(storage)
    assert line["event"] == "document ready"
    assert line["level"] == "info"
    assert line["process"] == os.getpid()
    assert line["time"].endswith("Z")
    assert (line["document_id"], line["pages"], line["seconds"], line["cost_usd"]) == (
        "0123456789abcdef",
        3,
        1.234568,
        None,
    )


def test_a_fact_that_is_a_text_or_looks_like_a_key_is_left_out(storage):
    logs.event(
        "answer done", question="Who kept the light?", key="sk-abcdefgh12345678", more=["Agnes Tull"], x=object()
    )
    written = (storage / "logs" / "stc.jsonl").read_text()
    assert not [word for word in ("light", "Agnes", "Tull", "abcdefgh") if word in written]
    assert lines(storage)[0]["question"] == "…"


def test_of_a_plain_logging_call_the_values_are_left_out_but_ids_and_numbers(storage):
    logging.getLogger("stc.somewhere").warning("Document %s (%s) has %d pages", "0123456789abcdef", "will.pdf", 12)
    (line,) = lines(storage)
    assert line["event"] == "Document %s (%s) has %d pages"
    assert line["of"] == ["0123456789abcdef", "…", 12]


def test_of_a_library_only_its_name_is_written(storage):
    logging.getLogger("chromadb.telemetry").error("sent: Agnes Tull")
    assert "Agnes" not in (storage / "logs" / "stc.jsonl").read_text()
    assert lines(storage)[0]["event"] == "chromadb.telemetry said something"


def test_a_bug_is_found_by_its_id_with_the_places_and_without_the_values(storage, capsys):
    def inner() -> None:
        int("Agnes Tull")

    try:
        try:
            inner()
        except ValueError as error:
            raise RuntimeError("could not count: Agnes Tull") from error
    except RuntimeError as error:
        error_id = logs.bug(error, "while drawing a page", page="chat")
    (line,) = [line for line in lines(storage) if line.get("error") == error_id]
    assert [each["type"] for each in line["raised"]] == ["RuntimeError", "ValueError"]
    assert line["raised"][0]["said"] == "could not count"
    assert line["raised"][1]["said"] == "invalid literal for int"
    assert any("tests/test_logs.py:" in place and place.endswith(" inner") for place in line["raised"][1]["at"])
    assert line["page"] == "chat"
    said = capsys.readouterr().err
    assert error_id in said
    assert "Traceback" not in said
    assert "Agnes" not in said + json.dumps(line)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (UserError("“will.pdf” is still being read."), ""),
        (KeyError("Agnes"), ""),
        (AttributeError("'NoneType' object has no attribute 'text'"), "NoneType object has no attribute text"),
        (FileNotFoundError(2, "No such file or directory", "/home/agnes/will.pdf"), "No such file or directory"),
        (ValueError("time data 'Agnes' does not match"), "time data"),
        (Exception("reply: {'text': 'Agnes'}"), "reply"),
    ],
)
def test_an_exception_says_no_more_than_what_the_program_wrote_into_it(storage, error, said):
    logs.bug(error, "in a test")
    assert lines(storage)[-1]["raised"][0]["said"] == said


def test_the_files_are_their_owners_alone(storage):
    logs.event("one")
    assert (storage / "logs").stat().st_mode & 0o777 == 0o700
    assert (storage / "logs" / "stc.jsonl").stat().st_mode & 0o777 == 0o600


def test_full_files_are_put_aside_and_only_so_many_kept(storage):
    for number in range(400):
        logs.event("one more", number=number)
    sizes = {path.name: path.stat().st_size for path in (storage / "logs").glob("*.jsonl")}
    assert sizes.keys() == {"stc.jsonl", "stc.1.jsonl", "stc.2.jsonl"}
    assert max(sizes.values()) <= 10_000
    numbers = sorted(line["number"] for line in lines(storage))
    assert numbers == list(range(numbers[0], 400))


def test_processes_and_threads_that_write_one_log_tear_no_line(tmp_path):
    code = (
        "import sys, pathlib\n"
        "from stc import logs\n"
        "logs.start(pathlib.Path(sys.argv[1]), 'test', max_bytes=10_000, files=50)\n"
        "for number in range(300): logs.event('one more', who=int(sys.argv[2]), number=number)\n"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), str(who)], cwd=ROOT, stderr=subprocess.PIPE)
        for who in range(2)
    ]
    logs.start(tmp_path, "test", max_bytes=10_000, files=50)

    def write(who: int) -> None:
        for number in range(300):
            logs.event("one more", who=who, number=number)

    threads = [threading.Thread(target=write, args=(who,)) for who in (2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for process in started:
        assert process.communicate(timeout=60)[1] == b""
    logs.stop()
    found = [(line["who"], line["number"]) for line in lines(tmp_path)]
    assert sorted(found) == [(who, number) for who in range(4) for number in range(300)]


@pytest.mark.parametrize("hindrance", ["folder is a file", "storage is gone", "disk is full", "half a line"])
def test_a_log_that_can_not_be_written_breaks_nothing_and_says_later_what_is_missing(tmp_path, monkeypatch, hindrance):
    storage = tmp_path / "storage"
    storage.mkdir()
    logs.start(storage, "test", max_bytes=10_000, files=3)
    write = os.write

    def failing(handle: int, data: bytes) -> int:
        if hindrance == "disk is full":
            raise OSError(28, "No space left on device")
        return write(handle, data[:10]) if len(data) > 10 else write(handle, data)

    try:
        if hindrance == "folder is a file":
            (storage / "logs").write_text("in the way")
        elif hindrance == "storage is gone":
            storage.rmdir()
        else:
            monkeypatch.setattr(os, "write", failing)
        logs.event("one")
        logs.event("two")
        monkeypatch.undo()
        if hindrance == "folder is a file":
            (storage / "logs").unlink()
        storage.mkdir(exist_ok=True)
        logs.event("three")
    finally:
        logs.stop()
    last = (storage / "logs" / "stc.jsonl").read_text().splitlines()[-1]
    assert json.loads(last)["event"] == "three"
    assert json.loads(last)["lost_lines"] == 2


def test_a_log_that_can_not_be_put_aside_does_not_grow_for_ever(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "another program holds it open")

    logs.start(tmp_path, "test", max_bytes=10_000, files=3)
    monkeypatch.setattr(os, "replace", refuse)
    for number in range(400):
        logs.event("one more", number=number)
    logs.stop()
    assert (tmp_path / "logs" / "stc.jsonl").stat().st_size < 21_000


def test_a_closed_window_does_not_matter(storage, monkeypatch):
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    logging.getLogger("stc").warning("A warning")
    assert lines(storage)[-1]["event"] == "A warning"


def test_the_log_of_a_whole_journey_holds_no_word_of_document_question_name_or_key(tmp_path, capsys):
    storage = tmp_path / "storage"
    document = tmp_path / "Zephyrine testament.txt"
    document.write_text("Zephyrine Quillfeather owed Mordecai 4,711 guilders. The vault number was Xylophone77. " * 20)
    broken = tmp_path / "Umbriel.pdf"
    broken.write_bytes(b"%PDF-1.7 Umbriel is no PDF")
    notes = tmp_path / "notes.jsonl"
    notes.write_text('{"question": "Who was Umbriel?", "text": "Umbriel", "evidence": []}')
    arguments = ("--storage", str(storage))
    try:
        with ModelServer(reply=lambda body: "Mordecai lent it [1].") as server:
            cli.main([*arguments, "add", str(document), str(broken)])
            cli.main([*arguments, "sleep", "--until-done"])
            cli.main([*arguments, "ask", "What did Zephyrine owe?"])
            services = cli.open_services(storage)
            Secrets(storage).set_key("STC_API_KEY", "sk-Wolfram1234567890")
            services.change_settings(chat_model="openai/double", api_base=server.url)
            cli.main([*arguments, "ask", "Whose vault was Xylophone77?"])
            server.fault = "401"
            cli.main([*arguments, "ask", "Whose vault was Xylophone77?"])
            cli.main([*arguments, "search", "guilders"])
            cli.main([*arguments, "notes", "--import", str(notes)])
            cli.main([*arguments, "doctor"])
            listed = json.loads(_printed(capsys, [*arguments, "documents", "--json"]).splitlines()[0])
            cli.main([*arguments, "remove", listed["document_id"]])
        services.close()
    finally:
        logs.stop()
    text = "".join(path.read_text() for path in (storage / "logs").glob("*.jsonl"))
    events = [line["event"] for line in lines(storage)]
    for wanted in (
        "document ready",
        "document refused",
        "answer done",
        "answer failed",
        "preparing done",
        "command ended",
    ):
        assert wanted in events
    words = (
        "Zephyrine",
        "Quillfeather",
        "Mordecai",
        "4,711",
        "4711",
        "guilders",
        "vault",
        "Xylophone",
        "Umbriel",
        "testament",
    )
    assert not [word for word in (*words, "Wolfram", str(tmp_path)) if word.casefold() in text.casefold()]


def _printed(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> str:
    capsys.readouterr()
    cli.main(arguments)
    return capsys.readouterr().out
