from __future__ import annotations

import pytest
from PySide6.QtGui import QColor

from app.ui.widgets.interval_bar import Interval, IntervalBar


@pytest.fixture
def bar(theme, qtbot):
    bar = IntervalBar(theme, "accent")
    qtbot.addWidget(bar)
    bar.resize(212, 28)
    return bar


def colours(bar, places):
    """Return the colours in the middle row at parts of the scale, over a black ground."""
    image = bar.grab().toImage()
    ratio = image.width() / bar.width()
    return [QColor(image.pixel(int((6 + 200 * part) * ratio), image.height() // 2)).name()
            for part in places]  # fmt: skip


def test_the_dot_lies_at_the_mean(bar, theme):
    """The mean has the token's colour; the ends of the scale have not."""
    bar.show_interval(Interval(0.6, 0.4, 0.8, 0.0, 1.0))
    at, low, outside = colours(bar, (0.6, 0.45, 0.1))
    assert at == theme.tokens.colour("accent").name()
    assert low not in (at, outside)


def test_the_other_mean_has_a_line(bar, theme):
    """What it is compared with stands out of the band."""
    bar.show_interval(Interval(0.6, 0.4, 0.8, 0.0, 1.0, beside=0.2))
    assert colours(bar, (0.2,))[0] == theme.tokens.colour("text").name()


@pytest.mark.parametrize("interval", [None, Interval(5, 5, 5, 0, 0), Interval(9, -9, 99, 0, 1)])
def test_anything_can_be_drawn(bar, interval):
    """Nothing, a scale without length, and values beyond it."""
    bar.show_interval(interval)
    bar.grab()
