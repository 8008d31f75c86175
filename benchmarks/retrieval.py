"""Does search find the passage that holds the answer?

    python -m benchmarks.retrieval --set squad fed --sample 1000 --seed 0 --storage DIR

squad  ``qa/squad_v1.1``: all articles are documents of one storage, all are searched. A hit counts where it overlaps the gold
       paragraph's characters. Every second article is the half that was held out when weights were chosen.
fed    ``qa/fed_plans``: both plans in one storage, both searched. A page is found where one of 5 hits lies on it.
notes  ``qa/squad_v1.1`` once more: every second question of an article is imported as a note with its sentence, and the others
       are asked, before and after: what do the questions add that belong to a passage?

The default embedder, no model.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.answers import DATA, add
from stc.chat import sentences
from stc.chat.retrieval import retrieve
from stc.services import Services
from stc.sleep import notebook
from stc.storage import documents as document_rows
from stc.words import Chunk, Hit

_DEPTHS = (1, 5)
_FOLDERS = {"squad": "squad_v1.1", "fed": "fed_plans", "notes": "squad_v1.1"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.retrieval", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--set", nargs="+", choices=sorted(_FOLDERS), default=["squad", "fed"])
    parser.add_argument("--sample", type=int, default=1000, help="questions drawn from the large sets")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--storage", type=Path, help="keep the documents here for the next time")
    options = parser.parse_args()
    storage = options.storage or Path(tempfile.mkdtemp(prefix="stc-benchmark-"))
    for name in options.set:
        folder = options.data / "qa" / _FOLDERS[name]
        with (folder / "qa.jsonl").open(encoding="utf-8") as lines:
            questions = [json.loads(line) for line in lines]
        services = Services(storage / ("with_notes" if name == "notes" else _FOLDERS[name]))
        ids = add(services, sorted({folder / question["doc_path"] for question in questions}))
        if name == "fed":
            _fed(services, questions)
        else:
            texts = {
                ids[path.name]: path.read_text(encoding="utf-8")
                for path in sorted({folder / question["doc_path"] for question in questions})
            }
            _squad(name, services, questions, ids, texts, options)
        services.close()
    return 0


def _squad(
    name: str,
    services: Services,
    questions: Sequence[dict[str, Any]],
    ids: dict[str, str],
    texts: dict[str, str],
    options: argparse.Namespace,
) -> None:
    places = _Places(services, texts)
    asked = questions[1::2] if name == "notes" else questions
    asked = random.Random(options.seed).sample(asked, min(options.sample, len(asked)))
    articles = sorted({question["doc_id"] for question in questions})
    held_out = set(articles[1::2])
    print(f"\n{name}: {len(asked)} questions over {len(articles)} articles", flush=True)
    _count("search", services, asked, ids, places, held_out)
    if name == "notes":
        lines = (_line(question, ids[Path(question["doc_path"]).name], places, texts) for question in questions[::2])
        brought = list(notebook.bring_in(services, lines))
        print(f"  {sum(one.status == 'added' for one in brought)} of {len(brought)} notes imported")
        _count("with notes", services, asked, ids, places, held_out)


def _count(
    what: str,
    services: Services,
    asked: Sequence[dict[str, Any]],
    ids: dict[str, str],
    places: _Places,
    held_out: set[str],
) -> None:
    found: dict[str, list[list[bool]]] = {"all": [], "chosen on": [], "held out": []}
    begun = time.monotonic()
    for question in asked:
        gold = question["evidence"][0]
        document_id = ids[Path(question["doc_path"]).name]
        hits = retrieve(services, question["question"], kind="chunk", limit=max(_DEPTHS))
        overlaps = [hit.document_id == document_id and places.overlap(hit, gold["start"], gold["end"]) for hit in hits]
        at = [any(overlaps[:depth]) for depth in _DEPTHS]
        found["all"].append(at)
        found["held out" if question["doc_id"] in held_out else "chosen on"].append(at)
    seconds = (time.monotonic() - begun) / max(1, len(asked))
    for half, rows in found.items():
        shares = (sum(row[i] for row in rows) / max(1, len(rows)) for i in range(len(_DEPTHS)))
        told = "  ".join(f"hit@{depth} {share:.3f}" for depth, share in zip(_DEPTHS, shares, strict=True))
        print(f"  {what:10}  {half:10}  {len(rows):5}  {told}")
    print(f"  {1000 * seconds:.0f} ms a question, embedding it included", flush=True)


class _Places:
    """Where passages stand in the text of their article."""

    def __init__(self, services: Services, texts: dict[str, str]) -> None:
        self._chunks: dict[str, Chunk] = {}
        self._pages: dict[tuple[str, int], int] = {}
        self.texts: dict[str, list[tuple[int, str]]] = {}
        with services.database.read() as connection:
            for document_id, text in texts.items():
                end = 0
                for page in document_rows.read_pages(connection, document_id):
                    start = text.find(page.text[:80].strip(), end)
                    self._pages[document_id, page.number] = max(start, 0)
                    end = max(start, end)
                    self.texts.setdefault(document_id, []).append((max(start, 0), page.text))
                self._chunks |= {chunk.id: chunk for chunk in document_rows.read_chunks(connection, document_id)}

    def overlap(self, hit: Hit, start: int, end: int) -> bool:
        for span in self._chunks[hit.id].spans:
            begin = self._pages[hit.document_id, span.page]
            if begin + span.start < end and begin + span.end > start:
                return True
        return False

    def page_at(self, document_id: str, place: int) -> int:
        """Return the number of the page, from 1, that holds a character of the article."""
        return bisect_right([start for start, _ in self.texts[document_id]], place)


def _line(question: dict[str, Any], document_id: str, places: _Places, texts: dict[str, str]) -> str:
    """Return a note for import: the question, its answer, and the sentence that holds it as evidence."""
    gold = question["evidence"][0]
    paragraph = texts[document_id][gold["start"] : gold["end"]]
    within = gold["answer_start"] - gold["start"] if gold["answer_start"] >= gold["start"] else gold["answer_start"]
    quote = next(
        (unit.text for unit in sentences.read(paragraph) if unit.start <= within < unit.end),
        question["answers"][0],
    )
    page = places.page_at(document_id, gold["start"] + within)
    answer = question["answers"][0]
    return json.dumps(
        {
            "document_id": document_id,
            "question": question["question"],
            "text": answer,
            "evidence": [{"page": page, "quote": quote}],
        }
    )


def _fed(services: Services, questions: Sequence[dict[str, Any]]) -> None:
    with services.database.read() as connection:
        names = {one.name: one.id for one in document_rows.list_all(connection, services.owner)}
    asked = [one for one in questions if any("page0" in gold for gold in one["evidence"])]
    found = []
    for question in asked:
        document_id = names[Path(question["doc_path"]).name]
        pages = {gold["page0"] + 1 for gold in question["evidence"] if "page0" in gold}
        hits = retrieve(services, question["question"], kind="chunk", limit=5)
        on = {
            page for hit in hits if hit.document_id == document_id for page in range(hit.page_start, hit.page_end + 1)
        }
        found.append(len(pages & on) / len(pages))
        if not pages & on:
            print(f"  missed: {question['question']}")
    print(f"\nfed: {len(asked)} questions over both plans, page recall among 5 hits {sum(found) / len(found):.3f}")


if __name__ == "__main__":
    sys.exit(main())
