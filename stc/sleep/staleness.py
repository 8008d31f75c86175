"""Decide what a new version of a document leaves of its notes. Pure.

Pages are compared by content, wherever they stand. A note stays as it is where the text that was thought about for it, its
task's window, stands in the new version word for word; what a note quotes is on pages of that window, so it stands there too.
The outline and the answers to questions really asked are about the whole document: any change of it puts them out of date.
A note that no task made stays where the pages that it quotes are unchanged.
"""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from stc.words import Note, Page, SleepTask

_WHOLE_DOCUMENT = ("outline", "directed")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a document's notes and tasks. The evidence of every note says where its pages are now.

    Of a task whose window is gone without anything in its place, the pages are 0 to 0. Evidence of a page that is gone names
    what stands in its place within the same window, or the number that the page had.
    """

    kept: tuple[Note, ...]
    """As verified, stale or hidden as they were."""
    stale: tuple[Note, ...]
    """Verified ones until now."""
    unchanged: tuple[SleepTask, ...]
    changed: tuple[SleepTask, ...]


def judge(
    before: Sequence[Page], after: Sequence[Page], notes: Sequence[Note], tasks: Mapping[str, SleepTask]
) -> Verdict:
    """Return what the version ``after`` leaves of the notes and tasks of ``before``; ``tasks`` by id."""
    pages = _Pages(before, after)
    moved = {task_id: pages.follow(task) for task_id, task in tasks.items()}
    kept: list[Note] = []
    stale: list[Note] = []
    for note in notes:
        there = moved.get(note.task_id or "")
        if there is None:
            holds = all(pages.same(item.page) is not None for item in note.evidence)
            places = [pages.same(item.page) or pages.place(item.page) for item in note.evidence]
        else:
            holds = there.unchanged and all(item.page in there.numbers for item in note.evidence)
            places = [there.page_of(item.page) for item in note.evidence]
        evidence = (replace(item, page=new or item.page) for item, new in zip(note.evidence, places, strict=True))
        standing = replace(note, evidence=tuple(evidence))
        (kept if holds or note.status != "verified" else stale).append(standing)
    return Verdict(
        tuple(kept),
        tuple(stale),
        tuple(there.task for there in moved.values() if there.unchanged),
        tuple(there.task for there in moved.values() if not there.unchanged),
    )


@dataclass(frozen=True, slots=True)
class _Followed:
    """A task with its pages in the new version. ``numbers``: old page to new page, for the pages of its window."""

    task: SleepTask
    unchanged: bool
    numbers: dict[int, int]

    def page_of(self, page: int) -> int | None:
        """Return the page that is or stands for an old one, else the nearest within the window; ``None`` where there is none."""
        found = self.numbers.get(page)
        if found is None and self.numbers:
            found = self.numbers[min(self.numbers, key=lambda old: (abs(old - page), old))]
        return found


class _Pages:
    """Two versions of a document's pages with text, compared. Pages count from 1, places in the lists from 0."""

    def __init__(self, before: Sequence[Page], after: Sequence[Page]) -> None:
        self._before = [page for page in before if page.text.strip()]
        self._after = [page for page in after if page.text.strip()]
        self._old = [page.text for page in self._before]
        self._new = [page.text for page in self._after]
        self._identical = self._old == self._new
        self._number_to_old = {page.number: at for at, page in enumerate(self._before)}
        self._text_to_new: dict[str, list[int]] = {}
        for at, text in enumerate(self._new):
            self._text_to_new.setdefault(text, []).append(at)
        self._placed = _align(self._old, self._new)

    def place(self, page: int) -> int | None:
        """Return the page that is, or stands in the place of, an old page; ``None`` where it is gone."""
        old = self._number_to_old.get(page)
        new = None if old is None else self._placed[old]
        return None if new is None else self._after[new].number

    def same(self, page: int) -> int | None:
        """Return the page that has an old page's text, the nearest where several have."""
        old = self._number_to_old.get(page)
        new = None if old is None else self._run(old, old + 1)
        return None if new is None else self._after[new].number

    def follow(self, task: SleepTask) -> _Followed:
        inside = [at for at, page in enumerate(self._before) if task.page_start <= page.number <= task.page_end]
        if task.pass_name in _WHOLE_DOCUMENT:
            unchanged = self._identical
            numbers = {page.number: new for page in self._before if (new := self.place(page.number)) is not None}
            first, last = (self._after[0].number, self._after[-1].number) if self._after else (0, 0)
            return _Followed(replace(task, page_start=first, page_end=last), unchanged, numbers)
        start = self._run(inside[0], inside[-1] + 1) if inside else None
        if start is not None:
            numbers = {self._before[old].number: self._after[start + i].number for i, old in enumerate(inside)}
        else:
            numbers = {
                self._before[old].number: self._after[new].number
                for old in inside
                if (new := self._placed[old]) is not None
            }
        there = sorted(numbers.values()) or [0]
        return _Followed(replace(task, page_start=there[0], page_end=there[-1]), start is not None, numbers)

    def _run(self, first: int, end: int) -> int | None:
        """Return where the old pages ``first`` to ``end`` stand in the new version one after the other, nearest first."""
        wanted = self._old[first:end]
        starts = self._text_to_new.get(wanted[0], [])
        expected = self._placed[first]
        for start in _by_distance(starts, first if expected is None else expected):
            if self._new[start : start + len(wanted)] == wanted:
                return start
        return None


