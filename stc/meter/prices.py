"""What models cost: data from LiteLLM's bundled price map, and the arithmetic over it.

The map is read from LiteLLM's package without importing LiteLLM, which takes seconds. ``STC_PRICES`` may name a JSON
file in the map's form, whose entries win (``{"openai/mine": {"input_cost_per_token": 1e-6, ...}}``); prices that a
person entered win over both from their date on. A call keeps the price that it was reckoned with: a later one changes
nothing that is past.

Unknown is ``None``, never 0. Free (0.0) is what runs on this computer, an Ollama server, and reading without a model.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from stc.errors import UserError
from stc.meter.providers import Target, litellm_folder, resolve
from stc.words import EXTRACTIVE, Usage

_TIERS = {"standard": "", "batch": "_batches", "flex": "_flex", "priority": "_priority"}
_MODES = {"chat", "completion", "responses"}
MOST_USD_PER_MILLION = 100_000
OWN_REVISION = "own price"
"""How the revision of a price begins that a person entered."""


@dataclass(frozen=True, slots=True)
class Rates:
    """US dollars for one token, ``None`` where unknown. ``cached`` and ``cache_write`` stand in place of ``input``."""

    input: float | None
    output: float | None
    cached: float | None
    cache_write: float | None
    reasoning: float | None
    above_tokens: int = 0
    """They hold for the whole call when it reads more input tokens than this."""
    cache_write_1h: float | None = None
    """For what the provider's cache is to keep for an hour, not for minutes."""


@dataclass(frozen=True, slots=True)
class Price:
    """A model's price in one tier. ``steps`` begin with the lowest, at 0 tokens."""

    model: str
    tier: str
    revision: str
    steps: tuple[Rates, ...]

    @property
    def free(self) -> bool:
        return not self.steps

    @property
    def has_cache(self) -> bool:
        """Whether the provider sells repeated prompts cheaper."""
        return any(rates.cached is not None and rates.cached != rates.input for rates in self.steps)

    def rates(self, input_tokens: int) -> Rates | None:
        """Return what holds for a call that reads so many tokens; ``None`` where it is free."""
        holding = [rates for rates in self.steps if not rates.above_tokens or input_tokens > rates.above_tokens]
        return holding[-1] if holding else None

    def facts(self) -> dict[str, Any]:
        """Return the price as it stands beside a call in the ledger; ``from_facts`` reads it."""
        return {**asdict(self), "steps": [asdict(rates) for rates in self.steps]}


def from_facts(facts: Mapping[str, Any]) -> Price:
    steps = tuple(Rates(**rates) for rates in facts["steps"])
    return Price(facts["model"], facts["tier"], facts["revision"], steps)


@dataclass(frozen=True, slots=True)
class OwnPrice:
    """A model's price as a person entered it, in US dollars per million tokens, from a day (``2026-11-01``, UTC) on."""

    id: str
    model: str
    valid_from: str
    input_usd: float
    output_usd: float
    cached_usd: float | None
    """``None``: cached tokens cost what others cost."""
    cache_write_usd: float | None
    entered_at: float

    @property
    def revision(self) -> str:
        told = json.dumps([self.model, self.valid_from, *self._prices])
        return f"{OWN_REVISION} from {self.valid_from}, {hashlib.sha256(told.encode()).hexdigest()[:12]}"

    @property
    def _prices(self) -> tuple[float | None, ...]:
        return self.input_usd, self.output_usd, self.cached_usd, self.cache_write_usd

    def price(self) -> Price:
        given, written, cached, cache_write = (None if usd is None else _per_token(usd) for usd in self._prices)
        return Price(self.model, "standard", self.revision, (Rates(given, written, cached, cache_write, None),))


