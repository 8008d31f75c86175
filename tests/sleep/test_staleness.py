"""Page texts are single words here; a window is the run of pages from its task's first to its last."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stc.sleep import planning, staleness
from stc.words import Evidence, Note, Page, SleepTask


def numbered(texts):
    return [Page(number, text) for number, text in enumerate(texts, start=1)]


def task(first, last, pass_name="anticipate", task_id="t"):
    return SleepTask(task_id, "local", "d", pass_name, "hash", first, last, "model")


def note(*pages, of="t", status="verified", note_id="n"):
    evidence = tuple(Evidence(page, f"quote of page {page}", "old-passage") for page in pages)
    return Note(note_id, "local", "d", of, "answer", "What?", "That.", None, evidence, status, "model", "m", 3, 0, 0.0)


def judge(before, after, notes=(), tasks=()):
    return staleness.judge(numbered(before), numbered(after), list(notes), {each.id: each for each in tasks})


def one(verdict):
    """Return whether the only note stays, and the pages of its evidence."""
    notes = [*verdict.kept, *verdict.stale]
    assert len(notes) == 1
    return bool(verdict.kept), [item.page for item in notes[0].evidence]


def test_nothing_changes_where_the_text_is_the_same():
    verdict = judge("abc", "abc", [note(2)], [task(1, 3)])
    assert (verdict.kept, verdict.stale, verdict.unchanged) == ((note(2),), (), (task(1, 3),))


def test_a_note_moves_with_its_window():
    verdict = judge("abcd", "xyabcd", [note(3, 4)], [task(3, 4)])
    assert one(verdict) == (True, [5, 6])
    assert verdict.unchanged == (task(5, 6),)


def test_a_note_is_stale_where_another_page_of_its_window_changed():
    verdict = judge("abcd", "abcX", [note(3)], [task(3, 4)])
    assert one(verdict) == (False, [3])
    assert verdict.changed == (task(3, 4),)


def test_a_note_stays_where_a_page_outside_its_window_changed():
    assert one(judge("abcd", "XbcY", [note(3)], [task(2, 3)])) == (True, [3])


def test_pages_put_apart_are_no_longer_the_same_window():
    assert one(judge("abcd", "abXcd", [note(2)], [task(2, 3)])) == (False, [2])


def test_pages_without_text_belong_to_no_window():
    verdict = judge(["a", "b", "c"], ["a", " ", "b", "\n", "c"], [note(2, 3)], [task(2, 3)])
    assert one(verdict) == (True, [3, 5])
    assert verdict.unchanged == (task(3, 5),)


@pytest.mark.parametrize("pass_name", ["outline", "directed"])
def test_what_is_about_the_whole_document_goes_stale_with_any_change(pass_name):
    assert one(judge("abcd", "abcde", [note(1)], [task(1, 4, pass_name)])) == (False, [1])
    assert one(judge("abcd", ["a", "b", "", "c", "d"], [note(3)], [task(1, 4, pass_name)])) == (True, [4])


def test_the_pages_of_the_whole_document_are_those_of_the_new_version():
    assert judge("abcd", ["", "x", "y"], [], [task(1, 4, "outline")]).changed == (task(2, 3, "outline"),)
    assert judge("abcd", [""], [], [task(1, 4, "outline")]).changed == (task(0, 0, "outline"),)


def test_an_imported_note_stays_where_the_pages_that_it_quotes_are_unchanged():
    assert one(judge("abcd", "Xcbd", [note(2, 4, of=None)])) == (True, [3, 4])
    assert one(judge("abcd", "aXcd", [note(2, 4, of=None)])) == (False, [2, 4])


def test_a_note_whose_page_is_gone_names_what_stands_beside_it_in_its_window():
    assert one(judge("abcdef", "acdef", [note(2)], [task(1, 3)])) == (False, [1])


def test_a_window_that_is_gone_has_no_pages_any_more():
    verdict = judge("abcdef", "abef", [note(4)], [task(3, 4)])
    assert one(verdict) == (False, [4])
    assert verdict.changed == (task(0, 0),)


def test_stale_and_hidden_notes_stay_what_they_are_and_move_along():
    verdict = judge(
        "abc", "Xabc", [note(2, status="stale", note_id="1"), note(3, status="hidden", note_id="2")], [task(2, 3)]
    )
    assert [(each.status, each.evidence[0].page) for each in verdict.kept] == [("stale", 3), ("hidden", 4)]
    assert verdict.stale == ()


def test_a_text_that_stands_twice_is_taken_where_it_is_nearest():
    assert one(judge("abcdebf", "abcdebf", [note(6)], [task(6, 6)])) == (True, [6])
    assert one(judge("abcdebf", "XabcdebXf", [note(6)], [task(6, 6)])) == (True, [7])


def test_thousands_of_pages_that_are_all_alike_find_their_windows():
    verdict = judge(
        ["form"] * 4000,
        ["form"] * 3999 + ["signed"],
        [note(7)],
        [task(n, n + 3, task_id=str(n)) for n in range(1, 4000, 4)],
    )
    assert len(verdict.changed) <= 1


texts = st.lists(st.sampled_from(["", *"abcdefgh"]), min_size=1, max_size=12)


@st.composite
def versions(draw):
    """Return a document's pages before and after some of them were edited, removed, added or moved."""
    before = draw(texts)
    after = list(before)
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(after)))
        act = draw(st.sampled_from(["edit", "remove", "add", "move"]))
        if act == "add":
            after.insert(at, draw(st.sampled_from(["new", "a", ""])))
        elif at < len(after):
            page = after.pop(at)
            if act == "edit":
                after.insert(at, page + "'")
            elif act == "move":
                after.insert(draw(st.integers(0, len(after))), page)
    return before, after


