from __future__ import annotations

import pytest

from stc.chat import answering
from stc.sleep import run
from tests.pages.conftest import all_text


@pytest.fixture
def page(app):
    app.run()
    return app.switch_page("pages/savings.py").run()


def test_nothing_to_count_is_said_so(page):
    assert "Nothing has been asked or prepared yet" in all_text(page)
    assert not page.exception


def test_preparing_starts_in_the_red(page, add, services):
    add("long.md", "\n\n".join(f"The tower of Alder {i} was built in {1900 + i} by Ada Lind." for i in range(30)))
    list(run.sleep_now(services, until_done=True))
    page.run()
    shown = all_text(page)
    assert "Not paid back yet: " in shown
    assert "tokens to go" in shown
    assert "Without an AI model" in shown


def test_questions_are_added_up_against_each_baseline(page, add, services):
    add()
    for question in ("How tall is the lighthouse?", "Who was the keeper?", "What did repairs cost in 2024?"):
        answering.ask(services, question)
    page.run()
    assert not page.exception
    shown = all_text(page)
    assert "| Passages | " in shown
    assert "| The whole document | " in shown
    assert "together used" in shown
    assert "| Passages | 3 | 100% |" in shown, "what answers were made from"
    assert page.get("vega_lite_chart"), "three questions make a line"
    page.get("segmented_control")[0].set_value("Money").run()
    assert "$0" in all_text(page)
    assert not page.exception


def test_every_call_can_be_downloaded(page, add, services):
    add()
    answering.ask(services, "How tall is the lighthouse?")
    page.run()
    assert page.get("download_button")
