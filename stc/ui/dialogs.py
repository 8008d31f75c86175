"""The one dialog that may be open: remembered, so that it stays open when the page around it is drawn anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import streamlit as st

_OPEN = "dialog"


def open_dialog(name: str, **values: Any) -> None:
    """Open a dialog at the next drawing (a button's callback)."""
    st.session_state[_OPEN] = {"name": name, **values}


def opened(name: str) -> dict[str, Any] | None:
    """Return the values of the dialog of this name, if it is the open one; changing them changes what is remembered."""
    values = st.session_state.get(_OPEN)
    return values if values and values["name"] == name else None


def close() -> None:
    st.session_state.pop(_OPEN, None)


def draw(
    title: str,
    body: Callable[..., None],
    *arguments: Any,
    width: Literal["small", "medium", "large"] = "small",
    position: Literal["center", "left", "right"] = "center",
) -> None:
    """Draw the open dialog. ``title`` is Markdown. A button of the body does its work in a callback, then ``close``."""
    name = st.session_state[_OPEN]["name"]

    def while_open() -> None:
        if opened(name) is None:
            st.rerun()  # a callback closed it; only the body was drawn anew for it, the page behind comes now
        body(*arguments)

    st.dialog(title, width=width, position=position, on_dismiss=close)(while_open)()
