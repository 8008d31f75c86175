"""What stands on the chat page before the first question: the sample, or what was prepared of the documents."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from stc import phrases
from stc.errors import StcError
from stc.services import Services
from stc.sleep import report
from stc.ui import adding, library, safe
from stc.ui.answers import Ask, offer
from stc.words import Document

_QUESTIONS = 5
_A_PAUSE_S = 300.0


def show(services: Services, documents: Sequence[Document], opened_id: str | None, ask: Ask) -> None:
    """Show the opened document; without one, the start of a chat with all of them."""
    _while_away(services)
    opened = next((document for document in documents if document.id == opened_id), None)
    if opened is None and len(documents) == 1:
        opened = documents[0]
    if opened_id is not None and opened is not None:
        _count_open(services, opened_id)
    if not documents:
        _nothing_yet(services)
    elif opened is not None:
        _document(services, opened, ask)
    else:
        _all(services, documents, ask)


def _while_away(services: Services) -> None:
    """Say what was prepared since a page was last looked at; after a pause also in a page that stayed open."""
    now = services.now()
    seen = st.session_state.get("seen-at")
    if seen is None or now - seen > _A_PAUSE_S:
        since = library.away_since(services) if seen is None else seen
        st.session_state["while-away"] = "" if since is None else _prepared_since(services, since)
    st.session_state["seen-at"] = now
    if st.session_state.get("while-away"):
        st.markdown(f":material/bedtime: {safe.inert(st.session_state['while-away'])}")


def _prepared_since(services: Services, since: float) -> str:
    from stc.sleep import run  # with NumPy behind it, which a first visit does not wait for

    return run.while_away(services, since)


def _nothing_yet(services: Services) -> None:
    st.title("Ask your documents", anchor=False)
    st.markdown(
        "Drop one in and ask. While it lies idle it is read ahead, so that later answers take less time and money; "
        "what that saved, and what it cost, is counted."
    )
    adding.drop_zone(services, "first")
    with st.container(horizontal=True, vertical_alignment="center"):
        wanted = st.button("Try it with a sample", icon=":material/auto_stories:")
        st.caption("A short annual report. Its notes were written beforehand and cost nothing here.")
    if wanted:
        _load_sample(services)


def _load_sample(services: Services) -> None:
    from stc import sample

    try:
        with st.spinner("Adding the sample …"):
            document_id = sample.load(services)
    except StcError as error:
        st.error(safe.inert(str(error)), icon=":material/error:")
        return
    st.query_params["document"] = document_id
    st.rerun()


def _count_open(services: Services, document_id: str) -> None:
    """Count a document's opening once in a visit, however often it is drawn."""
    counted: set[str] = st.session_state.setdefault("opened", set())
    if document_id not in counted:
        counted.add(document_id)
        library.count_open(services, document_id)


def _document(services: Services, document: Document, ask: Ask) -> None:
    st.header(safe.inert(document.name, 120), anchor=False)
    st.caption(state(services, document))
    for warning in document.warnings:
        st.caption(f":material/warning: {safe.inert(warning)}")
    summaries = library.some_notes(services, document.id, kinds=("summary",))
    summary, sections = report.summaries(sorted(summaries, key=lambda note: note.created_at))
    if summary:
        safe.show_text(summary.text)
    if sections:
        with st.expander("Summaries of its parts", type="compact"):
            for section in sections:
                safe.show_text(section.text)
    if document.notes or document.notes_stale:
        _questions(services, document, document.notes - len(summaries), ask)


def _all(services: Services, documents: Sequence[Document], ask: Ask) -> None:
    st.title("Ask your documents", anchor=False)
    ready = [document for document in documents if document.status == "ready"]
    notes = sum(document.notes for document in ready)
    st.caption(f"{phrases.count(len(ready), 'document')} · {phrases.count(notes, 'prepared note')}")
    st.markdown("Ask below, or open one to see its summary and what was prepared:")
    latest = sorted(ready, key=lambda document: document.last_used_at, reverse=True)[:5]
    with st.container(gap=None):
        for document in latest:
            st.button(
                safe.inert(document.name, 80),
                icon=":material/description:",
                type="tertiary",
                key=f"open-{document.id}",
                on_click=_open,
                args=(document.id,),
            )


def _open(document_id: str) -> None:
    st.query_params["document"] = document_id


def _questions(services: Services, document: Document, number: int, ask: Ask) -> None:
    key = f"questions-shown-{document.id}"
    shown = st.session_state.get(key, _QUESTIONS)
    if number:
        st.markdown("**Prepared questions**")
    with st.container(gap="xsmall"):
        for note in library.some_notes(services, document.id, with_question=True, limit=shown):
            offer(note, f"ask-{note.id}", ask)
        with st.container(horizontal=True, vertical_alignment="center"):
            if number > shown:
                st.button(
                    f"More ({number - shown:,})",
                    key=f"more-{document.id}",
                    type="tertiary",
                    on_click=_show_more,
                    args=(key, shown + 2 * _QUESTIONS),
                )
            if st.button("All its notes", icon=":material/sticky_note_2:", type="tertiary", key=f"notes-{document.id}"):
                st.switch_page("pages/notes.py", query_params={"document": document.id})


def _show_more(key: str, shown: int) -> None:
    st.session_state[key] = shown


def state(services: Services, document: Document) -> str:
    """Return a document's figures and state in a line."""
    if document.status != "ready":
        return "Being read"
    now = services.now()
    asleep = now - document.last_used_at >= services.settings.idle_after_s
    unit = "page" if document.has_pages else "section"
    parts = [
        phrases.count(document.pages, unit),
        phrases.count(document.tokens, "token"),
        phrases.count(document.notes, "prepared note"),
        f"used {phrases.ago(document.last_used_at, now)}",
        "asleep" if asleep else "awake",
    ]
    if document.notes_stale:
        parts[2] = (
            f"{document.notes_stale:,} of {phrases.count(document.notes + document.notes_stale, 'note')} out of date"
        )
    return " · ".join(parts)
