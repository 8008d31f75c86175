"""What is thought about next, and why not."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stc.sleep import planning
from stc.sleep.planning import Asleep, Candidate, ModelState, Needed, Planned, Policy, Spent, Window
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
        stage_done=0,
        stage_total=0,
        pages=9,
        chunks=9,
        tokens=9000,
        warnings=(),
        error=None,
        prepare=True,
        keep_local=False,
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
