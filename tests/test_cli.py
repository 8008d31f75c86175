"""The command line's contract (docs/command-line.md), run in this process on a real storage with the fake embedder."""

import json
import os

import pytest

from stc.cli import main
from tests.documents.pdfs import encrypted, make_pdf

FERRY = """# The ferry

The ferry leaves the north pier at 07:40 on weekdays. A single ticket costs 4 euros and 20 cents. The crossing takes 35
minutes in calm weather. The Harbour Board is the public body that owns the pier and the two ferries. In 2023 the ferries
carried 182,400 passengers, because the bridge was closed for repairs.

# The lighthouse

The lighthouse was built in 1911 by Anna Lindqvist. It is 31 metres tall. The light was automated on 4 May 1987, and the
last keeper, Olof Berg, moved to the mainland. Visitors may climb the tower from June to August.

# Fares

Single ticket: 4.20 euros
Return ticket: 7.60 euros
Season ticket: 310 euros
Children under six: free
"""
QUESTION = "When does the ferry leave the north pier?"


@pytest.fixture
def stc(tmp_path, capsys):
    def run(*arguments, status=0):
        got = main([*map(str, arguments), "--storage", str(tmp_path / "storage"), "--json"])
        captured = capsys.readouterr()
        assert got == status, captured
        assert captured.out.isascii()
        return [json.loads(line) for line in captured.out.splitlines()]

    return run


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "ferry ☂.md"
    path.write_text(FERRY)
    return path


def test_a_file_is_added_once(stc, file):
    first, again = stc("add", file, file)
    assert first["status"] == "ready"
    assert first["path"] == str(file)
    assert (first["pages"], first["error"]) == (1, None)
    assert first["chunks"] >= 1
    assert first["tokens"] > 30
    assert again["status"] == "duplicate"
    assert again["document_id"] == first["document_id"]
    assert {"warnings", "seconds"} <= first.keys()


def test_a_folder_is_walked_without_hidden_files_and_links(stc, tmp_path):
    folder = tmp_path / "folder"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "a.md").write_text("# A\n\nThe first text has some words in it.")
    (folder / ".hidden.md").write_text("hidden words")
    (folder / "link.md").symlink_to(folder / "inner" / "a.md")
    lines = stc("add", folder)
    assert [line["path"] for line in lines] == [str(folder / "inner" / "a.md")]


def test_one_bad_file_among_good_ones_is_a_failed_item(stc, file, tmp_path):
    empty = tmp_path / "empty.pdf"
    empty.touch()
    picture = tmp_path / "picture.pdf"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 64)
    lines = stc("add", empty, picture, tmp_path / "missing.pdf", file, status=1)
    assert [line["status"] for line in lines] == ["failed", "failed", "failed", "ready"]
    assert all(line["error"] for line in lines[:3])
    assert len(stc("documents")) == 1


def test_a_new_file_takes_the_place_of_an_old_document(stc, file, tmp_path):
    old = stc("add", file)[0]["document_id"]
    newer = tmp_path / "newer.md"
    newer.write_text(FERRY.replace("07:40", "08:10"))
    stc("sleep", "--until-done")
    (line,) = stc("add", newer, "--replace", old)
    assert (line["document_id"], line["status"]) == (old, "ready")
    (document,) = stc("documents")
    assert (document["document_id"], document["name"], document["being_replaced"]) == (old, "newer.md", False)
    assert document["notes_stale"] > 0
    assert stc("context", QUESTION)[0]["text"].count("08:10")
    empty = tmp_path / "empty.md"
    empty.touch()
    stc("add", empty, "--replace", old, status=1)
    assert stc("add", newer, "--replace", old)[0]["status"] == "duplicate"
    other = stc("add", file)[0]["document_id"]
    (line,) = stc("add", file, "--replace", old, status=1)
    assert (line["status"], line["document_id"]) == ("failed", None)
    assert "already" in line["error"]
    assert {document["document_id"] for document in stc("documents")} == {old, other}
    assert stc("add", newer, "--replace", "gone", status=2) == []
    assert stc("add", newer, file, "--replace", old, status=2) == []


