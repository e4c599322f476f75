from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from app.ui.widgets.heat_map import HeatField, HeatMap
from app.ui.widgets.plot import Plot
from app.ui.widgets.plot_axes import clock_axis, linear_axis, log_axis, rounded_axis
from app.ui.widgets.plot_canvas import once, runs
from app.ui.widgets.plot_card import PlotCard
from app.ui.widgets.plot_drawing import ReadOut, csv_of


@dataclass(frozen=True)
class Line:
    """A line that counts how often it was drawn."""

    drawn: list[int]
    axes = (linear_axis(0, 10), linear_axis(0, 1))
    legend = (("Line", "accent"),)
    words = "A line from 0 to 1"

    def draw(self, canvas):
        self.drawn.append(1)
        canvas.line(np.arange(11.0), np.linspace(0, 1, 11), "accent")

    def read(self, x, y):
        return ReadOut(x, f"At {x:.1f}", (("Line", "accent", f"{x / 10:.2f}"),))

    def table(self):
        return ["name", "value"], [["=cmd()", float("nan")], ["plain", 0.25]]


@pytest.fixture
def plot(theme, qtbot):
    plot = Plot(theme, "Test of lines")
    qtbot.addWidget(plot)
    plot.resize(400, 200)
    plot.show_drawing(Line([]))
    plot.show()
    qtbot.waitExposed(plot)
    return plot


def test_a_read_out_does_not_draw_the_plot_again(plot, qtbot):
    """Moving over a plot lays the read-out over the picture that is kept."""
    plot.grab()
    before = len(plot.drawing.drawn)
    at = QPointF(200, 100)
    none = Qt.MouseButton.NoButton
    # Not by the pointer itself, which would stay there for the tests that follow.
    move = QMouseEvent(
        QEvent.Type.MouseMove, at, plot.mapToGlobal(at), none, none, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(plot, move)
    assert plot._cursor is not None
    qtbot.keyClick(plot, Qt.Key.Key_Left)
    plot.grab()
    assert len(plot.drawing.drawn) == before
    plot.resize(420, 200)
    plot.grab()
    assert len(plot.drawing.drawn) > before


def test_keys_read_values_and_tell_them(plot, qtbot):
    """The first arrow reads the right end, further ones move on; who cannot see it is told."""
    qtbot.keyClick(plot, Qt.Key.Key_Left)
    assert plot.accessibleDescription() == "At 10.0: Line 1.00"
    qtbot.keyClick(plot, Qt.Key.Key_Left)
    assert plot.accessibleDescription() == "At 9.8: Line 0.98"
    qtbot.keyClick(plot, Qt.Key.Key_Escape)
    assert plot._cursor is None


def test_a_plot_is_saved_as_picture_and_table(plot, tmp_path):
    """PNG at twice the size, CSV whose cells no spreadsheet calculates; unknown is empty."""
    plot.write_png(tmp_path / "a.png")
    plot.write_csv(tmp_path / "a.csv")
    assert (tmp_path / "a.png").stat().st_size > 500
    assert (tmp_path / "a.csv").read_text() == "name,value\n'=cmd(),\nplain,0.25\n"
    assert csv_of(plot.drawing) == (tmp_path / "a.csv").read_text()


def test_a_folder_that_is_not_there_is_told(plot, tmp_path):
    """A file that cannot be written is told with what to do."""
    told = []
    plot.save_failed.connect(told.append)
    plot.save(plot.write_csv, tmp_path / "none" / "a.csv")
    plot.save(plot.write_png, tmp_path / "none" / "a.png")
    assert [text.endswith("choose another folder") for text in told] == [True, True]


def test_a_card_without_a_drawing_says_what_is_missing(theme, qtbot):
    """Where there is nothing to draw, words stand there, and nothing can be saved."""
    card = PlotCard(theme, "Lines", ("No lines yet", "Draw some."))
    qtbot.addWidget(card)
    assert card.empty.text == "No lines yet Draw some."
    assert not card.export_button.isEnabled()
    card.show_drawing(Line([]))
    assert card.export_button.isEnabled()
    assert card._pages.currentWidget() is card.plot


def test_axes_have_round_labels():
    """Linear ends are kept or rounded; powers of ten and their double and five-fold are named."""
    assert [text for _, text in linear_axis(0, 2000).ticks] == [
        "0",
        "500",
        "1,000",
        "1,500",
        "2,000",
    ]
    assert (rounded_axis(0.13, 0.77).low, rounded_axis(0.13, 0.77).high) == (0.0, 0.8)
    assert [text for _, text in log_axis(90, 1100).ticks] == ["100", "200", "500", "1,000"]
    assert log_axis(5, 5).high > log_axis(5, 5).low
    assert linear_axis(3, 3).high == 4


@pytest.mark.parametrize("span_s", [60, 3600, 86_400, 7 * 86_400, 400 * 86_400])
def test_a_clock_has_a_few_labels_on_round_times(span_s):
    """From a minute to a year there are one to seven labels, all at whole minutes."""
    axis = clock_axis(1_774_000_123.0, 1_774_000_123.0 + span_s)
    assert 1 <= len(axis.ticks) <= 7
    assert all(axis.low <= at <= axis.high for at, _ in axis.ticks)
    assert all(datetime.fromtimestamp(at).astimezone().second == 0 for at, _ in axis.ticks)


def test_gaps_part_a_line():
    """Stretches of known values are found, single ones too."""
    found = runs(np.array([np.nan, 1, 2, np.nan, 3, np.inf, np.nan]))
    assert [(each.start, each.stop) for each in found] == [(1, 3), (4, 5)]


def test_marks_on_the_same_pixel_are_one():
    """Ten thousand marks on a small plot are as many as it has pixels, at most."""
    rng = np.random.default_rng(1)
    places = rng.random((10_000, 2)) * (40, 30)
    found = once(np.concatenate((places, [[np.nan, 1.0]])))
    assert len(found) <= 41 * 31
    assert len(np.unique(found, axis=0)) == len(found)


def test_a_field_without_a_value_is_told_too(theme, qtbot):
    """Fields are opened by click; empty places are not."""
    heat_map = HeatMap(theme, "Map")
    qtbot.addWidget(heat_map)
    heat_map.resize(600, 200)
    fields = {(0, 0): HeatField("0.5", "3", 0.5, "first"), (1, 1): HeatField("-", "0", None, "b")}
    heat_map.show_fields(("a", "b"), ("x", "y"), fields)
    told = []
    heat_map.opened.connect(lambda *at: told.append(at))
    for place in ((0, 1), (1, 1)):
        where = heat_map.box(place).center().toPoint()
        qtbot.mouseClick(heat_map, Qt.MouseButton.LeftButton, pos=where)
    assert told == [(1, 1)]
    assert heat_map.current == (1, 1)
    heat_map.show_fields(("a",), ("x",), {(0, 0): fields[(0, 0)]})
    assert heat_map.current == (0, 0)
    assert heat_map.accessibleDescription() == "first"
    heat_map.show_fields((), (), {})
    heat_map.grab()
