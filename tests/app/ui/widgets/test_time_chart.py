from __future__ import annotations

import csv

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from app.ui.widgets.time_chart import TimeChart

NOW_S = 100.0


def line(*values):
    return np.stack([np.linspace(NOW_S - 50, NOW_S, len(values)), np.array(values)], axis=1)


@pytest.fixture
def chart(theme, qtbot):
    chart = TimeChart(
        theme, unit="%", series=[("Processor", "accent"), ("Memory", "violet")], low=0, high=100
    )
    qtbot.addWidget(chart)
    chart.resize(480, 240)
    chart.show()
    qtbot.waitExposed(chart)
    return chart


def colours(chart, area):
    """Return the colours of the pixels in `area` of the chart."""
    image = chart.grab().toImage()
    rows = range(int(area.top()), int(area.bottom()))
    columns = range(int(area.left()), int(area.right()))
    return {image.pixelColor(x, y).name() for y in rows for x in columns}


def test_each_series_is_drawn_in_its_colour(chart, theme):
    """A line is seen where its values are, in the colour of the legend."""
    chart.show_series(NOW_S, (line(50.0, 50.0), line(20.0, 20.0)))
    image = chart.grab().toImage()
    area = chart.plot_area()
    for value, token in ((50, "accent"), (20, "violet")):
        y = area.bottom() - value / 100 * area.height()
        around = [image.pixelColor(int(area.right()) - 60, int(y) + shift) for shift in (-1, 0, 1)]
        wanted = theme.tokens.colour(token)
        nearest = min(abs(one.hue() - wanted.hue()) for one in around if one.saturation() > 60)
        assert nearest < 15


def test_a_single_reading_is_a_dot(chart, theme):
    """One reading alone, from which no line can begin, is seen."""
    one = np.array([[NOW_S - 30, 50.0]])
    chart.show_series(NOW_S, (one, one[:0]))
    area = chart.plot_area()
    x, y = int(area.center().x()), int(area.center().y())
    assert chart.grab().toImage().pixelColor(x, y).name() == theme.tokens.accent


def test_an_empty_chart_says_so(chart, theme):
    """Without readings the chart tells that there are none; a line takes the words away."""
    chart.show_series(NOW_S, (line()[:0], line()[:0]))
    middle = chart.plot_area().adjusted(100, 70, -100, -70)
    assert len(colours(chart, middle)) > 3
    chart.show_series(NOW_S, (line(90.0, 90.0), line(90.0, 90.0)))
    assert len(colours(chart, middle)) <= 3


def test_the_number_of_series_is_fixed(chart):
    """Series without a legend are a mistake."""
    with pytest.raises(ValueError, match="1 series for 2 legends"):
        chart.show_series(NOW_S, (line(1.0, 2.0),))


def test_values_are_read_at_a_time(chart):
    """The read-out gives each series' last value up to that moment."""
    chart.show_series(NOW_S, (line(10.0, 20.0, 30.0), line(1.0)[:0]))
    assert chart.values_at(NOW_S) == (30.0, None)
    assert chart.values_at(NOW_S - 10) == (20.0, None)
    assert chart.values_at(NOW_S - 60) == (None, None)


def test_the_read_out_follows_the_arrow_keys(chart):
    """Left shows the read-out without a mouse, Escape takes it away."""
    chart.show_series(NOW_S, (line(10.0, 90.0), line(20.0, 20.0)))
    before = chart.grab().toImage()
    chart.setFocus()
    QTest.keyClick(chart, Qt.Key.Key_Left)
    assert chart.grab().toImage() != before
    QTest.keyClick(chart, Qt.Key.Key_Escape)
    assert chart.grab().toImage() == before


def test_the_read_out_follows_the_pointer(chart, qtbot):
    """Values under the pointer are shown while it is there."""
    chart.show_series(NOW_S, (line(10.0, 90.0), line(20.0, 20.0)))
    before = chart.grab().toImage()
    qtbot.mouseMove(chart, QPoint(200, 100))
    qtbot.waitUntil(lambda: chart.grab().toImage() != before)


def test_the_same_readings_give_the_same_picture(chart):
    """A chart keeps nothing of what it showed before."""
    chart.show_series(NOW_S, (line(10.0, 90.0), line(20.0, 20.0)))
    before = chart.grab().toImage()
    chart.show_series(300.0, (line(5.0, 5.0), line(20.0, 99.0)))
    chart.show_series(NOW_S, (line(10.0, 90.0), line(20.0, 20.0)))
    assert chart.grab().toImage() == before


def test_readings_are_saved_as_csv(chart, tmp_path):
    """The file holds every reading in view with its series, age and unit."""
    chart.show_series(NOW_S, (line(10.0, 20.0), line(7.0, 8.0)))
    chart.write_csv(tmp_path / "chart.csv")
    with (tmp_path / "chart.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["series", "seconds_ago", "value (%)"]
    assert rows[1] == ["Processor", "50.000", "10"]
    assert rows[-1] == ["Memory", "0.000", "8"]


def test_the_picture_is_saved_as_png(chart, tmp_path):
    """The file holds the chart at twice its size."""
    chart.show_series(NOW_S, (line(10.0, 20.0), line(7.0, 8.0)))
    chart.write_png(tmp_path / "chart.png")
    image = QImage(str(tmp_path / "chart.png"))
    assert (image.width(), image.height()) == (960, 480)


def test_the_menu_saves_where_the_user_says(chart, tmp_path):
    """The context menu asks for a file and writes it."""
    chart.show_series(NOW_S, (line(10.0, 20.0), line(7.0, 8.0)))
    chart.save_menu().actions()[1].trigger()
    (dialog,) = chart.findChildren(QFileDialog)
    dialog.fileSelected.emit(str(tmp_path / "out.csv"))
    dialog.reject()
    assert (tmp_path / "out.csv").read_text(encoding="utf-8").startswith("series,")


def test_a_file_that_cannot_be_written_is_no_crash(chart, qtbot, tmp_path):
    """A refused file is told to whoever shows problems."""
    with qtbot.waitSignal(chart.save_failed) as failed:
        chart.save(chart.write_csv, tmp_path / "absent" / "out.csv")
    assert "choose another folder" in failed.args[0]
