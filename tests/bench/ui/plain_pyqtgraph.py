"""The same observations in plain pyqtgraph: what the Parameters page is measured beside."""

from __future__ import annotations

import os
from importlib.util import find_spec

import numpy as np

from tests.bench.ui.parameters import CHANGES, OBSERVATIONS, SIZE, Drawn, watched

PLOTS = 2
"""As on the part of the page that shows trade-offs."""


def has_pyqtgraph() -> bool:
    """Tell whether it is installed here; nothing else needs it."""
    return find_spec("pyqtgraph") is not None


def measured_pyqtgraph() -> Drawn:
    """Return the frames of two scatter plots of so many marks, with one more each time."""
    os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")
    import pyqtgraph

    rng = np.random.default_rng(1)
    places = rng.lognormal(0.0, 0.3, (OBSERVATIONS + CHANGES, 2))
    window = pyqtgraph.GraphicsLayoutWidget()
    window.resize(*SIZE)
    marks = [
        window.addPlot().plot([], [], pen=None, symbol="o", symbolSize=3, symbolPen=None)
        for _ in range(PLOTS)
    ]

    def show(more: int) -> None:
        shown = places[more : OBSERVATIONS + more]
        for each in marks:
            each.setData(shown[:, 0], shown[:, 1])

    return watched(window, [lambda more=more: show(more) for more in range(CHANGES)])
