"""Measure retrieval and the extractive reader on real questions, through the functions that the app uses.

    python -m benchmarks.answers --set ntsb squad fed --sample 500 --seed 0

Sets (in ``--data``, by default ``../shared/data`` beside the checkout):

ntsb          ``qa/ntsb``, questions of kind ``lookup``, all of them
squad         ``qa/squad_v1.1``, ``--sample`` questions drawn with ``--seed``
fed           ``qa/fed_plans``, questions of kind ``lookup``
unanswerable  ``qa/squad_v2.0``, ``--sample`` questions that can't be answered: the share abstained on is printed
foreign       ``qa/squad_v1.1``, ``--sample`` questions, each asked of another article: likewise
pages         each page of ``documents/HHS2022.pdf`` and the IRS manual with 20 words or more: its rarest 8-word phrase
              (by how many pages it stands on, then by how many hold its words) must find the page among 10 hits

One document is in scope, the default embedder, no model. "right": the gold answer stands in the answer's text and the
citations' quotes, cut together at ``--tokens`` cl100k_base tokens; abstaining is wrong. Both sides are compared in lower
case, with punctuation as white space, without "a", "an", "the", and as whole words ("10/01/2006" is found over a line's
end, "12" is not found in "2012"); fed counts a question as right, too, where all strings that its page must contain stand
there.
"lead": it stands in the answer's text. "page": a cited page is a gold page. "verified": every quote of the answer.

With ``--prepared`` the same questions are asked twice: of the passages first, then, after the extractive thinker has
prepared the documents, on whatever route fits.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stc.chat.answering import ask
from stc.chat.retrieval import retrieve
from stc.documents import ingest
from stc.models import tokens
from stc.services import Services
from stc.sleep.run import sleep_now
from stc.storage import documents as document_rows
from stc.words import EXTRACTIVE, Answer

SETS = ("ntsb", "squad", "fed", "unanswerable", "foreign", "pages")
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
_FOLDERS = {
    "ntsb": "ntsb",
    "squad": "squad_v1.1",
    "fed": "fed_plans",
    "unanswerable": "squad_v2.0",
    "foreign": "squad_v1.1",
}
_BOOKS = ("HHS2022.pdf", "IRS_IRM_2.3.59_400p.pdf")


@dataclass(frozen=True, slots=True)
class Asked:
    question: dict[str, Any]
    document_id: str
    answer: Answer


def main() -> int:
    options = _options()
    storage = options.storage or Path(tempfile.mkdtemp(prefix="stc-benchmark-"))
    for name in options.set:
        if name == "pages":
            _pages(options.data, storage / "books", wrong=options.wrong)
        else:
            _answers(name, options, storage / _FOLDERS[name])
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.answers", description="Measure answers made of quotes.")
    parser.add_argument("--set", nargs="+", choices=SETS, default=["ntsb", "squad", "fed"], help="what to measure")
    parser.add_argument("--sample", type=int, default=500, help="questions drawn from the large sets")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tokens", type=int, default=128, help="cap on answer and quotes together")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--storage", type=Path, help="keep the documents here for the next time")
    parser.add_argument("--prepared", action="store_true", help="ask before and after preparing all documents")
    parser.add_argument("--wrong", action="store_true", help="print the questions that went wrong")
    return parser.parse_args()


# Answers


def _answers(name: str, options: argparse.Namespace, storage: Path) -> None:
    folder = options.data / "qa" / _FOLDERS[name]
    questions = _questions(name, folder, options.sample, options.seed)
    services = Services(storage)
    ids = add(services, sorted({folder / question["doc_path"] for question in questions}))
    draw = random.Random(options.seed)
    services.embedder.encode(["warm up"])
    scoped = []
    for question in questions:
        own = ids[Path(question["doc_path"]).name]
        others = sorted(set(ids.values()) - {own})
        scoped.append((question, draw.choice(others) if name == "foreign" else own))
    print(f"\n{name}: {len(scoped)} questions of {folder.name}, seed {options.seed}, at most {options.tokens} tokens")
    if options.prepared:
        before = _ask_all(services, scoped, "chunks")
        share("before", [_is_right(each, options.tokens) for each in before])
        runs = list(sleep_now(services, until_done=True))
        print(
            f"  {'prepared':10} {sum(run.notes_added for run in runs)} notes in {sum(run.seconds for run in runs):.0f} s"
        )
    asked = _ask_all(services, scoped, "auto")
    services.close()
    if options.prepared:
        share("from notes", [bool(each.answer.notes_used) for each in asked])
        read = [sum(each.answer.usage.input_tokens for each in some) for some in (before, asked)]
        print(f"  {'read':10} {read[0]:,} tokens before, {read[1]:,} after")
    share("abstained", [each.answer.abstained for each in asked])
    if name not in ("unanswerable", "foreign"):
        right = [_is_right(each, options.tokens) for each in asked]
        share("right", right)
        share("lead", [gold_in(each.question, each.answer.text) for each in asked])
        if any("page0" in found for each in asked for found in each.question["evidence"]):
            share("page", [_cites_gold_page(each) for each in asked])
        if options.wrong:
            for each in (each for each, ok in zip(asked, right, strict=True) if not ok):
                print(f"  wrong: {each.question['question']} | {each.question['answers']} | {each.answer.text}")
    share("verified", [all(found.verified for found in each.answer.citations) for each in asked])
    sizes = [tokens.count(said(each.answer)) for each in asked if not each.answer.abstained]
    if sizes:
        print(f"  {'tokens':10} mean {statistics.mean(sizes):.0f}, most {max(sizes)}")
    seconds = sorted(each.answer.seconds or 0.0 for each in asked)
    print(
        f"  {'seconds':10} p50 {seconds[len(seconds) // 2]:.2f}, p95 {seconds[int(len(seconds) * 0.95)]:.2f}",
        flush=True,
    )


def _ask_all(services: Services, scoped: Iterable[tuple[dict[str, Any], str]], route: str) -> list[Asked]:
    # As suggested ones: questions really asked would steer what is prepared, and these are about to be asked again.
    return [
        Asked(
            question,
            own,
            ask(services, question["question"], document_ids=[own], model=EXTRACTIVE, route=route, origin="suggested"),
        )
        for question, own in scoped
    ]


def _questions(name: str, folder: Path, sample: int, seed: int) -> list[dict[str, Any]]:
    with (folder / "qa.jsonl").open(encoding="utf-8") as lines:
        questions = [json.loads(line) for line in lines]
    if name in ("ntsb", "fed"):
        return [question for question in questions if question["meta"]["kind"] == "lookup"]
    if name == "unanswerable":
        questions = [question for question in questions if not question["meta"]["answerable"]]
    return random.Random(seed).sample(questions, min(sample, len(questions)))


def add(services: Services, paths: Iterable[Path]) -> dict[str, str]:
    """Add the files that are not there yet; return document ids by file name."""
    ids = {}
    for path in paths:
        with path.open("rb") as stream:
            received = ingest.receive(services, path.name, stream)
        document = ingest.process(services, received.document_id)
        if document.status != "ready":
            sys.exit(f"{path.name} could not be added: {document.error}")
        ids[path.name] = document.id
    return ids


def said(answer: Answer) -> str:
    """Return an answer's text and its quotes."""
    return "\n".join([answer.text, *(citation.quote for citation in answer.citations)])


