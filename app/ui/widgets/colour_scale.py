"""Colour scales whose steps look equally far apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# OKLab: Björn Ottosson, "A perceptual color space for image processing", 2020.
_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def oklab(colours: Sequence[str]) -> NDArray[np.float64]:
    """Return "#rrggbb" `colours` in OKLab, shape (n, 3): lightness in [0, 1], a, b."""
    srgb = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in colours])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ _TO_CONES.T) @ _TO_LAB.T)


def _srgb_bytes(lab: NDArray[np.float64]) -> NDArray[np.uint8]:
    linear = (lab @ np.linalg.inv(_TO_LAB).T) ** 3 @ np.linalg.inv(_TO_CONES).T
    linear = np.clip(linear, 0, 1)
    srgb = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.round(srgb * 255), dtype=np.uint8)


def colour_table(stops: Sequence[str], *, low: int = 0, high: int = 255) -> list[int]:
    """Return 256 colours as 0xffrrggbb: the first stop up to `low`, the last from `high` on.

    Between the stops hue and chroma go straight through OKLab while the lightness moves in
    equal steps from the first stop's to the last's, so that equal differences in loudness look
    equally large and none is hidden or invented by the colours.
    """
    lab = oklab(stops)
    places = np.linspace(low, high, len(stops))
    index = np.arange(256)
    mixed = np.stack([np.interp(index, places, lab[:, axis]) for axis in range(3)], axis=1)
    mixed[:, 0] = np.interp(index, (low, high), (lab[0, 0], lab[-1, 0]))
    red, green, blue = _srgb_bytes(mixed).astype(int).T
    return [int(colour) for colour in 0xFF000000 | red << 16 | green << 8 | blue]
