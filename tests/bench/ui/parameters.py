"""The Parameters page over 10,000 observations, while nothing changes and while more come.

A frame is what the window's thread works between two rests of Qt's loop: nothing else, neither a
click nor another frame, comes in between. Pictures that were painted in turns are frames of their
own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from PySide6.QtCore import QAbstractEventDispatcher, QEventLoop, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from app.garbage import Garbage
from app.theme import Theme
from app.ui.parameters_panel import ParametersPanel
from app.ui.parameters_values import ParametersView
from engine.voice.ports import FloatArray
from tests.app.analytics_snapshots import columns, study, view

OBSERVATIONS = 10_000
CHANGES = 40
WARM = 5
"""The first changes build caches."""
BETWEEN_MS = 250
"""As often as the page is fed."""
SIZE = 1072, 800
SEEN_MS = 0.05
"""Shorter frames looked whether there was anything to do."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was measured, in ms of the thread's CPU time."""

    frames_ms: FloatArray
    """Shape (n,)."""
    changes_ms: FloatArray
    """All frames of each change together, shape (changes,)."""
    done_ms: FloatArray
    """From each change to the end of its last frame, by the clock, shape (changes,)."""


def measured_parameters(tab: int, *, is_changing: bool) -> Drawn:
    """Return the frames of the page's part `tab`, with one observation more each time or not."""
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    panel = ParametersPanel(Theme(app, "dark"))
    panel.resize(*SIZE)
    first = _view(0)
    shown = [_view(more) if is_changing else first for more in range(CHANGES)]
    panel.tabs.setCurrentIndex(tab)
    return watched(panel, [lambda each=each: panel.show_snapshot(each) for each in shown])


def watched(widget: QWidget, changes: list[Callable[[], None]]) -> Drawn:
    """Show `widget` and return its frames while `changes` are made to it, one after the other."""
    widget.show()
    QTest.qWaitForWindowExposed(widget)  # what is not on the screen yet is not painted
    loop, timer, left = QEventLoop(), QTimer(), iter(changes)
    dispatcher = QAbstractEventDispatcher.instance()
    ended_s = time.thread_time()
    frames: list[list[tuple[float, float]]] = []
    starts_s: list[float] = []

    def end() -> None:
        """Count what was worked since Qt's loop rested last; resting takes no CPU time."""
        nonlocal ended_s
        began_s, ended_s = ended_s, time.thread_time()
        took_ms = 1000 * (ended_s - began_s)
        if frames and took_ms > SEEN_MS:
            frames[-1].append((took_ms, time.monotonic()))

    def change() -> None:
        do = next(left, None)
        if do is None:
            loop.quit()
            return
        frames.append([])
        starts_s.append(time.monotonic())
        do()

    garbage = Garbage()
    garbage.settle()
    dispatcher.aboutToBlock.connect(end)
    timer.timeout.connect(change)
    timer.start(BETWEEN_MS)
    loop.exec()
    timer.stop()
    dispatcher.aboutToBlock.disconnect(end)
    garbage.close()
    widget.close()
    kept = [each or [(0.0, at_s)] for each, at_s in zip(frames, starts_s, strict=True)][WARM:]
    done_ms = [1000 * (e[-1][1] - at) for e, at in zip(kept, starts_s[WARM:], strict=True)]
    return Drawn(
        np.array([ms for each in kept for ms, _ in each], np.float32),
        np.array([sum(ms for ms, _ in each) for each in kept], np.float32),
        np.array(done_ms, np.float32),
    )


def _view(more: int) -> ParametersView:
    """Return the page's view of a study with so many answers more."""
    found = replace(columns(OBSERVATIONS), total=OBSERVATIONS + more)
    changed = study(columns=found, choices=OBSERVATIONS + more)
    seen = view()
    return replace(seen, analytics=replace(seen.analytics, studies=(changed,), version=10 + more))
