"""What is thought about next, and why not."""

from __future__ import annotations

import dataclasses
import time
from datetime import datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stc.sleep import planning
from stc.sleep.demand import Question
from stc.sleep.planning import Asleep, Candidate, ModelState, Needed, NotWorth, Planned, Policy, Spent, Window
from stc.sleep.value import Experience, Use
from stc.words import Document, Page, TaskKey, TaskState

NOW = 1_000_000.0
LOCAL = ModelState("ollama/llama", local=True, needs_consent=False)
CLOUD = ModelState("openai/gpt", local=False, needs_consent=True, consented=True)
NOTHING = Spent()
POLICY = Policy(idle_after_s=120, daily_usd=1.0, daily_tokens=100_000)


def document(name: str, *, used: float = 3600, **changes) -> Document:
    made = Document(
        id=name,
        owner="local",
        name=f"{name}.pdf",
        media_type="application/pdf",
        size_bytes=1,
        content_hash=name,
        status="ready",
        pages=9,
        chunks=9,
        tokens=9000,
        added_at=0.0,
        ready_at=0.0,
        last_used_at=NOW - used,
    )
    return dataclasses.replace(made, **changes)


def candidate(name: str, *, parts: int = 3, **changes) -> Candidate:
    found = [Window("outline", 1, 9, f"{name} outline", 9000)]
    found += [Window("anticipate", 3 * n + 1, 3 * n + 3, f"{name} {n}", 3000) for n in range(parts)]
    return Candidate(document(name, **changes), 1, tuple(found))


def plan(*candidates, states=None, policy=POLICY, spent=NOTHING, **options):
    return planning.next_task(candidates, states or {}, policy, spent, NOW, **options)


def order(*candidates, policy=POLICY, **options) -> list[str]:
    """Return the windows in the order in which they would be done."""
    states: dict[TaskKey, TaskState] = {}
    done = []
    while isinstance(planned := plan(*candidates, states=states, policy=policy, **options), Planned):
        states[planned.key()] = TaskState(done=True)
        done.append(planned.window.hash)
    return done


def test_each_document_gets_a_first_look_before_any_is_gone_through_and_the_last_used_comes_first():
    assert order(candidate("old", used=9000), candidate("new", used=500)) == [
        "new outline",
        "new 0",
        "old outline",
        "old 0",
        "new 1",
        "new 2",
        "old 1",
        "old 2",
    ]


def test_a_document_in_use_is_left_alone_until_it_is_idle():
    planned = plan(candidate("a", used=30))
    assert planned == Asleep("a.pdf was used a moment ago", NOW + 90, document_id="a")
    assert isinstance(plan(candidate("a", used=30), by_hand=True), Planned)


def test_pause_holds_for_the_background_and_not_for_a_person_who_asks():
    paused = dataclasses.replace(POLICY, paused=True)
    assert plan(candidate("a"), policy=paused) == Asleep("paused")
    assert isinstance(plan(candidate("a"), policy=paused, by_hand=True), Planned)


@pytest.mark.parametrize(
    ("candidates", "reason"),
    [
        ([], "there are no documents"),
        ([candidate("a", status="embedding")], "no document is ready yet"),
        ([candidate("a", prepare=False)], "every document is kept from preparation"),
    ],
)
def test_why_nothing_is_done_is_said_in_words(candidates, reason):
    assert plan(*candidates) == Asleep(reason)


def test_when_all_is_done_it_says_so():
    states = {
        TaskKey("a", w.pass_name, w.hash, "extractive", 1, 1): TaskState(done=True) for w in candidate("a").windows
    }
    assert plan(candidate("a"), states=states) == Asleep("everything is prepared")


def test_the_reason_is_one_line_for_a_person():
    planned = plan(candidate("a"))
    assert planned.reason == "a summary first; unused for 60 minutes"
    states = {planned.key(): TaskState(done=True)}
    assert plan(candidate("a"), states=states).reason == "a first look at pages 1–3; unused for 60 minutes"


def test_with_a_model_the_model_thinks_and_its_windows_need_no_other_thinker():
    policy = dataclasses.replace(POLICY, model=LOCAL)
    planned = plan(candidate("a"), policy=policy)
    assert (planned.thinker, planned.fallback) == ("model", "")
    states = {TaskKey("a", w.pass_name, w.hash, "model", 1, 1): TaskState(done=True) for w in candidate("a").windows}
    assert plan(candidate("a"), states=states) == Asleep("everything is prepared")
    # What was done without a model is done again with one.
    states = {
        TaskKey("a", w.pass_name, w.hash, "extractive", 1, 1): TaskState(done=True) for w in candidate("a").windows
    }
    assert plan(candidate("a"), states=states, policy=policy).thinker == "model"


