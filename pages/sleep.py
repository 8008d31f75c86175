"""Background work: what is prepared now, what comes next, what was done, and what it may cost."""

from __future__ import annotations

import streamlit as st

from stc import background, phrases
from stc.meter import ledger, simulating
from stc.sleep import facts, planning, report, run
from stc.ui import dialogs, library, preparing, safe
from stc.words import EXTRACTIVE, SleepRun

services = library.services()
RUNS_PER_PAGE = 15
LINES = 8
SUMMED_RUNS = 500
ALL = ""


def now_and_next() -> None:
    status = run.status(services)
    asked = background.preparing(services)
    for working in status.now:
        st.markdown(
            f":shimmer[Preparing] **{safe.inert(working.name, 80)}**: {planning.PASS_WORDS[working.pass_name]}, "
            f"{planning.pages_in_words(working.page_start, working.page_end)} "
            f":gray[· for {phrases.duration(services.now() - working.since)}]"
        )
    if not status.now:
        if status.next:
            st.markdown(":material/bedtime: Looks for work in a moment.")
        else:
            until = f", until about {phrases.clock(status.until)[-5:]}" if status.until else ""
            st.markdown(f":material/bedtime: Asleep: {safe.inert(status.asleep)}{until}.")
    if status.next:
        st.markdown(f":gray[Next:] {safe.inert(status.next)}.")
    lines("What comes then", "The most valuable first.", status.coming)
    lines("What waits", "", status.waiting)
    lines(
        "What is not worth it",
        "An AI model would cost more here than it is likely to save. Questions change that; “Prepare now” does it anyway.",
        (*status.not_worth, *status.little),
    )
    if asked is not None and not asked.ended:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button("Stop preparing", icon=":material/stop_circle:", on_click=asked.stop.set)
            st.caption(f"{phrases.count(asked.done, 'step')} done since you asked for it.")
    elif asked is not None and asked.said:
        st.warning(safe.inert(asked.said), icon=":material/info:")
    before = st.session_state.get("runs-seen")
    newest = next(iter(run.history(services, limit=1)), None)
    latest = newest.id if newest else ""
    st.session_state["runs-seen"] = latest
    if before is not None and before != latest:
        st.rerun()  # the history below has a new line


def lines(title: str, said: str, found: tuple[str, ...]) -> None:
    if not found:
        return
    with st.expander(title, type="compact"):
        if said:
            st.caption(said)
        st.markdown("\n".join(f"- {safe.inert(line, 400)}" for line in found[:LINES]))
        if len(found) > LINES:
            st.caption(f"and {len(found) - LINES:,} more")


def set_paused() -> None:
    services.change_settings(sleep_paused=not st.session_state["prepare-by-itself"])


def prepare() -> None:
    chosen = st.session_state["prepare-what"]
    preparing.ask_or_prepare(services, [chosen] if chosen else None)


def controls() -> None:
    if services.person.admin:
        st.toggle(
            "Prepare idle documents by itself",
            not services.settings.sleep_paused,
            key="prepare-by-itself",
            on_change=set_paused,
            help="Off: nothing is prepared until you ask for it here.",
        )
    ready = {
        document.id: document.name
        for document in library.documents(services)
        if document.status == "ready" and library.may_change(services, document)
    }
    if not ready:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Prepare without waiting for idle time",
            [ALL, *ready],
            format_func=lambda one: safe.plain(ready.get(one, "All documents"), 70),
            key="prepare-what",
        )
        st.button("Prepare now", icon=":material/play_arrow:", on_click=prepare)


def today() -> None:
    settings = services.settings
    if not settings.sleep_model:
        st.caption("Prepared without an AI model: it costs nothing, and nothing leaves this computer.")
        return
    spent = facts.spent_today(services, services.now())
    unknown = (
        f" and what {phrases.count(spent.unpriced, 'call')} at an unknown price cost, of" if spent.unpriced else " of"
    )
    st.markdown(
        f"Today preparing with an AI model has used {safe.inert(ledger.money(spent.usd))}{unknown} "
        f"{safe.inert(ledger.money(settings.daily_usd))} and {spent.tokens:,} of {settings.daily_tokens:,} tokens."
        + (" Checks of the meter count in." if settings.shadow_share else "")
    )
    shares = [spent.tokens / settings.daily_tokens if settings.daily_tokens else 1.0]
    shares.append(spent.usd / settings.daily_usd if settings.daily_usd else 0.0)
    if max(shares) > 0:
        st.progress(min(1.0, max(shares)))


