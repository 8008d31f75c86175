"""The program in a browser: ``streamlit run app.py``.

Streamlit imports this file once as a module, for the server, and runs it as a script for each visit.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.middleware import Middleware
from streamlit.runtime.pages_manager import PagesManager

from stc import background
from stc.errors import UserError
from stc.services import open_services
from stc.ui import frame, headers


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    services = open_services()
    background.start(services)
    threading.Thread(target=frame.preload, name="preload", daemon=True).start()
    try:
        yield
    finally:
        background.stop(services)


if __name__ == "__main__":
    frame.draw()
else:
    try:
        open_services()
    except UserError as error:
        sys.exit(str(error))  # an exception in the lifespan would print a traceback
    # Streamlit 1.67 (2026) takes a folder named pages/ for its older navigation until st.navigation is first called: a
    # first visit to /documents would run that page without the frame.
    PagesManager.uses_pages_directory = False
    app = st.App(__file__, lifespan=lifespan, middleware=[Middleware(headers.Guard)], on_script_error=frame.show_error)