@pytest.mark.parametrize(
    ("model", "changes", "why"),
    [
        (dataclasses.replace(CLOUD, consented=False), {}, "you have not agreed yet that the model prepares"),
        (CLOUD, {"keep_local": True}, "it is kept on this computer"),
    ],
)
def test_where_the_model_may_not_the_extractive_thinker_does(model, changes, why):
    planned = plan(candidate("a", **changes), policy=dataclasses.replace(POLICY, model=model))
    assert (planned.thinker, planned.fallback) == ("extractive", why)
    assert why in planned.reason


def test_a_document_kept_here_may_be_read_by_a_model_here():
    planned = plan(candidate("a", keep_local=True), policy=dataclasses.replace(POLICY, model=LOCAL))
    assert planned.thinker == "model"


def test_limits_are_checked_with_an_estimate_before_anything_is_sent():
    policy = dataclasses.replace(POLICY, model=CLOUD, estimate=lambda document, window: Needed(3000, 1000, 0.02))
    assert plan(candidate("a"), policy=policy, spent=Spent(0.97, 0)).thinker == "model"
    planned = plan(candidate("a"), policy=policy, spent=Spent(0.99, 0))
    assert (planned.thinker, planned.fallback) == ("extractive", "today's limit of $1.00 is reached")
    planned = plan(candidate("a"), policy=policy, spent=Spent(0.0, 97_000))
    assert planned.fallback == "today's limit of 100,000 tokens is reached"


def test_an_unknown_price_is_held_by_the_limit_on_tokens_alone():
    policy = dataclasses.replace(POLICY, model=CLOUD, estimate=lambda document, window: Needed(3000, 1000, None))
    assert plan(candidate("a"), policy=policy, spent=Spent(50.0, 0)).thinker == "model"


@pytest.mark.parametrize("limit", ["daily_usd", "document_usd", "run_usd"])
def test_where_no_dollar_may_be_spent_an_unknown_price_is_not_taken_for_free(limit):
    policy = dataclasses.replace(POLICY, model=CLOUD, estimate=lambda document, window: Needed(3000, 1000, None))
    planned = plan(candidate("a"), policy=dataclasses.replace(policy, **{limit: 0.0}))
    assert (planned.thinker, planned.fallback) == ("extractive", "its price is unknown, and a limit of $0 is set")
    free = dataclasses.replace(policy, model=LOCAL, estimate=lambda document, window: Needed(3000, 1000, 0.0))
    assert plan(candidate("a"), policy=dataclasses.replace(free, **{limit: 0.0})).thinker == "model"


