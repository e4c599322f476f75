"""Models of the catalogue in words and as rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from app.ui.models_texts import DASH, per_second, span_text, tokens_text
from app.ui.quantity_texts import count_text
from app.ui.widgets.table_model import Cell, Column, Mark, Row, text_of
from engine.coordinator.settings import Price
from engine.decimals import decimals
from engine.router.snapshot import ModelView

COLUMNS = (
    Column("Model"),
    Column("State", 100),
    Column("Can do", 120, tooltip="Besides chatting"),
    Column("Context", 66, is_number=True, tooltip="Tokens it can look at"),
    Column("Size", 62, is_number=True, tooltip="Billions of weights"),
    Column("Price", 92, is_number=True, tooltip="US dollars for a million tokens in and out"),
    Column("Quality", 64, is_number=True, tooltip="0 to 100; where from says its card"),
    Column("Speed", 80, is_number=True, tooltip="Measured here"),
    Column("Answered", 78, is_number=True, tooltip="Share of its requests that were answered"),
    Column("Licence", 96),
    Column("Servers", 112),
)
NARROW_PX, WIDE_PX = 900, 1150
_HIDDEN: dict[tuple[bool, bool], set[str]] = {
    (False, False): set(),
    (False, True): {"Can do", "Size", "Answered", "Licence", "Servers"},
    (True, False): {"Can do", "Size", "Price", "Quality", "Answered", "Licence"},
    (True, True): {column.title for column in COLUMNS[2:]} - {"Context"},
}
"""Columns without room, by whether the page is narrow and whether a model's card is open."""


def hidden_columns(width_px: int, has_card: bool) -> tuple[bool, ...]:
    """Return for each column whether it is left out; the card tells what is."""
    hidden = _HIDDEN[width_px < NARROW_PX, has_card]
    if width_px < WIDE_PX:
        hidden = hidden | {"Licence"}
    return tuple(column.title in hidden for column in COLUMNS)


PLAIN = ("chat", "completion")
"""Of nearly every model: not told in the list."""
UNKNOWN = -1.0
GOOD = 0.5
"""A health below this shows."""


def is_served(model: ModelView) -> bool:
    """Tell whether a server has it."""
    return bool(model.endpoints)


def label_of(model: ModelView) -> str:
    """Return what people call it."""
    return (model.entry.label if model.entry else "") or model.name


def can_text(model: ModelView) -> str:
    """Return what it can do besides the usual."""
    can = [each for each in sorted(model.capabilities) if each not in PLAIN]
    return ", ".join(can) if can else ("chat" if "chat" in model.capabilities else DASH)


def size_text(parameters_b: float | None) -> str:
    """Return billions of weights, such as "7.6 B" or "135 M"; a dash where they are unknown."""
    if parameters_b is None:
        return DASH
    if parameters_b < 1:
        return f"{parameters_b * 1000:.0f} M"
    return f"{parameters_b:.0f} B" if parameters_b >= 100 else f"{parameters_b:.3g} B"


def price_text(input_usd: float | None, output_usd: float | None) -> str:
    """Return what a million tokens in and out cost; a dash where nobody knows."""
    if input_usd is None and output_usd is None:
        return DASH
    if not input_usd and not output_usd:
        return "Free"
    return f"${decimals(input_usd or 0, 3)} / ${decimals(output_usd or 0, 3)}"


class Prices:
    """What models cost by the price table, or else by the catalogue. Never changed."""

    def __init__(self, prices: tuple[Price, ...]) -> None:
        self.prices = prices
        self._rules = [(_matcher(each.model), _matcher(each.endpoint), each) for each in prices]
        self._found: dict[tuple[str, tuple[str, ...]], str] = {}

    def text(self, model: ModelView) -> str:
        """Return the price of `model`: nothing where it runs on the user's own machines."""
        if model.is_local or model.is_embedded:
            return "Free"
        key = (model.name, model.endpoints)
        if key not in self._found:
            self._found[key] = self._look(model)
        return self._found[key]

    def _look(self, model: ModelView) -> str:
        # The name of an entry that nobody serves may be a pattern itself.
        name, servers = model.name.replace("*", ""), model.endpoints or ("",)
        for is_model, is_server, price in self._rules:
            if is_model(name) and any(is_server(each) for each in servers):
                return price_text(price.input_usd, price.output_usd)
        entry = model.entry
        return DASH if entry is None else price_text(entry.input_usd, entry.output_usd)


