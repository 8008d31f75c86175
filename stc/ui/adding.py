"""Files on their way in: taken to disk at once, then their progress until all are ready."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from stc.documents import progress
from stc.errors import UserError
from stc.services import Services
from stc.storage.database import new_id
from stc.ui import dialogs, library, safe, second_try
from stc.words import UNFINISHED, Document

_LOOK_EVERY_S, _DRAW_EVERY_S = 0.2, 2.0
"""How often a page looks how far documents are, and is drawn anew at most for those that were added elsewhere, for each page
that looks: those of fifty people would else take all the time there is."""
_DRAW_FOR_OWN_EVERY_S = 0.5
_LOOK_AT_MOST_EVERY_S = 1.0
_LOOKS_NO_MORE_S = 30.0

_looking: dict[str, float] = {}
"""When each open page has last looked, by a name that it has for this."""
_SAME_NAME = "same-name"


def drop_zone(
    services: Services, key: str, label: str = "Add documents: PDF, Word, HTML, plain text or Markdown"
) -> None:
    """Show where files are dropped. What arrives goes to disk, and the widget starts afresh to let go of the memory."""
    turn = st.session_state.setdefault(f"{key}-turn", 0)
    # Any kind is taken: what can't be read is told in a sentence, which says more than the widget's own refusal.
    files = st.file_uploader(label, accept_multiple_files=True, key=f"{key}-{turn}")
    if files:
        st.session_state[f"{key}-turn"] = turn + 1
        take(services, files)
        st.rerun()


def take(services: Services, files: Sequence[Any]) -> list[str]:
    """Take uploaded files in and return their documents' ids; what to say about them is said by ``tell``.

    One that has the name of a document and other bytes is a document of its own, unless the person says in a dialog that
    it is a new version: whatever becomes of the dialog, nothing is lost.
    """
    from stc.documents import ingest

    taken: list[str] = []
    said: list[str] = []
    ready = [document for document in library.documents(services) if document.status == "ready"]
    named = {document.name: document.id for document in reversed(ready)}  # of several, the newest
    same_name: dict[str, str] = {}
    for file in files:
        try:
            received = ingest.receive(services, file.name, file)
        except UserError:
            continue  # its line stands among the failures
        taken.append(received.document_id)
        _added_here(received.document_id)
        known = library.document(services, received.document_id)
        if received.status == "new" and known and known.name in named:
            same_name[known.id] = named[known.name]
        if received.status == "duplicate":
            name = safe.plain(file.name, 60)
            under = f", as {safe.plain(known.name, 60)}" if known and known.name != file.name else ""
            said.append(f"{name} is already here{under}.")
    st.session_state.setdefault("arrivals", []).extend(said)
    if same_name:
        before = dialogs.opened(_SAME_NAME)
        dialogs.open_dialog(_SAME_NAME, pairs={**(before["pairs"] if before else {}), **same_name})
    library.file_arrived(services)
    return taken


def _added_here(document_id: str) -> None:
    st.session_state.setdefault("added-here", set()).add(document_id)


def take_new_version(services: Services, file: Any, document_id: str) -> None:
    """Take a file in that is to take a document's place; what to say about it is said by ``tell``."""
    from stc.documents import ingest

    try:
        received = ingest.receive(services, file.name, file, replaces=document_id)
    except UserError:
        return  # its line stands among the failures
    _added_here(received.document_id)
    if received.status == "duplicate":
        said = f"{safe.plain(file.name, 60)} is what is here already."
        st.session_state.setdefault("arrivals", []).append(said)
    library.file_arrived(services)


def _ask_same_name(services: Services) -> None:
    """Draw the dialog about files that have the name of a document, as long as there is something to decide."""
    values = dialogs.opened(_SAME_NAME)
    if values is None:
        return
    here = {document.id: document for document in library.documents(services)}
    pairs = {newer: old for newer, old in values["pairs"].items() if newer in here and old in here}
    if not pairs:
        dialogs.close()
        return
    dialogs.draw("Replace, or keep both?", _same_name, services, [(here[newer], old) for newer, old in pairs.items()])