def test_a_password_is_read_from_a_file(stc, tmp_path):
    locked = tmp_path / "locked.pdf"
    locked.write_bytes(encrypted(make_pdf(["The ferry leaves at 07:40 from the north pier."]), user="sesame"))
    assert "password" in stc("add", locked, status=1)[0]["error"]
    password = tmp_path / "password.txt"
    password.write_text("sesame\n")
    assert stc("add", locked, "--password-file", password)[0]["status"] == "ready"
    assert stc("add", locked, "--password-file", tmp_path / "none.txt", status=2) == []


def test_documents_are_listed_and_removed(stc, file):
    document = stc("add", file)[0]["document_id"]
    listed = stc("documents")[0]
    assert listed["name"] == file.name
    assert listed["asleep"] is False
    assert {"status", "notes", "notes_stale", "added_at", "last_used_at"} <= listed.keys()
    assert stc("remove", document) == [{"document_id": document, "removed": True}]
    assert stc("remove", document, status=1) == [{"document_id": document, "removed": False}]
    assert stc("documents") == []


def test_search_explains_its_hits(stc, file):
    document = stc("add", file)[0]["document_id"]
    found = stc("search", QUESTION, "--document", document, "-k", 3)[0]
    assert found["question"] == QUESTION
    hit = found["hits"][0]
    assert hit["kind"] == "chunk"
    assert (hit["page_start"], hit["page_end"]) == (1, 1)
    assert hit["signals"]
    assert [h["score"] for h in found["hits"]] == sorted((h["score"] for h in found["hits"]), reverse=True)


def test_context_keeps_its_budget_and_holds_its_parts(stc, file):
    stc("add", file)
    context = stc("context", QUESTION, "--budget", 40)[0]
    assert context["tokens"] <= 40
    assert all(part["text"] in context["text"] for part in context["parts"])


def test_ask_answers_with_everything_the_contract_names(stc, file):
    stc("add", file)
    answer = stc("ask", QUESTION)[0]
    assert answer["model"] == "extractive"
    assert "07:40" in answer["answer"] + " ".join(citation["quote"] for citation in answer["citations"])
    assert set(answer["citations"][0]) >= {"document_id", "name", "page", "quote", "verified", "via_note"}
    assert set(answer["usage"]) == {
        "input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens", "cost_usd", "estimated",
    }  # fmt: skip
    assert set(answer["baselines"]) == {"chunks", "document", "document_cached"}
    assert {"retrieval_seconds", "first_token_seconds", "seconds", "answer_id", "route", "nearest"} <= answer.keys()
    assert answer["resolved"] is None, "it stands by itself"
    assert answer["based_on"] == {"documents": 1, "of": 1}
    assert answer["coverage"] == 0.0, "nothing is prepared"


def test_questions_from_a_file_are_answered_in_order_and_fail_one_by_one(stc, file, tmp_path):
    document = stc("add", file)[0]["document_id"]
    questions = tmp_path / "questions.jsonl"
    questions.write_text(
        "\n".join(
            [
                json.dumps({"id": 1, "question": QUESTION, "document_id": document}),
                json.dumps({"id": 2, "question": ""}),
                "no json",
                json.dumps({"id": 4, "question": "How tall is the lighthouse?", "document_id": [document]}),
                json.dumps({"id": 5, "question": "Where?", "document_id": "gone"}),
                json.dumps({"id": 6, "question": 7}),
                json.dumps({"id": 7, "question": QUESTION, "document_id": []}),
            ]
        )
    )
    lines = stc("ask", "--from", questions, status=1)
    assert [line.get("id") for line in lines] == [1, 2, None, 4, 5, 6, 7]
    assert ["error" in line for line in lines] == [False, True, True, False, True, True, True]


