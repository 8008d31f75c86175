"""Prices: what the models in use cost, and those that the person enters, each from a day on."""

from __future__ import annotations

from datetime import UTC, date, datetime

import streamlit as st

from stc.access import rights
from stc.errors import StcError
from stc.meter import prices
from stc.meter.prices import OwnPrice, Price
from stc.services import Services
from stc.storage import prices as price_rows
from stc.storage.database import new_id
from stc.ui import safe
from stc.words import SERVER

_SAID = "prices-said"


def show(services: Services) -> None:
    settings = services.settings
    for model in dict.fromkeys(filter(None, (settings.chat_model, settings.sleep_model))):
        st.markdown(f"{safe.inert(model)}: {safe.inert(in_words(services.llm.price(model)))}")
    st.caption(
        f"Prices come from {safe.inert(prices.revision())}. One that you enter goes before it from its day on. What is past "
        "keeps the price that it was reckoned with. An unknown price stays unknown; it never counts as 0."
    )
    if not services.person.admin:
        return
    with services.database.read() as connection:
        entered = price_rows.list_all(connection, SERVER)
    for one in entered:
        _row(services, one)
    with st.form("own-price", border=False, clear_on_submit=True):
        st.text_input("Model", key="price-model", placeholder="openai/gpt-5-mini")
        left, right = st.columns(2)
        left.number_input("Read, $ per million tokens", 0.0, value=None, key="price-input", format="%g", step=0.1)
        right.number_input("Written, $ per million tokens", 0.0, value=None, key="price-output", format="%g", step=0.1)
        left.number_input(
            "Read from the cache", 0.0, value=None, key="price-cached", format="%g", step=0.1, placeholder="as read"
        )
        right.number_input(
            "Written to the cache", 0.0, value=None, key="price-written", format="%g", step=0.1, placeholder="as read"
        )
        today = datetime.fromtimestamp(services.now(), UTC).date()
        left.date_input("From", today, key="price-from", format="YYYY-MM-DD")
        st.form_submit_button("Enter this price", on_click=_enter, args=(services,))
    if refusal := st.session_state.pop(_SAID, ""):
        st.error(safe.inert(refusal), icon=":material/error:")


def in_words(price: Price | None) -> str:
    """Return a price in dollars per million tokens."""
    if price is None:
        return "price unknown"
    if price.free:
        return "free"
    told = []
    for rates in price.steps:
        above = f"above {rates.above_tokens:,} tokens " if rates.above_tokens else ""
        parts = [(rates.input, "read"), (rates.cached, "from the cache"), (rates.output, "written")]
        listed = ", ".join(f"${rate * 1_000_000:g} {words}" for rate, words in parts if rate is not None)
        told.append(f"{above}{listed}")
    return f"{'; '.join(told)} per million tokens ({price.revision})"


def _row(services: Services, one: OwnPrice) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{safe.inert(one.model)} from {one.valid_from}: {safe.inert(in_words(one.price()))}")
        st.button("Remove", key=f"price-{one.id}", type="tertiary", on_click=_remove, args=(services, one.id))


def _enter(services: Services) -> None:
    state = st.session_state
    given, written, day = state["price-input"], state["price-output"], state["price-from"]
    if given is None or written is None or not isinstance(day, date):
        state[_SAID] = "A price needs dollars for tokens read and for tokens written, and a day."
        return
    try:
        one = prices.own_price(
            id=new_id(),
            model=state["price-model"],
            valid_from=day.isoformat(),
            input_usd=given,
            output_usd=written,
            cached_usd=state["price-cached"],
            cache_write_usd=state["price-written"],
            entered_at=services.now(),
        )
    except StcError as error:
        state[_SAID] = str(error)
        return
    rights.require_admin(services)
    with services.database.write() as connection:
        price_rows.add(connection, SERVER, one)


def _remove(services: Services, price_id: str) -> None:
    rights.require_admin(services)
    with services.database.write() as connection:
        price_rows.remove(connection, SERVER, price_id)
