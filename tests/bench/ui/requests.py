"""The Activity page at 60 Hz while a list of 100,000 requests is scrolled and grows."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np
from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtWidgets import QApplication

from app.activity_wiring import ActivityWiring
from app.bridge import Bridge
from app.garbage import Garbage
from app.problems import Problems
from app.theme import Theme
from app.ui.activity_panel import ActivityPanel
from app.ui.activity_values import ActivitySnapshot
from engine.activity import ActivitySettings
from engine.activity_log import ActivityLog
from engine.clock import SystemClock
from engine.loop import BackgroundLoop
from engine.voice.ports import FloatArray
from tests.bench.ui.made_requests import filled, made

REQUESTS = 100_000
FRAME_MS = 16
MEASURED_S = 8.0
STEP_PX = 400
"""A dozen rows a frame, as a wheel that is spun hard."""
FEED_EVERY = 15
NEW_A_FEED = 10


@dataclass(frozen=True, slots=True)
class Scrolled:
    """What was measured, each of shape (n,), in ms."""

    intervals_ms: FloatArray
    cpu_ms: FloatArray
    """Of the window's thread: scrolling, fetching, painting."""
    blank_share: float
    """Of the rows that were drawn: those that had not come yet."""


@dataclass
class OnlyActivity:
    """As much of the engines as the page asks for."""

    activity: ActivityLog


def measured_scrolling(*, is_pulled: bool) -> Scrolled:
    """Return the frames of a list that is wheeled, or pulled from end to end by its bar."""
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    with TemporaryDirectory() as home:
        path = Path(home) / "activity.sqlite"
        filled(path, REQUESTS)
        problems = Problems(Path(home), clock=SystemClock())
        loop = BackgroundLoop(on_error=problems.on_error)
        loop.start()
        log = ActivityLog(path=path, settings=ActivitySettings(keep_days=0), clock=SystemClock())
        loop.submit(log.start()).result()
        bridge = Bridge(loop, problems)
        wiring = ActivityWiring(
            bridge,
            engines=lambda: OnlyActivity(log),  # type: ignore[arg-type, return-value]
            ask=print,
            not_ready="",
        )
        panel = ActivityPanel(Theme(app, "dark"))
        wiring.connect_panel(panel)
        try:
            return _watch(app, panel, log, _pulled if is_pulled else _wheeled)
        finally:
            bridge.close()
            loop.submit(log.aclose()).result()
            loop.stop()
            problems.close()


def _wheeled(panel: ActivityPanel, frame: int) -> None:
    bar = panel.table.verticalScrollBar()
    bar.setValue(bar.value() + STEP_PX)


def _pulled(panel: ActivityPanel, frame: int) -> None:
    bar = panel.table.verticalScrollBar()
    there = 0.5 - 0.5 * np.cos(frame / 90)
    bar.setValue(int(bar.maximum() * there))


def _watch(
    app: QApplication,
    panel: ActivityPanel,
    log: ActivityLog,
    move: Callable[[ActivityPanel, int], None],
) -> Scrolled:
    panel.resize(1072, 800)
    panel.show()
    panel.show_snapshot(ActivitySnapshot(version=log.version, is_ready=True))
    _wait_for(lambda: panel.table.rows.total == REQUESTS)
    garbage = Garbage()
    garbage.settle()
    random = Random(1)
    painted_s: list[float] = []
    cpu_s: list[float] = []
    drawn = blank = 0

    def frame() -> None:
        nonlocal drawn, blank
        began_s, number = time.thread_time(), len(cpu_s)
        if number % FEED_EVERY == 0:
            for each in range(NEW_A_FEED):
                log.add(made(REQUESTS + number * NEW_A_FEED + each, random, time.time()))
            panel.show_snapshot(ActivitySnapshot(version=log.version, is_ready=True))
        move(panel, number)
        panel.table.viewport().repaint()
        painted_s.append(time.monotonic())
        cpu_s.append(time.thread_time() - began_s)
        top = panel.table.rowAt(0)
        rows = range(top, top + panel.table.viewport().height() // 34)
        drawn += len(rows)
        blank += sum(panel.table.rows.cells(row) is None for row in rows)

    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(frame)
    timer.start(FRAME_MS)
    QTimer.singleShot(int(MEASURED_S * 1000), app.quit)
    app.exec()
    timer.stop()
    garbage.close()
    panel.close()
    intervals = np.diff(np.array(painted_s[10:])).astype(np.float32) * 1000
    return Scrolled(intervals, np.array(cpu_s[10:]).astype(np.float32) * 1000, blank / drawn)


def _wait_for(is_there: Callable[[], bool]) -> None:
    # Not the application's own loop: to quit that would close the window.
    loop, timer = QEventLoop(), QTimer()
    timer.timeout.connect(lambda: loop.quit() if is_there() else None)
    timer.start(20)
    loop.exec()
    timer.stop()
