from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.ui.parameters_calibration import CalibrationDrawing
from app.ui.parameters_contour import ContourDrawing
from app.ui.parameters_importance import ImportanceDrawing
from app.ui.parameters_scale import ParameterScale, scale_of
from app.ui.parameters_slice import SliceDrawing
from app.ui.widgets.plot import Plot
from app.ui.widgets.plot_drawing import csv_of
from engine.analytics.search_view import ContourView
from engine.analytics.snapshot import ParameterRange
from tests.app.search_views import (
    LENGTHS,
    TEMPERATURES,
    calibration_view,
    contour_view,
    search_view,
    slice_view,
)

RANGES = (ParameterRange("max_tokens", "int", 256, 4096, True),)
SEEN = np.array([[0.2, 0.5], [0.7, 0.66], [5.0, 0.0]])
STYLES = ("plain", "formal", "terse")
TEMPERATURE = scale_of("temperature", TEMPERATURES, RANGES)
GRID = ContourView("style", "top_p", STYLES, (0.5, 1.0), np.eye(2, 3), np.ones((2, 3)))


def contour(found):
    scales = (scale_of(found.x_name, found.x, RANGES), scale_of(found.y_name, found.y, RANGES))
    view = search_view()
    return ContourDrawing(found, scales, view.best, view.next, SEEN)


DRAWINGS = (
    SliceDrawing(slice_view(TEMPERATURES, 0.5), TEMPERATURE, SEEN),
    SliceDrawing(slice_view(TEMPERATURES, 1.19), TEMPERATURE, np.empty((0, 2))),
    SliceDrawing(slice_view(LENGTHS, None), scale_of("max_tokens", LENGTHS, RANGES), SEEN),
    SliceDrawing(slice_view(STYLES, "terse"), scale_of("style", STYLES, ()), SEEN),
    contour(contour_view()),
    contour(contour_view("max_tokens", "top_p")),
    contour(GRID),
    ImportanceDrawing(search_view().importances),
    CalibrationDrawing(calibration_view()),
)


@pytest.mark.parametrize("drawing", DRAWINGS, ids=lambda each: type(each).__name__)
def test_every_drawing_is_painted_told_read_and_saved(drawing, theme, qtbot):
    """Each leaves ink, says itself in words, reads values at every place, and is a table."""
    plot = Plot(theme, "Picture")
    qtbot.addWidget(plot)
    plot.resize(480, 260)
    plot.show_drawing(drawing)
    picture = plot.grab().toImage()
    seen = {picture.pixel(x, y) for x in range(0, 480, 3) for y in range(0, 260, 3)}
    assert len(seen) > 3
    assert plot.accessibleDescription() == drawing.words != ""
    across, up = drawing.axes
    for x in np.linspace(across.low, across.high, 7):
        assert drawing.read(float(x), None).rows
        assert drawing.read(float(x), (up.low + up.high) / 2).rows
    titles, rows = drawing.table()
    assert rows
    assert all(len(row) == len(titles) for row in rows)
    assert csv_of(drawing).count("\n") == len(rows) + 1


def test_a_scale_places_numbers_logarithms_and_choices():
    """Where a value stands is where its axis says; what is no value stands nowhere."""
    assert TEMPERATURE.place(0.7) == 0.7
    assert TEMPERATURE.place("warm") is None
    lengths = scale_of("max_tokens", LENGTHS, RANGES)
    assert lengths.place(1000) == pytest.approx(3.0)
    assert lengths.place(0) is None
    assert np.diff(lengths.places) == pytest.approx(np.diff(lengths.places).mean(), abs=2e-3)
    assert np.isnan(lengths.along(np.array([-1.0, np.nan]))).all()
    styles = ParameterScale("style", STYLES)
    assert (styles.place("terse"), styles.place("loud")) == (2.0, None)
    assert [text for _, text in styles.axis.ticks] == list(STYLES)
    assert np.isnan(styles.along(np.zeros(3))).all()
    assert not ParameterScale("on", (False, True)).is_number


def test_the_map_shows_high_rewards_high():
    """Pixels on the right of a rising reward have its colour, those above that of their row."""
    rising = np.tile(np.linspace(0, 1, 25), (25, 1))
    found = replace(contour_view(), mean=rising, feasible=np.ones((25, 25)))
    drawing = contour(found)
    pixels = drawing._pixels((100, 50), is_dark=True)
    assert pixels.shape == (50, 100)
    assert len(set(pixels[:, 10])) == 1
    assert pixels[0, 0] == 0xFF2A2350
    assert pixels[0, 99] == 0xFF7FE0C0
    up = replace(found, mean=rising.T)
    assert contour(up)._pixels((100, 50), is_dark=True)[0, 50] == 0xFF7FE0C0


def test_what_the_limits_forbid_is_hatched():
    """Some of its pixels are darker, and none of the others."""
    flat = replace(contour_view(), mean=np.full((25, 25), 0.5))
    pixels = contour(flat)._pixels((100, 50), is_dark=False)
    assert len(set(pixels[:, :50].ravel())) == 1
    assert len(set(pixels[:, 85:].ravel())) == 2


def test_calibration_tells_how_many_lie_where_they_should():
    """One of sixty is far off."""
    drawing = CalibrationDrawing(calibration_view())
    assert drawing.is_within.tolist() == [True] * 59 + [False]
    assert drawing.words == "98 % of 60 within their 90 % intervals"


def test_a_slice_reads_the_point_that_is_next():
    """With its interval, what a try is worth, and whether the limits hold."""
    found = DRAWINGS[0].read(0.55, None)
    assert found.title.startswith("temperature 0.5")
    assert [name for name, _, _ in found.rows] == ["Mean reward", "Worth a try", "Keeps the limits"]