def test_pages_of_one_document_are_asked_alone(stc, tmp_path):
    guide = tmp_path / "guide.pdf"
    texts = ["The ferry leaves at 07:40.", "The harbour was dug in 1902.", "The lighthouse was built in 1911."]
    guide.write_bytes(make_pdf(texts))
    document = stc("add", guide)[0]["document_id"]
    (found,) = stc("search", "When was it built?", "--document", document, "--pages", "2-3")
    assert found["hits"]
    assert all(hit["page_start"] >= 2 and "ferry" not in hit["text"] for hit in found["hits"])
    (context,) = stc("context", "When?", "--document", document, "--pages", "1,3", "--route", "document")
    assert [part["page_start"] for part in context["parts"]] == [1, 3]
    (answer,) = stc("ask", "When was the lighthouse built?", "--document", document, "--pages", "3")
    assert [citation["page"] for citation in answer["citations"]] == [3]
    (refused,) = stc("ask", "When?", "--pages", "3", status=1)
    assert "in one document only" in refused["error"]
    (gone,) = stc("search", "When?", "--document", document, "--pages", "4", status=1)
    assert "guide.pdf has 3 pages: there is no page 4" in gone["error"]


def test_each_line_of_a_questions_file_may_name_its_pages(stc, tmp_path):
    guide = tmp_path / "guide.pdf"
    guide.write_bytes(make_pdf(["The ferry leaves at 07:40.", "The harbour was dug in 1902."]))
    document = stc("add", guide)[0]["document_id"]
    wanted = [{"pages": 1}, {"pages": "2"}, {}, {"pages": True}, {"pages": [1]}, {"pages": "\ud800"}, {"pages": "two"}]
    questions = tmp_path / "questions.jsonl"
    questions.write_text("\n".join(json.dumps({"question": "What is said?"} | each) for each in wanted))
    lines = stc("search", "--from", questions, "--document", document, "--pages", "2", status=1)
    assert [{hit["page_start"] for hit in line.get("hits", ())} for line in lines[:3]] == [{1}, {2}, {2}]
    assert all('"pages" must be a page' in line["error"] for line in lines[3:6])
    assert "names no pages" in lines[6]["error"]


def test_sleep_prepares_until_done_and_then_says_nothing(stc, file):
    document = stc("add", file)[0]["document_id"]
    planned = stc("sleep", "--dry-run")
    assert {line["document_id"] for line in planned} == {document}
    runs = stc("sleep", "--until-done")
    assert {run["status"] for run in runs} == {"done"}
    assert {run["pass"] for run in runs} == {"outline", "anticipate", "infer"}
    assert set(planned[0]) >= {"pass", "window", "generation", "thinker", "status", "reason", "tokens", "cost_usd"}
    assert set(runs[0]) >= {
        "window", "generation", "notes_added", "notes_joined", "notes_dropped", "window_tokens", "sent_tokens",
        "asked_tokens", "usage", "error", "seconds",
    }  # fmt: skip
    assert stc("sleep", "--until-done") == []
    notes = stc("notes", "--document", document)
    assert notes
    assert set(notes[0]) >= {
        "id", "document_id", "kind", "question", "text", "formula", "evidence", "status", "tokens", "times_used",
    }  # fmt: skip
    assert stc("documents")[0]["notes"] == sum(note["status"] == "verified" for note in notes)


def test_one_task_is_the_default(stc, file):
    stc("add", file)
    assert len(stc("sleep")) == 1


def test_a_prepared_question_is_answered_by_its_prepared_answer(stc, file):
    document = stc("add", file)[0]["document_id"]
    stc("sleep", "--until-done")
    note = next(note for note in stc("notes") if note["question"])
    answer = stc("ask", note["question"], "--document", document)[0]
    assert answer["route"] == "reused"
    assert answer["citations"][0]["via_note"] is not None
    assert answer["usage"]["input_tokens"] == 0


