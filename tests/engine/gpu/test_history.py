from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.gpu.cards import CardReading, Group
from engine.gpu.history import BINS, GROUP_OF, CardHistory, Gauge, Span

LOAD, MEMORY = frozenset({Group.LOAD}), frozenset({Group.MEMORY})


def busy(percent: float | None) -> CardReading:
    """Return a reading of the load alone."""
    return CardReading(busy_percent=percent, temperature_c=99.0)


def filled(seconds: float, every_s: float) -> CardHistory:
    """Return a history whose load counts the seconds."""
    history = CardHistory()
    for number in range(int(seconds / every_s)):
        history.add(number * every_s, busy(number * every_s), LOAD)
    return history


def test_gauges_are_fields_of_a_reading():
    """Each gauge is a field that some group reads."""
    assert list(GROUP_OF) == list(Gauge)
    assert all(hasattr(CardReading(), gauge) for gauge in Gauge)


def test_only_what_was_read_is_kept():
    """A reading of the load keeps the load: the temperature in it is from before."""
    history = CardHistory()
    history.add(10.0, busy(50.0), LOAD)
    assert history.window(Gauge.BUSY, Span.MINUTE, 10.0)[:, 1:].tolist() == [[50.0] * 3]
    assert history.window(Gauge.TEMPERATURE, Span.MINUTE, 10.0).shape == (0, 4)


def test_unknown_is_no_zero():
    """Where a card does not tell, the history has no point."""
    history = CardHistory()
    history.add(10.0, busy(None), LOAD)
    history.add(10.5, busy(7.0), LOAD)
    window = history.window(Gauge.BUSY, Span.MINUTE, 11.0)
    assert window[:, 2].tolist() == [7.0]
    assert np.isfinite(window).all()


def test_stretch_keeps_its_extremes():
    """A peak of one reading is still seen in the chart of a day."""
    history = CardHistory()
    for second in range(3600):
        history.add(float(second), busy(100.0 if second == 1800 else 10.0), LOAD)
    day = history.window(Gauge.BUSY, Span.DAY, 3600.0)
    assert day[:, 3].max() == 100.0
    assert day[:, 1].min() == 10.0
    assert day[:, 2].max() < 12.0


@pytest.mark.parametrize(("span", "every_s"), [(Span.MINUTE, 0.2), (Span.QUARTER, 1.0)])
def test_window_reaches_back_as_far_as_it_says(span: Span, every_s: float):
    """The chart begins a span ago, ends now, and has a bounded number of points."""
    end_s = span.length_s * 2
    window = filled(end_s, every_s).window(Gauge.BUSY, span, end_s)
    assert BINS * 0.9 <= len(window) <= BINS
    assert window[0, 0] == pytest.approx(end_s - span.length_s, abs=span.length_s / 50)
    assert window[-1, 0] == pytest.approx(end_s, abs=span.length_s / 50)


def test_day_is_kept_in_bounded_memory():
    """Three days of readings take what three minutes take."""
    history = filled(3 * 86_400, 20.0)
    day = history.window(Gauge.BUSY, Span.DAY, 3 * 86_400.0)
    assert BINS * 0.98 <= len(day) <= BINS
    assert day[0, 0] >= 2 * 86_400 - 288
    arrays = [array for level in history._levels for array in (level._rows, level._starts_s)]
    assert sum(array.nbytes for array in arrays) < 200_000
    assert sys.getsizeof(arrays) < 1_000


@given(st.lists(st.tuples(st.floats(0.01, 40.0), st.floats(0, 100)), min_size=1, max_size=60))
def test_no_reading_is_lost_or_made_up(steps: list[tuple[float, float]]):
    """Whatever comes when: extremes over a span are those of the readings in it, and means lie
    between.
    """
    history, now_s, readings = CardHistory(), 0.0, []
    for step_s, value in steps:
        now_s += step_s
        readings.append(value)
        history.add(now_s, busy(value), LOAD)
    window = history.window(Gauge.BUSY, Span.QUARTER, now_s)
    # What is in the shortest span's open stretch is handed on when that is over.
    history.add(now_s + 1000, busy(None), LOAD)
    day = history.window(Gauge.BUSY, Span.DAY, now_s + 2000)
    assert day[:, 3].max(initial=0) <= max(readings) + 1e-3
    for rows in (window, day):
        assert (rows[:, 1] <= rows[:, 2] + 1e-3).all()
        assert (rows[:, 2] <= rows[:, 3] + 1e-3).all()
        assert (np.diff(rows[:, 0]) > 0).all()
