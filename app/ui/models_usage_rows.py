"""Tokens, cost and times, summed by model, server or client."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass, fields

from app.ui.models_texts import DASH, cost_text, span_text
from app.ui.quantity_texts import count_text
from app.ui.widgets.table_model import Column, Row
from engine.coordinator.settings import Price
from engine.coordinator.snapshot import UsageRow
from engine.decimals import decimals

MODEL, SERVER, CLIENT, EACH = "model", "server", "client", "each"
GROUPS = ((MODEL, "By model"), (SERVER, "By server"), (CLIENT, "By client"), (EACH, "Each"))
COLUMNS = (
    Column("Model"),
    Column("Server", 120),
    Column("Client", 120),
    Column("Requests", 80, is_number=True),
    Column("Failed", 64, is_number=True),
    Column("Tokens in", 88, is_number=True),
    Column("Tokens out", 88, is_number=True),
    Column("Cost", 80, is_number=True, tooltip="Of what has a price"),
    Column("First token", 88, is_number=True, tooltip="Average"),
    Column("Whole answer", 96, is_number=True, tooltip="Average"),
)
NAMED = {MODEL: 0, SERVER: 1, CLIENT: 2}
NARROW_HIDDEN = (4, 9)
PRICE_COLUMNS = (
    Column("Model"),
    Column("Server", 110),
    Column("In", 72, is_number=True, tooltip="USD for a million tokens of a prompt"),
    Column("Cached", 76, is_number=True, tooltip="USD for a million tokens that it knows already"),
    Column("Out", 72, is_number=True, tooltip="USD for a million tokens of an answer"),
    Column("From", 104),
)
NO_CLIENT = "this application"


@dataclass(slots=True)
class Sum:
    """What several rows come to; means are weighted by requests."""

    names: list[str]
    requests: int = 0
    failures: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float = 0.0
    total_ms: float = 0.0
    total_of: int = 0
    first_ms: float = 0.0
    first_of: int = 0
    estimated: int = 0
    unused: int = 0

    def add(self, row: UsageRow) -> None:
        """Add `row`."""
        self.requests += row.requests
        self.failures += row.failures
        self.prompt_tokens += row.prompt_tokens
        self.completion_tokens += row.completion_tokens
        self.cost_usd += row.cost_usd
        self.estimated += row.estimated
        self.unused += row.unused
        if row.mean_total_ms is not None:
            self.total_ms += row.mean_total_ms * row.requests
            self.total_of += row.requests
        if row.mean_first_token_ms is not None:
            self.first_ms += row.mean_first_token_ms * row.requests
            self.first_of += row.requests

    @property
    def mean_total_ms(self) -> float | None:
        """What a whole answer takes; None where none was timed."""
        return self.total_ms / self.total_of if self.total_of else None

    @property
    def mean_first_ms(self) -> float | None:
        """What its first token takes; None where none was timed."""
        return self.first_ms / self.first_of if self.first_of else None


def summed(rows: Iterable[UsageRow], group: str) -> list[Sum]:
    """Return one Sum a group, the most requests first."""
    keys: dict[str, Callable[[UsageRow], tuple[str, ...]]] = {
        MODEL: lambda row: (row.model, "", ""),
        SERVER: lambda row: ("", row.endpoint, ""),
        CLIENT: lambda row: ("", "", row.client),
        EACH: lambda row: (row.model, row.endpoint, row.client),
    }
    found: dict[tuple[str, ...], Sum] = {}
    for row in rows:
        key = keys[group](row)
        found.setdefault(key, Sum(list(key))).add(row)
    return sorted(found.values(), key=lambda each: -each.requests)


def total_of(rows: Iterable[UsageRow]) -> Sum:
    """Return the sum of all rows."""
    total = Sum([])
    for row in rows:
        total.add(row)
    return total


def usage_row(each: Sum) -> Row:
    """Return a sum as a row of the table."""
    model, server, client = each.names
    return Row(
        id="\n".join(each.names),
        cells=(
            model or DASH,
            server or DASH,
            client or NO_CLIENT,
            count_text(each.requests),
            count_text(each.failures),
            count_text(each.prompt_tokens),
            count_text(each.completion_tokens),
            cost_text(each.cost_usd),
            span_text(each.mean_first_ms),
            span_text(each.mean_total_ms),
        ),
        order=(
            model,
            server,
            client or NO_CLIENT,
            each.requests,
            each.failures,
            each.prompt_tokens,
            each.completion_tokens,
            each.cost_usd,
            each.mean_first_ms or 0.0,
            each.mean_total_ms or 0.0,
        ),
        tooltip=estimate_text(each),
    )


def estimate_text(each: Sum) -> str:
    """Return what of the tokens and the cost is only about right; "" where nothing is."""
    told = []
    if each.estimated:
        told.append(f"of {each.estimated:,} of {each.requests:,} requests")
    if each.unused:
        told.append(f"of {each.unused:,} answers that nobody took")
    return f"About: the tokens {' and '.join(told)} are estimated" if told else ""


def usage_csv(rows: Iterable[UsageRow]) -> str:
    """Return `rows` as CSV, numbers as they are; the titles are the fields' names."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([field.name for field in fields(UsageRow)])
    table.writerows(astuple(row) for row in rows)
    return text.getvalue()


def price_row(number: int, price: Price, is_own: bool) -> Row:
    """Return a price as a row; the number tells its place in the list."""
    cached = price.cached_input_usd
    return Row(
        id=str(number),
        cells=(
            price.model,
            "Any" if price.endpoint == "*" else price.endpoint,
            f"${decimals(price.input_usd, 4)}",
            DASH if cached is None else f"${decimals(cached, 4)}",
            f"${decimals(price.output_usd, 4)}",
            "You" if is_own else "Starter list",
        ),
        order=(
            price.model,
            price.endpoint,
            price.input_usd,
            -1.0 if cached is None else cached,
            price.output_usd,
            str(is_own),
        ),
        tooltip=f"{price.model}: the first entry that fits a model counts",
    )
