"""Chat: ask, read the answer with its citations, see what it cost."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from typing import Any

import streamlit as st

from stc.chat import generations, scope
from stc.errors import StcError, UserError
from stc.ui import adding, answers, dialogs, library, meter, opened, reader, safe
from stc.words import EXTRACTIVE, Origin

services = library.services()
ALL_GONE = "What this chat was limited to is deleted."
LATEST = 20
EFFORTS = {"low": "Quick", "medium": "Normal", "high": "Thorough"}


def current() -> dict[str, Any] | None:
    """Return the conversation that the address names; the address outlives a refresh."""
    wanted = st.query_params.get("chat")
    return next((one for one in conversations if one["id"] == wanted), None) if wanted else None


def go(chat: str | None = None, document: str | None = None) -> None:
    st.session_state.pop("refusal", None)
    for name, value in (("chat", chat), ("document", document)):
        if value:
            st.query_params[name] = value
        else:
            st.query_params.pop(name, None)


def ask(question: str, route: str = "auto", origin: Origin = "typed", clicked: str = "") -> None:
    """Ask in the current conversation, or in a new one. What can't be asked is said on the page. ``clicked``: the note that the
    question is of, where it was offered."""
    chosen = scope_wanted() or None
    try:
        scope.check_question(question)
        if gone and not chosen:
            raise UserError(f"{ALL_GONE} Choose others under “Answer from”, or all.")
        pages = pages_wanted()
        if pages or not conversation:  # before there is a chat that holds nothing; else the start of the answer says it
            pages = str(scope.resolve(services, chosen, pages).pages or "")
        chat = conversation["id"] if conversation else generations.new_conversation(services, question, chosen, pages)
        generations.start(
            services,
            question,
            conversation_id=chat,
            document_ids=chosen,
            pages=pages,
            effort=st.session_state.get("effort") or None,
            origin=origin,
            clicked=clicked,
            route=route,
        )
    except StcError as error:
        st.session_state["refusal"] = str(error)
        st.session_state["unsent"] = question
        return
    go(chat=chat)


def ask_again() -> None:
    """Ask what could not be asked, as it stands in its field by now."""
    ask(st.session_state["unsent"])


def submitted() -> None:
    """Take what was typed or dropped into the input line."""
    said = st.session_state["question"]
    if said.files:
        adding.take(services, said.files)
    if said.text.strip():
        ask(said.text)


def all_documents() -> None:
    if conversation:
        library.scope_conversation(services, conversation["id"], [])


def rescope() -> None:
    st.session_state[pages_key] = ""
    if conversation:
        library.scope_conversation(services, conversation["id"], scope_wanted())


def repage() -> None:
    """Keep the pages with the chat; what names none stays in its field, which says so."""
    chosen = scope_wanted()
    if conversation:
        pages = "" if pages_refused() else pages_wanted()
        library.scope_conversation(services, conversation["id"], chosen, pages)


def scope_wanted() -> list[str]:
    """Return the documents to answer from, [] for all.

    Streamlit forgets what a field held when a run is cut short before it draws the field: then it is what the chat keeps.
    """
    return [one for one in st.session_state.get(scope_key, limited_to) if one in names]


def pages_wanted() -> str:
    """Return the pages that are asked for of the one document chosen, as they were typed."""
    kept = conversation["pages"] if conversation else ""
    return st.session_state.get(pages_key, kept) if len(scope_wanted()) == 1 else ""


def pages_refused() -> str:
    """Return what is wrong with the pages that were typed, "" where nothing is."""
    try:
        pages = scope.Pages.parse(pages_wanted())
        if pages:
            pages.check(next(one for one in documents if one.id in scope_wanted()))
    except UserError as error:
        return str(error)
    return ""


def edited() -> None:
    """Open what was chosen in a chat's menu."""
    if conversation:
        dialogs.open_dialog(st.session_state["menu"], chat=conversation["id"], title=conversation["title"])


def dialog() -> None:
    if values := dialogs.opened("Rename"):
        dialogs.draw("Rename this chat", rename, values["chat"], values["title"])
    elif values := dialogs.opened("Download"):
        dialogs.draw("Download this chat", download, values["chat"])
    elif values := dialogs.opened("Delete"):
        dialogs.draw("Delete this chat?", delete, values["chat"], values["title"])
    else:
        reader.draw(services)


def rename(chat: str, title: str) -> None:
    st.text_input("Name", title, max_chars=80, key="new-title")
    st.button("Save", type="primary", on_click=save_title, args=(chat,))


def save_title(chat: str) -> None:
    title = safe.plain(st.session_state["new-title"], 80)
    if title:
        library.rename_conversation(services, chat, title)
        dialogs.close()


def download(chat: str) -> None:
    st.write("Its questions, answers and quotes.")
    for kind, label in (("md", "Markdown, to read"), ("json", "JSON, for programs")):
        st.download_button(
            label,
            partial(library.exported_conversation, services, chat, kind),
            f"chat-{chat}.{kind}",
            on_click="ignore",
            icon=":material/download:",
        )