def test_after_a_limit_it_says_until_when():
    policy = dataclasses.replace(POLICY, model=CLOUD, estimate=lambda document, window: Needed(3000, 1000, 0.02))
    states = {
        TaskKey("a", w.pass_name, w.hash, "extractive", 1, 1): TaskState(done=True) for w in candidate("a").windows
    }
    planned = plan(candidate("a"), policy=policy, states=states, spent=Spent(1.0, 0))
    assert isinstance(planned, Asleep)
    assert planned.hindered
    assert planned.until == (NOW // 86400 + 1) * 86400


def test_a_failing_model_rests_longer_each_time_and_is_then_done_without():
    assert [planning.rest_s(n) for n in range(1, 5)] == [60, 120, 240, 480]
    assert planning.rest_s(99) == 3600
    for failures, expected in ((1, Asleep), (2, Asleep), (3, Planned)):
        model = dataclasses.replace(LOCAL, failures=failures, failed_at=NOW - 1)
        planned = plan(candidate("a"), policy=dataclasses.replace(POLICY, model=model))
        assert isinstance(planned, expected)
    assert isinstance(planned, Planned)
    assert planned.thinker == "extractive"
    rested = dataclasses.replace(LOCAL, failures=3, failed_at=NOW - 241)
    assert plan(candidate("a"), policy=dataclasses.replace(POLICY, model=rested)).thinker == "model"


def test_a_clock_set_back_keeps_no_model_at_rest():
    model = dataclasses.replace(LOCAL, failures=1, failed_at=NOW + 86400)
    assert plan(candidate("a"), policy=dataclasses.replace(POLICY, model=model)).thinker == "model"


def test_a_task_that_failed_too_often_is_left_alone():
    policy = dataclasses.replace(POLICY, model=LOCAL)
    first = plan(candidate("a", parts=0), policy=policy)
    given_up = {first.key(): TaskState(attempts=planning.MAX_ATTEMPTS)}
    planned = plan(candidate("a", parts=0), policy=policy, states=given_up)
    assert planned.thinker == "extractive"
    done = {**given_up, planned.key(): TaskState(done=True)}
    assert plan(candidate("a", parts=0), policy=policy, states=done) == Asleep("everything is prepared")
    again = Candidate(document("a"), 2, candidate("a", parts=0).windows)
    assert plan(again, policy=policy, states=done).thinker == "model"


def test_what_another_process_holds_is_not_taken():
    first = plan(candidate("a"))
    held = {first.key(): TaskState(held=True, not_before=NOW + 30)}
    assert plan(candidate("a"), states=held).window.hash == "a 0"


# Worth

PAID = dataclasses.replace(
    POLICY,
    model=CLOUD,
    unit="usd",
    experience=Experience(saved_usd=0.002),
    estimate=lambda document, window: Needed(min(window.tokens, 4000) + 500, 500, 0.004),
    daily_usd=100.0,
    daily_tokens=10**9,
)


def asked(name: str, *days_ago: float, **changes) -> Candidate:
    times = tuple(NOW - days * 86400 for days in days_ago)
    use = Use(times, last_used_at=NOW - 3600, unused=changes.pop("unused", 0))
    return dataclasses.replace(candidate(name, **changes), use=use)


def all_of(*candidates, states=None, policy=PAID, **options) -> list:
    return list(planning.wanted(candidates, states or {}, policy, NOTHING, NOW, **options))


def by_model(*candidates, **options) -> list[str]:
    found = all_of(*candidates, **options)
    return [item.window.hash for item in found if isinstance(item, Planned) and item.thinker == "model"]


def test_a_paid_model_takes_a_first_look_and_nothing_that_costs_more_than_it_saves():
    found = all_of(asked("a"))
    assert [(i.window.hash, i.thinker) for i in found if isinstance(i, Planned)] == [
        ("a outline", "model"),
        ("a 0", "model"),
        ("a 1", "extractive"),
        ("a 2", "extractive"),
    ]
    (skipped, _) = (item for item in found if isinstance(item, NotWorth))
    assert skipped.value.net < 0
    assert skipped.reason == (
        "not asked this week, 1 more likely, 10% of them answered from it; about $0.0020 saved each; "
        "costs about $0.0040"
    )
    assert found[3].reason.endswith("without the AI model: it would cost more than it is likely to save")


def test_what_is_asked_about_is_worth_it_the_most_asked_first():
    little, much = asked("little", *([1] * 25)), asked("much", *([1] * 50))
    assert by_model(little, much) == [
        "little outline", "little 0", "much outline", "much 0", "much 1", "much 2", "little 1", "little 2",
    ]  # fmt: skip
    planned = next(item for item in all_of(much) if isinstance(item, Planned) and item.window.hash == "much 1")
    assert planned.value.net > 0
    assert planned.reason.startswith("questions and answers, pages 4–6: asked 50 times this week")


@given(
    st.lists(st.tuples(st.lists(st.floats(0, 60), max_size=40), st.floats(3600, 10**6)), min_size=1, max_size=4),
    st.floats(0, 0.01),
    st.floats(0, 0.05),
)
def test_nothing_with_a_negative_value_is_planned_for_the_model_and_the_order_is_always_the_same(uses, saved, cost):
    candidates = [asked(f"d{n}", *days, used=used) for n, (days, used) in enumerate(uses)]
    policy = dataclasses.replace(
        PAID,
        experience=Experience(saved_usd=saved),
        estimate=lambda document, window: Needed(window.tokens, 500, cost),
    )
    found = all_of(*candidates, policy=policy)
    rest = [item for item in found if isinstance(item, Planned) and item.thinker == "model" and item.value is not None]
    assert all(item.value.net >= 0 for item in rest)
    assert [item.value.net for item in rest] == sorted((item.value.net for item in rest), reverse=True)
    assert all(item.value is None or item.value.net < 0 for item in found if isinstance(item, NotWorth))
    assert found == all_of(*candidates[::-1], policy=policy)


def test_a_person_who_asks_gets_everything_whatever_it_is_worth():
    assert by_model(asked("a"), by_hand=True) == ["a outline", "a 0", "a 1", "a 2"]


def test_a_free_model_does_everything_the_most_valuable_first():
    policy = dataclasses.replace(PAID, model=dataclasses.replace(LOCAL, free=True), unit="tokens")
    assert by_model(asked("a"), asked("b", 1, 2), policy=policy) == [
        "a outline", "a 0", "b outline", "b 0", "b 1", "b 2", "a 1", "a 2",
    ]  # fmt: skip
    reasons = [item.reason for item in all_of(asked("a"), policy=policy)]
    assert reasons[2].endswith("costs nothing")


def test_worth_is_reckoned_by_what_is_really_billed_and_limits_by_the_most_that_it_may_cost():
    busy = asked("a", *([0.5] * 18))
    assert by_model(busy) == ["a outline", "a 0"]
    cheap = dataclasses.replace(PAID, estimate=lambda d, w: Needed(3500, 500, 0.004, 0.002))
    assert by_model(busy, policy=cheap) == ["a outline", "a 0", "a 1", "a 2"]
    assert by_model(busy, policy=dataclasses.replace(cheap, run_usd=0.003)) == []


def test_where_a_price_is_unknown_tokens_are_compared_and_it_is_not_taken_for_free():
    policy = dataclasses.replace(
        PAID,
        unit="tokens",
        estimate=lambda document, window: Needed(min(window.tokens, 4000), 500, None),
        experience=Experience(),
    )
    assert by_model(asked("a"), policy=policy) == ["a outline", "a 0"]
    (skipped, *_) = (item for item in all_of(asked("a"), policy=policy) if isinstance(item, NotWorth))
    assert skipped.reason.endswith("about 600 tokens saved each; costs about 3,500 tokens")
    assert "a 1" in by_model(asked("a", *([0.5] * 200)), policy=policy)


def test_where_answers_cost_nothing_nothing_is_bought_for_them():
    policy = dataclasses.replace(PAID, experience=Experience(saved_usd=0.0))
    assert by_model(asked("a", *([0.5] * 500)), policy=policy) == ["a outline", "a 0"]


def test_a_document_whose_notes_nobody_uses_is_prepared_no_further():
    busy = [0.5] * 500
    assert len(by_model(asked("a", *busy, unused=19))) == 4
    assert by_model(asked("a", *busy, unused=20)) == ["a outline", "a 0"]
    (skipped, *_) = (item for item in all_of(asked("a", *busy, unused=20)) if isinstance(item, NotWorth))
    assert skipped.reason == "the last 20 questions used none of the notes that the model made"


def test_a_first_look_is_capped_a_very_long_first_page_is_no_part_of_it():
    long = Candidate(document("a"), 1, (Window("outline", 1, 2, "o", 20_000), Window("anticipate", 1, 1, "w", 15_000)))
    policy = dataclasses.replace(PAID, estimate=lambda d, w: Needed(min(w.tokens, 4000) if w.hash == "o" else w.tokens))
    assert planning.first_look(long, policy) == long.windows[:1]
    assert planning.first_look(candidate("a"), PAID) == candidate("a").windows[:2]


# Questions really asked


def question(text: str, *ids: str, **changes) -> Question:
    return Question(text, ids or (text,), NOW - 50, **changes)


def test_questions_that_people_asked_come_before_everything_else():
    curious = dataclasses.replace(
        candidate("b", used=9000), questions=(question("Who?", "1", "2"), question("Why?", "3"))
    )
    planned = plan(candidate("a"), curious, policy=PAID)
    assert (planned.window.pass_name, planned.document_id, planned.thinker) == ("directed", "b", "model")
    assert (planned.questions, planned.window.answers) == (("Who?", "Why?"), ("1", "2", "3"))
    assert (planned.window.page_start, planned.window.page_end) == (1, 9)
    assert planned.reason == "2 questions that you asked and the notes did not answer"
    assert planned.task("t", "o").answers == ("1", "2", "3")
    again = plan(candidate("a"), curious, policy=PAID, states={planned.key(): TaskState(done=True)})
    assert again.window.pass_name == "outline"


def test_a_document_kept_from_preparation_has_no_questions():
    kept = dataclasses.replace(candidate("a", prepare=False), questions=(question("Who?"),))
    assert plan(kept) == Asleep("every document is kept from preparation")


def test_without_a_model_the_extractive_thinker_answers_them_once():
    curious = dataclasses.replace(candidate("a", parts=0), questions=(question("Who?"),))
    assert plan(curious).thinker == "extractive"
    tried = dataclasses.replace(curious, questions=(question("Who?", settled=frozenset({"extractive"})),))
    assert plan(tried).window.pass_name == "outline"
    assert plan(tried, policy=PAID).window.pass_name == "directed"


def test_questions_that_another_process_is_at_are_waited_for_by_who_asked():
    held = dataclasses.replace(candidate("a", parts=0), windows=(), questions=(question("Who?", held_until=NOW + 30),))
    planned = plan(held, by_hand=True)
    assert (planned.held, planned.until) == (True, NOW + 30)


# Generations


def generations(found: dict[int, int], *, wanted: int = 5) -> list[tuple[str, int]]:
    """Return what is planned of a window whose generations found so many new notes."""
    one = dataclasses.replace(candidate("a", parts=1), found={("a 0", g): number for g, number in found.items()})
    done = {TaskKey("a", "outline", "a outline", "model", 1, 1): TaskState(done=True)}
    done |= {TaskKey("a", "anticipate", "a 0", "model", g, 1): TaskState(done=True) for g in found}
    policy = dataclasses.replace(PAID, generations=wanted, model=dataclasses.replace(LOCAL, free=True))
    found_items = all_of(one, states=done, policy=policy)
    little = [new for _, _, new in planning.saturated([one], done, policy)]
    assert bool(little) == (not found_items and wanted > max(found))
    return [(item.window.hash, item.generation) for item in found_items]


def test_another_generation_follows_while_the_last_one_brought_enough():
    assert generations({1: 10}) == [("a 0", 2)]
    assert generations({1: 10, 2: 2}) == [("a 0", 3)]
    assert generations({1: 10, 2: 1}) == []
    assert generations({1: 20, 2: 3}) == []
    assert generations({1: 1}) == []
    assert generations({1: 10}, wanted=1) == []
    assert generations({1: 10, 2: 5}, wanted=2) == []


def test_another_generation_is_a_task_of_its_own_and_has_to_be_worth_it():
    one = dataclasses.replace(asked("a", parts=1), found={("a 0", 1): 10})
    done = {
        TaskKey("a", w.pass_name, w.hash, "model", 1, 1): TaskState(done=True) for w in candidate("a", parts=1).windows
    }
    policy = dataclasses.replace(PAID, generations=2)
    (item,) = all_of(one, states=done, policy=policy)
    assert isinstance(item, NotWorth)
    (planned,) = all_of(one, states=done, policy=policy, by_hand=True)
    assert planned.key().generation == planned.task("t", "o").generation == 2
    assert planned.reason.startswith("another look for questions and answers, pages 1–3")
    outline_only = dataclasses.replace(one, windows=one.windows[:1], found={("a outline", 1): 9})
    assert all_of(outline_only, states=done, policy=policy, by_hand=True) == []


# Limits and manners


@pytest.mark.parametrize(
    ("changes", "spent", "why"),
    [
        ({"run_tokens": 3999}, NOTHING, "this step needs about 4,000 tokens, a step may use 3,999"),
        ({"run_usd": 0.003}, NOTHING, "this step may cost $0.0040, a step at most $0.0030"),
        (
            {"document_tokens": 50_000},
            Spent(documents={"a": (0.0, 46_001)}),
            "the limit of 50,000 tokens for one document is reached",
        ),
        ({"document_usd": 0.5}, Spent(documents={"a": (0.497, 0)}), "the limit of $0.50 for one document is reached"),
    ],
)
def test_limits_hold_for_each_document_and_each_step(changes, spent, why):
    policy = dataclasses.replace(PAID, **changes)
    policy = dataclasses.replace(policy, estimate=lambda d, w: Needed(3500, 500, 0.004))
    for by_hand in (False, True):
        planned = plan(candidate("a"), policy=policy, spent=spent, by_hand=by_hand)
        assert planned.thinker == "extractive"
        assert planned.fallback == why


def test_another_documents_spending_is_its_own():
    policy = dataclasses.replace(PAID, document_usd=0.5)
    assert plan(candidate("a"), policy=policy, spent=Spent(documents={"b": (9.0, 0)})).thinker == "model"


@pytest.mark.parametrize(
    ("changes", "asleep"),
    [
        ({"quiet_until": NOW + 500}, Asleep("it is quiet hours", NOW + 500)),
        ({"on_battery": True}, Asleep("the computer runs on its battery")),
    ],
)
def test_quiet_hours_and_battery_hold_for_the_background_and_not_for_a_person_who_asks(changes, asleep):
    policy = dataclasses.replace(POLICY, **changes)
    assert plan(candidate("a"), policy=policy) == asleep
    assert isinstance(plan(candidate("a"), policy=policy, by_hand=True), Planned)


@pytest.fixture
def berlin(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield lambda text: datetime.fromisoformat(text).timestamp()
    monkeypatch.undo()
    time.tzset()


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="only on systems that can change a process's time zone")
@pytest.mark.parametrize(
    ("hours", "now", "until"),
    [
        ("22:00-07:00", "2026-11-20T23:30", "2026-11-21T07:00"),
        ("22:00-07:00", "2026-11-21T06:59", "2026-11-21T07:00"),
        ("22:00-07:00", "2026-11-21T07:00", None),
        ("22:00-07:00", "2026-11-21T21:59", None),
        ("22:00-07:00", "2026-11-21T22:00", "2026-11-22T07:00"),
        ("9:00-17:30", "2026-11-21T12:00", "2026-11-21T17:30"),
        ("9:00-17:30", "2026-11-21T08:59", None),
        ("08:00-08:00", "2026-11-21T07:00", "2026-11-21T08:00"),
        ("22:00-07:00", "2026-10-24T23:00", "2026-10-25T07:00"),  # the clocks go back in this night
        ("22:00-07:00", "2026-03-28T23:00", "2026-03-29T07:00"),  # and forward in this one
        ("", "2026-11-21T23:00", None),
    ],
)
def test_quiet_hours_are_local_time_and_end_when_the_clock_on_the_wall_says_so(berlin, hours, now, until):
    assert planning.quiet_until(hours, berlin(now)) == (None if until is None else berlin(until))


# Windows


def words(text: str) -> int:
    return len(text.split())


def make_pages(texts) -> list[Page]:
    return [Page(number, text) for number, text in enumerate(texts, start=1)]


def test_the_outline_is_over_the_whole_document_and_comes_first():
    found = planning.windows(make_pages(["one two", "", "three"]), words)
    assert (found[0].pass_name, found[0].page_start, found[0].page_end, found[0].tokens) == ("outline", 1, 3, 3)


def test_a_document_without_text_has_no_windows():
    assert planning.windows(make_pages(["", "  \n"]), words) == ()


texts = st.lists(st.text("ab \n", max_size=40), max_size=25)


def groups(pages, limit: int) -> list[Window]:
    return [window for window in planning.windows(pages, words, limit=limit) if window.pass_name == "anticipate"]


@given(texts)
def test_windows_cover_every_page_with_text_once_and_in_order(given_texts):
    pages = make_pages(given_texts)
    found = groups(pages, 12)
    covered = [page.number for window in found for page in pages if window.page_start <= page.number <= window.page_end]
    assert covered == sorted(set(covered))
    assert {page.number for page in pages if page.text.strip()} <= set(covered)
    for window in found:
        assert window.tokens <= 12 or window.page_start == window.page_end


@given(texts)
def test_what_is_asked_about_is_also_derived_from_in_a_task_of_its_own(given_texts):
    found = planning.windows(make_pages(given_texts), words, limit=12)[1:]
    assert [w.pass_name for w in found] == ["anticipate", "infer"] * (len(found) // 2)
    for asked, derived in zip(found[::2], found[1::2], strict=True):
        assert (asked.page_start, asked.page_end, asked.tokens) == (
            derived.page_start,
            derived.page_end,
            derived.tokens,
        )
        assert asked.hash != derived.hash


@given(st.lists(st.integers(1, 30), min_size=2, max_size=60))
def test_a_window_is_filled_by_five_eighths_unless_a_long_page_or_the_end_follows(sizes):
    pages = make_pages([f"page{n} " * size for n, size in enumerate(sizes)])
    found = groups(pages, 40)
    for window, following in pairwise(found):
        if window.tokens < 25:
            assert window.tokens + sizes[following.page_start - 1] > 40


def changed(before: list[str], after: list[str]) -> int:
    """Return how many windows of about ten pages an edit would have thought about again."""
    old, new = ({w.hash for w in groups(make_pages(some), 100)} for some in (before, after))
    assert len(new) > 25
    return len(new - old)


BODY = [f"page {n} has some words of its own" for n in range(300)]


def test_an_edited_page_changes_the_windows_around_it_only():
    counts = [changed(BODY, [*BODY[:n], "", *BODY[n + 1 :]]) for n in range(0, 240, 7)]
    assert sum(counts) / len(counts) <= 3
    assert max(counts) <= 15


def test_pages_that_only_moved_are_the_same_input():
    assert changed(BODY, ["a new title page", *BODY]) <= 5