def test_notes_are_imported_line_by_line_once(stc, file, tmp_path, capsys):
    document = stc("add", file)[0]["document_id"]
    note = {
        "document_id": document,
        "question": "What does a return ticket cost?",
        "text": "7.60 euros",
        "evidence": [{"page": 1, "quote": "Return ticket: 7.60 euros"}],
    }
    wrong = note | {"question": "What does a season ticket cost?"} | {"text": "301 euros"}
    source = tmp_path / "notes.jsonl"
    source.write_text("\n".join(map(json.dumps, [note, wrong])) + "\nno json\n", encoding="utf-8-sig")
    added, unproven, broken = stc("notes", "--import", source, status=1)
    assert added == {
        "line": 1, "status": "added", "id": added["id"], "document_id": document, "question": note["question"],
        "error": None,
    }  # fmt: skip
    assert (unproven["status"], unproven["id"]) == ("failed", None)
    assert unproven["error"] == "Not kept: number not in the quotes."
    assert (broken["line"], broken["status"]) == (3, "failed")
    (listed,) = stc("notes")
    assert listed["id"] == added["id"]
    assert listed["evidence"] == note["evidence"]
    assert stc("documents")[0]["notes"] == 1
    assert stc("ask", note["question"], "--document", document)[0]["route"] == "reused"

    source.write_text(json.dumps(listed))
    again = stc("notes", "--import", source)
    assert [(one["status"], one["id"]) for one in again] == [("duplicate", added["id"])], (
        "what is listed can be imported"
    )
    assert main(["notes", "--import", str(source), "--storage", str(tmp_path / "storage")]) == 0
    assert capsys.readouterr().out == "0 notes added, 1 there already, 0 not taken\n"


def test_a_note_is_hidden_and_shown_again(stc, file):
    stc("add", file)
    stc("sleep", "--until-done")
    note = stc("notes")[0]["id"]
    assert stc("notes", "--hide", note) == [{"id": note, "status": "hidden"}]
    assert [one["status"] for one in stc("notes") if one["id"] == note] == ["hidden"]
    assert stc("notes", "--unhide", note) == [{"id": note, "status": "verified"}]
    for act in ("--hide", "--unhide"):
        assert "no such note" in stc("notes", act, "no-note", status=1)[0]["error"]


def test_notes_are_exported_as_training_data(stc, file, tmp_path):
    document = stc("add", file)[0]["document_id"]
    stc("sleep", "--until-done")
    notes = stc("notes")
    stc("notes", "--hide", notes[0]["id"])
    target = tmp_path / "training.jsonl"
    (said,) = stc("notes", "--export", target)
    assert said == {"file": str(target), "notes": len(notes) - 1}
    lines = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert len(lines) == len(notes) - 1
    assert all(line.keys() == {"messages"} for line in lines)
    pairs = [tuple(message["content"] for message in line["messages"][-2:]) for line in lines]
    assert {(note["question"], note["text"]) for note in notes[1:] if note["question"]} <= set(pairs)
    assert stc("notes", "--document", document, "--export", target)[0]["notes"] == len(lines)


def test_a_call_that_can_not_be_carried_out_changes_nothing(stc, file, tmp_path):
    stc("add", file)
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\xfd")
    assert stc("notes", "--import", tmp_path / "missing.jsonl", status=2) == []
    assert stc("notes", "--import", binary, status=2) == []
    assert stc("notes", "--import", file, "--document", "a", "--document", "b", status=2) == []
    assert stc("notes", "--export", tmp_path / "no folder" / "file", status=2) == []
    assert "not here" in stc("notes", "--export", tmp_path / "file", "--document", "none", status=1)[0]["error"]
    assert not (tmp_path / "file").exists()


def test_the_meter_adds_up(stc, file, tmp_path):
    stc("add", file)
    stc("ask", QUESTION)
    stc("sleep", "--until-done")
    table = tmp_path / "ledger.csv"
    meter = stc("meter", "--csv", table)[0]
    assert meter["questions"] == 1
    assert meter["asleep"]["input_tokens"] > 0
    assert set(meter) >= {"asked", "asleep", "baselines", "net", "break_even_questions"}
    assert len(table.read_text().splitlines()) > 2


