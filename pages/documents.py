"""Documents: add, see how far they are, decide what may be done with each, delete."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from stc.meter import ledger
from stc.ui import adding, dialogs, gate, library, opened, preparing, safe, second_try
from stc.words import Document

if TYPE_CHECKING:
    from stc.sleep.run import Bill

services = library.services()
PER_PAGE = 20


def document_row(document: Document) -> None:
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"**{safe.inert(document.name)}**", wrap=False, width="stretch")
        st.caption(opened.state(services, document))
        for warning in document.warnings:
            st.caption(f":material/warning: {safe.inert(warning)}")
        marks = []
        if document.being_replaced:
            marks.append(":material/sync: A new version is being read")
        if not document.prepare:
            marks.append(":material/bedtime_off: Not prepared in the background")
        if document.keep_local:
            marks.append(":material/home: Kept on this computer")
        if document.shared:
            marks.append(":material/group: Shared with everybody here")
        if marks:
            st.caption(" · ".join(marks))
        if document.id in refreshing:
            st.caption(f":material/history: {refresh_costs(refreshing[document.id])}")
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button("Ask", icon=":material/forum:", type="tertiary", key=f"ask-{document.id}"):
                st.switch_page("pages/chat.py", query_params={"document": document.id})
            some = document.notes or document.notes_stale
            if some and st.button(
                "Notes", icon=":material/sticky_note_2:", type="tertiary", key=f"notes-{document.id}"
            ):
                st.switch_page("pages/notes.py", query_params={"document": document.id})
            if library.may_change(services, document):
                st.button(
                    "Options",
                    icon=":material/tune:",
                    type="tertiary",
                    key=f"more-{document.id}",
                    on_click=dialogs.open_dialog,
                    args=("options",),
                    kwargs={"document": document.id},
                )
            if not document.shared:
                second_try.offer_pictures(document)
            if document.id in refreshing:
                st.button(
                    "Refresh the notes",
                    icon=":material/refresh:",
                    type="tertiary",
                    key=f"refresh-{document.id}",
                    on_click=prepare_now,
                    args=(document.id,),
                )


def refresh_costs(wanted: Bill) -> str:
    said = "Notes out of date are not used. "
    if not wanted.steps:
        return said + "Refreshing costs nothing."
    cost = "at a price that is not known" if wanted.cost_usd is None else f"at most {ledger.money(wanted.cost_usd)}"
    return said + f"Refreshing takes about {wanted.tokens:,} tokens, {safe.inert(cost)}."


def refreshes(documents: Sequence[Document]) -> dict[str, Bill]:
    """Return, by document, what it takes to prepare those up to date that have notes out of date and may be prepared."""
    from stc.sleep import run

    mine = [document for document in documents if library.may_change(services, document)]
    wanted = [document.id for document in mine if document.notes_stale and document.prepare]
    planned = run.dry_run(services, wanted) if wanted else []
    steps = {document_id: [one for one in planned if one.task.document_id == document_id] for document_id in wanted}
    return {document_id: run.bill(found) for document_id, found in steps.items() if found}


def options(document: Document) -> None:
    for name, label, words in (
        ("prepare", "Prepare in the background", "While it lies idle, summaries and answers are prepared."),
        ("keep_local", "Keep on this computer", "Its text goes to no AI model elsewhere, neither asked nor preparing."),
    ):
        key = f"{name}-{document.id}"
        st.toggle(label, getattr(document, name), key=key, on_change=set_option, args=(document.id, name, key))
        st.caption(words)
    acts: list[tuple[str, str, Callable[[str], None]]] = []
    if document.shared:
        acts.append(("Stop sharing it", ":material/lock:", stop_sharing))
    elif gate.door() == "login":
        acts.append(("Share it with everybody here", ":material/group:", ask_to_share))
    if document.prepare:
        acts.append(("Prepare now", ":material/play_arrow:", prepare_now))
    if document.notes or document.notes_stale:
        acts.append(("Prepare again from the start", ":material/refresh:", prepare_again))
        acts.append(("Throw the prepared notes away", ":material/ink_eraser:", purge))
    acts.append(("Replace with a new version", ":material/upload_file:", ask_for_new_version))
    acts.append(("Delete this document", ":material/delete:", ask_to_delete))
    with st.container(gap=None):
        for label, icon, act in acts:
            st.button(label, icon=icon, type="tertiary", on_click=act, args=(document.id,))
    values = dialogs.opened("options")
    if values and values.get("replacing"):
        st.markdown(
            "It keeps its chats and what it cost, and of its prepared notes those whose text is unchanged. Until the new "
            "version is read, this one is used."
        )
        file = st.file_uploader("The new version", key=f"new-version-{document.id}")
        if file:
            adding.take_new_version(services, file, document.id)
            dialogs.close()
            st.rerun()
    if values and values.get("sharing"):
        st.markdown(
            "Everybody who signs in here can read and ask it then, and sees what was prepared from it, but for what was "
            "prepared for questions that you asked: that is thrown away. Chats stay private."
        )
        st.button("Yes, share it", type="primary", on_click=share, args=(document.id,))
    if values and values.get("deleting"):
        st.markdown(
            "It goes with its file, its text and everything prepared from it. Answers that quote it stay in their chats, "
            "and what it cost stays on the Savings page."
        )
        st.button("Yes, delete it", type="primary", on_click=delete, args=(document.id,))


def prepare_now(document_id: str) -> None:
    dialogs.close()
    if preparing.ask_or_prepare(services, [document_id]):
        st.session_state["said"] = "It is being prepared. The page “Background work” shows how far it is."


def prepare_again(document_id: str) -> None:
    from stc.sleep import run

    run.prepare_again(services, document_id)
    dialogs.close()
    st.session_state["said"] = "It is prepared anew when it lies idle. Until then the notes it has are used."


def purge(document_id: str) -> None:
    st.session_state["said"] = preparing.throw_away(services, document_id)
    dialogs.close()


def ask_for_new_version(document_id: str) -> None:
    dialogs.open_dialog("options", document=document_id, replacing=True)


def ask_to_delete(document_id: str) -> None:
    dialogs.open_dialog("options", document=document_id, deleting=True)


def delete(document_id: str) -> None:
    from stc.documents import ingest

    ingest.remove(services, document_id)
    dialogs.close()


def ask_to_share(document_id: str) -> None:
    dialogs.open_dialog("options", document=document_id, sharing=True)


def share(document_id: str) -> None:
    from stc.documents import sharing

    sharing.share(services, document_id)
    dialogs.close()


def stop_sharing(document_id: str) -> None:
    from stc.documents import sharing

    sharing.unshare(services, document_id)
    dialogs.close()


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
listed = ready[(min(number, pages) - 1) * PER_PAGE :][:PER_PAGE]
refreshing = refreshes(listed)
for one in listed:
    document_row(one)
if pages > 1:
    st.pagination(pages, key="documents-page")
if said := st.session_state.pop("said", ""):
    st.toast(safe.inert(said))
if values := dialogs.opened("options"):
    chosen = library.document(services, values["document"])
    if chosen:
        dialogs.draw(safe.inert(chosen.name, 80), options, chosen)
preparing.show_question(services)
