"""What is offered for a file that could not be read as it is: a field for its password, text recognition for its pictures."""

from __future__ import annotations

from typing import Any

import streamlit as st

from stc.documents.parsing import tesseract
from stc.errors import UserError
from stc.services import Services
from stc.ui import dialogs, library
from stc.words import Document

_PICTURES = "pictures"
_BUTTON = "Read the pictures with Tesseract"
_LANGUAGES = "picture-languages"


def reason(failure: dict[str, Any]) -> str:
    """Return why a file failed: the first sentence where what would help stands below it."""
    told: str = failure["reason"]
    return told.partition(". ")[0] + "." if failure["need"] else told


def offer(services: Services, failure: dict[str, Any]) -> None:
    """Show what would help a file that could not be added, if something would."""
    if failure["need"] == "password":
        _ask_password(services, failure["id"])
    elif failure["need"] == "ocr":
        _picture_button(f"pictures-{failure['id']}", failure=failure["id"])


def offer_pictures(document: Document) -> None:
    """Show the button for a document with pages that are pictures which nobody has read."""
    if document.pictures and not document.being_replaced:
        _picture_button(f"pictures-{document.id}", document=document.id)


def _picture_button(key: str, **of: str) -> None:
    st.button(
        _BUTTON,
        icon=":material/document_scanner:",
        type="tertiary",
        key=key,
        on_click=dialogs.open_dialog,
        args=(_PICTURES,),
        kwargs=of,
    )


def _ask_password(services: Services, failure_id: str) -> None:
    key = f"password-{failure_id}"
    with (
        st.form(f"form-{failure_id}", clear_on_submit=True, border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        st.text_input(
            "Its password (it is not stored)", type="password", key=key, autocomplete="off", max_chars=1_000, width=280
        )
        st.form_submit_button("Open it", on_click=_open, args=(services, failure_id, key))


def _open(services: Services, failure_id: str, key: str) -> None:
    from stc.documents import retrying

    password = st.session_state[key]
    st.session_state[key] = ""
    if not password:
        return
    try:
        received = retrying.try_again(services, failure_id, password=password)
    except UserError as error:
        st.session_state.setdefault("arrivals", []).append(str(error))
        return
    if received.status == "new":
        retrying.process_aside(services, received.document_id, password)


def ask_languages(services: Services) -> None:
    """Draw the dialog before Tesseract reads, if it is open."""
    values = dialogs.opened(_PICTURES)
    if values is not None:
        dialogs.draw(_BUTTON, _languages, services, values)


def _languages(services: Services, values: dict[str, Any]) -> None:
    installed = tesseract.languages()
    if not installed:
        st.markdown(tesseract.NOT_INSTALLED)
        st.button("Close", on_click=dialogs.close)
        return
    st.markdown(
        "The pages are read on this computer, a few seconds each. Letters may come out wrong, names and figures above all."
    )
    usual = [one for one in services.settings.ocr_languages.split("+") if one in installed]
    chosen = st.multiselect(
        "Languages of the text", installed, default=usual or installed[:1], key=_LANGUAGES, placeholder="Choose"
    )
    with st.container(horizontal=True):
        st.button("Read them", type="primary", disabled=not chosen, on_click=_read, args=(services, values))
        st.button("Cancel", on_click=dialogs.close)


def _read(services: Services, values: dict[str, Any]) -> None:
    from stc.documents import retrying

    languages = "+".join(st.session_state[_LANGUAGES])
    try:
        if "failure" in values:
            retrying.try_again(services, values["failure"], languages=languages)
        else:
            retrying.read_pictures(services, values["document"], languages)
    except UserError as error:
        st.session_state.setdefault("arrivals", []).append(str(error))
    library.file_arrived(services)
    dialogs.close()