def own_price(
    *,
    id: str,
    model: str,
    valid_from: str,
    input_usd: float,
    output_usd: float,
    cached_usd: float | None = None,
    cache_write_usd: float | None = None,
    entered_at: float,
) -> OwnPrice:
    """Return a price as entered. Raises ``UserError`` for what can be no price."""
    model = model.strip()
    if not model or model == EXTRACTIVE:
        raise UserError("A price needs the name of its model, openai/gpt-5-mini for example.")
    try:
        valid_from = date.fromisoformat(valid_from).isoformat()
    except ValueError:
        raise UserError(f"A price holds from a day on, 2026-11-01 for example; {valid_from!r} is none.") from None
    for usd in (input_usd, output_usd, cached_usd, cache_write_usd):
        if usd is not None and not 0 <= usd < MOST_USD_PER_MILLION:
            raise UserError(f"A price is 0 to {MOST_USD_PER_MILLION:,} dollars per million tokens; {usd:g} is none.")
    return OwnPrice(id, model, valid_from, input_usd, output_usd, cached_usd, cache_write_usd, entered_at)


def per_million(input_usd: float, output_usd: float, cached_usd: float | None = None) -> Price:
    """Return the price that is so many US dollars per million tokens."""
    cached = None if cached_usd is None else _per_token(cached_usd)
    rates = Rates(_per_token(input_usd), _per_token(output_usd), cached, None, None)
    return Price("given", "standard", "given", (rates,))


def _per_token(usd_per_million: float) -> float:
    return float(Decimal(repr(float(usd_per_million))) / 1_000_000)


def cost(usage: Usage, price: Price | None) -> float | None:
    """Return what a call cost in US dollars, ``None`` where a price that it needs is unknown.

    A provider that lists no price for cached reads or cache writes bills them as input; one that lists none for
    reasoning bills it as output. What a cache keeps for an hour has a price of its own or an unknown one.
    """
    if price is None:
        return None
    rates = price.rates(usage.input_tokens)
    if rates is None:
        return 0.0
    plain = usage.input_tokens - usage.cached_tokens - usage.cache_write_tokens
    written = rates.input if not rates.cache_write else rates.cache_write  # 0 in the map says "no surcharge"
    parts = (
        (plain, rates.input),
        (usage.cached_tokens, rates.input if rates.cached is None else rates.cached),
        (usage.cache_write_tokens - usage.cache_write_1h_tokens, written),
        (usage.cache_write_1h_tokens, rates.cache_write_1h),
        (usage.output_tokens - usage.reasoning_tokens, rates.output),
        (usage.reasoning_tokens, rates.output if rates.reasoning is None else rates.reasoning),
    )
    total = Decimal(0)
    for tokens, rate in parts:
        if tokens == 0:
            continue
        if rate is None:
            return None
        total += tokens * Decimal(repr(rate))
    return float(total)


def price_of(
    model: str, tier: str = "standard", *, api_base: str = "", entered: Sequence[OwnPrice] = (), on: str = ""
) -> Price | None:
    """Return a model's price, ``None`` where it is unknown. ``api_base`` is the setting: it says who runs the model.

    ``entered`` are a person's own prices, of which the newest holds whose day has come ``on`` that day (ISO). They are
    for the standard tier: what another one costs is not known by them.
    """
    if tier not in _TIERS:
        raise ValueError(f"{tier!r} is none of {', '.join(_TIERS)}")
    target = resolve(model, api_base)
    holding = [one for one in entered if one.model in (model.strip(), target.name) and one.valid_from <= on]
    if holding:
        newest = max(holding, key=lambda one: (one.valid_from, one.entered_at))
        return newest.price() if tier == "standard" else None
    own = _overrides()
    for name in (model.strip(), target.name):
        if name in own:
            return _price(name, own[name], tier)
    if target.self_run:
        return Price(EXTRACTIVE if target.name == EXTRACTIVE else target.name, tier, revision(), ())
    found = entry(target)
    if found is None:
        return None
    price = _price(target.name, found, tier)
    # A map full of zeros is a price that nobody filled in, not a present.
    return None if price is None or not any(rates.input or rates.output for rates in price.steps) else price


