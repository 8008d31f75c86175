"""How exact the meter is: what real runs of baselines said of its estimates, and how often one is made."""

from __future__ import annotations

import os
from collections.abc import Mapping

import streamlit as st

from stc.meter import calibrating, ledger, providers
from stc.meter.books import Books
from stc.meter.calibrating import Error, Off
from stc.services import Services
from stc.sleep import facts
from stc.ui import safe
from stc.ui.meter import BASELINE_WORDS
from stc.words import EXTRACTIVE

_SHARES = (0.0, 0.05, 0.1, 0.2, 0.5, 1.0)


def show(services: Services, books: Books, errors: Mapping[str, Error]) -> None:
    if errors:
        _errors(errors)
    else:
        st.caption(
            "Not known yet. What an answer would have cost without preparation is estimated: its prompt is put together and "
            "counted, its length and its time are not known. Really running it for some questions shows how far that is off."
        )
    if services.person.admin:
        _share(services)
    spent = ledger.total(ledger.checked(books.rows))
    if spent.calls:
        st.caption(
            f"Checking has used {round(spent.tokens):,} tokens, {safe.inert(ledger.money(spent.cost_usd))}. "
            "It is the meter's own cost, and is not part of what preparing cost."
        )


def _errors(errors: Mapping[str, Error]) -> None:
    head = ["Estimates were off by", "Runs", "Tokens read", "written", "Cost", "Time", "Answers agree"]
    lines = [head, [":--", *["--:"] * (len(head) - 1)]]
    for name, one in errors.items():
        offs = [_off(off) for off in (one.input, one.output, one.cost, one.seconds)]
        lines.append([BASELINE_WORDS[name], f"{one.runs:,}", *offs, f"{one.agreeing:,} of {one.runs:,}"])
    st.markdown("\n".join(f"| {' | '.join(line)} |" for line in lines))
    st.caption(
        "On the average over all real runs. ▲: estimates were too high, which flatters the saving; ▼: too low. Answers agree "
        "where neither holds a number, date or name against the other."
        + (f" From {calibrating.FEWEST_RUNS} runs on they correct the length and the time of later estimates.")
    )


def _off(off: Off | None) -> str:
    if off is None:
        return "not known"
    sign = " ▲" if off.bias > 0.005 else " ▼" if off.bias < -0.005 else ""
    return f"{off.mean:.0%}{sign}"


def _share(services: Services) -> None:
    settings = services.settings
    model = settings.chat_model or EXTRACTIVE
    fixed = bool(os.environ.get("STC_SHADOW_SHARE"))
    options = sorted({*_SHARES, settings.shadow_share})
    st.session_state.setdefault("shadow-share", settings.shadow_share)
    st.select_slider(
        "Answer so many of my questions once more without preparation, while the computer is idle",
        options,
        format_func=lambda share: "none" if not share else f"{share:.0%}",
        key="shadow-share",
        disabled=fixed,
        on_change=_save,
        args=(services, model),
    )
    st.caption(safe.inert(_consequence(services, model)))


def _consequence(services: Services, model: str) -> str:
    settings = services.settings
    if model == EXTRACTIVE:
        return "It costs nothing and stays on this computer."
    price = services.llm.price(model)
    if price is None:
        return f"The price of {model} is unknown, so it is never asked by itself. Enter its price below."
    if price.free and services.llm.is_local(model):
        return "It costs nothing and stays on this computer."
    server = providers.resolve(model, settings.api_base).server
    if settings.shadow_share and settings.shadow_consent != facts.agreement(model, settings.api_base):
        return f"You have not agreed to this for {model} yet: move the slider to agree."
    return (
        f"The passages of those questions, and of some a whole document, are sent to {server} once more and cost what such "
        f"an answer costs, within the daily limits of preparing. Documents kept on this computer are left out."
    )


def _save(services: Services, model: str) -> None:
    agreed = "" if model == EXTRACTIVE else facts.agreement(model, services.settings.api_base)
    services.change_settings(shadow_share=st.session_state["shadow-share"], shadow_consent=agreed)
