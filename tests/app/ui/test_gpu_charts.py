from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.ui.gpu_charts import LARGE, LOAD, build_chart, feed_chart, gauges_of, settled
from engine.gpu.history import Gauge, Span
from tests.app.ui.gpu_worlds import CARD, NOW_S, PLAIN, READING, READY, gpu_view, history


@pytest.fixture
def charts(theme, qtbot):
    def build(plan):
        chart = build_chart(theme, plan)
        qtbot.addWidget(chart)
        chart.resize(300, 160)
        return chart

    return build


def test_a_small_card_draws_load_and_share_of_memory(charts):
    """Both lines are in percent: memory of what the card has."""
    view = gpu_view()
    used = {(CARD.id, Gauge.MEMORY): history(CARD.memory_total_mib / 2)}
    chart = charts(LOAD)
    feed_chart(chart, LOAD, READY, replace(view, histories={**view.histories, **used}))
    busy, memory = chart.values_at(NOW_S)
    assert (busy, memory) == (50, pytest.approx(50))


@pytest.mark.parametrize(("number", "top"), [(1, 24_564 / 1024), (2, 90.0), (3, 450.0)])
def test_the_top_of_a_chart_is_the_limit(charts, number, top):
    """Memory ends at what the card has, temperature at the slowdown, power at its limit."""
    chart = charts(LARGE[number])
    feed_chart(chart, LARGE[number], READY, gpu_view())
    assert chart._axis == (0, pytest.approx(top))


def test_what_was_above_the_limit_is_not_cut_off(charts):
    """A card that drew more than its limit is drawn whole."""
    hot = replace(READY, reading=replace(READING, slowdown_c=40.0))
    chart = charts(LARGE[2])
    feed_chart(chart, LARGE[2], hot, gpu_view())
    assert chart._axis[1] >= 55


def test_a_card_without_a_history_is_empty(charts):
    """A gauge that nobody read draws nothing, and is no error."""
    for plan in LARGE:
        chart = charts(plan)
        feed_chart(chart, plan, PLAIN, gpu_view())
        assert chart.values_at(NOW_S) == (None,) * len(plan.lines)
        assert not chart.grab().isNull()


def test_lowest_and_highest_show_behind_a_long_line(charts):
    """Over a day each line has a band from lowest to highest; over a minute it has none."""
    pictures = []
    for span in (Span.MINUTE, Span.QUARTER):
        chart = charts(LARGE[2])
        feed_chart(chart, LARGE[2], READY, replace(gpu_view(), span=span))
        chart.span_s = 60.0
        picture = chart.grab().toImage()
        pictures.append(picture.copy())
    assert pictures[0] != pictures[1]


def test_every_gauge_of_a_page_is_asked_for():
    """What is drawn is what is asked for."""
    assert set(gauges_of(LARGE)) == {
        Gauge.BUSY,
        Gauge.MEMORY_BUSY,
        Gauge.MEMORY,
        Gauge.TEMPERATURE,
        Gauge.POWER,
    }
    assert np.shape(history()) == (60, 4)


def quarter(now_s: float) -> np.ndarray:
    """Return a quarter of an hour in stretches of three seconds; the last is not over."""
    starts = np.arange(now_s - 897, now_s + 1, 3.0)
    return np.column_stack((starts, *(50 + np.sin(starts) + step for step in (-5, 0, 5))))


def fed(chart, seconds: float, last: float | None = None) -> bytes:
    """Feed a quarter of an hour as of `seconds` and return what is drawn."""
    rows = quarter(990.0)
    if last is not None:
        rows[-1, 1:] = last
    view = gpu_view()
    resources = replace(view.resources, taken_s=seconds)
    histories = {(CARD.id, gauge): rows for gauge in Gauge}
    feed_chart(
        chart,
        LOAD,
        READY,
        replace(view, resources=resources, histories=histories, span=Span.QUARTER),
    )
    return bytes(chart.grab().toImage().constBits())


def test_a_long_history_is_drawn_anew_when_a_stretch_is_over(charts, monkeypatch):
    """Readings within a stretch change no pixel of a quarter of an hour: nothing is drawn."""
    chart = charts(LOAD)
    first = fed(chart, 990.2)
    drawn = []
    monkeypatch.setattr(chart, "update", lambda: drawn.append(1))
    assert fed(chart, 992.9, last=80.0) == first
    assert drawn == []


def test_another_card_or_span_is_drawn_at_once(charts):
    """What the chart shows belongs to the card and the span that are chosen."""
    chart = charts(LOAD)
    quarter_picture = fed(chart, 990.2)
    feed_chart(chart, LOAD, PLAIN, replace(gpu_view(), span=Span.QUARTER))
    assert chart.values_at(NOW_S) == (None, None)
    assert fed(chart, 990.2) == quarter_picture


def test_a_history_that_ended_moves_on():
    """Where nothing is read any more, the line moves to the left all the same."""
    rows = quarter(990.0)
    (kept,), shown_s = settled([rows], 990.5, Span.QUARTER)
    assert (len(kept), shown_s) == (len(rows) - 1, rows[-1, 0])
    (kept,), shown_s = settled([rows], 1100.0, Span.QUARTER)
    assert (len(kept), shown_s) == (len(rows), 1098.0)


def test_a_history_that_has_just_begun_shows():
    """The first stretch of a day takes minutes: what is known of it shows meanwhile."""
    rows = np.array([[NOW_S - 20, 10.0, 20.0, 30.0]])
    found, shown_s = settled([rows, rows[:0]], NOW_S, Span.DAY)
    assert (len(found[0]), len(found[1]), shown_s) == (1, 0, NOW_S)
