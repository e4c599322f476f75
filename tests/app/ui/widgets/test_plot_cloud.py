"""Tests of many marks as one picture."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter, QPixmap

from app.ui.widgets.plot_cloud import cloud_pixels, draw_cloud

RED = QColor(255, 0, 0, 110)


def pixels(*spots: tuple[int, int]) -> np.ndarray:
    return cloud_pixels(np.array(spots, np.intp).reshape(-1, 2), (20, 10), 2.5, RED)


def test_mark_is_round_and_in_its_colour():
    """A mark covers its pixel and the four beside it, in its colour times its alpha."""
    found = pixels((5, 3))
    rows, columns = np.nonzero(found)
    assert sorted(zip(columns.tolist(), rows.tolist(), strict=True)) == [
        (5, 4), (6, 3), (6, 4), (6, 5), (7, 4),
    ]  # fmt: skip
    assert {hex(each) for each in found[rows, columns]} == {"0x6e6e0000"}


def test_marks_on_each_other_cover_more():
    """Where two marks lie on each other less of what is below is seen."""
    found = pixels((5, 3), (6, 3)) >> 24
    assert found[4, 6] == found[4, 7] == round(255 * (1 - (1 - 110 / 255) ** 2))
    assert found[4, 5] == found[4, 8] == 110


def test_marks_beyond_the_edge_are_left_out():
    """Spots outside are no error, and leave nothing."""
    assert not pixels((-1, 3), (20, 3), (5, 10), (5, -4)).any()
    assert not pixels().any()


def test_cloud_lies_where_single_marks_would(qtbot):
    """The picture is painted at the very pixels of the spots, also on fine screens."""
    for ratio in (1.0, 2.0):
        picture = QPixmap(round(40 * ratio), round(30 * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(QColor("black"))
        painter = QPainter(picture)
        spots = np.array([[12.0, 9.0], [30.0, 20.0]])
        draw_cloud(painter, spots, QRectF(5, 5, 30, 20), 2.5, QColor("white"))
        painter.end()
        image = picture.toImage()
        for column, row in spots.tolist():
            at = (round(column * ratio), round(row * ratio))
            assert image.pixelColor(*at) == QColor("white")
        assert image.pixelColor(round(20 * ratio), round(15 * ratio)) == QColor("black")
