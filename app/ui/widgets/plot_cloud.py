"""Thousands of round marks as one picture: Qt takes a microsecond for each, numpy much less."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage, QPainter

WORD = 4
"""Bytes that a row of a picture takes must be a multiple of this."""


def draw_cloud(
    painter: QPainter, spots: NDArray[np.float64], around: QRectF, size_px: float, colour: QColor
) -> None:
    """Draw a mark `size_px` wide at each of `spots`, shape (n, 2), that lies in `around`.

    Where marks lie on each other they cover what is below as marks drawn one by one would. Of
    those that fall on the same pixel one is drawn; none of those that are not finite.
    """
    ratio = painter.device().devicePixelRatioF()
    corner = around.toAlignedRect().topLeft()
    width, height = round(around.width() * ratio), round(around.height() * ratio)
    across = np.round((spots[:, 0] - corner.x()) * ratio)
    down = np.round((spots[:, 1] - corner.y()) * ratio)
    is_inside = (across >= 0) & (across < width) & (down >= 0) & (down < height)
    if not is_inside.any():
        return
    column, row = across[is_inside].astype(np.intp), down[is_inside].astype(np.intp)
    # Only where there are marks: they often fill a part of the plot alone.
    left, top = int(column.min()), int(row.min())
    layers, most = cloud_layers(column - left, row - top, size_px * ratio)
    image = QImage(layers.data, layers.shape[1], layers.shape[0], QImage.Format.Format_Indexed8)
    image.setColorTable(_by_layers(colour, most))
    image.setDevicePixelRatio(ratio)
    reach = int(size_px * ratio // 2)
    place = QPointF(corner.x() + (left - reach) / ratio, corner.y() + (top - reach) / ratio)
    painter.drawImage(place, image)


def cloud_layers(
    column: NDArray[np.intp], row: NDArray[np.intp], diameter: float
) -> tuple[NDArray[np.uint8], int]:
    """Return how many marks `diameter` wide cover each pixel, and how many at most could.

    column, row: the marks' middles, shape (n,), n > 0, >= 0. The picture has half a mark more at
    each edge than they need, and rows of whole words.
    """
    reach = int(diameter // 2)
    height, width = int(row.max()) + 1, int(column.max()) + 1
    marks = np.zeros((height, width), np.uint8)
    marks[row, column] = 1
    steps = np.arange(-reach, reach + 1)
    is_round = np.hypot(*np.meshgrid(steps, steps)) <= diameter / 2
    wide = -(-(width + 2 * reach) // WORD) * WORD
    layers = np.zeros((height + 2 * reach, wide), np.uint8)
    # The whole picture moved by some pixels: a tenth of the time that single marks take.
    for down, across in np.argwhere(is_round).tolist():
        layers[down : down + height, across : across + width] += marks
    return layers, int(is_round.sum())


def _by_layers(colour: QColor, most: int) -> list[int]:
    """Return the colours of pixels that 0 to `most` marks on each other make, as 0xaarrggbb."""
    cover = 1 - (1 - colour.alphaF()) ** np.arange(most + 1)
    alpha = np.rint(255 * cover).astype(np.int64)
    return [int(each) << 24 | colour.rgb() & 0xFFFFFF for each in alpha]
