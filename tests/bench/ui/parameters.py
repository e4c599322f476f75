"""The Parameters page over 10,000 observations, while nothing changes and while one more comes."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.theme import Theme
from app.ui.parameters_panel import ParametersPanel
from app.ui.parameters_values import ParametersView
from engine.voice.ports import FloatArray
from tests.app.analytics_snapshots import columns, study, view

OBSERVATIONS = 10_000
FRAMES = 60
WARM = 5
"""The first frames build caches."""
PAINT_MS = 20
SIZE = 1072, 800


def measured_parameters(tab: int, *, is_changing: bool) -> FloatArray:
    """Return the CPU time of the window's thread for each frame, shape (n,), in ms."""
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    panel = ParametersPanel(Theme(app, "dark"))
    panel.resize(*SIZE)
    panel.show()
    QTest.qWaitForWindowExposed(panel)  # what is not on the screen yet is not painted
    panel.tabs.setCurrentIndex(tab)
    shown, cpu_s = _view(0), []
    for frame in range(FRAMES):
        if is_changing:
            shown = _view(frame)
        began_s = time.thread_time()
        panel.show_snapshot(shown)
        QTest.qWait(PAINT_MS)  # Qt paints some milliseconds later; waiting takes no CPU
        cpu_s.append(time.thread_time() - began_s)
    panel.close()
    return np.array(cpu_s[WARM:]).astype(np.float32) * 1000


def _view(more: int) -> ParametersView:
    """Return the page's view of a study with so many answers more."""
    found = replace(columns(OBSERVATIONS), total=OBSERVATIONS + more)
    changed = study(columns=found, choices=OBSERVATIONS + more)
    seen = view()
    return replace(seen, analytics=replace(seen.analytics, studies=(changed,), version=10 + more))
