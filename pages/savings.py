"""Savings: what asking and preparing cost, what it would have cost without, and whether it has paid off."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import streamlit as st

from stc import phrases
from stc.meter import as_if, calibrating, ledger, sentences
from stc.meter.books import Books
from stc.meter.quality import NoteUse, quality
from stc.meter.totals import totals_json
from stc.sleep.planning import PASS_WORDS
from stc.ui import answers, chart, checking, library, meter, prices, safe
from stc.words import BASELINES, EXTRACTIVE, PASSES

services = library.services()
COMPARED = {
    "chunks": "Passages",
    "document": "The whole document",
    "document_cached": "The same, cached by the provider",
}
SHORT = {"chunks": "Passages", "document": "Whole document", "document_cached": "Cached"}


def plain_amount(tokens: Fraction | float, usd: Fraction | float | None) -> str:
    """Return a sum in the unit chosen on the page."""
    if in_money:
        return ledger.money(usd)
    return f"{'−' if round(tokens) < 0 else ''}{abs(round(tokens)):,}"


def amount(tokens: Fraction | float, usd: Fraction | float | None) -> str:
    return safe.inert(plain_amount(tokens, usd)).replace("−", "−\N{WORD JOINER}")


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
            rows.append([COMPARED[name], "not known", "", "", "", ""])
            continue
        rows.append(
            [
                COMPARED[name],
                f"**{amount(net.tokens, net.cost_usd)}**",
                amount(net.saved_tokens, net.saved_usd),
                amount(without["input_tokens"] + without["output_tokens"], without["cost_usd"]),
                paid_back(net) if net.sleep.calls else "",
                sooner(net),
            ]
        )
    table(["Compared with", "Net", "Saved", "Without", "Pays for itself", "Time"], rows)
    asked, asleep = ledger.total(ledger.asked(books.rows)), ledger.total(ledger.asleep(books.rows))
    unit = "" if in_money else " tokens"
    st.caption(
        f"Net is what was saved less what preparing used: {amount(asleep.tokens, asleep.cost_usd)}{unit}. All questions "
        f"together used {amount(asked.tokens, asked.cost_usd)}{unit}. Only typed questions count as saving; suggested "
        "ones were prepared to be asked." + suggested(totals) + timed()
    )


def suggested(totals: dict[str, Any]) -> str:
    number, one = totals["suggested_questions"], totals["suggested"][ledger.HEADLINE]
    if not number or one["tokens"] is None:
        return ""
    unit = "" if in_money else " tokens"
    return f" {phrases.count(number, 'suggested question')} would have saved {amount(one['tokens'], one['cost_usd'])}{unit}."


def timed() -> str:
    if not any(net.timed for net in nets.values()):
        return ""
    return (
        " Time is known only for the questions whose answer without preparation was really made, or follows from such."
    )


def paid_back(net: ledger.Net) -> str:
    more = net.break_even_questions
    if more == 0:
        return "yes"
    if not net.questions:
        return "no question yet"
    return f"after {more:,} more" if more else "not at this rate"


def sooner(net: ledger.Net) -> str:
    if not net.timed:
        return "not known"
    return f"{phrases.duration(abs(float(net.saved_s)))} {'saved' if net.saved_s >= 0 else 'lost'} in {net.timed:,}"


def lines() -> None:
    """Draw the cumulative lines against the baseline chosen, over all documents or one."""
    names = {document.id: document.name for document in documents}
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    against = left.segmented_control(
        "Compared with",
        list(BASELINES),
        default=ledger.HEADLINE,
        required=True,
        format_func=SHORT.__getitem__,
        key="against",
    )
    chosen = right.selectbox(
        "Document",
        ["", *names],
        format_func=lambda one: safe.plain(names[one], 40) if one else "All documents",
        key="of-document",
    )
    story = chart.story(books.rows, books.answers, against, in_money=in_money, documents={chosen} if chosen else None)
    if story is None:
        st.caption(
            "Some of these prices are unknown, so there are no lines in money. Count in tokens, or enter the price."
        )
    elif story.questions < chart.FEWEST_QUESTIONS:
        few = phrases.count(story.questions, "typed question")
        st.caption(f"{few} to be compared with this so far; the lines begin with {chart.FEWEST_QUESTIONS}.")
    else:
        st.vega_lite_chart(
            chart.specification(story, in_money=in_money),
            height=320,
            alt=f"Cost so far, with preparing and without: {told_in_words(story)}",
        )


def told_in_words(story: chart.Story) -> str:
    if story.crossed is not None:
        return f"paid for itself after {phrases.count(story.crossed, 'question')}"
    if story.forecast is not None:
        return f"not paid back yet, expected after {phrases.count(story.forecast, 'question')}"
    return "not paid back"


def per_document() -> None:
    rows = []
    for document in documents:
        net = books.of_document(document.id)
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


def spent_preparing(notes: NoteUse) -> None:
    slept = ledger.asleep(books.rows)
    if not slept:
        st.caption("Nothing has been prepared yet.")
        return
    makers = {
        name: "Without an AI model" if name == EXTRACTIVE else safe.inert(name) for name in ledger.by_model(slept)
    }
    table(
        ["Prepared by", "Calls", "Tokens", "Cost"], [spent(makers[n], one) for n, one in ledger.by_model(slept).items()]
    )
    steps = ledger.by_route(slept)
    table(
        ["For", "Calls", "Tokens", "Cost"],
        [spent(PASS_WORDS[name].capitalize(), steps[name]) for name in PASSES if name in steps],
    )
    if notes.wasted_share is not None:
        never = phrases.count(notes.notes - notes.used, "note")
        st.caption(
            f"Never used so far: {never} of {notes.notes:,}, {notes.wasted_share:.0%} of what was written while preparing."
        )


def spent(words: str, one: ledger.Total) -> list[str]:
    return [words, f"{round(one.calls):,}", f"{round(one.tokens):,}", safe.inert(ledger.money(one.cost_usd))]


def by_route() -> None:
    done = [answer for answer in books.answers if answer.state == "done"]
    rows = []
    for route, words in (*answers.ROUTE_WORDS.items(), ("none", "nothing: the documents don't say")):
        of_route = [one for one in done if (one.route if not one.abstained else "none") == route]
        if of_route:
            mean = sum(answer.usage.tokens for answer in of_route) / len(of_route)
            signs = quality(of_route)
            rows.append(
                [
                    words.capitalize(),
                    f"{len(of_route):,}",
                    f"{len(of_route) / len(done):.0%}",
                    f"{mean:,.0f}",
                    "" if signs.verified_share is None else f"{signs.verified_share:.0%}",
                    f"{signs.thumbs_up:,} / {signs.thumbs_down:,}",
                ]
            )
    table(["Answered from", "Answers", "Share", "Tokens each", "Quotes verified", "Thumbs up / down"], rows)


def priced_as_if(books: Books) -> tuple[Books, str]:
    """Return the books at the price of the model that stands in where none was used, and what to say of that."""
    model = st.session_state.get("as-if", "").strip()
    if not model:
        return books, ""
    price = services.llm.price(model)
    if price is None:
        return books, f"The price of {model} is unknown: nothing is counted as if it had been paid. Enter it below."
    books = Books(as_if.rows(books.rows, price), as_if.answers(books.answers, price))
    return (
        books,
        f"As if what was quoted without an AI model had cost what {model} costs. Nobody paid this; it is an estimate.",
    )


def as_csv() -> str:
    text = io.StringIO()
    csv.writer(text).writerows(ledger.csv_rows(books.rows, books.answers))
    return text.getvalue()


st.title("Savings", anchor=False)
books = meter.books(services)
documents = library.documents(services)
if not books.rows and not books.answers:
    st.markdown("Nothing has been asked or prepared yet. What both cost, and what preparing saves, is added up here.")
    with st.expander("Prices", icon=":material/payments:"):
        prices.show(services)
    st.stop()

quoted = any(answer.model == EXTRACTIVE for answer in books.answers)
books, said = priced_as_if(books)
checks, notes = meter.checks(services), meter.note_use(services)
nets = {name: ledger.net(books.rows, books.answers, baseline=name) for name in BASELINES}
headline = nets[ledger.HEADLINE]
totals = totals_json(books.rows, books.answers, shadows=checks, notes=notes)
place = st.container()
unit = st.segmented_control(
    "Count in", ["Money", "Tokens"], default="Money" if headline.in_money else "Tokens", required=True, key="unit"
)
in_money = unit == "Money"
with place:
    if said:
        st.info(safe.inert(said), icon=":material/calculate:")
    st.markdown(f"### {safe.inert(verdict(headline))}", anchors=False)
compared(totals, nets)
for reason, number in totals["uncredited"].items():
    st.caption(f"No saving is counted for {phrases.count(number, 'answer')}: {safe.inert(reason)}.")
lines()
st.header("By document", anchor=False)
per_document()
st.header("What preparing used", anchor=False)
spent_preparing(notes)
if shared := library.shared_costs(services):
    together = ledger.total(shared)
    st.caption(
        f"Preparing the documents that are shared here has used {round(together.tokens):,} tokens, "
        f"{safe.inert(ledger.money(together.cost_usd))}. It is paid once for all, and is not part of the sums above."
    )
st.header("What answers were made from", anchor=False)
by_route()
st.header("How exact this is", anchor=False)
checking.show(services, books, calibrating.errors(checks))
if totals["differs_from_litellm"]:
    st.caption(
        f"For {phrases.count(totals['differs_from_litellm'], 'call')} LiteLLM reckons another cost than this meter; both "
        "stand in the CSV."
    )
st.header("Prices", anchor=False)
if quoted:
    st.text_input(
        "Count what was quoted without an AI model as if this model had been paid",
        key="as-if",
        placeholder="openai/gpt-5-mini",
    )
with st.expander("Prices of models", icon=":material/payments:"):
    prices.show(services)
st.download_button(
    "Every call and answer as CSV",
    as_csv,
    "sleep-time-chat.csv",
    "text/csv",
    icon=":material/download:",
    on_click="ignore",
)
