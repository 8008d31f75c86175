"""Files on their way in: taken to disk at once, then their progress until all are ready."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import streamlit as st

from stc.documents import progress
from stc.errors import UserError
from stc.services import Services
from stc.ui import library, safe
from stc.words import Document

_UNFINISHED = ("reading", "embedding")


def drop_zone(services: Services, key: str, label: str = "Add documents: PDF, plain text or Markdown") -> None:
    """Show where files are dropped. What arrives goes to disk, and the widget starts afresh to let go of the memory."""
    turn = st.session_state.setdefault(f"{key}-turn", 0)
    # Any kind is taken: what can't be read is told in a sentence, which says more than the widget's own refusal.
    files = st.file_uploader(label, accept_multiple_files=True, key=f"{key}-{turn}")
    if files:
        st.session_state[f"{key}-turn"] = turn + 1
        take(services, files)
        st.rerun()


def take(services: Services, files: Sequence[Any]) -> list[str]:
    """Take uploaded files in and return their documents' ids; what to say about them is said by ``tell``."""
    from stc.documents import ingest

    taken: list[str] = []
    said: list[str] = []
    for file in files:
        try:
            received = ingest.receive(services, file.name, file)
        except UserError:
            continue  # its line stands among the failures
        taken.append(received.document_id)
        if received.status == "duplicate":
            known = library.document(services, received.document_id)
            name = safe.plain(file.name, 60)
            under = f", as {safe.plain(known.name, 60)}" if known and known.name != file.name else ""
            said.append(f"{name} is already here{under}.")
    st.session_state.setdefault("arrivals", []).extend(said)
    library.file_arrived(services)
    return taken


def tell(services: Services, most_failures: int = 5) -> None:
    """Show what came of the files added: those already here, the failed ones, and the progress of the others."""
    for said in st.session_state.pop("arrivals", []):
        st.info(safe.inert(said), icon=":material/check:")
    _failures(services, most_failures)
    documents = library.documents(services)
    waiting = [document.id for document in documents if document.status in _UNFINISHED]
    if waiting:
        st.fragment(_progress, run_every=1.0)(services, waiting)


def _failures(services: Services, most: int) -> None:
    failures = library.failures(services)
    if not failures:
        return
    with st.container(border=True):
        for failure in failures[:most]:
            with st.container(horizontal=True, vertical_alignment="center", wrap=False):
                when = time.strftime("%H:%M", time.localtime(failure["at"]))
                st.markdown(
                    f":material/error: **{safe.inert(failure['name'], 60)}** could not be added ({when}). "
                    f"{safe.inert(failure['reason'])}"
                )
                st.button(
                    "Dismiss",
                    type="tertiary",
                    key=f"dismiss-{failure['id']}",
                    on_click=library.dismiss_failures,
                    args=(services, [failure["id"]]),
                )
        if len(failures) > 1:
            st.button(
                f"Dismiss all {len(failures):,}",
                type="tertiary",
                key="dismiss-all",
                on_click=library.dismiss_failures,
                args=(services, [failure["id"] for failure in failures]),
            )


def _progress(services: Services, waiting: list[str]) -> None:
    documents = library.documents(services)
    unfinished = [document for document in documents if document.status in _UNFINISHED]
    if {document.id for document in unfinished} != set(waiting):
        st.rerun()  # one is ready, failed or new: the page around shows it
    batch = _batch(documents, unfinished)
    now = services.now()
    before: tuple[float, list[Document]] | None = st.session_state.get("progress-look")
    rates = st.session_state.get("progress-rates", progress.Rates())
    if before is not None:
        rates = progress.measure(before[1], batch, now - before[0], rates)
    st.session_state["progress-look"] = (now, batch)
    st.session_state["progress-rates"] = rates
    total = progress.overall(batch, rates)
    with st.container(border=True):
        st.progress(total.done_fraction, text=safe.inert(total.line[:1].upper() + total.line[1:]))
        for document in unfinished[:6]:
            line = progress.sentence(document)
            st.markdown(f"{safe.inert(document.name, 70)} :gray[· {safe.inert(line)}]", wrap=False, width="stretch")
        if len(unfinished) > 6:
            st.caption(f"and {len(unfinished) - 6} more")


def _batch(documents: Sequence[Document], unfinished: Sequence[Document]) -> list[Document]:
    """Return the unfinished documents and those ready since the first of them arrived, oldest first."""
    since = min(document.added_at for document in unfinished)
    return [
        document for document in reversed(documents) if document in unfinished or (document.ready_at or 0.0) >= since
    ]
