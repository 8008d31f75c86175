"""One question with what became of it: the answer while it is made and when it is done, its citations and its price."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from stc import phrases
from stc.chat import generations
from stc.meter.books import Books
from stc.services import Services
from stc.ui import library, meter, reader, safe
from stc.words import EXTRACTIVE, PREPARED_ON, Answer, Citation, Hit, Note

_LOOK_EVERY_S = 0.3
_LOOK_AT_LEAST_EVERY_S = 3.0
_NAME_CHARACTERS = 28

ROUTE_WORDS = {
    "reused": "a prepared answer",
    "notes": "prepared notes",
    "notes+chunks": "prepared notes and passages",
    "chunks": "passages",
    "document": "the whole document",
}

Ask = Callable[..., None]
"""Called as ``ask(question, route=…, origin=…)``."""


def show(
    services: Services, answer: Answer, names: Mapping[str, str], books: Books, ask: Ask, asked: Sequence[str] = ()
) -> None:
    """Show a question and its answer. ``names`` are the documents' names by id; ``ask`` asks it once more. ``asked`` are the
    questions of the conversation, where this is its last answer: then some are offered to go on with."""
    with st.chat_message("user", avatar=":material/person:"):
        safe.show_text(answer.question)
    with st.chat_message("assistant", avatar=":material/bedtime:"):
        if answer.state == "running":
            # The more are being made, the less often each is looked at: the looks of fifty would take all the time there is.
            every_s = min(_LOOK_AT_LEAST_EVERY_S, max(_LOOK_EVERY_S, generations.count() * 0.1))
            st.fragment(_making, run_every=every_s)(services, answer.id)
        else:
            _made(services, answer, names, books, ask)
            if asked and answer.state == "done":
                _next(services, answer, ask, asked)


def _next(services: Services, answer: Answer, ask: Ask, asked: Sequence[str]) -> None:
    """Offer prepared questions from around the answer."""
    notes = library.follow_ups(services, answer, asked)
    if not notes:
        return
    st.caption("Prepared questions nearby")
    with st.container(gap="xsmall"):
        for note in notes:
            offer(note, f"next-{answer.id}-{note.id}", ask)


def offer(note: Note, key: str, ask: Ask) -> None:
    """Show a prepared question as a button that asks it."""
    st.button(
        safe.inert(note.question, 200),
        key=key,
        on_click=ask,
        args=(note.question,),
        kwargs={"origin": "suggested", "clicked": note.id},
    )


def _making(services: Services, answer_id: str) -> None:
    partial = generations.partial(answer_id)
    answer = library.answer(services, answer_id)
    if answer is None or answer.state != "running":
        st.rerun()
    text = partial.text or (answer.text if answer else "")
    if text:
        safe.show_answer(text)
    elif partial.ahead:
        others = "another question" if partial.ahead == 1 else f"{partial.ahead} other questions"
        st.markdown(f":shimmer[Waiting for {others} to be answered first …]")
    else:
        st.markdown(":shimmer[Looking in your documents …]")
    st.button(
        "Stop",
        icon=":material/stop_circle:",
        key=f"stop-{answer_id}",
        on_click=generations.stop,
        args=(answer_id,),
    )


def _made(services: Services, answer: Answer, names: Mapping[str, str], books: Books, ask: Ask) -> None:
    if answer.text:
        safe.show_answer(answer.text, {citation.label for citation in answer.citations})
    if answer.state == "failed":
        st.error(safe.inert(answer.error or "No answer came."), icon=":material/error:")
    elif answer.state == "stopped":
        st.caption(safe.inert(answer.error) if answer.error else "Stopped.")
    if answer.abstained and answer.nearest:
        _nearest(answer, names)
    _citations(answer, names)
    if answer.state in ("failed", "stopped"):
        st.button(
            "Ask again",
            icon=":material/refresh:",
            key=f"again-{answer.id}",
            on_click=ask,
            args=(answer.asked,),
            kwargs={"origin": answer.origin},
        )
    if answer.state == "done":
        _footing(services, answer, books, ask)


def _citations(answer: Answer, names: Mapping[str, str]) -> None:
    if not answer.citations:
        return
    with st.container(horizontal=True, gap="xsmall"):
        for position, citation in enumerate(answer.citations):
            st.button(
                _citation_label(citation),
                key=f"cite-{answer.id}-{position}",
                type="tertiary",
                help=_citation_help(citation, names),
                on_click=reader.open_page,
                args=(citation.document_id, citation.page, citation.quote),
            )


def _citation_label(citation: Citation) -> str:
    return safe.inert(f"[{citation.label}] {safe.plain(citation.name, _NAME_CHARACTERS)}, p. {citation.page}")


def _citation_help(citation: Citation, names: Mapping[str, str]) -> str:
    if citation.document_id not in names:
        return "This document was deleted."
    quoted = f"“{safe.inert(citation.quote, 300)}”"
    return quoted if citation.verified else f"This quote was not found on its page: {quoted}"


def _nearest(answer: Answer, names: Mapping[str, str]) -> None:
    hits: Sequence[Hit] = [hit for hit in answer.nearest if hit.document_id in names]
    if not hits:
        return
    st.caption("The passages nearest to your question:")
    for position, hit in enumerate(hits):
        safe.show_text(safe.plain(hit.text, 280), quiet=True)
        st.button(
            safe.inert(f"{safe.plain(names[hit.document_id], _NAME_CHARACTERS)}, p. {hit.page_start}"),
            key=f"near-{answer.id}-{position}",
            type="tertiary",
            icon=":material/article:",
            on_click=reader.open_page,
            args=(hit.document_id, hit.page_start, hit.text),
        )


def _footing(services: Services, answer: Answer, books: Books, ask: Ask) -> None:
    said = []
    if answer.route in ROUTE_WORDS and not answer.abstained:
        dated = (reason for reason in answer.reasons if reason.startswith(PREPARED_ON))
        when = next(dated, "").removeprefix(PREPARED_ON).strip()
        said.append(f"Answered from: {ROUTE_WORDS[answer.route]}" + (f" of {when}" if when else ""))
    if answer.documents_asked > 1 and answer.documents_read:
        documents = f"{answer.documents_read:,} of {phrases.count(answer.documents_asked, 'document')}"
        said.append(f"Read in {documents}" if answer.abstained else f"Based on {documents}")
    said.append("Quotes only (no AI model)" if answer.model == EXTRACTIVE else safe.inert(answer.model))
    st.caption(" · ".join(said))
    meter.show(services, answer, books)
    with st.container(horizontal=True, vertical_alignment="center"):
        key = f"rating-{answer.id}"
        st.feedback(
            "thumbs",
            key=key,
            default={1: 1, -1: 0}.get(answer.rating),
            on_change=_rate,
            args=(services, answer.id, key),
        )
        if answer.route in ("reused", "notes", "notes+chunks") and not answer.abstained:
            st.button(
                "Ask the document instead",
                key=f"chunks-{answer.id}",
                type="tertiary",
                help="Answers again from the document's own passages, without anything prepared.",
                on_click=ask,
                args=(answer.asked,),
                kwargs={"route": "chunks", "origin": answer.origin},
            )


def _rate(services: Services, answer_id: str, key: str) -> None:
    library.rate(services, answer_id, {1: 1, 0: -1}.get(st.session_state[key], 0))
