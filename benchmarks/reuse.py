"""Is a stored answer ever given to another question, and how often to its own in other words?

    python -m benchmarks.reuse --part pairs squad neighbours --seed 0

pairs       ``reuse_pairs.jsonl`` beside this file, written by hand: a stored question with its answer, and a question that is
            the same in other words, or another by one word; the other ones are tried both ways round. ``half`` 2 was written
            after the rules of the gate were fixed, 3, 4 and 5 later and against them. Kind "free" is a paraphrase as people
            write them, with no rule in mind. The gate alone, no vectors.
squad       ``qa/squad_v2.0``: the answerable questions are imported as notes, with their answers and evidence; the others,
            which can't be answered, are asked of the same article on route ``auto``. None may be answered by ``reused``.
            ``--sample`` of them, all by default.
neighbours  ``qa/squad_v1.1``: every two questions of one article. Two that the gate takes for one must have one answer.

The default embedder, no model.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from benchmarks.answers import DATA, add
from stc.chat import finding, reuse
from stc.chat.scope import resolve
from stc.chat.sentences import split
from stc.services import Services
from stc.sleep import notebook
from stc.storage import documents as document_rows
from stc.words import Evidence, Note

PAIRS = Path(__file__).with_name("reuse_pairs.jsonl")


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.reuse", description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--part", nargs="+", choices=("pairs", "squad", "neighbours"), default=["pairs", "neighbours", "squad"]
    )
    parser.add_argument("--sample", type=int, help="questions that can't be answered to ask; all by default")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--storage", type=Path, help="keep the documents here for the next time")
    options = parser.parse_args()
    for part in options.part:
        if part == "pairs":
            pairs()
        elif part == "neighbours":
            _neighbours(options.data / "qa" / "squad_v1.1")
        else:
            storage = options.storage or Path(tempfile.mkdtemp(prefix="stc-benchmark-"))
            _squad(options.data / "qa" / "squad_v2.0", storage, options.sample, options.seed)
    return 0


def _note(question: str, answer: str) -> Note:
    evidence = (Evidence(1, answer),)
    return Note("n", "local", "d", None, "answer", question, answer, None, evidence, "verified", "model", "", 1, 0, 0.0)


def pairs() -> tuple[int, int]:
    """Print what the gate does with the pairs; return how many were reused rightly and wrongly."""
    every = [json.loads(line) for line in PAIRS.read_text(encoding="utf-8").splitlines()]
    right = wrong = 0
    for half in (1, 2, 3, 4, 5):
        reused: Counter[tuple[bool, str]] = Counter()
        asked: Counter[tuple[bool, str]] = Counter()
        began = time.perf_counter()
        for pair in every:
            if pair["half"] != half:
                continue
            key = pair["same"], pair["kind"]
            ways = [(pair["stored"], pair["asked"]), (pair["asked"], pair["stored"])]
            for stored, other in ways[: 1 if pair["same"] else 2]:
                asked[key] += 1
                note = _note(stored, pair["answer"])
                if reuse.may_stand(other, note, documents=1, similarity=1.0).stands:
                    reused[key] += 1
                    if not pair["same"]:
                        print(f"  WRONG ({pair['kind']}): {stored} | {other}")
        seconds = (time.perf_counter() - began) / asked.total()
        told = {same: sum(n for (s, _), n in reused.items() if s == same) for same in (True, False)}
        of = {same: sum(n for (s, _), n in asked.items() if s == same) for same in (True, False)}
        right, wrong = right + told[True], wrong + told[False]
        print(
            f"\npairs, part {half}: {of[True]} paraphrases, {of[False]} other questions, {1000 * seconds:.2f} ms each"
        )
        print(f"  wrong {told[False]} of {of[False]}")
        if of[True]:
            kinds = (f"{kind} {reused[True, kind]}/{asked[True, kind]}" for same, kind in sorted(asked) if same)
            print(f"  paraphrases reused {told[True] / of[True]:.1%}: {', '.join(kinds)}")
    return right, wrong


def _questions(folder: Path) -> list[dict[str, Any]]:
    with (folder / "qa.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _neighbours(folder: Path) -> None:
    articles = defaultdict(list)
    for question in _questions(folder):
        articles[question["doc_id"]].append(question)
    taken = same = twins = 0
    for questions in articles.values():
        for one, other in itertools.combinations(questions, 2):
            if one["question"].casefold().strip() == other["question"].casefold().strip():
                continue
            alike = bool({a.casefold() for a in one["answers"]} & {a.casefold() for a in other["answers"]})
            alike = alike and one["evidence"][0]["start"] == other["evidence"][0]["start"]
            twins += alike
            answered = _note(one["question"], one["answers"][0])
            if reuse.may_stand(other["question"], answered, documents=1, similarity=1.0).stands:
                taken += 1
                same += alike
                if not alike:
                    print(
                        f"  another answer? {one['question']} {one['answers'][:1]} | {other['question']} {other['answers'][:1]}"
                    )
    print(
        f"\nneighbours: {twins} pairs of one answer, {taken} pairs reused, {same} of them with one answer", flush=True
    )


def _squad(folder: Path, storage: Path, sample: int | None, seed: int) -> None:
    services = Services(storage)
    questions = _questions(folder)
    ids = add(services, sorted({folder / question["doc_path"] for question in questions}))
    pages: dict[str, list[tuple[int, str]]] = {}
    lines = []
    for question in questions:
        document_id = ids[Path(question["doc_path"]).name]
        if document_id not in pages:
            with services.database.read() as connection:
                pages[document_id] = [
                    (page.number, page.text) for page in document_rows.read_pages(connection, document_id)
                ]
        if not question["meta"]["answerable"]:
            continue
        text = (folder / question["doc_path"]).read_text(encoding="utf-8")
        quote, page = _evidence(question, text, pages[document_id])
        evidence = [{"page": page, "quote": quote}]
        lines.append(
            json.dumps(
                {
                    "document_id": document_id,
                    "question": question["question"],
                    "text": question["answers"][0],
                    "evidence": evidence,
                }
            )
        )
    brought = Counter(one.status for one in notebook.bring_in(services, lines))
    asked = [question for question in questions if not question["meta"]["answerable"]]
    # Some stand in the set twice, word for word, once with an answer and once without: no gate can tell them apart.
    answerable = {" ".join(q["question"].casefold().split()) for q in questions if q["meta"]["answerable"]}
    twice = [question for question in asked if " ".join(question["question"].casefold().split()) in answerable]
    asked = [question for question in asked if question not in twice]
    if sample:
        asked = random.Random(seed).sample(asked, min(sample, len(asked)))
    reused = 0
    for question in asked:
        scope = resolve(services, [ids[Path(question["doc_path"]).name]])
        found = finding.find(services, question["question"], scope)
        if finding.decide(found, effort="medium", reuse_extractive=True).route == "reused" and found.prepared:
            reused += 1
            print(f"  WRONG: {found.prepared[0].question} | {question['question']}")
    print(
        f"\nsquad_v2.0: notes {dict(brought)}; {reused} of {len(asked)} unanswerable questions reused; {len(twice)} left out"
    )
    services.close()


def _evidence(question: dict[str, Any], text: str, pages: list[tuple[int, str]]) -> tuple[str, int]:
    """Return the sentence that holds the answer, and the page that it stands on."""
    gold = question["evidence"][0]
    passage = text[gold["start"] : gold["end"]]
    at = gold.get("answer_start", 0)
    units = [unit for unit in split(passage) if unit.start <= at < unit.end] or split(passage)[:1]
    quote = passage[units[0].start : units[0].end]
    if question["answers"][0] not in quote:
        quote = passage
    return quote, next((number for number, page in pages if quote in page), 1)


if __name__ == "__main__":
    sys.exit(main())
