"""Sums that agree however they are grouped, savings that admit losses, and a CSV that a sceptic can add up again."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stc.meter import ledger
from stc.meter.ledger import break_even_questions, money, net, saving
from stc.meter.quality import NoteUse
from stc.meter.totals import lines, totals_json
from stc.words import BASELINES, Baseline, LedgerRow, Shadow, Usage
from tests.meter.answered import PROOF, answer

DAY_S = 86_400.0


def row(usage: Usage, **fields) -> LedgerRow:
    plain = LedgerRow(
        id="r",
        owner="local",
        at=1_795_000_000.0,
        purpose="chat",
        model="made/up",
        answer_id=None,
        run_id=None,
        document_id=None,
        document_shares={},
        raw_usage={},
        usage=usage,
        price_revision=None,
        litellm_cost_usd=None,
        tier="standard",
        route="notes",
        origin="typed",
        first_token_s=None,
        seconds=1.0,
        error=None,
    )
    return dataclasses.replace(plain, **fields)


SLEPT = row(Usage(30_000, output_tokens=3000, cost_usd=0.04), purpose="sleep", document_id="bridge")
CHEAP = Usage(400, output_tokens=100, cost_usd=0.001)
DEAR = Usage(4000, output_tokens=100, cost_usd=0.005)


# Savings


def test_a_saving_is_the_call_not_made_less_the_call_made():
    one = saving(answer(CHEAP), "chunks")
    assert (one.tokens, one.cost_usd, one.reason) == (1600, Fraction(2, 1000), "")


def test_a_loss_is_a_negative_saving():
    one = saving(answer(DEAR), "chunks")
    assert (one.tokens, one.cost_usd) == (-2000, Fraction(-2, 1000))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"state": "stopped"}, "the answer was stopped"),
        ({"state": "failed", "error": "No connection."}, "the answer failed"),
        ({"usage": dataclasses.replace(CHEAP, estimated=True)}, "the model's server did not say what it read"),
        ({"citations": ()}, "no quote supports the answer"),
        ({"citations": (dataclasses.replace(PROOF, verified=False),)}, "no quote supports the answer"),
        ({"reasons": ("few notes", "the answer was cut at its longest length")}, "the answer was cut"),
        ({"rating": -1}, "you marked the answer as wrong"),
        ({"reasons": (ledger.TRUNCATED,)}, ledger.TRUNCATED),
    ],
)
def test_some_answers_earn_no_credit_but_their_losses_count(changes, reason):
    one = saving(answer(CHEAP, **changes) if "usage" not in changes else answer(**changes), "chunks")
    assert (one.tokens, one.cost_usd, one.reason) == (0, 0, reason)
    usage = dataclasses.replace(DEAR, estimated=changes.get("usage", CHEAP).estimated)
    lost = saving(answer(**{**changes, "usage": usage}), "chunks")
    assert (lost.tokens, lost.cost_usd) == (-2000, Fraction(-2, 1000))


def test_an_answer_that_was_asked_for_again_without_notes_is_a_loss_of_all_that_it_cost():
    one = saving(answer(CHEAP, reasons=(ledger.INSTEAD,)), "chunks")
    assert (one.tokens, one.cost_usd, one.reason) == (-500, Fraction(-1, 1000), "you asked the document instead")
    unknown = answer(dataclasses.replace(CHEAP, cost_usd=None), reasons=(ledger.INSTEAD,))
    assert saving(unknown, "chunks").cost_usd is None


def test_an_answer_that_abstains_used_nothing_prepared_and_saves_nothing():
    one = saving(answer(CHEAP, abstained=True, citations=()), "chunks")
    assert one.reason == "nothing was answered"
    assert one.tokens == 0


def test_what_is_not_known_is_no_saving_of_zero():
    assert saving(answer(CHEAP), "document") is None
    assert saving(answer(CHEAP, baselines={"document": None}), "document") is None
    assert saving(answer(CHEAP, state="running"), "chunks") is None
    assert saving(answer(dataclasses.replace(CHEAP, cost_usd=None)), "chunks").cost_usd is None
    assert saving(answer(CHEAP, baselines={"chunks": Baseline(2000, 100, None)}), "chunks").cost_usd is None


# Net and break-even


def test_what_an_answer_saved_is_shared_by_its_notes():
    answers = [
        answer(CHEAP, notes_used=("n1", "n2")),
        answer(CHEAP, notes_used=("n1",)),
        answer(DEAR, notes_used=("n3",)),
        answer(CHEAP, notes_used=("n4",), origin="suggested"),
        answer(CHEAP, notes_used=("n5",), baselines={"chunks": None}),
        answer(CHEAP, notes_used=("n6",), reasons=(ledger.GIVEN,)),
        answer(CHEAP, notes_used=("n7",), reasons=(ledger.BROUGHT,)),
        answer(CHEAP, notes_used=("n8",), rating=-1),
    ]
    assert ledger.saved_by_note(answers) == {"n1": 2400, "n2": 800, "n3": -2000, "n8": 0}


def test_what_imported_notes_spare_is_not_counted_as_saved():
    one = saving(answer(CHEAP, reasons=(ledger.BROUGHT,)), "chunks")
    assert (one.tokens, one.reason) == (0, "its notes were imported")


def test_a_document_starts_in_the_red():
    one = net([SLEPT], [])
    assert (one.tokens, one.cost_usd, one.break_even_questions) == (-33_000, Fraction(-4, 100), None)


def test_every_credited_answer_brings_it_up():
    answers = [answer(CHEAP, id=str(number)) for number in range(5)]
    one = net([SLEPT], answers)
    assert one.cost_usd == Fraction(5 * 2, 1000) - Fraction(4, 100)
    assert one.tokens == 5 * 1600 - 33_000
    assert one.break_even_questions == 15


def test_break_even_counts_whole_questions():
    assert break_even_questions(-0.03, 0.002) == 15
    assert break_even_questions(-0.0301, 0.002) == 16
    assert break_even_questions(-0.3, 0.1) == 3, "a tenth is a tenth"
    assert break_even_questions(0, None) == 0
    assert break_even_questions(5, -1) == 0
    assert break_even_questions(-1, 0) is None
    assert break_even_questions(-1, -2) is None
    assert break_even_questions(-1, None) is None


def test_where_all_is_free_tokens_decide():
    slept = row(Usage(30_000), purpose="sleep", document_id="bridge")
    asked = answer(Usage(400, output_tokens=100), baselines={"chunks": Baseline(2000, 100, 0.0)})
    one = net([slept], [asked])
    assert not one.in_money
    assert one.break_even_questions == math.ceil((30_000 - 1600) / 1600)


def test_suggested_questions_stand_apart():
    typed, suggested = answer(CHEAP, id="t"), answer(CHEAP, id="s", origin="suggested")
    assert net([], [typed, suggested]).questions == 1
    assert net([], [typed, suggested], origin="suggested").questions == 1
    totals = totals_json([], [typed, suggested])
    assert (totals["questions"], totals["suggested_questions"]) == (1, 1)


def test_one_unknown_price_makes_the_sum_unknown_and_not_smaller():
    unknown = answer(dataclasses.replace(CHEAP, cost_usd=None), id="u")
    one = net([SLEPT], [answer(CHEAP), unknown])
    assert one.cost_usd is None
    assert one.tokens == 3200 - 33_000
    assert not one.in_money


def test_an_answer_from_several_documents_counts_in_shares():
    both = answer(CHEAP, citations=(PROOF, PROOF, dataclasses.replace(PROOF, document_id="ferry")))
    bridge, ferry = (net([], [both], documents=[name]) for name in ("bridge", "ferry"))
    assert bridge.saved_usd == Fraction(2, 3) * Fraction(2, 1000)
    assert bridge.saved_usd + ferry.saved_usd == net([], [both]).saved_usd
    assert bridge.questions == ferry.questions == 1
    said = row(CHEAP, answer_id="a", document_shares={"bridge": 1.0, "ferry": 3.0})
    assert net([said], [both], documents=["ferry"]).saved_usd == Fraction(3, 4) * Fraction(2, 1000)


# Time


def test_seconds_are_saved_where_both_are_known_and_lost_without_credit():
    slow = {"chunks": Baseline(2000, 100, 0.003, seconds=2.5)}
    quick = answer(CHEAP, baselines=slow, seconds=1.0)
    assert saving(quick, "chunks").seconds == Fraction(3, 2)
    assert saving(dataclasses.replace(quick, rating=-1), "chunks").seconds == 0
    assert saving(dataclasses.replace(quick, rating=-1, seconds=4.0), "chunks").seconds == Fraction(-3, 2)
    assert saving(answer(CHEAP, seconds=1.0), "chunks").seconds is None
    one = net([], [quick, answer(CHEAP, id="b", seconds=1.0)])
    assert (one.timed, one.saved_s, one.questions) == (1, Fraction(3, 2), 2)


def test_the_time_saved_says_of_how_many_questions_it_speaks():
    slow = {"chunks": Baseline(2000, 100, 0.003, seconds=2.5)}
    told = lines(totals_json([SLEPT], [answer(CHEAP, baselines=slow, seconds=1.0), answer(CHEAP, id="b")]))
    assert told[2].endswith("; 1.5 s sooner in 1 timed question")


def test_a_cost_that_litellm_reckons_otherwise_is_flagged():
    calls = [row(CHEAP, litellm_cost_usd=cost) for cost in (None, 0.001, 0.0011)]
    calls.append(row(dataclasses.replace(CHEAP, cost_usd=None), litellm_cost_usd=0.5))
    calls.append(row(CHEAP, litellm_cost_usd=0.5, price_revision="own price from 2026-11-01, 0123456789ab"))
    assert ledger.differing(calls) == calls[2:3]


# What meter --json prints


def test_the_totals_have_every_field_of_the_contract():
    rows = [SLEPT, row(CHEAP, answer_id="a"), row(Usage(10, output_tokens=5, cost_usd=0.1), purpose="test")]
    totals = totals_json(rows, [answer(CHEAP)])
    assert totals["questions"] == 1
    assert totals["asked"]["input_tokens"] == 400
    assert totals["asked"]["cost_usd"] == 0.001
    assert totals["asleep"]["cost_usd"] == 0.04
    assert totals["tests"]["cost_usd"] == 0.1
    assert totals["baselines"]["chunks"]["input_tokens"] == 2000
    assert totals["baselines"]["document"]["input_tokens"] is None
    assert totals["net"]["chunks"] == {
        "tokens": 1600 - 33_000,
        "cost_usd": 0.002 - 0.04,
        "questions": 1,
        "seconds": None,
        "timed_questions": 0,
    }
    assert totals["net"]["document"] == {
        "tokens": None,
        "cost_usd": None,
        "questions": 0,
        "seconds": None,
        "timed_questions": 0,
    }
    assert totals["break_even_questions"] == {"chunks": 19, "document": None, "document_cached": None}
    json.dumps(totals, allow_nan=False)


def test_an_empty_ledger_is_all_zeros_and_owes_nothing():
    totals = totals_json([], [])
    assert totals["net"]["chunks"]["cost_usd"] == 0.0
    assert totals["break_even_questions"]["chunks"] == 0
    assert lines(totals)[0] == "0 questions: 0 tokens, $0"


def test_one_document_bears_its_own_calls_only():
    rows = [SLEPT, dataclasses.replace(SLEPT, document_id="ferry"), row(CHEAP, answer_id="a")]
    totals = totals_json(rows, [answer(CHEAP)], document_id="bridge")
    assert totals["asleep"]["cost_usd"] == 0.04
    assert totals["asked"]["input_tokens"] == 400, "by the answer's citations"
    assert totals_json(rows, [answer(CHEAP)], document_id="ferry")["questions"] == 0


def test_the_totals_can_be_read_by_people():
    told = lines(totals_json([SLEPT], [answer(CHEAP), answer(CHEAP, id="b", state="stopped")]))
    assert told == [
        "2 questions: 0 tokens, $0",
        "Preparing: 33,000 tokens, $0.04",
        "From passages, without preparation: 4,200 tokens, $0.0060; net -31,400 tokens, −$0.04; "
        "pays for itself after 38 more questions",
        "From whole documents: not known yet",
        "From whole documents, cached: not known yet",
        "No saving counted for 1: the answer was stopped",
        "Of 1 answers from notes: 1 of 1 quotes verified, 0 said nothing, thumbs 0 up and 0 down",
    ]


def test_quality_waste_checks_and_suggestions_stand_beside_the_net():
    rows = [SLEPT, row(DEAR, purpose="check", answer_id="a"), row(CHEAP, litellm_cost_usd=1.0)]
    answers = [
        answer(CHEAP),
        answer(CHEAP, id="s", origin="suggested"),
        answer(CHEAP, id="q", abstained=True, rating=-1),
    ]
    shadow = Shadow(
        "a", "local", "chunks", "m", "medium", 1.0, "done", Baseline(2000, 100, 0.003), Baseline(2500, 100, 0.004, 1.0, True),
        answer_output_tokens=100, differs={"numbers": ["7"]},
    )  # fmt: skip
    totals = totals_json(rows, answers, shadows=[shadow], notes=NoteUse(10, 4, 1000, 250))
    assert totals["net"]["chunks"]["tokens"] == 1600 + 0 - 33_000, "what a check cost is not preparing's"
    assert totals["checks"]["cost_usd"] == 0.005
    assert totals["suggested"]["chunks"]["tokens"] == 1600
    assert totals["wasted"] == {"notes": 10, "never_used": 6, "share": 0.75}
    assert totals["quality"]["prepared"]["abstained_share"] == 0.5
    assert totals["quality"]["prepared"]["thumbs_down"] == 1
    assert totals["estimates"]["chunks"]["input_tokens"] == {"runs": 1, "mean": 0.2, "bias": -0.2}
    assert totals["differs_from_litellm"] == 1
    told = lines(totals)
    assert "Not counted: 1 suggested question, +1,600 tokens, $0.0020" in told
    assert "Checking the estimates: 4,100 tokens, $0.0050" in told
    assert "Never used: 6 of 10 notes (75% of their text)" in told
    assert any("tokens read 20% (too low by 20%)" in line and "agree 0 times" in line for line in told)


def test_nothing_prepared_has_not_paid_for_itself():
    told = lines(totals_json([], [answer(CHEAP)]))
    assert any("nothing was prepared" in line for line in told)
    assert not any("paid for itself" in line for line in told)


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        (None, "price unknown"),
        (0.0, "$0"),
        (0.00001, "under $0.0001"),
        (0.0003, "$0.0003"),
        (0.0019, "$0.0019"),
        (0.0123, "$0.01"),
        (0.04, "$0.04"),
        (-0.03, "−$0.03"),
        (1234.5, "$1,234.50"),
    ],
)
def test_money_is_shown_with_the_digits_that_say_something(usd, text):
    assert money(usd) == text


# CSV


def test_a_sceptic_gets_the_same_net_from_the_csv_alone():
    rows = [SLEPT, row(CHEAP, answer_id="a"), row(DEAR, answer_id="b", error="=HYPERLINK(1)")]
    answers = [answer(CHEAP), answer(DEAR, id="b", state="failed", error="No connection.")]
    text = io.StringIO()
    csv.writer(text).writerows(ledger.csv_rows(rows, answers))
    table = list(csv.DictReader(io.StringIO(text.getvalue())))
    calls = [line for line in table if line["kind"] == "call"]
    told = [line for line in table if line["kind"] == "answer"]
    slept = sum(Fraction(line["cost_usd"]) for line in calls if line["purpose"] == "sleep")
    saved = sum(Fraction(line["chunks_saved_usd"]) for line in told if line["origin"] == "typed")
    assert saved - slept == net(rows, answers).cost_usd
    assert calls[2]["error"] == "'=HYPERLINK(1)", "no formula for a spreadsheet to run"
    assert told[1]["no_credit_because"] == "the answer failed"
    assert told[0]["document_cost_usd"] == "", "unknown is empty, not 0"


def added_up_again(text):
    """Add up a CSV as a spreadsheet would, knowing nothing but its columns; None is unknown."""
    table = list(csv.DictReader(io.StringIO(text)))
    calls = [line for line in table if line["kind"] == "call"]
    answers = [line for line in table if line["kind"] == "answer"]

    def total(lines, column):
        cells = [line[column] for line in lines]
        return None if "" in cells else sum(map(Fraction, cells), Fraction(0))

    def tokens(lines):
        return total(lines, "input_tokens") + total(lines, "output_tokens")

    slept = [line for line in calls if line["purpose"] == "sleep"]
    nets = {}
    for name in BASELINES:
        beside = [line for line in answers if line[f"{name}_saved_tokens"] and line["origin"] == "typed"]
        saved, cost = total(beside, f"{name}_saved_usd"), total(slept, "cost_usd")
        nets[name] = (
            total(beside, f"{name}_saved_tokens") - tokens(slept),
            None if saved is None or cost is None else saved - cost,
        )
    spent = {purpose: total([line for line in calls if line["purpose"] == purpose], "cost_usd") for purpose in PURPOSES}
    by_document = {}
    for line in slept:
        for part in line["documents"].split():
            document, _, share = part.partition(":")
            used = (Fraction(line["input_tokens"]) + Fraction(line["output_tokens"])) * Fraction(share)
            by_document[document] = by_document.get(document, 0) + used
    return nets, spent, by_document


def written(rows, answers):
    text = io.StringIO()
    csv.writer(text).writerows(ledger.csv_rows(rows, answers))
    return text.getvalue()


def test_withdrawn_credit_checks_and_suggestions_are_in_the_csv_too():
    rows = [
        row(
            Usage(300, output_tokens=3, cost_usd=0.1),
            id="s",
            purpose="sleep",
            document_shares={"bridge": 1.0, "ferry": 2.0},
        ),
        row(DEAR, id="c", purpose="check", answer_id="a"),
        row(CHEAP, id="t", purpose="test"),
    ]
    answers = [
        answer(CHEAP, reasons=(ledger.INSTEAD,)),
        answer(CHEAP, id="b", rating=-1),
        answer(CHEAP, id="c", origin="suggested"),
        answer(CHEAP, id="d", baselines={"chunks": Baseline(2000, 100, 0.003, 2.5, True)}, seconds=1.0),
    ]
    text = written(rows, answers)
    nets, spent, by_document = added_up_again(text)
    assert nets["chunks"] == (-500 + 0 + 1600 - 303, Fraction(-1, 1000) + 0 + Fraction(2, 1000) - Fraction(1, 10))
    assert spent == {"chat": 0, "sleep": Fraction(1, 10), "check": Fraction(5, 1000), "test": Fraction(1, 1000)}
    assert by_document == {"bridge": 101, "ferry": 202}
    lines = [line for line in csv.DictReader(io.StringIO(text)) if line["kind"] == "answer"]
    assert [line["no_credit_because"] for line in lines] == [ledger.INSTEAD, "you marked the answer as wrong", "", ""]
    assert (lines[3]["chunks_measured"], lines[3]["chunks_seconds"], lines[3]["chunks_saved_seconds"]) == (
        "true",
        "2.5",
        "1.5",
    )


# Properties

PURPOSES = ("chat", "sleep", "check", "test")
AMOUNTS = st.one_of(st.none(), st.just(0.0), st.floats(1e-12, 100))
"""Money and seconds. What is smaller than a millionth of a millionth is no price; a CSV writes a hundred digits."""
USAGES = st.builds(
    lambda plain, cached, output, cost, estimated: Usage(plain + cached, cached, 0, output, 0, cost, estimated),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.integers(0, 10**5),
    AMOUNTS,
    st.booleans(),
)
DOCUMENTS = st.sampled_from(["bridge", "ferry", "tunnel"])
ROWS = st.builds(
    lambda usage, purpose, model, days, document, shares: row(
        usage,
        purpose=purpose,
        model=model,
        at=1_795_000_000.0 + days * DAY_S,
        document_id=document,
        document_shares=shares,
        route=purpose,
    ),
    USAGES,
    st.sampled_from(["chat", "sleep", "check", "test"]),
    st.sampled_from(["one", "two"]),
    st.integers(0, 4),
    st.one_of(st.none(), DOCUMENTS),
    st.dictionaries(DOCUMENTS, st.floats(0.01, 1), max_size=3),
)
INSTEADS = st.one_of(
    st.none(),
    st.builds(
        Baseline,
        st.integers(0, 10**6),
        st.integers(0, 10**5),
        AMOUNTS,
        AMOUNTS,
    ),
)
ANSWERS = st.builds(
    lambda number, usage, baseline, state, documents, rating, reasons: answer(
        usage,
        id=str(number),
        reasons=reasons,
        baselines={"chunks": baseline},
        state=state,
        citations=tuple(dataclasses.replace(PROOF, document_id=document) for document in documents),
        rating=rating,
    ),
    st.integers(),
    USAGES,
    INSTEADS,
    st.sampled_from(["done", "stopped", "failed", "running"]),
    st.lists(DOCUMENTS, max_size=4),
    st.sampled_from([-1, 0, 1]),
    st.sampled_from([(), (), (ledger.INSTEAD,), (ledger.TRUNCATED,)]),
)


@given(st.lists(ROWS, max_size=30))
@settings(max_examples=60, deadline=None)
def test_sums_agree_however_they_are_grouped(rows):
    whole = ledger.total(rows)
    for grouped in (ledger.by_document(rows), ledger.by_model(rows), ledger.by_route(rows)):
        assert sum(grouped.values(), ledger.Total()) == whole
    assert ledger.total(reversed(rows)) == whole
    tests = [one for one in rows if one.purpose == "test"]
    parts = (ledger.asked(rows), ledger.asleep(rows), ledger.checked(rows), tests)
    assert sum(map(ledger.total, parts), ledger.Total()) == whole
    usage = whole.usage()
    assert usage.input_tokens >= usage.cached_tokens >= 0
    assert (usage.cost_usd is None) == any(one.usage.cost_usd is None for one in rows)


@given(st.lists(ROWS, max_size=15), st.lists(ANSWERS, max_size=15, unique_by=lambda one: one.id))
@settings(max_examples=60, deadline=None)
def test_net_is_the_sum_of_savings_less_sleep_exactly(rows, answers):
    one = net(rows, answers)
    savings = [found for asked in answers if (found := saving(asked, "chunks")) is not None]
    slept = ledger.total(ledger.asleep(rows))
    assert one.tokens == sum(found.tokens for found in savings) - slept.tokens
    assert one.questions == len(savings)
    unknown = any(found.cost_usd is None for found in savings) or slept.cost_usd is None
    assert (one.cost_usd is None) == unknown, "unknown never becomes 0"
    if not unknown:
        assert one.cost_usd == sum(found.cost_usd for found in savings) - slept.cost_usd
    apart = [net(rows, answers, documents=[name]) for name in ("bridge", "ferry", "tunnel")]
    nowhere = net(
        [found for found in rows if not found.document_id and not found.document_shares],
        [found for found in answers if not found.citations],
    )
    assert sum(part.tokens for part in apart) + nowhere.tokens == one.tokens
    json.dumps(totals_json(rows, answers), allow_nan=False)
    nets, spent, by_document = added_up_again(written(rows, answers))
    assert nets["chunks"] == (one.tokens, one.cost_usd), "exactly, from the CSV alone"
    assert spent["sleep"] == slept.cost_usd
    grouped = ledger.by_document(ledger.asleep(rows))
    assert by_document == {name: found.tokens for name, found in grouped.items() if name is not None}
    for line in ledger.csv_rows(rows, answers):
        assert len(line) == len(ledger.COLUMNS)
        assert "nan" not in line
