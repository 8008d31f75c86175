"""Who looks at the page: the one person of this computer, or whoever the gate has let in."""

from __future__ import annotations

import streamlit as st

from stc.access import entering
from stc.services import Services, open_services
from stc.ui import gate
from stc.words import Person

_WHOSE = "whose-page"


def token() -> str:
    """Return the token of the browser that this page is for, as the gate tells it."""
    return st.context.headers.get(gate.TOKEN_HEADER, "")


def services() -> Services:
    """Return the services for who looks at this page; ends the script where that is nobody any more."""
    opened = open_services()
    return opened if gate.door() != "login" else opened.of(_signed_in())


def person() -> Person | None:
    """Return who is signed in, ``None`` where nobody signs in. Forgets what the page knew of somebody else."""
    if gate.door() != "login":
        return None
    found = _signed_in()
    if st.session_state.setdefault(_WHOSE, found.id) != found.id:
        st.session_state.clear()
        st.session_state[_WHOSE] = found.id
    return found


def _signed_in() -> Person:
    found = entering.who(open_services(), token())
    if found is None:
        st.info("You are signed out. Reload the page to sign in again.")
        st.stop()
    return found
