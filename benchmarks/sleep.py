"""Measure what preparing brings: figures derived beforehand, and what it costs.

    python -m benchmarks.sleep --part derived limits

Parts:

derived  ``qa/ntsb``, the questions of kind ``derived`` (arithmetic over the text), after the extractive thinker has prepared
         the reports. "noted": an inference of the report has the gold answer as its formula's one result, and the formula
         comes to it when computed again. "right": the gold answer stands within the first 128 tokens of what ``ask`` says
         and quotes; abstaining is wrong. "notes": tokens of a report's notes by tokens of its text. "verbatim": evidence
         that stands on its page as it is.

limits   ``documents/``, the PDFs of 20,000 tokens and more, prepared by the loopback model double over HTTP, one generation, no
         retries: per pass the tokens sent (prompts included, our count) and asked for (the sum of ``max_tokens``) by those
         of the text. The exit status is 1 where more than 1.2 are sent or more than 0.25 asked for. The fake embedder.

No model but the double in ``limits``. The data is in ``--data``, by default ``../shared/data`` beside the checkout.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.answers import DATA, add, gold_in, said, share
from stc.chat.answering import ask
from stc.models import tokens
from stc.services import Services
from stc.sleep import formulas, quantities
from stc.sleep.facts import agreement
from stc.sleep.run import sleep_now
from stc.storage import documents as document_rows
from stc.storage import notes as note_rows
from stc.words import EXTRACTIVE, Note, Page
from tests.fakes import ModelServer

_ANSWER_TOKENS = 128
_MODEL = "openai/double"
_LARGE_TOKENS = 20_000
_MOST_SENT, _MOST_ASKED = 1.2, 0.25


def main() -> int:
    options = _options()
    storage = options.storage or Path(tempfile.mkdtemp(prefix="stc-benchmark-"))
    fine = [_PARTS[part](options, storage) for part in options.part]
    return 0 if all(fine) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.sleep", description="Measure what preparing brings.")
    parser.add_argument("--part", nargs="+", choices=sorted(_PARTS), default=sorted(_PARTS), help="what to measure")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--storage", type=Path, help="keep the documents here for the next time")
    parser.add_argument("--wrong", action="store_true", help="print the questions that went wrong")
    return parser.parse_args()


def _derived(options: argparse.Namespace, storage: Path) -> bool:
    folder = options.data / "qa" / "ntsb"
    with (folder / "qa.jsonl").open(encoding="utf-8") as lines:
        questions = [question for question in map(json.loads, lines) if question["meta"]["kind"] == "derived"]
    services = Services(storage / "ntsb")
    ids = add(services, sorted({folder / question["doc_path"] for question in questions}))
    runs = list(sleep_now(services, until_done=True))
    seconds = sum(run.seconds for run in runs)
    notes, pages = _prepared(services, ids)
    inferences = sum(note.kind == "inference" for found in notes.values() for note in found)
    print(f"\nderived: {len(questions)} questions, {inferences} inferences in {seconds:.0f} s of preparing")
    noted, right = [], []
    for question in questions:
        own = ids[Path(question["doc_path"]).name]
        noted.append(any(_result_is(note, question["answers"], pages[own]) for note in notes[own]))
        answer = ask(services, question["question"], document_ids=[own], model=EXTRACTIVE)
        right.append(not answer.abstained and gold_in(question, tokens.cut(said(answer), _ANSWER_TOKENS)))
        if options.wrong and not (noted[-1] and right[-1]):
            state = f"noted {noted[-1]}, right {right[-1]}, {answer.route}"
            print(f"  {state}: {own} {question['question']} | {question['answers']} | {answer.text}")
    share("noted", noted)
    share("right", right)
    sizes = {own: sum(tokens.count(page.text) for page in pages[own]) for own in ids.values()}
    kept = [sum(note.tokens for note in notes[own]) / sizes[own] for own in ids.values()]
    print(f"  {'notes':10} {sum(kept) / len(kept):.3f} of the text's tokens, at most {max(kept):.3f}")
    share("verbatim", [item.quote in page for own in ids.values() for item, page in _evidence(notes[own], pages[own])])
    services.close()
    return True


def _prepared(services: Services, ids: dict[str, str]) -> tuple[dict[str, list[Note]], dict[str, list[Page]]]:
    """Return the notes and the pages of each document."""
    with services.database.read() as connection:
        return (
            {own: list(note_rows.of_document(connection, own)) for own in ids.values()},
            {own: list(document_rows.read_pages(connection, own)) for own in ids.values()},
        )


def _result_is(note: Note, answers: Sequence[str], pages: Sequence[Page]) -> bool:
    if note.kind != "inference" or note.formula is None:
        return False
    day_first = quantities.day_first(page.text for page in pages)
    computed = formulas.recompute(note.formula, [item.quote for item in note.evidence], day_first=day_first)
    return computed is not None and _bare(computed.result) in {_bare(answer) for answer in answers}


def _bare(text: str) -> str:
    return "".join(text.casefold().split())


def _evidence(notes: Sequence[Note], pages: Sequence[Page]) -> list[tuple[Any, str]]:
    texts = {page.number: page.text for page in pages}
    return [(item, texts[item.page]) for note in notes for item in note.evidence]


def _limits(options: argparse.Namespace, storage: Path) -> bool:
    os.environ.update(STC_FAKE_EMBEDDER="1", STC_API_KEY="double")
    fine = True
    with ModelServer(reply=_nothing_to_say) as server:
        services = Services(storage / "limits")
        services.change_settings(
            sleep_model=_MODEL, api_base=server.url, consent=agreement(_MODEL, server.url), generations=1,
            daily_tokens=10**9, daily_usd=10**6, document_tokens=10**9, document_usd=10**6, run_usd=10**6,
        )  # fmt: skip
        ids = add(services, sorted((options.data / "documents").glob("*.pdf")))
        print("\nlimits: tokens sent and asked for by tokens of the text, for each pass")
        for name, document_id in sorted(ids.items()):
            with services.database.read() as connection:
                pages = document_rows.read_pages(connection, document_id)
            size = sum(tokens.count(page.text) for page in pages)
            if size < _LARGE_TOKENS:
                continue
            runs = list(sleep_now(services, [document_id], until_done=True))
            said = []
            for one in dict.fromkeys(run.pass_name for run in runs):
                sent = sum(run.sent_tokens for run in runs if run.pass_name == one) / size
                asked = sum(run.asked_tokens for run in runs if run.pass_name == one) / size
                fine &= sent <= _MOST_SENT and asked <= _MOST_ASKED
                said.append(f"{one} {sent:.3f} sent {asked:.3f} asked")
            failed = sum(run.status != "done" for run in runs)
            fine &= not failed
            print(f"  {name}: {size:,} tokens, {len(runs)} runs ({failed} not done): {'; '.join(said)}", flush=True)
        services.close()
    return fine


def _nothing_to_say(body: dict[str, Any]) -> str:
    told = body["messages"][0]["content"]
    if '"sections"' in told:
        return json.dumps({"evidence": [], "summary": "Nothing to say.", "sections": []})
    return json.dumps({"notes": []})


_PARTS = {"derived": _derived, "limits": _limits}


if __name__ == "__main__":
    sys.exit(main())
