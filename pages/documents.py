"""Documents: add, see how far they are, decide what may be done with each, delete."""

from __future__ import annotations

import streamlit as st

from stc import background
from stc.ui import adding, library, opened, safe
from stc.words import Document

services = library.services()
PER_PAGE = 20


def document_row(document: Document) -> None:
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"**{safe.inert(document.name)}**", wrap=False, width="stretch")
        st.caption(opened.state(services, document))
        for warning in document.warnings:
            st.caption(f":material/warning: {safe.inert(warning)}")
        marks = []
        if not document.prepare:
            marks.append(":material/bedtime_off: Not prepared in the background")
        if document.keep_local:
            marks.append(":material/home: Kept on this computer")
        if marks:
            st.caption(" · ".join(marks))
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button("Ask", icon=":material/forum:", type="tertiary", key=f"ask-{document.id}"):
                st.switch_page("pages/chat.py", query_params={"document": document.id})
            if st.button("Options", icon=":material/tune:", type="tertiary", key=f"more-{document.id}"):
                st.session_state.pop("deleting", None)
                st.dialog(safe.inert(document.name, 80), on_dismiss="rerun")(options)(document)


def options(document: Document) -> None:
    for name, label, words in (
        ("prepare", "Prepare in the background", "While it lies idle, summaries and answers are prepared."),
        ("keep_local", "Keep on this computer", "Its text goes to no AI model elsewhere, neither asked nor preparing."),
    ):
        key = f"{name}-{document.id}"
        st.toggle(label, getattr(document, name), key=key, on_change=set_option, args=(document.id, name, key))
        st.caption(words)
    with st.container(gap=None):
        if st.button("Prepare now", icon=":material/play_arrow:", type="tertiary", disabled=not document.prepare):
            background.prepare_now(services, [document.id])
            st.switch_page("pages/sleep.py")
        if document.notes or document.notes_stale:
            from stc.sleep import run

            if st.button("Prepare again from the start", icon=":material/refresh:", type="tertiary"):
                run.prepare_again(services, document.id)
                st.toast("It is prepared anew when it lies idle. Until then the notes it has are used.")
            if st.button("Throw the prepared notes away", icon=":material/ink_eraser:", type="tertiary"):
                run.purge(services, document.id)
                st.rerun()
        if st.button("Delete this document", icon=":material/delete:", type="tertiary"):
            st.session_state["deleting"] = True
    if st.session_state.get("deleting"):
        st.markdown(
            "It goes with its file, its text and everything prepared from it. Answers that quote it stay in their chats, "
            "and what it cost stays on the Savings page."
        )
        if st.button("Yes, delete it", type="primary"):
            from stc.documents import ingest

            ingest.remove(services, document.id)
            st.rerun()


def set_option(document_id: str, name: str, key: str) -> None:
    library.change_document(services, document_id, **{name: st.session_state[key]})


st.title("Documents", anchor=False)
adding.drop_zone(services, "documents")
adding.tell(services)
documents = library.documents(services)
ready = [document for document in documents if document.status == "ready"]
if not documents:
    st.caption("Nothing here yet. Drop files above; they can be asked as soon as each is ready.")
if len(ready) > PER_PAGE // 2:
    wanted = st.text_input("Find", placeholder="Part of a name", live=True, icon=":material/search:", key="find")
    ready = [document for document in ready if (wanted or "").casefold() in document.name.casefold()]
    if not ready:
        st.caption("No document has that in its name.")
pages = max(1, -(-len(ready) // PER_PAGE))
number = st.session_state.get("documents-page", 1) if pages > 1 else 1
for one in ready[(min(number, pages) - 1) * PER_PAGE :][:PER_PAGE]:
    document_row(one)
if pages > 1:
    st.pagination(pages, key="documents-page")
