from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from app.ui.widgets.scale import (
    fill_below,
    fill_between,
    polyline,
    round_range,
    round_step,
    tick_text,
    ticks,
    within,
)

spans = st.floats(1e-6, 1e9)


@given(spans, st.integers(1, 12))
def test_a_step_is_round_and_small_enough(span, count):
    """A step is 1, 2, 2.5 or 5 times a power of ten, and cuts the span in at most `count`."""
    step = round_step(span, count)
    mantissa = step / 10 ** math.floor(math.log10(step) + 1e-9)
    assert min(abs(mantissa - round_one) for round_one in (1, 2, 2.5, 5, 10)) < 1e-6
    assert span / step <= count * (1 + 1e-6)


@pytest.mark.parametrize(("span", "count"), [(0, 4), (-1, 4), (1, 0)])
def test_no_step_for_no_span(span, count):
    """An empty span is a mistake of the caller."""
    with pytest.raises(ValueError, match="must be positive"):
        round_step(span, count)


@given(st.floats(-1e6, 1e6), spans)
def test_ticks_lie_within_the_axis(low, span):
    """Ticks are sorted, inside the axis and no more than asked for."""
    high = low + span
    if high == low:
        return
    found = ticks(low, high)
    slack = 1e-6 * max(span, abs(low), 1e-9)
    assert list(found) == sorted(found)
    assert len(found) <= 5 + 1
    assert all(low - slack <= tick <= high + slack for tick in found)


def test_ticks_of_a_percent_axis():
    """From 0 to 100 the lines stand at quarters."""
    assert ticks(0, 100) == (0, 25, 50, 75, 100)


@pytest.mark.parametrize(
    ("value", "step", "text"),
    [(25, 25, "25"), (0.25, 0.25, "0.25"), (0.2, 0.1, "0.2"), (2.5, 2.5, "2.5"), (-10, 5, "−10")],
)
def test_labels_have_the_decimals_they_need(value, step, text):
    """A label shows the digits that tell it from its neighbour, and a real minus."""
    assert tick_text(value, step) == text


def test_given_ends_of_an_axis_are_kept():
    """A fixed axis does not move with what is on it."""
    assert round_range(np.array([3.0, 250.0]), 0.0, 100.0) == (0.0, 100.0)


def test_free_ends_are_rounded_outwards():
    """A free axis holds all values and ends at round numbers."""
    assert round_range(np.array([0.31, 0.52]), 0.0, None) == pytest.approx((0.0, 0.6))


def test_an_axis_of_one_value_is_not_empty():
    """A single value, or none, still gives an axis with a height."""
    for values in (np.array([5.0]), np.zeros(0)):
        low, high = round_range(values, None, None)
        assert high > low


def test_a_window_of_time_keeps_the_point_before_it():
    """The line enters from the left edge instead of beginning inside."""
    rows = np.stack([np.arange(10.0), np.arange(10.0)], axis=1)
    assert within(rows, 4.5, 7.0)[:, 0].tolist() == [4, 5, 6, 7]
    assert within(rows[:0], 4.5, 7.0).shape == (0, 2)


@given(st.integers(300, 3000), st.integers(0, 2**32 - 1))
def test_thinning_keeps_every_extreme(count, seed):
    """However many points a pixel gets, its lowest and highest are drawn."""
    values = np.random.default_rng(seed).random(count)
    rows = np.stack([np.linspace(0, 100, count, endpoint=False), values], axis=1)
    area = QRectF(0, 0, 100, 100)
    line = polyline(rows, area, (0.0, 100.0), (0.0, 1.0))
    drawn: dict[int, list[float]] = {}
    for point in line.toList():
        drawn.setdefault(math.floor(point.x()), []).append(1 - point.y() / 100)
    for pixel in range(100):
        here = values[np.floor(rows[:, 0] / 100.0 * 100.0) == pixel]
        assert max(drawn[pixel]) == pytest.approx(here.max())
        assert min(drawn[pixel]) == pytest.approx(here.min())


def test_a_few_points_are_drawn_as_they_are():
    """Points that fit are not moved; what is beyond the axis is held at its edge."""
    rows = np.array([[0.0, 0.0], [5.0, 50.0], [10.0, 400.0]])
    line = polyline(rows, QRectF(0, 0, 100, 200), (0.0, 10.0), (0.0, 100.0))
    assert [(point.x(), point.y()) for point in line.toList()] == [(0, 200), (50, 100), (100, 0)]


def drawn(draw) -> QImage:
    """Return what `draw(painter)` leaves on black."""
    image = QImage(100, 100, QImage.Format.Format_RGB32)
    image.fill(QColor("black"))
    painter = QPainter(image)
    draw(painter)
    painter.end()
    return image


def is_filled(image: QImage, x: int, y: int) -> bool:
    return image.pixelColor(x, y).lightness() > 0


def test_a_band_is_filled_from_its_lowest_to_its_highest():
    """Each pixel column between both is filled, none above or below, and none twice."""
    band = np.array([[at, 20.0 + at / 10, 50.0, 80.0] for at in np.linspace(0, 100, 250)])
    frame = (QRectF(0, 0, 100, 100), (0.0, 100.0), (0.0, 100.0))
    image = drawn(lambda painter: fill_between(painter, band, frame, QColor("white")))
    for x in range(100):
        filled = [is_filled(image, x, y) for y in (10, 18, 22, 50, 68, 85)]
        assert filled == [False, False, True, True, True, False]
    assert {image.pixelColor(x, 50).name() for x in range(100)} == {image.pixelColor(0, 50).name()}


def test_a_line_is_filled_down_to_the_bottom():
    """Below the line there is colour, fading; above it there is none."""
    area = QRectF(0, 0, 100, 100)
    rows = np.array([[0.0, 50.0], [100.0, 50.0]])
    line = polyline(rows, area, (0.0, 100.0), (0.0, 100.0))
    image = drawn(lambda painter: fill_below(painter, line, area, QColor("white")))
    assert not is_filled(image, 50, 45)
    assert is_filled(image, 50, 55)
    assert image.pixelColor(50, 55).lightness() > image.pixelColor(50, 90).lightness()
