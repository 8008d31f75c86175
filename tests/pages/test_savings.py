from __future__ import annotations

from dataclasses import replace

import pytest

from stc.chat import answering, generations
from stc.sleep import run
from stc.storage import conversations, shadows
from stc.words import Shadow
from tests.pages.conftest import LIGHTHOUSE, all_text


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


def prepared_and_asked(add, services):
    """Let four typed questions be answered from notes."""
    others = "\n\n".join(f"The tower of Alder {i} was built in {1900 + i} by Ada Lind." for i in range(200))
    document = add("towers.md", f"{LIGHTHOUSE}\n# Towers\n\n{others}")
    list(run.sleep_now(services, until_done=True))
    for question in ("How tall is the lighthouse?", "Who was the keeper?", "What did repairs cost in 2024?") * 2:
        answering.ask(services, question, document_ids=[document])
    return document


def test_the_lines_can_be_drawn_against_each_baseline_and_for_one_document(page, add, services):
    document = prepared_and_asked(add, services)
    page.run()
    shown = page.get("vega_lite_chart")[0].proto.spec
    assert "Questions that you typed" in shown
    page.segmented_control(key="against").set_value("document").run()
    assert page.get("vega_lite_chart")[0].proto.spec != shown
    page.selectbox(key="of-document").set_value(document).run()
    assert not page.exception
    assert "Never used so far: " in all_text(page)


def test_a_price_can_be_entered_and_removed(page, services):
    page.text_input(key="price-model").set_value("openai/mine")
    page.number_input(key="price-input").set_value(0.5)
    page.number_input(key="price-output").set_value(2.0)
    next(button for button in page.button if button.label == "Enter this price").click().run()
    assert "$0.5 read, $2 written per million tokens" in all_text(page)
    assert services.llm.price("openai/mine").steps[0].input == 0.5e-6
    next(button for button in page.button if button.label == "Remove").click().run()
    assert services.llm.price("openai/mine") is None


def test_a_price_that_can_be_none_is_refused_in_words(page):
    page.text_input(key="price-model").set_value("openai/mine")
    next(button for button in page.button if button.label == "Enter this price").click().run()
    assert "needs dollars for tokens read and for tokens written" in all_text(page)
    assert not page.exception


def test_what_was_quoted_can_be_counted_as_if_a_model_had_been_paid(page, add, services):
    prepared_and_asked(add, services)
    page.run()
    page.text_input(key="as-if").set_value("gpt-4o-mini").run()
    page.segmented_control(key="unit").set_value("Money").run()
    shown = all_text(page)
    assert "Nobody paid this; it is an estimate." in shown
    assert "Not paid back yet: $" in shown
    page.text_input(key="as-if").set_value("openai/of-next-year").run()
    assert "is unknown: nothing is counted as if it had been paid" in all_text(page)


def test_how_often_estimates_are_checked_is_the_persons_choice(page, add, services):
    add()
    answering.ask(services, "How tall is the lighthouse?")
    services.change_settings(chat_model="gpt-4o-mini")
    page.run()
    assert "Not known yet." in all_text(page)
    assert services.settings.shadow_share == 0
    page.select_slider(key="shadow-share").set_value(0.1).run()
    assert (services.settings.shadow_share, services.settings.shadow_consent) == (0.1, "gpt-4o-mini")
    assert "are sent to OpenAI once more" in all_text(page)
    services.change_settings(chat_model="claude-haiku-4-5")
    page.run()
    assert "You have not agreed to this for claude-haiku-4-5 yet" in all_text(page)


def test_every_call_can_be_downloaded(page, add, services):
    add()
    answering.ask(services, "How tall is the lighthouse?")
    page.run()
    assert page.get("download_button")


def test_the_details_of_an_answer_hold_its_formulas_its_check_and_its_receipt(app, add, services):
    document = add()
    chat = generations.new_conversation(services, "lighthouse", [document])
    answer = answering.ask(services, "How tall is the lighthouse?", document_ids=[document], conversation_id=chat)
    instead = answer.baselines["chunks"]
    measured = replace(instead, seconds=2.5, measured=True)
    shadow = Shadow(
        answer.id, services.owner, "chunks", answer.model, "medium", 1.0, "done", instead, measured,
        differs={"numbers": ["41", "42"], "dates": [], "names": []},
    )  # fmt: skip
    with services.database.write() as connection:
        shadows.begin(connection, shadow)
        conversations.save_answer(connection, replace(answer, baselines={**answer.baselines, "chunks": measured}))
    app.query_params["chat"] = chat
    app.session_state[f"meter-{answer.id}"] = True
    app.run()
    assert not app.exception
    shown = all_text(app)
    assert "| From passages, without preparation, measured |" in shown
    assert "| 2.5 s |" in shown
    assert "they differ in numbers 41, 42" in shown
    assert "quotes verified" in shown or "quote verified" in shown
    assert [button.proto.label for button in app.get("download_button")] == ["Receipt"]
