"""The text of one page beside the answer that cites it, the quote highlighted."""

from __future__ import annotations

import streamlit as st

from stc.services import Services
from stc.ui import dialogs, library, safe

_NAME = "page"


def open_page(document_id: str, page: int, quote: str = "") -> None:
    """Open a page at the next drawing (a button's callback); it stays until closed, whatever is drawn meanwhile."""
    dialogs.open_dialog(_NAME, document=document_id, page=page, cited=page, quote=quote)


def draw(services: Services) -> None:
    """Show the open page, if any, in a drawer."""
    opened = dialogs.opened(_NAME)
    if opened is None:
        return
    document = library.document(services, opened["document"])
    title = safe.inert(document.name, 80) if document else "This document was deleted"
    dialogs.draw(title, _page, services, width="medium", position="right")


def _turn(by: int) -> None:
    opened = dialogs.opened(_NAME)
    if opened is not None:
        opened["page"] += by


def _page(services: Services) -> None:
    opened = dialogs.opened(_NAME)
    document = library.document(services, opened["document"]) if opened else None
    if opened is None or document is None:
        st.write("Its text is gone with it. What the answer quoted stays in the chat.")
        return
    number: int = opened["page"]
    unit = "Page" if document.has_pages else "Section"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Back",
            icon=":material/chevron_left:",
            key="page-back",
            disabled=number <= 1,
            on_click=_turn,
            args=(-1,),
        )
        st.markdown(f"{unit} {number:,} of {document.pages:,}")
        st.button(
            "Next",
            icon=":material/chevron_right:",
            icon_position="right",
            key="page-forward",
            disabled=number >= document.pages,
            on_click=_turn,
            args=(1,),
        )
    page = library.page(services, document.id, number)
    if page is None or not page.text.strip():
        st.caption("This page holds no text that could be read; it may be a picture.")
        return
    where = _find(opened["quote"], page.text) if number == opened["cited"] else None
    if where:
        safe.show_page(page.text, *where)
    else:
        safe.show_page(page.text)


def _find(quote: str, text: str) -> tuple[int, int] | None:
    from stc.chat.citing import find_quote

    return find_quote(quote, text) if quote.strip() else None