def consent() -> None:
    wanted = library.consent_wanted(services) if services.person.admin else None
    if wanted is None:
        return
    with st.container(border=True):
        st.markdown(
            f"**{safe.inert(wanted.model)}** is set to prepare your documents. It waits for your word; until then they are "
            "prepared without an AI model."
        )
        st.button("See what it would do", type="primary", on_click=dialogs.open_dialog, args=("consent",))
    if dialogs.opened("consent"):
        dialogs.draw("May this model prepare your documents?", agree, wanted)


def agree(wanted: library.Consent) -> None:
    settings = services.settings
    goes = "stays on this computer" if wanted.local else f"is sent to {safe.inert(wanted.where)}"
    cost = "its price is unknown" if wanted.cost_usd is None else f"at most {safe.inert(ledger.money(wanted.cost_usd))}"
    limits = f"{settings.daily_tokens:,} tokens a day"
    if wanted.cost_usd is None:
        limits += " (the limit in money can't be kept where the price is unknown)"
    else:
        limits = f"{safe.inert(ledger.money(settings.daily_usd))} and {limits}"
    st.markdown(
        f"- The text of {phrases.count(wanted.documents, 'document')} {goes}. A document can be kept back on the "
        "Documents page: “Keep on this computer”.\n"
        f"- Now about {wanted.tokens:,} tokens, {cost}. Documents that you add later come on top.\n"
        f"- {repaid(wanted)}\n"
        f"- Never more than {limits}; the Settings page changes that."
    )
    with st.container(horizontal=True):
        st.button("Agree", type="primary", on_click=give_consent, args=(wanted.agreement,))
        st.button("Not now", on_click=dialogs.close)


def repaid(wanted: library.Consent) -> str:
    """Say after how many questions it would pay for itself, as usual questions go (``stc.meter.simulating``)."""
    price = services.llm.price(services.settings.chat_model or EXTRACTIVE)
    more = simulating.questions_to_repay(wanted.cost_usd, price)
    if more is not None:
        number = simulating.shown(more)
        return f"Pays for itself after about {number} questions that notes answer in place of passages."
    if wanted.cost_usd and price is not None and price.free:
        return "It never pays for itself in money, because your answers are free."
    return "After how many questions it pays for itself is not known."


def give_consent(agreement: str) -> None:
    services.change_settings(consent=agreement)
    dialogs.close()


def history() -> None:
    number = st.session_state.get("history-page", 1)
    runs = run.history(services, limit=RUNS_PER_PAGE + 1, offset=(number - 1) * RUNS_PER_PAGE)
    if not runs:
        st.caption("Nothing has been prepared yet.")
        return
    names = {document.id: document.name for document in library.documents(services)}
    for one in runs[:RUNS_PER_PAGE]:
        run_row(one, names)
    more = len(runs) > RUNS_PER_PAGE
    if more or number > 1:
        st.pagination(number + more, max_visible_pages=0, key="history-page")


def run_row(one: SleepRun, names: dict[str, str]) -> None:
    name = safe.inert(names.get(one.document_id, "a deleted document"), 80)
    by = "without an AI model" if one.thinker == "extractive" else one.model
    facts_said = [
        report.outcome(one),
        by,
        phrases.count(one.usage.tokens, "token"),
        ledger.money(one.usage.cost_usd),
        phrases.duration(one.seconds),
        phrases.ago(one.started_at, services.now()),
    ]
    with st.container(gap=None):
        icon = ":material/check:" if one.status == "done" else ":material/error:"
        st.markdown(f"{icon} **{name}** · {safe.inert(report.step(one))}", wrap=False, width="stretch")
        st.caption(safe.inert(" · ".join(filter(None, facts_said))))


def in_numbers() -> None:
    """Show what each pass came to, over the last runs."""
    totals = report.by_pass(run.history(services, limit=SUMMED_RUNS))
    if not totals:
        return
    with st.expander("Each step in numbers", type="compact"):
        for one in totals:
            name = planning.PASS_WORDS[one.pass_name]
            said = [
                phrases.count(one.runs, "time"),
                phrases.count(one.notes, "note"),
                f"{one.joined:,} joined" if one.joined else "",
                f"{one.dropped:,} dropped" if one.dropped else "",
                ledger.money(one.usage.cost_usd),
            ]
            if one.sent_share is not None and one.asked_share is not None:
                said.append(f"sent {one.sent_share:.2f} and asked for {one.asked_share:.2f} tokens per token of text")
            st.markdown(f"**{name[:1].upper()}{name[1:]}**")
            st.caption(safe.inert(" · ".join(filter(None, said))))


st.title("Background work", anchor=False)
consent()
st.fragment(now_and_next, run_every=2.0)()
controls()
today()
preparing.show_question(services)
st.header("Done so far", anchor=False)
in_numbers()
history()
