"""Tests of the regret as the world may see it."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analytics.regret_view import RegretView


def view(low: list[float], high: list[float]) -> RegretView:
    ends = np.array(low), np.array(high)
    numbers = np.arange(1.0, len(low) + 1)
    return RegretView("m", "chat", "as it came", len(low), 50.0, numbers, numbers,
                      (ends[0] + ends[1]) / 2, *ends)  # fmt: skip


@pytest.mark.parametrize(
    ("low", "high", "is_clear"),
    [
        ([-9, -9], [-1, 1], False),
        ([-1, -9], [1, -1], True),
        ([0, 2], [1, 8], True),
        ([], [], False),
    ],
)
def test_it_is_clear_where_the_last_interval_leaves_nothing_out(low, high, is_clear):
    """Gained or lost is known once 0 lies outside of the interval at the end."""
    assert view(low, high).is_clear is is_clear