def test_the_meter_shows_a_receipt_the_papers_model_and_what_a_model_would_cost(stc, file):
    stc("add", file)
    answer = stc("ask", QUESTION)[0]
    receipt = stc("meter", "--receipt", answer["answer_id"])[0]
    assert receipt["baselines"]["chunks"]["input_tokens"] == answer["baselines"]["chunks"]["input_tokens"]
    assert receipt["counted"]["sent_tokens"] == answer["usage"]["input_tokens"]
    assert stc("meter", "--receipt", "none", status=1)[0]["error"].startswith("There is no answer none")
    assert stc("meter", "--paper")[0]["t"] == 10
    told = stc("meter", "--as-if", "gpt-4o-mini")[0]
    assert told["as_if"] == "gpt-4o-mini"
    assert told["asked"]["cost_usd"] > 0
    assert stc("meter")[0]["asked"]["cost_usd"] == 0
    assert "unknown" in stc("meter", "--as-if", "openai/of-next-year", status=1)[0]["error"]


def test_the_meter_simulates_before_anything_is_spent(stc, file, capsys, tmp_path):
    prices = ("--input-usd", "0.1", "--output-usd", "0.5", "--cached-usd", "0.01", "--sleep-tier", "batch")
    told = stc("meter", "simulate", *prices, "--sleep-output-tokens", "3000")[0]
    assert told["sleep_cost_usd"] == pytest.approx(0.00175)
    assert told["break_even_questions"]["chunks"] == pytest.approx(0.00175 / 0.00022)
    assert set(told["per_question_usd"]) == {"notes", "chunks", "document", "document_cached"}
    document = stc("add", file)[0]
    told = stc("meter", "simulate", "--document", document["document_id"], "--model", "gpt-4o-mini")[0]
    assert told["model"] == told["sleep_model"] == "gpt-4o-mini"
    assert told["sleep_tokens"] == document["tokens"] + 4000
    assert stc("meter", "simulate", "--input-usd", "1", status=2) == []
    assert stc("meter", "simulate", *prices, "--model", "gpt-4o-mini", status=2) == []
    assert stc("meter", "simulate", "--cached-share", "2", status=2) == []
    assert main(["meter", "simulate", *prices, "--storage", str(tmp_path / "storage")]) == 0
    assert "From the whole document, cached by the provider" in capsys.readouterr().out


def test_the_doctor_finds_a_sound_storage_sound(stc, file):
    stc("add", file)
    report = stc("doctor")[0]
    assert report["ok"], report
    assert all({"name", "ok", "detail"} == set(check) for check in report["checks"])


@pytest.mark.parametrize(
    "arguments",
    [
        ["unknown"], [], ["search"], ["search", "q", "--from", "x"], ["ask", "--from", "missing.jsonl"],
        ["search", "q", "-k", "0"], ["search", "q", "-k", "many"], ["ask", "q", "--route", "sideways"], ["add"],
    ],
)  # fmt: skip
def test_a_wrong_call_ends_with_2(tmp_path, capsys, arguments):
    try:
        status = main([*arguments, "--storage", str(tmp_path / "s")]) if arguments else main([])
    except SystemExit as stopped:
        status = stopped.code
    assert status == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_storage_that_can_not_be_opened_is_what_the_doctor_finds(stc, tmp_path):
    (tmp_path / "storage").mkdir()
    (tmp_path / "storage" / "stc.db").write_bytes(b"no database at all " * 100)
    (failed,) = stc("documents", status=1)
    assert "is damaged" in failed["error"]
    (report,) = stc("doctor", status=1)
    assert not report["ok"]
    assert [check["ok"] for check in report["checks"]] == [False]
    assert "doctor --fix" in report["checks"][0]["detail"]


def test_output_for_people_can_not_steer_the_terminal(tmp_path, capsys):
    path = tmp_path / "a.md"
    path.write_text("Some words about ferries and lighthouses, enough to be read.")
    hostile = tmp_path / "\x1b[31mred.md"
    path.rename(hostile)
    assert main(["add", str(hostile), "--storage", str(tmp_path / "s")]) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_an_option_before_the_command_counts(tmp_path, capsys, file, monkeypatch):
    monkeypatch.setenv("STC_STORAGE", str(tmp_path / "elsewhere"))
    assert main(["--json", "--storage", str(tmp_path / "chosen"), "add", str(file)]) == 0
    assert json.loads(capsys.readouterr().out)["status"] == "ready"
    assert (tmp_path / "chosen" / "stc.db").exists()
    assert not (tmp_path / "elsewhere").exists()