def quality_text(quality: float | None) -> str:
    """Return quality from 0 to 100; a dash where it was not measured."""
    return DASH if quality is None else f"{100 * quality:.0f}"


def share_text(share: float | None) -> str:
    """Return a share in percent; a dash where it is unknown."""
    return DASH if share is None else f"{100 * share:.1f} %"


def model_row(model: ModelView, price: str) -> Row:
    """Return a model as a row; who serves it names it, else people do."""
    entry = model.entry
    servers = ", ".join(model.endpoints) or DASH
    cells: tuple[Cell, ...] = (
        model.name if is_served(model) else label_of(model),
        state_of(model),
        can_text(model),
        tokens_text(model.context_tokens),
        size_text(entry.parameters_b if entry else None),
        price,
        quality_text(entry.quality if entry else None),
        DASH if model.tokens_per_s is None else per_second(model.tokens_per_s),
        share_text(model.reliability),
        (entry.licence if entry else "") or DASH,
        servers,
    )
    tooltip = f"{label_of(model)} ({model.name})\n{servers}"
    return Row(model.name, cells, _order_of(model, price, cells), tooltip)


def state_of(model: ModelView) -> Mark:
    """Return whether it can be asked now."""
    if not is_served(model):
        return Mark("No server", "mute")
    if model.health is None or model.health > GOOD:
        return Mark("Ready", "ok")
    return Mark("Shaky", "warn") if model.health > 0 else Mark("Away", "bad")


def facts_of(model: ModelView, price: str) -> list[tuple[str, str, str]]:
    """Return what is known of a model: (name, value, meaning)."""
    entry = model.entry
    loaded = {True: "In memory", False: "On disk", None: DASH}[model.is_loaded]
    facts = [
        ("Context", tokens_text(model.context_tokens), "Tokens it can look at"),
        ("Price", price, "US dollars for a million tokens in and out"),
        ("First token", span_text(model.first_token_ms), "Measured here"),
        ("Speed", per_second(model.tokens_per_s), "Measured here"),
        ("Answered", share_text(model.reliability), "Share of its requests"),
        ("Requests", count_text(model.requests), "Since the start"),
        ("Loaded", loaded, "Where its server tells"),
    ]
    if entry is not None:
        disk = DASH if entry.size_gib is None else f"{entry.size_gib:g} GiB"
        facts[1:1] = [
            ("Weights", size_text(entry.parameters_b), "Numbers it is made of"),
            ("File", disk, "The usual 4-bit one"),
        ]
        facts.append(("Licence", entry.licence or DASH, "Of the weights"))
        facts.append(("Quality", quality_text(entry.quality), entry.quality_source or "Unknown"))
    return facts


def about_text(model: ModelView) -> str:
    """Return what is told below a model's name."""
    entry = model.entry
    if entry is None:
        return "Not in the catalogue: what its server says is all that is known."
    origin = "Your own entry" if entry.is_users else "From the starter catalogue"
    return origin if entry.name == model.name else f"{origin}, as {entry.name}"


def source_text(model: ModelView) -> str:
    """Return where the quality comes from; "" where there is none."""
    entry = model.entry
    if entry is None or entry.quality is None:
        return ""
    return f"Quality: {entry.quality_source or 'source not given'}"


def _order_of(model: ModelView, price: str, cells: Sequence[Cell]) -> tuple[float | str, ...]:
    """Return what each column is sorted by: numbers by themselves, all else by its text."""
    entry = model.entry
    numbers = {
        "Context": model.context_tokens,
        "Size": entry.parameters_b if entry else None,
        "Price": _price_order(price),
        "Quality": entry.quality if entry else None,
        "Speed": model.tokens_per_s,
        "Answered": model.reliability,
    }
    order: list[float | str] = []
    for column, cell in zip(COLUMNS, cells, strict=True):
        number = numbers.get(column.title)
        known = UNKNOWN if number is None else float(number)
        order.append(known if column.title in numbers else text_of(cell).casefold())
    return tuple(order)


def _price_order(price: str) -> float:
    """Return what a price is sorted by: both halves together."""
    if price == DASH:
        return UNKNOWN
    return sum(float(each.strip(" $")) for each in price.split("/")) if "$" in price else 0.0


def _matcher(pattern: str) -> Callable[[str], object]:
    """Return what tells whether a name fits `pattern`, in which only `*` is special."""
    text = ".*".join(map(re.escape, pattern.split("*")))
    return re.compile(text, re.IGNORECASE | re.DOTALL).fullmatch