def _is_right(asked: Asked, cap: int) -> bool:
    return not asked.answer.abstained and gold_in(asked.question, tokens.cut(said(asked.answer), cap))


def gold_in(question: dict[str, Any], text: str) -> bool:
    """Tell whether one of a question's right answers stands in a text."""
    if any(_stands_in(gold, text) for gold in question["answers"]):
        return True
    needed = [string for found in question["evidence"] for string in found.get("must_contain", ())]
    return bool(needed) and all(_stands_in(string, text) for string in needed)


def _stands_in(gold: str, text: str) -> bool:
    plain = _plain(gold)
    return plain != "" and f" {plain} " in f" {_plain(text)} "


def _plain(text: str) -> str:
    words = re.sub(r"[^\w\s]|_", " ", text.lower()).split()
    return " ".join(word for word in words if word not in {"a", "an", "the"})


def _cites_gold_page(asked: Asked) -> bool:
    gold = {found["page0"] + 1 for found in asked.question["evidence"] if "page0" in found}
    return any(citation.page in gold for citation in asked.answer.citations)


def share(name: str, values: list[bool]) -> None:
    """Print the share of what is true."""
    print(f"  {name:10} {sum(values) / len(values):.3f}  ({sum(values)} of {len(values)})")


# Pages


def _pages(data: Path, storage: Path, *, wrong: bool) -> None:
    services = Services(storage)
    for path in (data / "documents" / name for name in _BOOKS):
        begun = time.monotonic()
        document_id = add(services, [path])[path.name]
        added_s = time.monotonic() - begun
        with services.database.read() as connection:
            pages = document_rows.read_pages(connection, document_id)
        words = {page.number: re.findall(r"\w+", page.text) for page in pages}
        holding = Counter(item for page_words in words.values() for item in _words_and_phrases(page_words))
        found = []
        for number, page_words in words.items():
            if len(page_words) >= 20:
                phrase = _rarest_phrase(page_words, holding, len(pages))
                hits = retrieve(services, phrase, document_ids=[document_id], kind="chunk", limit=10)
                found.append(any(hit.page_start <= number <= hit.page_end for hit in hits))
                if wrong and not found[-1]:
                    print(f"  not found: page {number}, {phrase!r}, on {holding[phrase.lower()]} pages")
        print(f"\npages: {path.name}, added in {added_s:.0f} s")
        share("found", found)
    services.close()


def _words_and_phrases(words: list[str]) -> set[str]:
    lower = [word.lower() for word in words]
    return {*lower, *(" ".join(lower[i : i + 8]) for i in range(len(lower) - 7))}


def _rarest_phrase(words: list[str], holding: Counter[str], pages: int) -> str:
    """Return the run of 8 words that stands on the fewest pages; of several, the one whose words do."""
    phrases = [" ".join(words[i : i + 8]) for i in range(len(words) - 7)]
    rarity = {word: math.log(pages / holding[word.lower()]) for word in words}
    return min(phrases, key=lambda phrase: (holding[phrase.lower()], -sum(rarity[word] for word in phrase.split())))


if __name__ == "__main__":
    sys.exit(main())
