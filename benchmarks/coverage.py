"""How often does the context hold the gold answer, for how many tokens?

    python -m benchmarks.coverage --set ntsb squad fed --sample 500 --seed 0 --storage DIR

For each budget and each route (``chunks``: passages only; ``notes``; ``auto``: what would be read) the share of questions whose
gold answer stands in the context that ``ask`` would read, one document in scope and over all documents of the set. The
extractive thinker has prepared the documents, the default embedder, no model. ``derived`` are ntsb's questions whose answers
stand nowhere in the text. Beside it: the tokens really used on average, and the share of questions that ``auto`` sends to notes.

Sets as in ``benchmarks.answers``; over all documents ntsb's questions name their report.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from benchmarks.answers import DATA, add, gold_in
from stc.chat import finding
from stc.chat.scope import resolve
from stc.services import Services
from stc.sleep.run import sleep_now
from stc.words import Route

BUDGETS = (64, 128, 256, 512, 1024, 2048)
_Picked = Route | Literal["auto"]
_ROUTES: tuple[_Picked, ...] = ("chunks", "notes", "auto")
_FOLDERS = {"ntsb": "ntsb", "derived": "ntsb", "squad": "squad_v1.1", "fed": "fed_plans"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.coverage", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--set", nargs="+", choices=sorted(_FOLDERS), default=["ntsb", "derived", "squad", "fed"])
    parser.add_argument("--sample", type=int, default=500, help="questions drawn from the large sets")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scope", nargs="+", choices=("one", "all"), default=["one", "all"])
    parser.add_argument("--no-sleep", action="store_true", help="measure passages only, prepare nothing")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--storage", type=Path, help="keep the documents here for the next time")
    options = parser.parse_args()
    storage = options.storage or Path(tempfile.mkdtemp(prefix="stc-benchmark-"))
    for name in options.set:
        _measure(name, options, storage / _FOLDERS[name])
    return 0


def _questions(name: str, folder: Path, sample: int, seed: int) -> list[dict[str, Any]]:
    with (folder / "qa.jsonl").open(encoding="utf-8") as lines:
        questions = [json.loads(line) for line in lines]
    if name == "squad":
        return random.Random(seed).sample(questions, min(sample, len(questions)))
    wanted = "derived" if name == "derived" else "lookup"
    return [question for question in questions if question["meta"]["kind"] == wanted]


def _measure(name: str, options: argparse.Namespace, storage: Path) -> None:
    folder = options.data / "qa" / _FOLDERS[name]
    questions = _questions(name, folder, options.sample, options.seed)
    services = Services(storage)
    with (folder / "qa.jsonl").open(encoding="utf-8") as lines:
        every = sorted({folder / json.loads(line)["doc_path"] for line in lines})
    ids = add(services, every)
    if not options.no_sleep:
        list(sleep_now(services, until_done=True))
    for scope in options.scope:
        routes = _ROUTES[:1] if options.no_sleep else _ROUTES
        hits: dict[tuple[_Picked, int], list[bool]] = {(route, budget): [] for route in routes for budget in BUDGETS}
        used: dict[tuple[_Picked, int], list[int]] = {key: [] for key in hits}
        noted: list[bool] = []
        for question in questions:
            own = [ids[Path(question["doc_path"]).name]] if scope == "one" else None
            asked = question["question"]
            if own is None:
                asked = question["meta"].get("corpus_question") or asked
            found = finding.find(services, asked, resolve(services, own))
            decision = finding.decide(found, effort="medium", reuse_extractive=True)
            auto: Route = "notes" if decision.route == "reused" else decision.route
            noted.append(auto != "chunks")
            for route, budget in hits:
                context = finding.context_for(
                    services,
                    found,
                    auto if route == "auto" else route,
                    effort="medium",
                    budget=budget,
                    quotes_only=True,
                    reasons=(),
                )
                hits[route, budget].append(gold_in(question, context.text))
                used[route, budget].append(context.tokens)
        print(
            f"\n{name}, {'one document in scope' if scope == 'one' else 'over all documents'}: {len(questions)} questions"
        )
        print(f"  {'tokens':16}" + "".join(f"{budget:>8,}" for budget in BUDGETS))
        for route in routes:
            print(f"  {route:16}" + "".join(f"{_mean(hits[route, budget]):>8.3f}" for budget in BUDGETS))
            print(f"  {'  really used':16}" + "".join(f"{_mean(used[route, budget]):>8.0f}" for budget in BUDGETS))
        print(f"  from notes      {_mean(noted):>8.3f}", flush=True)
    services.close()


def _mean(values: Sequence[float]) -> float:
    return statistics.fmean(values) if values else 0.0


if __name__ == "__main__":
    sys.exit(main())
