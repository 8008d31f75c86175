"""Chats as files: whole, and in Markdown nothing of what was written is more than text."""

from __future__ import annotations

import json

import pytest

from stc.chat import exporting
from stc.cli import main
from stc.storage import conversations
from stc.words import Answer, Citation

HOSTILE = (
    "![x](http://evil.example/?q=1)\n[click](javascript:alert(1))\n<img src=x onerror=alert(1)>\n# A heading\n"
    "```\nout of the fence ![y](http://evil.example/)\n````\n~~~\nwww.evil.example\x00\u202e"
)


def answer(name: str, text: str = "In 1871 [1].", **changes) -> Answer:
    values = {
        "id": name, "owner": "local", "conversation_id": "c", "question": "When?", "scope": (), "origin": "typed",
        "effort": "medium", "asked_at": 1_000.0, "state": "done", "text": text, "route": "chunks",
        "citations": (Citation(1, "d", "mill.pdf", 3, "was built in 1871", True),),
    }  # fmt: skip
    return Answer(**(values | changes))


CHAT = {"id": "c", "title": "When?", "scope": ["d"], "pages": "", "created_at": 900.0}


def outside_of_fences(markdown: str) -> str:
    """Return what a reader of Markdown (CommonMark's rule for fences) takes for Markdown."""
    kept, fence = [], ""
    for line in markdown.split("\n"):
        marks = len(line) - len(line.lstrip("`"))
        if not fence:
            if marks >= 3:
                fence = "`" * marks
            else:
                kept.append(line)
        elif marks >= len(fence) and not line.strip("`").strip():
            fence = ""
    assert not fence
    return "\n".join(kept)


def test_a_chat_as_markdown_has_its_questions_answers_and_quotes():
    text = exporting.as_markdown([(CHAT, [answer("a")])])
    for wanted in ("When?", "In 1871 [1].", "mill.pdf\n“was built in 1871”", "Quote 1, page 3, verified:"):
        assert wanted in text
    assert "### Answered from passages (quotes only, no AI model)" in text


@pytest.mark.parametrize("place", ["title", "question", "text", "error", "name", "quote"])
def test_nothing_that_was_written_is_markdown(place):
    chat, one = CHAT, answer("a")
    if place == "title":
        chat = CHAT | {"title": HOSTILE}
    elif place in ("name", "quote"):
        one = answer(
            "a",
            citations=(Citation(1, "d", **({"name": "n", "quote": "q"} | {place: HOSTILE}), page=1, verified=True),),
        )
    else:
        one = answer("a", **({"text": "", "state": "failed"} if place == "error" else {}) | {place: HOSTILE})
    text = exporting.as_markdown([(chat, [one])])
    assert "![x](http://evil.example/?q=1)" in text
    assert "\x00" not in text
    assert "\u202e" not in text
    assert set(outside_of_fences(text)) & set("![]<>(){}`~*_\\") <= set("()")
    assert "evil" not in outside_of_fences(text)


def test_a_chat_as_json_can_be_read_again():
    (chat,) = json.loads(
        exporting.as_json([(CHAT, [answer("a", HOSTILE), answer("b", state="failed", error="Full.")])])
    )["chats"]
    assert chat["documents"] == ["d"]
    assert [one["answer"] for one in chat["answers"]] == [HOSTILE, "In 1871 [1]."]
    assert chat["answers"][1]["error"] == "Full."
    assert chat["answers"][0]["citations"][0]["quote"] == "was built in 1871"


def test_the_command_lists_chats_and_writes_those_that_are_wanted(services, tmp_path, capsys):
    with services.database.write() as connection:
        for name in ("one", "two"):
            conversations.start(connection, name, services.owner, f"Chat {name}", [], 5.0)
            conversations.save_answer(
                connection, answer(f"of-{name}", conversation_id=name, question=f"What of {name}?")
            )
    storage = ["--storage", str(services.storage)]

    def call(*arguments: str) -> tuple[int, list[dict]]:
        status = main([*storage, "chats", *arguments, "--json"])
        return status, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    status, lines = call()
    assert status == 0
    assert {(line["id"], line["title"], line["answers"]) for line in lines} == {
        ("one", "Chat one", 1),
        ("two", "Chat two", 1),
    }
    status, (line,) = call("--export", str(tmp_path / "all.md"))
    assert (status, line["chats"], line["answers"]) == (0, 2, 2)
    assert "What of one?" in (tmp_path / "all.md").read_text(encoding="utf-8")
    status, (line,) = call("--chat", "two", "--export", str(tmp_path / "two.json"))
    assert [chat["id"] for chat in json.loads((tmp_path / "two.json").read_text())["chats"]] == ["two"]
    status, (line,) = call("--chat", "three", "--export", str(tmp_path / "three.json"))
    assert (status, "no chat three" in line["error"]) == (1, True)
    assert main([*storage, "chats", "--export", str(tmp_path / "all.txt")]) == 2
    assert main([*storage, "chats", "--export", str(tmp_path / "nowhere" / "all.md")]) == 2
