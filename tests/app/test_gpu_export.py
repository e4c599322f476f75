from __future__ import annotations

import csv
import io
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from app.gpu_export import COLUMNS, history_csv
from engine.gpu.history import Gauge, Span
from tests.app.ui.gpu_worlds import CARD, READY, gpu_view, history


def keeper(*cards):
    asked = []

    def read(card_id, gauge, span):
        asked.append((card_id, span))
        return history() if gauge is Gauge.BUSY else np.zeros((0, 4))

    return SimpleNamespace(snapshot=lambda: gpu_view(*cards).resources, history=read, asked=asked)


def test_every_reading_is_a_row():
    """Card, gauge with its unit, seconds ago, and lowest, mean and highest value."""
    kept = keeper(READY)
    rows = list(csv.reader(io.StringIO(history_csv(kept, (CARD.id,), Span.QUARTER))))
    assert tuple(rows[0]) == COLUMNS
    assert rows[1] == ["RTX 4090 (GPU-1)", "busy_percent", "59.0", "45", "50", "55"]
    assert len(rows) == 61
    assert set(kept.asked) == {(CARD.id, Span.QUARTER)}


@pytest.mark.parametrize("name", ["=1+1", "+cmd", "@x"])
def test_a_name_is_no_formula(name):
    """A card whose name a spreadsheet would calculate is written as a text."""
    evil = replace(READY, card=replace(CARD, name=name))
    rows = list(csv.reader(io.StringIO(history_csv(keeper(evil), (CARD.id,), Span.MINUTE))))
    assert rows[1][0].startswith(f"'{name}")
