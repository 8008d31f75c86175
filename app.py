"""The program in a browser: ``streamlit run app.py``.

Streamlit imports this file once as a module, for the server, and runs it as a script for each visit.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from functools import partial

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Route
from streamlit import config
from streamlit.runtime.pages_manager import PagesManager

from stc import background, logs
from stc.errors import UserError
from stc.services import open_services
from stc.ui import entrance, frame, gate, headers, health, login_provider


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
        services = open_services()
        if gate.decide(services, os.environ) == "login":
            login_provider.check()
        if first_code := gate.first_code(services):
            sys.stderr.write(f"{first_code}\n")
        sys.stderr.write(f"Sleep-Time Chat is at {gate.url()}\n")
        logs.start(services.storage, "app", max_bytes=services.settings.log_bytes, files=services.settings.log_files)
    except UserError as error:
        sys.exit(str(error))  # an exception in the lifespan would print a traceback
    # Streamlit 1.67 (2026) takes a folder named pages/ for its older navigation until st.navigation is first called: a
    # first visit to /documents would run that page without the frame.
    PagesManager.uses_pages_directory = False
    # Streamlit 1.67 (2026) prints a script's error before it calls on_script_error, with values in it that may be text.
    logging.getLogger("streamlit.error_util").addFilter(lambda record: record.msg != "Uncaught app execution")
    # Streamlit 1.67 (2026) reads its options at each element under one lock for all threads, though they are fixed by now:
    # with fifty pages open, more than half of the time of a drawing went into waiting for it.
    config._config_lock = nullcontext()  # type: ignore[assignment]
    app = st.App(
        __file__,
        lifespan=lifespan,
        routes=[
            Route("/healthz", health.Health(partial(background.health, services)).answer),
            *(entrance.Entrance(services).routes() if gate.door() == "login" else ()),
        ],
        middleware=[
            Middleware(headers.Guard),
            Middleware(gate.Gate, services=services, provider=login_provider.is_set_up()),
        ],
        on_script_error=frame.show_error,
    )