def _same_name(services: Services, pairs: Sequence[tuple[Document, str]]) -> None:
    chosen: dict[str, str] = {}
    if len(pairs) == 1:
        ((newer, old),) = pairs
        st.markdown(
            f"**{safe.inert(newer.name, 80)}** is here already, with other content. Is this a new version of it?"
        )
        chosen = {newer.id: old}
    else:
        st.markdown(
            "Documents of these names are here already, with other content. Which of the files are new versions?"
        )
        for newer, old in pairs:
            if st.checkbox(safe.inert(newer.name, 80), value=True, key=f"replace-{newer.id}"):
                chosen[newer.id] = old
    st.caption(
        "A new version takes the document's place: its chats go on with it, and of the prepared notes those stay whose text "
        "is unchanged."
    )
    with st.container(horizontal=True):
        st.button("Replace", type="primary", disabled=not chosen, on_click=_replace, args=(services, chosen))
        st.button("Keep both", on_click=dialogs.close)


def _replace(services: Services, chosen: Mapping[str, str]) -> None:
    from stc.documents import ingest

    for newer, old in chosen.items():
        try:
            ingest.replace_by(services, old, newer)
        except UserError as error:
            st.session_state.setdefault("arrivals", []).append(str(error))
    library.file_arrived(services)
    dialogs.close()


def tell(services: Services, most_failures: int = 5) -> None:
    """Show what came of the files added: those already here, the failed ones, and the progress of the others."""
    for said in st.session_state.pop("arrivals", []):
        st.info(safe.inert(said), icon=":material/check:")
    _failures(services, most_failures)
    waiting = {document.id for document in library.arriving(services) if document.status in UNFINISHED}
    if waiting:
        st.session_state["progress-drawn"] = time.monotonic()
        every_s = max(_LOOK_AT_MOST_EVERY_S, _LOOK_EVERY_S * _pages_looking())
        st.fragment(_progress, run_every=every_s)(services, waiting)
    _ask_same_name(services)
    second_try.ask_languages(services)


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
                    f"{safe.inert(second_try.reason(failure))}"
                )
                st.button(
                    "Dismiss",
                    type="tertiary",
                    key=f"dismiss-{failure['id']}",
                    on_click=_dismiss,
                    args=(services, [failure["id"]]),
                )
            second_try.offer(services, failure)
        if len(failures) > 1:
            st.button(
                f"Dismiss all {len(failures):,}",
                type="tertiary",
                key="dismiss-all",
                on_click=_dismiss,
                args=(services, [failure["id"] for failure in failures]),
            )


def _dismiss(services: Services, failure_ids: Sequence[str]) -> None:
    from stc.documents import retrying

    retrying.dismiss(services, failure_ids)


def _progress(services: Services, waiting: set[str]) -> None:
    batch = library.arriving(services)
    unfinished = [document for document in batch if document.status in UNFINISHED]
    being_read = {document.id for document in unfinished}
    drawn_ago_s, pages = time.monotonic() - st.session_state["progress-drawn"], _pages_looking()
    through = waiting - being_read
    own = through & st.session_state.get("added-here", set())
    if through and drawn_ago_s >= (_DRAW_FOR_OWN_EVERY_S if own else _DRAW_EVERY_S * pages):
        st.rerun()  # some are ready or have failed: the page around shows it
    waiting |= being_read  # what has come from elsewhere meanwhile is waited for, too
    if not unfinished:
        return
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
            line = ("new version, " if document.replaces else "") + progress.sentence(document)
            st.markdown(f"{safe.inert(document.name, 70)} :gray[· {safe.inert(line)}]", wrap=False, width="stretch")
        if len(unfinished) > 6:
            st.caption(f"and {len(unfinished) - 6} more")


def _pages_looking() -> int:
    """Return how many open pages look how far documents are, this one among them."""
    now = time.monotonic()
    _looking[st.session_state.setdefault("progress-page", new_id())] = now
    for page, looked_at in list(_looking.items()):
        if now - looked_at > _LOOKS_NO_MORE_S:
            _looking.pop(page, None)
    return len(_looking)