@given(versions(), st.data())
def test_a_note_stays_verified_if_and_only_if_its_window_stands_in_the_new_version(both, data):
    before, after = both
    filled = [number for number, text in enumerate(before, start=1) if text]
    if not filled:
        return
    first = data.draw(st.sampled_from(filled))
    last = data.draw(st.sampled_from([number for number in filled if number >= first]))
    page = data.draw(st.sampled_from([number for number in filled if first <= number <= last]))
    pass_name = data.draw(st.sampled_from(["anticipate", "infer", "outline"]))
    if pass_name == "outline":
        first, last = filled[0], filled[-1]
    verdict = judge(before, after, [note(page)], [task(first, last, pass_name)])
    stays, (now,) = one(verdict)
    window = [text for text in before[first - 1 : last] if text]
    there = [text for text in after if text]
    runs = [there[at : at + len(window)] for at in range(len(there))]
    assert stays == (window == there if pass_name == "outline" else window in runs)
    if stays:
        assert after[now - 1] == before[page - 1]
        (moved,) = verdict.unchanged
        in_window = [Page(n, after[n - 1]) for n in range(moved.page_start, moved.page_end + 1)]
        old_window = [Page(n, before[n - 1]) for n in range(first, last + 1)]
        assert planning.hash_of(pass_name, in_window) == planning.hash_of(pass_name, old_window)
    else:
        (moved,) = verdict.changed
        assert (moved.page_start == 0) == (moved.page_end == 0)
        assert moved.page_end <= len(after)


@given(versions())
def test_every_window_of_the_new_version_that_the_earlier_one_had_keeps_its_notes(both):
    before, after = both
    old = planning.windows(numbered(before), len, limit=3)
    new = {window.hash for window in planning.windows(numbered(after), len, limit=3)}
    tasks = [
        dataclasses.replace(task(w.page_start, w.page_end, w.pass_name, str(i)), window_hash=w.hash)
        for i, w in enumerate(old)
    ]
    unchanged = {each.window_hash for each in judge(before, after, [], tasks).unchanged}
    assert {each.window_hash for each in tasks} & new <= unchanged
