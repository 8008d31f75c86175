"""What the planner learns from what happened."""

from __future__ import annotations

import pytest

from stc.meter.ledger import GIVEN
from stc.sleep import facts, run, value
from stc.storage import conversations, notes
from stc.words import Answer, Baseline, Citation, Usage
from tests.sleep import library

CHUNKS = Baseline(1500, 100, 0.0021)
SPENT = Usage(500, output_tokens=100, cost_usd=0.0011)


@pytest.fixture
def document(services):
    """One that was prepared without a model."""
    added = library.add(services)
    list(run.sleep_now(services, until_done=True))
    services.change_settings(chat_model="gpt-4o", sleep_model="gpt-4o", consent="gpt-4o")
    return added


def made(services, document, pass_kind: str) -> str:
    with services.database.read() as connection:
        found = notes.of_document(connection, document.id)
    return next(note.id for note in found if note.kind == pass_kind)


def ask(services, document, number: int, *used: str, **changes) -> None:
    citation = Citation(1, document.id, document.name, 1, "a quote", True)
    values = {"route": "notes" if used else "chunks", "state": "done", "model": "gpt-4o", "usage": SPENT, **changes}
    answer = Answer(
        f"answer-{number}", services.owner, None, f"Question {number}?", (document.id,), "typed", "medium",
        services.now() + number, citations=(citation,), notes_used=used, baselines={"chunks": CHUNKS}, **values,
    )  # fmt: skip
    with services.database.write() as connection:
        conversations.save_answer(connection, answer)


def experience(services):
    return facts.gather(services).policy.experience


def test_what_answers_from_notes_saved_is_learned_in_tokens_and_money(services, document):
    assert experience(services).saved_usd == pytest.approx(600 * 2.5e-6)
    for number in range(5):
        ask(services, document, number, made(services, document, "answer"))
    learned = experience(services)
    assert learned.answers == 5
    assert learned.saved_tokens == pytest.approx((5 * 1000 + 5 * 600) / 10)
    assert learned.saved_usd == pytest.approx((5 * 0.001 + 5 * 0.0015) / 10)
    assert learned.chances["anticipate"] > value.CHANCES["anticipate"]
    assert learned.chances["outline"] < value.CHANCES["outline"]


def test_money_that_another_model_saved_tells_nothing_about_this_one(services, document):
    before = experience(services).saved_usd
    ask(services, document, 1, made(services, document, "answer"), model="gpt-4o-mini")
    assert experience(services).saved_usd == before
    assert experience(services).answers == 1


def test_notes_that_nobody_paid_for_here_teach_nothing(services, document):
    before = experience(services)
    ask(services, document, 1, made(services, document, "answer"), reasons=(GIVEN,))
    ask(services, document, 2, "a note that is gone")
    assert experience(services) == before


def test_questions_that_use_no_note_of_the_model_are_counted_until_one_does(services, document):
    def unused() -> int:
        return facts.gather(services).candidates[0].use.unused

    for number in range(3):
        ask(services, document, number)
    assert unused() == 0, "the model has made no notes yet"
    with services.database.write() as connection:
        connection.exec_driver_sql("UPDATE sleep_tasks SET thinker = 'model'")
    assert unused() == 3
    ask(services, document, 3, made(services, document, "answer"))
    assert unused() == 0
    ask(services, document, 4)
    assert unused() == 1


@pytest.mark.parametrize(
    ("chat", "sleep", "unit", "saved", "free"),
    [
        ("gpt-4o", "gpt-4o", "usd", True, False),
        ("", "gpt-4o", "usd", 0.0, False),
        ("ollama/llama3.2", "gpt-4o", "usd", 0.0, False),
        ("openai/nobody-knows-it", "gpt-4o", "tokens", None, False),
        ("gpt-4o", "openai/nobody-knows-it", "tokens", True, False),
        ("gpt-4o", "ollama/llama3.2", "tokens", True, True),
        ("", "", "tokens", 0.0, False),
    ],
)
def test_money_is_reckoned_in_only_where_both_prices_are_known(services, chat, sleep, unit, saved, free):
    services.change_settings(chat_model=chat, sleep_model=sleep)
    policy = facts.gather(services).policy
    assert (policy.unit, policy.model.free) == (unit, free)
    assert policy.experience.saved_usd == saved or (saved is True and policy.experience.saved_usd > 0)


def test_what_was_asked_stands_with_its_document(services, document):
    ask(services, document, 1)
    ask(services, document, 2, made(services, document, "answer"))
    (candidate,) = facts.gather(services).candidates
    assert len(candidate.use.asked_at) == 2
    assert [question.text for question in candidate.questions] == ["Question 1?"]
