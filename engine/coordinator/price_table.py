"""What models cost: the user's own prices first, then the starter list."""

from __future__ import annotations

import re
from collections.abc import Callable

from engine.book import Book
from engine.coordinator.settings import Endpoint, Price
from engine.exchange import Usage
from engine.shipped import shipped

Match = Callable[[str], re.Match[str] | None]
Rule = tuple[Match, Match, Price]

MILLION = 1_000_000
MOST_REMEMBERED = 10_000
"""Pairs of model and endpoint whose price is known without looking; clients choose the names."""


def starter_prices() -> tuple[Price, ...]:
    """Return the prices that come with the application. Blocks for a file. Raises SettingsError."""
    path = shipped("prices.toml")
    return Book(path, kind=Price, table="price").read()


def cost_usd(price: Price | None, usage: Usage | None) -> float | None:
    """Return what `usage` costs; None where the price or the tokens are unknown."""
    if price is None or usage is None:
        return None
    cached = min(usage.cached_tokens, usage.prompt_tokens)
    cached_usd = price.input_usd if price.cached_input_usd is None else price.cached_input_usd
    total = (
        (usage.prompt_tokens - cached) * price.input_usd
        + cached * cached_usd
        + usage.completion_tokens * price.output_usd
    )
    return total / MILLION


class PriceTable:
    """Prices by model and endpoint. Used from the engines' loop; what blocks says so."""

    def __init__(self, book: Book[Price], starter: tuple[Price, ...]) -> None:
        self._book = book
        self._starter = starter
        self._own: tuple[Price, ...] = ()
        self._starter_rules = _rules(starter)
        self._own_rules: tuple[Rule, ...] = ()
        self._found: dict[tuple[str, str, bool], Price | None] = {}

    @property
    def entries(self) -> tuple[Price, ...]:
        """Every price in the order in which they count."""
        return self._own + self._starter

    @property
    def own(self) -> tuple[Price, ...]:
        """The user's prices."""
        return self._own

    def load(self) -> None:
        """Read the user's prices. Blocks for a file. Raises SettingsError; the old ones stay."""
        self._use(self._book.read())

    def has_changed(self) -> bool:
        """Tell whether somebody edited the user's prices. Blocks for a file."""
        return self._book.has_changed()

    def replace(self, prices: tuple[Price, ...]) -> None:
        """Make `prices` the user's. Blocks for a file. Raises Refused; the old ones stay."""
        self._book.write(prices)
        self._use(prices)

    def price(self, model: str, endpoint: Endpoint) -> Price | None:
        """Return what `model` costs at `endpoint`; None where nobody knows.

        What runs on the user's own machines costs nothing, unless the user says otherwise.
        """
        key = (model, endpoint.name, endpoint.is_local)
        try:
            return self._found[key]
        except KeyError:
            if len(self._found) >= MOST_REMEMBERED:
                self._found.clear()
            found = self._found[key] = self._look(model, endpoint)
            return found

    def _use(self, own: tuple[Price, ...]) -> None:
        self._own, self._own_rules = own, _rules(own)
        # Another one, not an emptied one: a look-up on another thread may be under way.
        self._found = {}

    def _look(self, model: str, endpoint: Endpoint) -> Price | None:
        starter = () if endpoint.is_local else self._starter_rules
        for is_model, is_endpoint, price in (*self._own_rules, *starter):
            if is_model(model) and is_endpoint(endpoint.name):
                return price
        return Price(model, 0.0, 0.0, endpoint.name) if endpoint.is_local else None


def _rules(prices: tuple[Price, ...]) -> tuple[Rule, ...]:
    return tuple((_matcher(each.model), _matcher(each.endpoint), each) for each in prices)


def _matcher(pattern: str) -> Match:
    """Return what tells whether a name fits `pattern`, in which only `*` is special."""
    text = ".*".join(map(re.escape, pattern.split("*")))
    return re.compile(text, re.IGNORECASE | re.DOTALL).fullmatch
