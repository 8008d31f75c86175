"""What baselines that were really run say about estimates: how long answers get, how long they take, how far off we were.

Pure. A run counts only where its server said what it read and where it came to an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from stc.meter.baselines import Habit
from stc.words import Baseline, Effort, Shadow

FEWEST_RUNS = 3
"""Fewer say nothing about how a baseline usually turns out."""

LATEST_RUNS = 50
"""Older ones are of another time: models get faster, documents change."""

WORDS = {"input_tokens": "tokens read", "output_tokens": "written", "cost_usd": "cost", "seconds": "seconds"}
"""What is compared, in words."""


@dataclass(frozen=True, slots=True)
class Off:
    """How far estimates were off, as a share of what was measured: ``mean`` of the sizes, ``bias`` with their signs.

    A ``bias`` above 0 says that estimates were too high, which flatters the saving.
    """

    runs: int
    mean: float
    bias: float


@dataclass(frozen=True, slots=True)
class Error:
    """The measured error of one baseline's estimates; ``None`` where nothing could be compared."""

    runs: int
    input: Off | None
    output: Off | None
    cost: Off | None
    seconds: Off | None
    agreeing: int
    """Runs whose answer holds the same numbers, dates and names."""


def habits(shadows: Iterable[Shadow], *, model: str, effort: Effort) -> dict[str, Habit]:
    """Return how the baselines of a model usually turn out at an effort, where at least ``FEWEST_RUNS`` say so."""
    mine = [one for one in shadows if one.model == model and one.effort == effort and one.answer_output_tokens]
    found = {}
    for name, runs in _by_baseline(mine).items():
        if len(runs) >= FEWEST_RUNS:
            seconds = [measured.seconds for _, measured in runs if measured.seconds is not None]
            written = sum(measured.output_tokens for _, measured in runs)
            own = sum(shadow.answer_output_tokens for shadow, _ in runs)
            found[name] = Habit(written / own, median(seconds) if seconds else None, len(runs))
    return found


def errors(shadows: Iterable[Shadow]) -> dict[str, Error]:
    """Return by baseline how far its estimates were off; each was made before its run was known."""
    found = {}
    for name, runs in _by_baseline(shadows).items():
        pairs = [(shadow.estimated, measured) for shadow, measured in runs]
        found[name] = Error(
            len(runs),
            _off(pairs, lambda one: one.input_tokens),
            _off(pairs, lambda one: one.output_tokens),
            _off(pairs, lambda one: one.cost_usd),
            _off(pairs, lambda one: one.seconds),
            sum(shadow.agrees for shadow, _ in runs),
        )
    return found


def _by_baseline(shadows: Iterable[Shadow]) -> dict[str, list[tuple[Shadow, Baseline]]]:
    found: dict[str, list[tuple[Shadow, Baseline]]] = {}
    for shadow in sorted(shadows, key=lambda one: one.at):
        if shadow.state == "done" and not shadow.abstained and shadow.measured is not None:
            found.setdefault(shadow.baseline, []).append((shadow, shadow.measured))
    return {name: runs[-LATEST_RUNS:] for name, runs in found.items()}


def _off(pairs: Sequence[tuple[Baseline, Baseline]], of: Callable[[Baseline], float | None]) -> Off | None:
    values = [(of(estimated), of(measured)) for estimated, measured in pairs]
    shares = [(guess - real) / real for guess, real in values if guess is not None and real]
    return Off(len(shares), fmean(map(abs, shares)), fmean(shares)) if shares else None
