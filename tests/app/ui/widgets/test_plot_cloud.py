"""Tests of many marks as one picture."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap

from app.ui.widgets.plot_cloud import cloud_layers, draw_cloud

RED = QColor(255, 0, 0, 110)


def layers(*spots: tuple[int, int]) -> np.ndarray:
    column, row = np.array(spots, np.intp).T
    return cloud_layers(column, row, 2.5)[0]


def painted(spots: list[tuple[float, float]], colour: QColor) -> QImage:
    picture = QPixmap(20, 10)
    picture.fill(QColor("black"))
    painter = QPainter(picture)
    draw_cloud(painter, np.array(spots, float).reshape(-1, 2), QRectF(0, 0, 20, 10), 2.5, colour)
    painter.end()
    return picture.toImage()


def test_mark_is_round():
    """A mark covers its pixel and the four beside it."""
    found = layers((5, 3))
    rows, columns = np.nonzero(found)
    assert sorted(zip(columns.tolist(), rows.tolist(), strict=True)) == [
        (5, 4), (6, 3), (6, 4), (6, 5), (7, 4),
    ]  # fmt: skip


def test_marks_on_each_other_cover_more(qtbot):
    """Where two marks lie on each other less of what is below is seen; one twice is one."""
    found = painted([(5, 3), (6, 3), (5, 3)], RED)
    once, twice = (round(255 * (1 - (1 - 110 / 255) ** count)) for count in (1, 2))
    assert [found.pixelColor(column, 3).red() for column in (3, 4, 5, 6, 7, 8)] == [
        0, once, twice, twice, once, 0,
    ]  # fmt: skip


def test_marks_beyond_the_edge_are_left_out(qtbot):
    """Spots outside, or nowhere, are no error and leave nothing."""
    black = painted([], RED)
    assert painted([(-1, 3), (20, 3), (5, 10), (5, -4), (np.nan, 3), (3, np.inf)], RED) == black
    assert painted([(5, 3)], RED) != black


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
