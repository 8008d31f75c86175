"""The frame around every page: browser title, navigation, and errors in words."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from stc import logs
from stc.errors import StcError
from stc.ui import dialogs, gate, library, safe, visitor

_ICON = "🌙"  # without one, or with a ":material/…:" one, the browser would fetch the page's icon from another host


_FIRST_PAGE = ("streamlit.emojis", "streamlit.material_icon_names", "stc.ui.answers", "stc.ui.adding", "stc.ui.opened")
"""What the first page imports, the largest first: Streamlit's tables to check icons by."""


def preload() -> None:
    """Import what the first page needs; for a thread at the start, while the browser is still loading."""
    for name in _FIRST_PAGE:
        importlib.import_module(name)


def draw() -> None:
    """Draw the page that the address names."""
    st.set_page_config(page_title="Sleep-Time Chat", page_icon=_ICON, layout="centered")
    person = visitor.person()
    admins = [st.Page("pages/people.py", title="People", icon=":material/group:")] if person and person.admin else []
    page = st.navigation(
        [
            st.Page("pages/chat.py", title="Chat", icon=":material/forum:", default=True),
            st.Page("pages/documents.py", title="Documents", icon=":material/description:"),
            st.Page("pages/notes.py", title="Prepared notes", icon=":material/sticky_note_2:"),
            st.Page("pages/sleep.py", title="Background work", icon=":material/bedtime:", url_path="background-work"),
            st.Page("pages/savings.py", title="Savings", icon=":material/savings:"),
            st.Page("pages/settings.py", title="Settings", icon=":material/settings:"),
            *admins,
        ]
    )
    if st.session_state.get("page-drawn") != page.url_path:
        dialogs.close()  # of the page that was left
        st.session_state["page-drawn"] = page.url_path
    with errors_in_words():
        page.run()
    if person is not None:
        with st.sidebar:
            st.link_button(
                f"Account: {safe.inert(person.name, 40)}",
                gate.base() + gate.ACCOUNT,
                icon=":material/account_circle:",
                type="tertiary",
            )
    with errors_in_words():
        library.page_shown()


@contextmanager
def errors_in_words() -> Iterator[None]:
    """Show the errors that a person may meet as their sentence; a bug goes on as a bug."""
    try:
        yield
    except StcError as error:
        show_error(error)


def show_error(error: Exception) -> bool:
    """Show what went wrong; the handler for whatever a script, a callback or a fragment lets through."""
    if isinstance(error, StcError):
        st.error(safe.inert(str(error)), icon=":material/error:")
    else:
        error_id = logs.bug(error, "while drawing a page")
        st.error(
            f"Something went wrong in the program, not in what you did (error {error_id}). Nothing is lost: reload the "
            "page. If it comes back, whoever runs the program finds what happened in its log by this number.",
            icon=":material/error:",
        )
    return True
