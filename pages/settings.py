"""Settings: which models answer and prepare, their keys, and the limits."""

from __future__ import annotations

import os
import time
from typing import Any

import streamlit as st

from stc import settings as setting
from stc.access import rights
from stc.errors import StcError
from stc.meter import providers
from stc.ui import library, safe

services = library.services()


def fixed(name: str) -> bool:
    """Say whether the environment sets this one; the page can't change it then."""
    return os.environ.get(f"STC_{name.upper()}", "") != ""


def help_for(name: str) -> str:
    by = f" Set by STC_{name.upper()} where the program was started." if fixed(name) else ""
    return safe.inert(setting.describe(name) + "." + by)


def save(**values: Any) -> None:
    try:
        services.change_settings(**{name: value for name, value in values.items() if not fixed(name)})
    except StcError as error:
        st.session_state["settings-said"] = ("error", str(error))
    else:
        st.session_state["settings-said"] = ("saved", "Saved.")


def use(model: str, address: str) -> None:
    save(chat_model=model, sleep_model=model, api_base=address)
    for field, value in (("chat_model", model), ("sleep_model", model), ("api_base", address)):
        st.session_state[f"setting-{field}"] = value


def save_models() -> None:
    names = ("chat_model", "sleep_model", "api_base")
    save(**{name: st.session_state[f"setting-{name}"] for name in names})


LIMITS = (
    ("daily_usd", "Per day, in US dollars", 0.5),
    ("daily_tokens", "Per day, in tokens", 100_000),
    ("document_usd", "For one document altogether, in US dollars", 0.1),
    ("document_tokens", "For one document altogether, in tokens", 100_000),
    ("run_usd", "For one step, in US dollars", 0.05),
    ("run_tokens", "For one step, in tokens", 10_000),
)


def save_limits() -> None:
    names = ("num_ctx", "quiet_hours", "pause_on_battery", "cheap_tier", *(name for name, *_ in LIMITS))
    save(idle_after_s=st.session_state["setting-idle"] * 60, **{n: st.session_state[f"setting-{n}"] for n in names})


def save_key(variable: str) -> None:
    value = st.session_state.pop(f"key-{variable}", "")
    try:
        rights.require_admin(services)
        services.llm.secrets.set_key(variable, value)
    except StcError as error:
        st.session_state["settings-said"] = ("error", str(error))
    else:
        st.session_state["settings-said"] = ("saved", "The key is kept in a file that only you can read.")


def tell() -> None:
    kind, said = st.session_state.pop("settings-said", ("", ""))
    if kind == "error":
        st.error(safe.inert(said), icon=":material/error:")
    elif kind == "saved":
        st.toast(safe.inert(said), icon=":material/check:")


def found() -> None:
    current = services.settings
    looked_at, servers = st.session_state.get("servers", (0.0, []))
    if time.monotonic() - looked_at > 20:
        servers = library.found_servers()
        st.session_state["servers"] = (time.monotonic(), servers)
    for server in servers:
        shown = server.models[:6]
        in_use = current.chat_model in server.models and current.chat_model == current.sleep_model
        names = ", ".join(model.partition("/")[2] for model in shown)
        with st.container(border=True):
            st.markdown(
                f":material/dns: Found {safe.inert(server.name)} on this computer with {safe.inert(names, 200)}."
            )
            if in_use:
                st.caption(f"In use: {safe.inert(current.chat_model)}")
            with st.container(horizontal=True):
                for model in shown:
                    st.button(
                        f"Use {safe.inert(model.partition('/')[2], 60)}",
                        key=f"use-{server.address}-{model}",
                        disabled=model == current.chat_model == current.sleep_model,
                        on_click=use,
                        args=(model, server.address),
                    )


def models() -> None:
    current = services.settings
    with st.form("models", border=False):
        for name, label, example in (
            ("chat_model", "Chat model", "empty: quotes only, no AI model"),
            ("sleep_model", "Preparation model", "empty: prepared without an AI model"),
            ("api_base", "Server address", "empty: the provider's own"),
        ):
            key = f"setting-{name}"
            value = getattr(current, name)
            if name == "api_base" and setting.holds_secret(value):  # only the environment's may
                value = providers.public_address(value)
            st.session_state.setdefault(key, value)
            st.text_input(label, key=key, placeholder=example, help=help_for(name), disabled=fixed(name))
        st.caption(
            "Models are named as LiteLLM names them: openai/gpt-5-mini, anthropic/claude-haiku-4-5, ollama/llama3.2. "
            "The address is for any server that speaks OpenAI's protocol."
        )
        st.form_submit_button("Save", type="primary", on_click=save_models)


