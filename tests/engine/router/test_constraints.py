"""Why a model is out before anybody asks what it is worth."""

from __future__ import annotations

import pytest

from engine.router.constraints import budget_reason


@pytest.mark.parametrize(
    ("cost", "budget_usd", "words"),
    [
        (5.0, 0.0, ""),
        (None, 0.0, ""),
        (0.01, 0.02, ""),
        (0.05, 0.02, "would cost 0.05 USD, more than the 0.02 allowed"),
        (0.00003, 0.00001, "would cost 0.00003 USD, more than the 0.00001 allowed"),
        (None, 0.00001, "its price is not known, and a request may cost 0.00001 USD"),
        (None, 0.02, "its price is not known, and a request may cost 0.02 USD"),
    ],
)
def test_a_budget_keeps_out_what_costs_more_or_nobody_knows_what(
    cost: float | None, budget_usd: float, words: str
):
    """Without a budget everything goes; with one the price must be known."""
    assert budget_reason(cost, budget_usd) == words
