"""The history of graphics cards as a CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.gpu.history import Gauge, Span
from engine.gpu.snapshot import ResourceSnapshot

COLUMNS = ("card", "gauge", "seconds_ago", "lowest", "mean", "highest")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that a spreadsheet would calculate."""


class Keeper(Protocol):
    """What keeps histories."""

    def snapshot(self) -> ResourceSnapshot:
        """Return how things stand."""
        ...

    def history(self, card_id: str, gauge: Gauge, span: Span) -> NDArray[np.float64]:
        """Return rows of seconds, lowest, mean and highest value, oldest first."""
        ...


def history_csv(keeper: Keeper, card_ids: Sequence[str], span: Span) -> str:
    """Return every gauge of the cards over `span`; units stand in the gauges' names."""
    snapshot = keeper.snapshot()
    names = {each.card.id: each.card.name for each in snapshot.cards}
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for card_id in card_ids:
        name = _safe(f"{names.get(card_id, card_id)} ({card_id})")
        for gauge in Gauge:
            for at_s, *values in keeper.history(card_id, gauge, span).tolist():
                ago = f"{snapshot.taken_s - at_s:.1f}"
                table.writerow((name, gauge.value, ago, *(f"{value:.6g}" for value in values)))
    return text.getvalue()


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text
