"""Prepared notes: all that was prepared of a document, each with its evidence, what it spared, and a way to hide it."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import streamlit as st

from stc import phrases
from stc.meter import ledger
from stc.ui import dialogs, library, meter, preparing, reader, safe
from stc.words import EXTRACTIVE, HAND_WRITTEN, IMPORTED, Document, Note

services = library.services()
PER_PAGE = 20
QUOTES = 3
KINDS = {"summary": "Summaries", "answer": "Answers", "definition": "Definitions", "inference": "Derived figures"}
ONE_OF_KIND = {"summary": "summary", "answer": "answer", "definition": "definition", "inference": "derived figure"}
STATUSES = {"verified": "In use", "stale": "Out of date", "hidden": "Hidden"}
STATUS_WORDS = {
    "stale": "Their pages have changed since. They are not used, and are replaced when the document is prepared again.",
    "hidden": "They are not used, and others that say the same are not prepared again.",
}
MAKERS = {EXTRACTIVE: "without an AI model", HAND_WRITTEN: "written beforehand for the sample", IMPORTED: "imported"}


def choose(ready: Mapping[str, Document]) -> Document:
    """Return the document whose notes are shown: the address names it, and a choice here changes the address."""
    wanted = st.query_params.get("document") or st.session_state.get("notes-last", "")
    if wanted not in ready:
        wanted = next((one.id for one in ready.values() if one.notes or one.notes_stale), next(iter(ready)))
    st.session_state["notes-of"] = st.session_state["notes-last"] = st.query_params["document"] = wanted
    if len(ready) == 1:
        st.markdown(f"**{safe.inert(ready[wanted].name)}**", wrap=False, width="stretch")
        return ready[wanted]
    st.selectbox(
        "Document",
        list(ready),
        format_func=lambda document_id: safe.plain(ready[document_id].name, 90),
        key="notes-of",
        label_visibility="collapsed",
        on_change=chosen,
    )
    return ready[wanted]


def chosen() -> None:
    st.query_params["document"] = st.session_state["notes-of"]


def hide(note_id: str) -> None:
    from stc.sleep import notebook

    notebook.hide(services, note_id)
    st.session_state["note-hidden"] = note_id


def unhide(note_id: str) -> None:
    from stc.sleep import notebook

    status = notebook.unhide(services, note_id)
    st.session_state.pop("note-hidden", None)
    if status == "stale":
        st.session_state["said"] = "A quote has gone from its page: the note is out of date."


def purge(document_id: str) -> None:
    st.session_state["said"] = preparing.throw_away(services, document_id)
    dialogs.close()


def ask_to_purge(document: Document, number: int) -> None:
    st.markdown(
        f"All {phrases.count(number, 'note')} of “{safe.inert(document.name, 80)}” go, hidden and imported ones too. It is "
        "not prepared again until you allow that on the Documents page. Answers that were made stay."
    )
    with st.container(horizontal=True):
        st.button("Throw them away", type="primary", on_click=purge, args=(document.id,))
        st.button("Keep them", on_click=dialogs.close)


def training_data(document_id: str) -> str:
    from stc.sleep import notebook

    return "".join(f"{line}\n" for line in notebook.take_out(services, [document_id]))


def acts(document: Document, number: int) -> None:
    with st.container(horizontal=True):
        if document.notes:
            st.download_button(
                f"Save {phrases.count(document.notes, 'note')} as training data",
                lambda: training_data(document.id),
                f"{safe.plain(document.name, 60)}.jsonl",
                "application/jsonl",
                icon=":material/download:",
                type="tertiary",
                on_click="ignore",
                help="JSON lines in the format that chat models are fine-tuned with: questions and prepared answers.",
            )
        if library.may_change(services, document):
            st.button(
                "Throw all away",
                icon=":material/ink_eraser:",
                type="tertiary",
                on_click=dialogs.open_dialog,
                args=("purge",),
                kwargs={"document": document.id, "number": number},
            )


def undo() -> None:
    """Offer to take the last hiding back."""
    note_id = st.session_state.get("note-hidden")
    if note_id:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(":material/visibility_off: Hidden. It is not used any more, and does not come back.")
            st.button("Undo", key="undo", type="tertiary", on_click=unhide, args=(note_id,))


def row(note: Note, saved: Mapping[str, Fraction], may_hide: bool) -> None:
    with st.container(border=True, gap="xsmall"):
        if note.question:
            st.markdown(f"**{safe.inert(note.question)}**")
        safe.show_text(note.text)
        if note.formula:
            st.caption(f":material/calculate: {safe.inert(phrases.formula(note.formula))}")
        quotes(note)
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.caption(safe.inert(" · ".join(figures(note, saved))))
            hidden = note.status == "hidden"
            if may_hide:
                st.button(
                    "Show again" if hidden else "Hide",
                    icon=":material/visibility:" if hidden else ":material/visibility_off:",
                    key=f"hide-{note.id}",
                    type="tertiary",
                    on_click=unhide if hidden else hide,
                    args=(note.id,),
                )


def quotes(note: Note) -> None:
    key = f"quotes-{note.id}"
    shown = len(note.evidence) if st.session_state.get(key) else QUOTES
    with st.container(gap=None):
        for position, item in enumerate(note.evidence[:shown]):
            with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="small"):
                st.button(
                    f"p\\. {item.page}",
                    icon=":material/article:",
                    key=f"quote-{note.id}-{position}",
                    type="tertiary",
                    wrap=False,
                    on_click=reader.open_page,
                    args=(note.document_id, item.page, item.quote),
                )
                st.caption(f"“{safe.inert(item.quote, 220)}”", width="stretch")
        if len(note.evidence) > shown:
            st.button(
                f"{phrases.count(len(note.evidence) - shown, 'more quote')}",
                key=f"more-{note.id}",
                type="tertiary",
                on_click=st.session_state.update,
                args=({key: True},),
            )


def figures(note: Note, saved: Mapping[str, Fraction]) -> list[str]:
    said = [
        ONE_OF_KIND[note.kind],
        f"used {phrases.count(note.times_used, 'time')}" if note.times_used else "not used yet",
    ]
    if note.id in saved:
        tokens = round(saved[note.id])
        said.append(f"{phrases.count(abs(tokens), 'token')} {'saved' if tokens >= 0 else 'lost'}")
    return [*said, MAKERS.get(note.model, note.model), phrases.ago(note.created_at, services.now())]


def browse(document: Document) -> None:
    everything = library.tally_notes(services, document.id)
    if not everything:
        nothing(document)
        return
    undo()
    words = st.text_input(
        "Search",
        placeholder="Words in question or answer",
        live=True,
        icon=":material/search:",
        key=f"find-{document.id}",
        label_visibility="collapsed",
    )
    found = library.tally_notes(services, document.id, words) if words else everything
    statuses = [status for status in STATUSES if any(one == status for one, _ in everything)]
    status = statuses[0]
    with st.container(horizontal=True):
        if statuses != ["verified"]:
            status = st.segmented_control(
                "Status",
                statuses,
                default=statuses[0],
                required=True,
                format_func=lambda one: f"{STATUSES[one]} {sum(n for (s, _), n in found.items() if s == one):,}",
                key=f"status-{document.id}-{'-'.join(statuses)}",
                label_visibility="collapsed",
            )
        kinds = st.pills(
            "Kind",
            [kind for kind in KINDS if everything[status, kind]],
            selection_mode="multi",
            format_func=lambda kind: f"{KINDS[kind]} {found[status, kind]:,}",
            key=f"kinds-{document.id}-{status}",
            label_visibility="collapsed",
            wrap=True,
        )
    if status in STATUS_WORDS:
        st.caption(STATUS_WORDS[status])
    number = sum(found[status, kind] for kind in kinds or KINDS)
    if not number:
        st.caption("No note has all of these words.")
    pages = max(1, -(-number // PER_PAGE))
    key = f"notes-page-{document.id}-{status}-{'-'.join(kinds)}-{words}"
    at = min(st.session_state.get(key, 1), pages)
    books = meter.books(services)
    saved = ledger.saved_by_note(books.answers)
    may_hide = library.may_change(services, document)
    for note in library.some_notes(
        services, document.id, status=status, kinds=kinds, words=words, limit=PER_PAGE, offset=(at - 1) * PER_PAGE
    ):
        row(note, saved, may_hide)
    if pages > 1:
        st.pagination(pages, key=key)
    acts(document, sum(everything.values()))


def nothing(document: Document) -> None:
    if document.prepare:
        st.markdown("Nothing is prepared of it yet. That happens by itself when it lies idle.")
    else:
        st.markdown("Nothing is prepared of it. Preparing is switched off for it on the Documents page.")
    st.page_link("pages/sleep.py", label="Background work", icon=":material/bedtime:")


st.title("Prepared notes", anchor=False)
ready = {document.id: document for document in library.documents(services) if document.status == "ready"}
if ready:
    browse(choose(ready))
else:
    st.markdown("Nothing here yet. What is prepared of your documents can be read, searched and hidden here.")
    st.page_link("pages/documents.py", label="Add documents", icon=":material/description:")
if said := st.session_state.pop("said", ""):
    st.toast(safe.inert(said))
if (values := dialogs.opened("purge")) and values["document"] in ready:
    dialogs.draw("Throw all prepared notes away?", ask_to_purge, ready[values["document"]], values["number"])
else:
    reader.draw(services)