def _by_distance(places: Sequence[int], near: int) -> list[int]:
    """Return ascending places in the order of their distance from one."""
    middle = bisect.bisect_left(places, near)
    if middle < len(places) and places[middle] == near:
        return [near, *(each for each in places if each != near)]  # the nearest one nearly always is the one
    return sorted(places, key=lambda each: abs(each - near))


def _align(old: Sequence[str], new: Sequence[str]) -> list[int | None]:
    """Return for each old page the place of the new one that is it or stands for it; ``None`` where nothing does.

    Pages that both versions have once, in the same order, are the fixed points. Between two of them equal pages at either
    end go together, and the rest one by one; where the old version has more of them, the last new one stands for them.
    """
    placed: list[int | None] = [None] * len(old)
    fixed = [(-1, -1), *_fixed_points(old, new), (len(old), len(new))]
    for (old_before, new_before), (old_next, new_next) in pairwise(fixed):
        first, end = old_before + 1, old_next
        start, stop = new_before + 1, new_next
        while first < end and start < stop and old[first] == new[start]:
            placed[first] = start
            first, start = first + 1, start + 1
        while first < end and start < stop and old[end - 1] == new[stop - 1]:
            end, stop = end - 1, stop - 1
            placed[end] = stop
        for at in range(first, end):
            placed[at] = min(start + at - first, stop - 1) if start < stop else None
        if old_next < len(old):
            placed[old_next] = new_next
    return placed


def _fixed_points(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Return the longest rising sequence of (old place, new place) among the pages that both versions have once."""
    in_old, in_new = Counter(old), Counter(new)
    where = {text: at for at, text in enumerate(new)}
    pairs = [(at, where[text]) for at, text in enumerate(old) if in_old[text] == 1 and in_new[text] == 1]
    ends: list[int] = []  # the smallest new place at which a rising sequence of each length ends
    last: list[int] = []  # the pair at that end
    before: list[int] = []  # the pair before each pair in its sequence, -1 for none
    for position, (_, place) in enumerate(pairs):
        length = bisect.bisect_left(ends, place)
        before.append(last[length - 1] if length else -1)
        ends[length : length + 1] = [place]
        last[length : length + 1] = [position]
    found = []
    position = last[-1] if last else -1
    while position >= 0:
        found.append(pairs[position])
        position = before[position]
    return found[::-1]
