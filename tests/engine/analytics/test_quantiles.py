"""Figures over time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.analytics.quantiles import MOST_SPANS, SPAN_S, Histogram, Quantiles


def note(quantiles, at_s, latency_ms, cost_usd):
    """Count an answer and what is known of it."""
    quantiles.count(at_s)
    if latency_ms is not None:
        quantiles.latency(at_s, latency_ms)
    if cost_usd is not None:
        quantiles.cost(at_s, cost_usd)


LATENCIES = st.lists(st.floats(0.02, 1e7), min_size=1, max_size=300)


@given(LATENCIES, st.sampled_from([0.0, 0.05, 0.5, 0.95, 1.0]))
def test_quantiles_are_exact_to_two_per_cent(values, share):
    """A quantile is that of the sorted values (nearest rank), to 2 %."""
    found = Histogram()
    for each in values:
        found.add(each)
    rank = max(1, int(np.ceil(share * len(values))))
    expected = sorted(values)[rank - 1]
    assert found.quantile(share) == pytest.approx(expected, rel=0.021)


def test_nothing_has_no_quantile():
    """Without a value there is none; a latency of 0 is one."""
    found = Histogram()
    assert found.quantile(0.5) is None
    found.add(0.0)
    assert found.quantile(0.5) == pytest.approx(0.01, rel=0.03)


def test_hours_are_told_apart():
    """Each hour has its own figures; what was not measured is no number there."""
    quantiles = Quantiles()
    note(quantiles, 10.0, 100.0, 0.5)
    note(quantiles, 20.0, 300.0, None)
    note(quantiles, SPAN_S + 1, None, None)
    quantiles.reward(10.0, 1.0)
    quantiles.reward(20.0, 0.5)
    quantiles.reward(20.0, 0.0, before=0.5)
    view = quantiles.view()
    assert list(view.at_s) == [0.0, SPAN_S]
    assert list(view.count) == [2.0, 1.0]
    assert view.reward[0] == 0.5
    assert view.cost_usd[0] == 0.5
    assert view.latency_p50_ms[0] == pytest.approx(100.0, rel=0.02)
    assert view.latency_p95_ms[0] == pytest.approx(300.0, rel=0.02)
    assert np.isnan([view.reward[1], view.cost_usd[1], view.latency_p95_ms[1]]).all()


def test_hours_out_of_order_are_sorted():
    """Answers that another host told late stand in their own hour."""
    quantiles = Quantiles()
    for hour in (5, 1, 3):
        note(quantiles, hour * SPAN_S, 1.0, None)
    assert list(quantiles.view().at_s) == [SPAN_S, 3 * SPAN_S, 5 * SPAN_S]


def test_memory_is_bounded():
    """A year of hours leaves a month of them."""
    quantiles = Quantiles()
    for hour in range(24 * 365):
        note(quantiles, hour * SPAN_S, 1.0, None)
    view = quantiles.view()
    assert len(view.at_s) == MOST_SPANS
    assert view.at_s[-1] == (24 * 365 - 1) * SPAN_S
    assert len(quantiles.changed) == MOST_SPANS


def test_spans_add_up():
    """All spans together are what a single one would have counted."""
    quantiles = Quantiles()
    for hour in range(3):
        note(quantiles, hour * SPAN_S, 10.0**hour, 1.0)
        quantiles.reward(hour * SPAN_S, 0.5)
    whole = quantiles.total()
    assert (whole.count, whole.rewards, whole.reward_sum, whole.cost_sum) == (3, 3, 1.5, 3.0)
    assert whole.latency.quantile(0.5) == pytest.approx(10.0, rel=0.02)
