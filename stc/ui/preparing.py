"""Preparing at once, from any page: what is large is shown with what it would cost, and waits for a word. And its undoing."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from stc import background, phrases
from stc.meter import ledger
from stc.services import Services
from stc.ui import dialogs, safe

_DIALOG = "prepare-large"


def ask_or_prepare(services: Services, document_ids: Sequence[str] | None = None) -> bool:
    """Prepare documents (all by default) now and return True; what is large opens a dialog instead (a button's callback)."""
    from stc.sleep import run

    wanted = run.bill(run.dry_run(services, document_ids))
    if run.is_large(wanted):
        dialogs.open_dialog(_DIALOG, documents=None if document_ids is None else list(document_ids), bill=wanted)
        return False
    background.prepare_now(services, document_ids)
    return True


def throw_away(services: Services, document_id: str) -> str:
    """Delete all of a document's notes, and return what to tell about it."""
    from stc.sleep import run

    number = run.purge(services, document_id)
    return (
        f"{phrases.count(number, 'prepared note')} thrown away. The document is not prepared again until you allow it: "
        "Documents, Options, “Prepare in the background”."
    )


def show_question(services: Services) -> None:
    """Draw the dialog where it is open; every page with a button that prepares calls this."""
    if dialogs.opened(_DIALOG):
        dialogs.draw("Prepare all this now?", _question, services)


def _question(services: Services) -> None:
    values = dialogs.opened(_DIALOG) or {}
    wanted, settings = values["bill"], services.settings
    cost = "its price is unknown" if wanted.cost_usd is None else f"at most {ledger.money(wanted.cost_usd)}"
    st.markdown(
        f"- **{safe.inert(settings.sleep_model)}** would take {phrases.count(wanted.steps, 'step')} over "
        f"{phrases.count(wanted.documents, 'document')}: about {wanted.tokens:,} tokens, {safe.inert(cost)}.\n"
        "- That is everything, also what is not worth its cost by what was asked so far.\n"
        f"- It stops at today's limits: {safe.inert(ledger.money(settings.daily_usd))} and "
        f"{settings.daily_tokens:,} tokens."
    )
    with st.container(horizontal=True):
        st.button("Prepare it", type="primary", on_click=_prepare, args=(services, values["documents"]))
        st.button("Not now", on_click=dialogs.close)


def _prepare(services: Services, document_ids: Sequence[str] | None) -> None:
    background.prepare_now(services, document_ids)
    dialogs.close()
