"""Savings: what asking and preparing cost, what it would have cost without, and whether it has paid off."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import streamlit as st

from stc.meter import ledger, sentences
from stc.meter.totals import totals_json
from stc.ui import answers, chart, library, meter, phrases, safe
from stc.words import BASELINES, EXTRACTIVE

services = library.services()
COMPARED = {
    "chunks": "Passages",
    "document": "The whole document",
    "document_cached": "The same, cached by the provider",
}


def plain_amount(tokens: Fraction | float, usd: Fraction | float | None) -> str:
    """Return a sum in the unit chosen on the page."""
    if in_money:
        return ledger.money(usd)
    return f"{'−' if round(tokens) < 0 else ''}{abs(round(tokens)):,}"


def amount(tokens: Fraction | float, usd: Fraction | float | None) -> str:
    return safe.inert(plain_amount(tokens, usd))


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Draw a table of cells that are Markdown already; all columns but the first are numbers."""
    head = list(head)
    lines = [head, [":--", *["--:"] * (len(head) - 1)], *rows]
    st.markdown("\n".join(f"| {' | '.join(line)} |" for line in lines))


def verdict(net: ledger.Net) -> str:
    """Say in a sentence whether preparing has paid for itself."""
    told = sentences.payback(net)
    if told:
        return f"Preparing has {told}." if told.startswith("paid") else f"{told[:1].upper()}{told[1:]}."
    if not net.questions:
        return "Nothing to count yet: no question has been typed, and nothing was prepared at a cost."
    saved = plain_amount(net.saved_tokens, net.saved_usd)
    return f"Saved so far: {saved if in_money else saved + ' tokens'}. Nothing had to be paid for preparing."


def compared(totals: dict[str, Any], nets: dict[str, ledger.Net]) -> None:
    rows = []
    for name in BASELINES:
        without, net = totals["baselines"][name], nets[name]
        if not without["questions"]:
            rows.append([COMPARED[name], "not known", "", ""])
            continue
        rows.append(
            [
                COMPARED[name],
                f"**{amount(net.tokens, net.cost_usd)}**",
                amount(net.saved_tokens, net.saved_usd),
                amount(without["input_tokens"] + without["output_tokens"], without["cost_usd"]),
            ]
        )
    table(["Compared with", "Net", "Saved", "Without"], rows)
    asked, asleep = ledger.total(ledger.asked(books.rows)), ledger.total(ledger.asleep(books.rows))
    unit = "" if in_money else " tokens"
    st.caption(
        f"Net is what was saved less what preparing used: {amount(asleep.tokens, asleep.cost_usd)}{unit}. All questions "
        f"together used {amount(asked.tokens, asked.cost_usd)}{unit}. Only typed questions count as saving; suggested "
        "ones were prepared to be asked."
    )


def paid_back(net: ledger.Net) -> str:
    more = net.break_even_questions
    if more == 0:
        return "yes"
    if not net.questions:
        return "no question yet"
    return f"after {more:,} more" if more else "not at this rate"


def per_document() -> None:
    rows = []
    for document in documents:
        net = ledger.net(books.rows, books.answers, documents={document.id})
        if not net.questions and not net.sleep.calls:
            continue
        rows.append(
            {
                "Document": safe.plain(document.name),
                "Net": plain_amount(net.tokens, net.cost_usd),
                "Pays for itself": paid_back(net),
                "Saved": plain_amount(net.saved_tokens, net.saved_usd),
                "Preparing": plain_amount(net.sleep.tokens, net.sleep.cost_usd),
                "Questions": net.questions,
            }
        )
    if not rows:
        st.caption("No document has been asked or prepared yet.")
        return
    st.dataframe(
        rows,
        hide_index=True,
        column_config={"Document": st.column_config.TextColumn(width="medium")},
        alt="What preparing cost and saved, by document",
    )


def spent_preparing() -> None:
    sums = ledger.by_model(ledger.asleep(books.rows))
    if not sums:
        st.caption("Nothing has been prepared yet.")
        return
    rows = [
        [
            "Without an AI model" if name == EXTRACTIVE else safe.inert(name),
            f"{round(one.calls):,}",
            f"{round(one.tokens):,}",
            safe.inert(ledger.money(one.cost_usd)),
        ]
        for name, one in sums.items()
    ]
    table(["Prepared by", "Calls", "Tokens", "Cost"], rows)


def by_route() -> None:
    done = [answer for answer in books.answers if answer.state == "done"]
    rows = []
    for route, words in (*answers.ROUTE_WORDS.items(), ("none", "nothing: the documents don't say")):
        of_route = [one for one in done if (one.route if not one.abstained else "none") == route]
        if of_route:
            mean = sum(answer.usage.tokens for answer in of_route) / len(of_route)
            rows.append([words.capitalize(), f"{len(of_route):,}", f"{len(of_route) / len(done):.0%}", f"{mean:,.0f}"])
    table(["Answered from", "Answers", "Share", "Tokens each"], rows)


def as_csv() -> str:
    text = io.StringIO()
    csv.writer(text).writerows(ledger.csv_rows(books.rows, books.answers))
    return text.getvalue()


st.title("Savings", anchor=False)
books = meter.books(services)
documents = library.documents(services)
if not books.rows and not books.answers:
    st.markdown("Nothing has been asked or prepared yet. What both cost, and what preparing saves, is added up here.")
    st.stop()

nets = {name: ledger.net(books.rows, books.answers, baseline=name) for name in BASELINES}
headline = nets[ledger.HEADLINE]
totals = totals_json(books.rows, books.answers)
place = st.container()
unit = st.segmented_control(
    "Count in", ["Money", "Tokens"], default="Money" if headline.in_money else "Tokens", required=True, key="unit"
)
in_money = unit == "Money"
place.markdown(f"### {safe.inert(verdict(headline))}", anchors=False)
compared(totals, nets)
for reason, number in totals["uncredited"].items():
    st.caption(f"No saving is counted for {phrases.count(number, 'answer')}: {safe.inert(reason)}.")
if len(chart.typed(books, ledger.HEADLINE)) >= chart.FEWEST_QUESTIONS:
    values = chart.points(books, ledger.HEADLINE, in_money=in_money)
    st.vega_lite_chart(
        chart.specification(values, in_money=in_money), height=280, alt="Cost so far, with preparing and without"
    )
st.header("By document", anchor=False)
per_document()
st.header("What preparing used", anchor=False)
spent_preparing()
st.header("What answers were made from", anchor=False)
by_route()
st.download_button(
    "Every call and answer as CSV",
    as_csv,
    "sleep-time-chat.csv",
    "text/csv",
    icon=":material/download:",
    on_click="ignore",
)