def entry(target: Target) -> Mapping[str, Any] | None:
    """Return the map's entry for a model (prices and limits), ``None`` where it has none."""
    if not target.provider:
        known = _map().get(target.model) if target.api_base is None else None
        return known if known is not None and known.get("mode") in _MODES else None
    provider = "ollama" if target.is_ollama else target.provider
    for name in (f"{provider}/{target.model}", target.model):
        found = _map().get(name)
        if (
            found is not None
            and found.get("mode") in _MODES
            and str(found.get("litellm_provider", "")).startswith(provider)
        ):
            return found
    return None


def revision() -> str:
    """Return which prices these are: LiteLLM's version, the map's git blob id, and the own entries' hash if any."""
    own = _override_file()
    return _read_map()[1] if own is None else f"{_read_map()[1]} + {hashlib.sha256(own).hexdigest()[:12]}"


def _price(model: str, found: Mapping[str, Any], tier: str) -> Price | None:
    steps = _tiered(found) if tier == "standard" else None
    if steps is None:
        suffix = _TIERS[tier]
        limits = {0} | {
            int(match[1]) * 1000
            for key in found
            if (match := re.fullmatch(r"(?:in|out)put_cost_per_token_above_(\d+)k_tokens", key))
        }
        steps = tuple(_rates(found, limit, suffix) for limit in sorted(limits))
    if steps[0].input is None or steps[0].output is None:
        return None
    return Price(model, tier, revision(), steps)


def _rates(found: Mapping[str, Any], above: int, suffix: str) -> Rates:
    middle = f"_above_{above // 1000}k_tokens" if above else ""

    def value(name: str) -> float | None:
        return _number(found.get(f"{name}{middle}{suffix}"))

    reasoning = None if above else value("output_cost_per_reasoning_token")
    rates = Rates(
        value("input_cost_per_token"),
        value("output_cost_per_token"),
        value("cache_read_input_token_cost"),
        value("cache_creation_input_token_cost"),
        reasoning,
        above,
        value("cache_creation_input_token_cost_above_1hr"),
    )
    if not above or suffix:
        return rates
    # Some entries raise only the input's or only the output's price; the other one stays as it is below the step.
    base = _rates(found, 0, suffix)
    return Rates(
        base.input if rates.input is None else rates.input,
        base.output if rates.output is None else rates.output,
        rates.cached,
        rates.cache_write,
        None,
        above,
        rates.cache_write_1h,
    )


def _tiered(found: Mapping[str, Any]) -> tuple[Rates, ...] | None:
    """Return the steps of an entry that lists its prices by ranges of input tokens."""
    ranges = found.get("tiered_pricing")
    if not isinstance(ranges, list) or not all("range" in item for item in ranges):
        return None
    return tuple(
        Rates(
            _number(item.get("input_cost_per_token")),
            _number(item.get("output_cost_per_token")),
            _number(item.get("cache_read_input_token_cost")),
            _number(item.get("cache_creation_input_token_cost")),
            _number(item.get("output_cost_per_reasoning_token")),
            int(item["range"][0]),
        )
        for item in sorted(ranges, key=lambda item: item["range"][0])
    )


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        return None
    return float(value)


def _map() -> Mapping[str, Any]:
    return _read_map()[0]


@cache
def _read_map() -> tuple[Mapping[str, Any], str]:
    data = (litellm_folder() / "model_prices_and_context_window_backup.json").read_bytes()
    # The id that LiteLLM itself gives its map: that of a git blob.
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
    return json.loads(data), f"litellm {importlib.metadata.version('litellm')} {blob[:12]}"


def _override_file() -> bytes | None:
    path = os.environ.get("STC_PRICES", "")
    if not path:
        return None
    try:
        return Path(path).expanduser().read_bytes()
    except OSError as error:
        raise UserError(f"STC_PRICES names {path}, which can't be read: {error.strerror}.") from error


def _overrides() -> Mapping[str, Any]:
    data = _override_file()
    if data is None:
        return {}
    try:
        own = json.loads(data)
    except ValueError as error:
        raise UserError(f"The file that STC_PRICES names is not JSON: {error}.") from error
    if not isinstance(own, dict) or not all(isinstance(value, dict) for value in own.values()):
        raise UserError("The file that STC_PRICES names must be an object of objects: model name to prices.")
    return own
