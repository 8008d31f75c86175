"""People: who may come in, what each may use, and who uses how much. For admins only."""

from __future__ import annotations

from typing import Any

import streamlit as st

from stc import phrases
from stc.access import people
from stc.errors import StcError
from stc.meter import ledger
from stc.ui import dialogs, library, login_provider, safe
from stc.words import SHARED, Limits, Person

services = library.services()
BY_PROVIDER = login_provider.is_set_up()
EMAIL = "E-mail address at the login provider"
# Each limit with its label, how many of its units are one here, the step, and how a number is written.
LIMITS = (
    ("ask_usd", "Asking per day, in US dollars", 1, 0.5, "%.2f"),
    ("ask_tokens", "Asking per day, in tokens", 1, 100_000, "%d"),
    ("most_documents", "Documents altogether", 1, 10, "%d"),
    ("most_bytes", "Documents altogether, in MB", 1_000_000, 100.0, "%g"),
)


def do(act: Any, *given: Any, **named: Any) -> Any:
    """Carry out what an admin asked for; what is refused is said on the page."""
    try:
        return act(services, *given, **named)
    except StcError as error:
        st.session_state["people-said"] = str(error)
        return None


def add() -> None:
    name, email = st.session_state["person-name"], st.session_state.get("person-email")
    code = do(people.add, name, admin=st.session_state["person-admin"], email=email)
    if code:
        st.session_state["person-code"] = (" ".join(name.split()), code)


def reset(name: str) -> None:
    code = do(people.reset, name)
    if code:
        st.session_state["person-code"] = (name, code)
    dialogs.close()


def save(name: str) -> None:
    entered = {field: (st.session_state[f"limit-{field}"], unit) for field, _, unit, *_ in LIMITS}
    limits = {
        field: given if given is None or unit == 1 else round(given * unit) for field, (given, unit) in entered.items()
    }
    do(people.limit, name, **limits)
    if "person-new-email" in st.session_state:
        do(people.set_email, name, st.session_state["person-new-email"])
    dialogs.close()


def switch(act: Any, *given: Any) -> None:
    do(act, *given)
    dialogs.close()


def uses(owner: str) -> str:
    """Return what somebody uses in a line; no question and no text of theirs."""
    used = people.used(services, owner)
    told = []
    if used.asked_tokens:
        today = f" (today {used.today_tokens:,}, {ledger.money(used.today_usd)})" if used.today_tokens else ""
        told.append(f"asked for {used.asked_tokens:,} tokens, {ledger.money(used.asked_usd)}{today}")
    if used.prepared_tokens:
        told.append(f"prepared with {used.prepared_tokens:,} tokens, {ledger.money(used.prepared_usd)}")
    if used.documents and owner != SHARED:
        told.append(f"{phrases.count(used.documents, 'document')}, {phrases.size(used.bytes)}")
    return safe.inert(" · ".join(told) or "nothing used yet")


def limited(limits: Limits) -> str:
    """Return what somebody may use at most in a line, "" where nothing is limited."""
    told = []
    if limits.ask_usd is not None:
        told.append(f"{ledger.money(limits.ask_usd)} a day")
    if limits.ask_tokens is not None:
        told.append(f"{limits.ask_tokens:,} tokens a day")
    if limits.most_documents is not None:
        told.append(phrases.count(limits.most_documents, "document"))
    if limits.most_bytes is not None:
        told.append(phrases.size(limits.most_bytes))
    return safe.inert(f"at most {', '.join(told)}") if told else ""


def row(person: Person) -> None:
    marks = ["admin"] if person.admin else []
    if person.disabled:
        marks.append("disabled")
    elif not (person.has_password or person.has_login):
        marks.append("has not come in yet")
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"**{safe.inert(person.name)}**" + "".join(f" · {mark}" for mark in marks))
        if person.email:
            st.caption(safe.inert(person.email))
        st.caption(uses(person.id))
        if most := limited(person.limits):
            st.caption(most)
        st.button(
            "Options",
            icon=":material/tune:",
            type="tertiary",
            key=f"person-{person.id}",
            on_click=dialogs.open_dialog,
            args=("person",),
            kwargs={"person": person.id},
        )


def options(person: Person) -> None:
    with st.form("person", border=False):
        for field, label, unit, step, written in LIMITS:
            limit = getattr(person.limits, field)
            st.number_input(
                label,
                0.0 if isinstance(step, float) else 0,
                value=limit if limit is None or unit == 1 else limit / unit,
                step=step,
                format=written,
                placeholder="no limit",
                key=f"limit-{field}",
            )
        if BY_PROVIDER:
            st.text_input(EMAIL, person.email or "", key="person-new-email", max_chars=200)
        st.form_submit_button("Save", type="primary", on_click=save, args=(person.name,))
    acts: list[tuple[str, str, Any, tuple[Any, ...]]] = []
    if person.id != services.owner:
        acts.append(("Give a new code for the password", ":material/key:", reset, (person.name,)))
        to = not person.admin
        acts.append(
            (
                "Make an admin" if to else "Make a member",
                ":material/shield:",
                switch,
                (people.set_admin, person.name, to),
            )
        )
        out = people.enable if person.disabled else people.disable
        label = "Let in again" if person.disabled else "Disable: sign out everywhere and keep out"
        acts.append((label, ":material/block:", switch, (out, person.name)))
    with st.container(gap=None):
        for label, icon, act, given in acts:
            st.button(label, icon=icon, type="tertiary", on_click=act, args=given)


st.title("People", anchor=False)
everybody = people.listed(services)
if refusal := st.session_state.pop("people-said", ""):
    st.error(safe.inert(refusal), icon=":material/error:")
if given := st.session_state.pop("person-code", None):
    name, code = given
    st.success(f"Hand this code to {safe.inert(name)}; it is shown only once and holds for 7 days:")
    st.code(code, language=None)
for one in everybody:
    row(one)
shared = people.used(services, SHARED)
if shared.documents or shared.prepared_tokens:
    with st.container(border=True, gap="xsmall"):
        st.markdown("**Shared documents**")
        st.caption(uses(SHARED))
st.header("Add somebody", anchor=False)
with st.form("add-person", border=False, clear_on_submit=True):
    st.text_input("Name", key="person-name", max_chars=60)
    if BY_PROVIDER:
        st.text_input(EMAIL, key="person-email", max_chars=200)
    st.toggle("May look after this place: an admin", key="person-admin")
    st.form_submit_button("Add", type="primary", on_click=add)
if values := dialogs.opened("person"):
    chosen = next((one for one in everybody if one.id == values["person"]), None)
    if chosen is not None:
        dialogs.draw(safe.inert(chosen.name), options, chosen)