def test_more_hits_than_any_database_holds_can_be_asked_for(stc, file):
    stc("add", file)
    (found,) = stc("search", QUESTION, "-k", 10**30)
    assert found["hits"]


def test_odd_lines_of_a_questions_file_are_items_of_their_own(stc, file, tmp_path):
    stc("add", file)
    questions = tmp_path / "questions.jsonl"
    lines = [
        '{"id": "a line separator", "question": "When does the ferry\u2028leave?"}',
        "",
        '{"id": NaN, "question": "What is a season ticket?"}',
        '{"id": 1e999, "question": "What is a season ticket?"}',
        "[" * 100_000,
        '{"id": {"nested": [1]}, "question": "How tall is the lighthouse?"}',
    ]
    questions.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    first, no_number, infinite, deep, last = stc("search", "--from", questions, status=1)
    assert (first["id"], first["question"]) == ("a line separator", "When does the ferry\u2028leave?")
    assert first["hits"]
    assert all(line["error"] for line in (no_number, infinite, deep))
    assert last["id"] == {"nested": [1]}


@pytest.mark.parametrize(
    "call",
    [
        ("remove", "\udcff"),
        ("search", "ferry", "--document", "\udcff"),
        ("ask", "ferry", "--model", "\udcff"),
        ("add", "ferry.md", "--replace", "\udcff"),
        ("notes", "--hide", "\udcff"),
        ("people", "reset", "\udcff"),
        ("documents", "--owner", "\udcff"),
        ("doctor", "--owner", "\udcff"),
    ],
)
def test_a_name_of_bytes_that_are_no_text_is_a_wrong_call(tmp_path, capsys, call):
    assert main([*call, "--storage", str(tmp_path / "storage")]) == 2
    assert r"'\udcff': these bytes are no UTF-8 text" in capsys.readouterr().err


def test_one_line_with_half_a_character_fails_alone(stc, file, tmp_path):
    stc("add", file)
    asked = tmp_path / "asked.jsonl"
    broken = [r'{"question": "ferry", "document_id": "\ud800"}', r'{"question": "ferry", "document_id": ["\udfff"]}']
    asked.write_text("\n".join([*broken, '{"question": "When does the ferry leave?"}']))
    for command in ("search", "context", "ask"):
        found = stc(command, "--from", asked, status=1)
        assert ["half a character" in one.get("error", "") for one in found] == [True, True, False]


def test_nothing_is_written_over_what_the_storage_consists_of(stc, file, tmp_path):
    stc("add", file)
    storage = tmp_path / "storage"
    before = (storage / "stc.db").read_bytes()
    (tmp_path / "link.zip").symlink_to(storage / "stc.db")
    for target in (storage / "stc.db", storage / "files" / "all.zip", tmp_path / "link.zip"):
        assert "belongs to the storage itself" in stc("backup", target, "--force", status=1)[0]["error"]
    assert "belongs to" in stc("notes", "--export", storage / "stc.db-wal", status=1)[0]["error"]
    assert "belongs to" in stc("meter", "--csv", storage / "stc.db", status=1)[0]["error"]
    assert "belongs to" in stc("chats", "--export", storage / "secrets.json", status=1)[0]["error"]
    assert (storage / "stc.db").read_bytes() == before
    assert stc("backup", storage / "all.zip")[0]["documents"] == 1


def test_a_backup_takes_the_place_of_a_file_only(stc, file, tmp_path):
    stc("add", file)
    os.mkfifo(tmp_path / "pipe")
    assert "no file" in stc("backup", tmp_path / "pipe", "--force", status=1)[0]["error"]
    assert "too long" in stc("backup", tmp_path / ("x" * 5_000), status=1)[0]["error"].lower()
