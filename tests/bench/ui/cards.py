"""The GPU page with four cards that are read all the time, as often as it is drawn."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.theme import Theme
from app.ui.gpu_panel import GpuPanel
from app.ui.gpu_values import GpuView
from engine.gpu.cards import CardNow, CardReading, Group
from engine.gpu.history import CardHistory, Span
from engine.voice.ports import FloatArray
from tests.app.ui.gpu_worlds import LEASES, READING, READY, gpu_view

CARDS = 4
FRAMES = 240
BEAT_S = 0.5
"""The page is fed twice a second."""
PAINT_MS = 20
PAST_S = 86_400.0
PAST = np.r_[np.arange(0.0, 85_500.0, 60.0), np.arange(85_500.0, PAST_S, 0.5)]
"""A day, its last quarter of an hour as densely as cards are read."""


def measured_cards(span: Span) -> FloatArray:
    """Return the CPU time of the window's thread for each frame, shape (n,), in ms."""
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    panel = GpuPanel(Theme(app, "dark"))
    panel.resize(1072, 800)
    panel.show()
    panel.spans.show_value(span.value)
    QTest.qWaitForWindowExposed(panel)  # what is not on the screen yet is not painted
    histories = [CardHistory() for _ in range(CARDS)]
    for at_s in PAST.tolist():
        _read(histories, at_s)
    cpu_s = []
    for frame in range(FRAMES):
        now_s = PAST_S + frame * BEAT_S
        view = _view(_read(histories, now_s), now_s)
        began_s = time.thread_time()
        wish = panel.wish
        found = {
            (card_id, gauge): histories[int(card_id)].window(gauge, span, now_s)
            for card_id, gauge in wish.series
        }
        panel.show_snapshot(replace(view, histories=found, span=span))
        QTest.qWait(PAINT_MS)  # Qt paints some milliseconds later; waiting takes no CPU
        cpu_s.append(time.thread_time() - began_s)
    panel.close()
    return np.array(cpu_s[10:]).astype(np.float32) * 1000  # the first frames build caches


def _read(histories: list[CardHistory], at_s: float) -> list[CardReading]:
    """Let every card be read at `at_s`, under a load that swings."""
    found = []
    for number, history in enumerate(histories):
        swing = 0.5 + 0.4 * np.sin(at_s / 7 + number) + 0.1 * np.sin(at_s * 3)
        reading = replace(
            READING,
            busy_percent=round(100 * float(swing) / 1.1, 1),
            memory_used_mib=int(9000 + 4000 * swing),
        )
        history.add(at_s, reading, frozenset(Group))
        found.append(reading)
    return found


def _view(readings: list[CardReading], now_s: float) -> GpuView:
    cards = [
        CardNow(replace(READY.card, id=str(number)), reading, age_s=0.1)
        for number, reading in enumerate(readings)
    ]
    leases = replace(LEASES, rooms={card.card.id: LEASES.rooms[READY.card.id] for card in cards})
    view = gpu_view(*cards, leases=leases)
    return replace(view, resources=replace(view.resources, taken_s=now_s))