def delete(chat: str, title: str) -> None:
    st.markdown(f"“{safe.inert(title)}” goes with all its answers. What they cost stays on the Savings page.")
    st.button("Delete", type="primary", on_click=delete_chat, args=(chat,))


def delete_chat(chat: str) -> None:
    library.delete_conversation(services, chat)
    dialogs.close()
    go()


def chat_row(chat: dict[str, Any]) -> None:
    here = conversation is not None and chat["id"] == conversation["id"]
    row = st.container(horizontal=True, gap="xsmall", vertical_alignment="center") if here else nullcontext()
    with row:
        title = safe.inert(chat["title"], 22 if here else 60)
        st.button(
            f"**{title}**" if here else title,
            key=f"chat-{chat['id']}",
            type="tertiary",
            wrap=False,
            on_click=go,
            kwargs={"chat": chat["id"]},
        )
        if here:
            st.menu_button("Edit", ["Rename", "Download", "Delete"], type="tertiary", key="menu", on_click=edited)


def sidebar() -> None:
    st.button("New chat", icon=":material/add:", width="stretch", on_click=go, key="new-chat")
    chosen = scope_wanted()
    options = [document.id for document in documents if document.status == "ready" or document.id in chosen]
    if len(options) > 1 or limited_to:
        st.multiselect(
            "Answer from",
            options,
            key=scope_key,
            format_func=lambda document_id: safe.plain(names.get(document_id, "a deleted document"), 60),
            placeholder="All documents",
            on_change=rescope,
        )
    only = next((one for one in documents if [one.id] == chosen), None)
    if only and (only.pages > 1 or pages_wanted()):
        st.text_input("Pages", key=pages_key, max_chars=60, placeholder="All, or some: 3-7, 12", on_change=repage)
        if refused := pages_refused():
            st.caption(safe.inert(refused))
    if gone and not chosen:
        st.caption(ALL_GONE)
        st.button("Answer from all documents", on_click=all_documents, key="all-documents")
    elif gone:
        st.caption("Documents that are deleted are left out.")
    shown = conversations if st.session_state.get("all-chats") else conversations[:15]
    with st.container(gap=None):
        for chat in shown:
            chat_row(chat)
    if len(conversations) > 15:
        st.toggle("Show all chats", key="all-chats")


def talk(chat: str) -> None:
    key = f"shown-{chat}"
    shown = st.session_state.get(key, LATEST)
    books = meter.books(services)
    said = library.answers(services, chat)
    if len(said) > shown:
        st.button(
            f"Earlier questions ({len(said) - shown:,})",
            type="tertiary",
            icon=":material/expand_less:",
            on_click=lambda: st.session_state.update({key: shown + LATEST}),
        )
    for answer in said[-shown:]:
        asked = [one.asked for one in said] if answer is said[-1] else ()
        answers.show(services, answer, names, books, ask, asked)


def input_line() -> None:
    with st.bottom, st.container(horizontal=True, wrap=False, vertical_alignment="center"):
        st.segmented_control(
            "Effort",
            list(EFFORTS),
            default=services.settings.effort,
            required=True,
            format_func=EFFORTS.__getitem__,
            key="effort",
            label_visibility="collapsed",
        )
        st.caption(reader_words(), wrap=False)
    # Left to itself, the input line keeps the end of a conversation in sight; the first page is read from its top.
    with nullcontext() if conversation else st.bottom:
        st.chat_input(
            "Ask your documents, or drop files here",
            key="question",
            accept_file="multiple",
            on_submit=submitted,
        )


def reader_words() -> str:
    model = services.settings.chat_model
    return "Quotes only (no AI model)" if model in ("", EXTRACTIVE) else safe.inert(f"Answers by {model}", 60)


conversations = library.conversations(services)
documents = library.documents(services)
names = {document.id: document.name for document in documents}
conversation = current()
opened_id = st.query_params.get("document") if conversation is None else None
scope_key = f"scope-{conversation['id'] if conversation else opened_id or 'new'}"
limited_to = conversation["scope"] if conversation else [opened_id] if opened_id else []
gone = [one for one in limited_to if one not in names]
st.session_state[scope_key] = scope_wanted()
pages_key = f"pages-{scope_key}"
st.session_state[pages_key] = st.session_state.get(pages_key, conversation["pages"] if conversation else "")

with st.sidebar:
    sidebar()
if conversation:
    talk(conversation["id"])
    adding.tell(services, most_failures=2)
else:
    adding.tell(services, most_failures=2)
    opened.show(services, documents, opened_id, ask)
if refusal := st.session_state.get("refusal"):
    st.error(safe.inert(refusal), icon=":material/error:")
    st.text_area("Your question", key="unsent", height=80)
    st.button("Ask again", icon=":material/refresh:", key="ask-again", on_click=ask_again)
input_line()
dialog()
