"""Thousands of round marks as one picture: Qt takes a microsecond for each, numpy much less."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage, QPainter

OPAQUE = 255


def draw_cloud(
    painter: QPainter, spots: NDArray[np.float64], around: QRectF, size_px: float, colour: QColor
) -> None:
    """Draw a mark `size_px` wide at each of `spots`, shape (n, 2), that lies in `around`.

    Where marks lie on each other they cover what is below as marks drawn one by one would; each
    spot may come once.
    """
    ratio = painter.device().devicePixelRatioF()
    corner = around.toAlignedRect().topLeft()
    width, height = (round(each * ratio) for each in (around.width(), around.height()))
    reach = int(size_px * ratio // 2)
    pixels = cloud_pixels(
        np.round((spots - (corner.x(), corner.y())) * ratio).astype(np.intp),
        (width, height),
        size_px * ratio,
        colour,
    )
    rows, columns = pixels.shape
    form = QImage.Format.Format_ARGB32_Premultiplied
    image = QImage(pixels.data, columns, rows, 4 * columns, form)
    image.setDevicePixelRatio(ratio)
    painter.drawImage(QPointF(corner.x() - reach / ratio, corner.y() - reach / ratio), image)


def cloud_pixels(
    spots: NDArray[np.intp], size: tuple[int, int], diameter: float, colour: QColor
) -> NDArray[np.uint32]:
    """Return pixels, their parts times their alpha, of marks `diameter` wide, with half a mark
    more at each edge than `size` (width, height); `spots`, shape (n, 2), that lie beyond it are
    left out.
    """
    width, height = size
    reach = int(diameter // 2)
    shape = (height + 2 * reach, width + 2 * reach)
    column, row = spots[((spots >= 0) & (spots < size)).all(axis=1)].T
    middles = (row + reach) * shape[1] + column + reach
    steps = np.arange(-reach, reach + 1)
    is_round = np.hypot(*np.meshgrid(steps, steps)) <= diameter / 2
    offsets = np.add.outer(steps * shape[1], steps)[is_round]
    layers = np.zeros(shape[0] * shape[1], np.uint8)
    for offset in offsets.tolist():
        layers[middles + offset] += 1  # no pixel is the middle of two
    found = np.zeros(len(layers), np.uint32)
    by_layers = _by_layers(colour, len(offsets))
    for offset in offsets.tolist():
        found[middles + offset] = by_layers[layers[middles + offset]]
    return found.reshape(shape)


def _by_layers(colour: QColor, most: int) -> NDArray[np.uint32]:
    """Return the pixel that 0 to `most` marks on each other make."""
    cover = 1 - (1 - colour.alphaF()) ** np.arange(most + 1)
    pixels = np.zeros(most + 1, np.uint32)
    for part in (1.0, colour.redF(), colour.greenF(), colour.blueF()):
        pixels = (pixels << 8) | np.rint(OPAQUE * cover * part).astype(np.uint32)
    return pixels