def keys() -> None:
    current = services.settings
    wanted = {model: services.llm.needs_key(model) for model in (current.chat_model, current.sleep_model) if model}
    variables = dict.fromkeys([*filter(None, wanted.values()), *services.llm.secrets.get_keys()])
    for variable in variables:
        where = services.llm.secrets.source(variable)
        with st.container(horizontal=True, vertical_alignment="center"):
            if where == "environment":
                st.markdown(f":material/key: {safe.inert(variable)}: a key is set where the program was started.")
            elif where == "file":
                st.markdown(f":material/key: {safe.inert(variable)}: a key is set.")
                st.button(
                    "Remove",
                    key=f"remove-{variable}",
                    type="tertiary",
                    on_click=services.llm.secrets.remove,
                    args=(variable,),
                )
        if where is None:
            with st.form(f"key-form-{variable}", clear_on_submit=True):
                st.text_input(
                    f"Key ({safe.inert(variable)})",
                    type="password",
                    autocomplete="off",
                    key=f"key-{variable}",
                    help="Kept in a file that only you can read; not in the database, not in a log, never shown again.",
                )
                st.form_submit_button("Keep this key", on_click=save_key, args=(variable,))


def test() -> None:
    current = services.settings
    chosen = list(dict.fromkeys(filter(None, (current.chat_model, current.sleep_model))))
    if not chosen:
        st.caption(
            "Quotes only (no AI model): answers are quotes from your documents, and nothing leaves this computer."
        )
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button("Test", icon=":material/network_check:", help="Sends one tiny request to each model.")
        st.caption(" and ".join(safe.inert(model) for model in chosen))
    if not pressed:
        return
    for model in chosen:
        with st.spinner(f"Asking {safe.inert(model)} …"):
            try:
                said = services.llm.test(model)
            except StcError as error:
                st.error(safe.inert(str(error)), icon=":material/error:")
            else:
                st.success(safe.inert(said), icon=":material/check:")


def manners() -> None:
    """Ask when preparing is welcome, and how much of it."""
    current = services.settings
    with st.form("limits", border=False):
        left, right = st.columns(2)
        left.number_input(
            "Minutes without use until a document is idle",
            0.0,
            100_000.0,
            current.idle_after_s / 60,
            step=1.0,
            format="%g",
            key="setting-idle",
            help="A document is prepared when nobody has used it for so long.",
            disabled=fixed("idle_after_s"),
        )
        right.text_input(
            "Quiet hours",
            current.quiet_hours,
            placeholder="none; 22:00-07:00 for example",
            key="setting-quiet_hours",
            help=help_for("quiet_hours"),
            disabled=fixed("quiet_hours"),
        )
        left.toggle(
            "Pause while on battery",
            current.pause_on_battery,
            key="setting-pause_on_battery",
            help=help_for("pause_on_battery"),
            disabled=fixed("pause_on_battery"),
        )
        right.toggle(
            "Use the provider's cheaper, slower service",
            current.cheap_tier,
            key="setting-cheap_tier",
            help=help_for("cheap_tier"),
            disabled=fixed("cheap_tier"),
        )
        st.markdown("**Most that an AI model may use for it**")
        left, right = st.columns(2)
        for name, label, step in LIMITS:
            money = isinstance(step, float)
            (left if money else right).number_input(
                label,
                0.0 if money else 0,
                100_000.0 if money else 1_000_000_000_000,
                getattr(current, name),
                step=step,
                key=f"setting-{name}",
                help=help_for(name),
                disabled=fixed(name),
            )
        st.number_input(
            "Context of an Ollama model, in tokens",
            512,
            1_000_000,
            current.num_ctx,
            step=1024,
            key="setting-num_ctx",
            help=help_for("num_ctx"),
            disabled=fixed("num_ctx"),
        )
        st.form_submit_button("Save", on_click=save_limits)


st.title("Settings", anchor=False)
tell()
if services.person.admin:
    st.header("Models", anchor=False)
    found()
    models()
    keys()
    test()
    st.header("Preparing in the background", anchor=False)
    manners()
    st.header("Backup", anchor=False)
    st.markdown(
        "All documents, notes, chats and settings go to one file, while the program runs, with this command on the computer that "
        "it runs on. Keys are not in it; `restore` brings it back."
    )
    st.code("python -m stc backup FILE", language=None)
else:
    st.markdown("Models, keys and limits are an admin's to set. What you may choose yourself stands below the chat.")
