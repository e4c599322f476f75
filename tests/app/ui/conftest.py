"""A theme, a sound snapshot and a count of repaints for tests of widgets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.theme import Theme
from app.ui.parameters_panel import ParametersPanel
from app.ui.settings_panel import SettingsPanel
from engine.cache.snapshot import (
    CacheCounts,
    CacheSnapshot,
    CacheState,
    ChannelCount,
    FirstTierStatus,
    NamespaceCount,
    NodeStatus,
    Quantiles,
    ServerFacts,
)
from engine.circuit_breaker import BreakerState
from engine.voice.snapshot import (
    Device,
    StageView,
    Utterance,
    VoiceSnapshot,
    VoiceState,
    VoiceTraces,
)

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let Qt's warnings fail the tests of this folder, save one that is about no window of ours.

    The offscreen platform says that it has no window manager to tell a least size to.
    """
    harmless = pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints")
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(harmless)


class PaintCount(QObject):
    """How often a widget was painted."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.paints = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Count, and let everything through."""
        self.paints += event.type() == QEvent.Type.Paint
        return False


class CountPaints(Protocol):
    """Show a widget, wait for its first picture and count from there."""

    def __call__(self, widget: QWidget) -> PaintCount: ...


@pytest.fixture(scope="session")
def theme(qapp: QApplication) -> Iterator[Theme]:
    """Return the dark theme, applied to the application."""
    theme = Theme(qapp, "dark")
    yield theme
    qapp.setStyleSheet("")


@pytest.fixture
def paint_count() -> type[PaintCount]:
    """Return what counts the repaints of a widget that is shown already."""
    return PaintCount


@pytest.fixture
def count_paints(qtbot) -> CountPaints:
    """Return a function that shows a widget and counts its repaints from then on."""

    def show(widget: QWidget) -> PaintCount:
        qtbot.addWidget(widget)
        widget.resize(600, 200)
        widget.show()
        qtbot.waitExposed(widget)
        count = PaintCount(widget)
        QApplication.processEvents()
        count.paints = 0
        return count

    return show


@pytest.fixture
def traces() -> VoiceTraces:
    """Return 8 s of a tone that swells, with speech in its second half."""
    seconds = 92 + np.arange(250) * 0.032
    swell = np.linspace(0, 0.4, 1000, dtype=np.float32)
    rows = np.stack([seconds, np.repeat([0.1, 0.9], 125)], axis=1)
    return VoiceTraces(
        level_dbfs=np.stack([seconds, np.full(250, -20.0)], axis=1),
        speech=rows,
        waveform=np.stack([-swell, swell], axis=1),
        spectrum=np.tile(np.arange(64, dtype=np.uint8) * 4, (250, 1)),
        word_latency_s=np.array([[60.0, 0.3], [80.0, 0.4]]),
        final_latency_s=np.array([[70.0, 0.6]]),
    )


@pytest.fixture
def ready() -> VoiceSnapshot:
    """Return an engine that could record at once."""
    return VoiceSnapshot(
        taken_s=100.0,
        state=VoiceState.READY,
        device="Desk microphone",
        devices=(
            Device("hw:0", "Desk microphone", 1, 48000, True),
            Device("hw:1", "Headset", 2, 44100, False),
        ),
        model="base",
        compute="cpu int8: no CUDA device was found",
        stages=(
            StageView("high_pass", "High-pass", True, 200.0),
            StageView("noise_suppression", "Noise suppression", False, None),
        ),
    )


def utterances(count: int) -> tuple[Utterance, ...]:
    """Return `count` sentences, newest first, a minute apart."""
    newest = datetime(2026, 3, 1, 12, tzinfo=UTC)
    return tuple(
        Utterance(
            id=count - index,
            said_at=newest - timedelta(minutes=index),
            text=f"Sentence number {count - index}.",
            language="en",
            duration_s=2.0,
            source="microphone",
        )
        for index in range(count)
    )


@pytest.fixture(name="utterances")
def _utterances():
    """Return a function that makes sentences, newest first."""
    return utterances


@pytest.fixture
def rich_cache() -> CacheSnapshot:
    """Return a cache that is in use, with one Redis."""
    seconds = np.arange(760.0, 1000.0)
    rows = np.stack([seconds, 50 + 20 * np.sin(seconds / 30)], axis=1)
    return CacheSnapshot(
        taken_s=1000.0,
        state=CacheState.REDIS,
        since=datetime(2026, 3, 1, 12, tzinfo=UTC),
        address="127.0.0.1:6379",
        counts=CacheCounts(
            first_hits=700, second_hits=150, misses=150, raw_bytes=3400, framed_bytes=1000
        ),
        get=Quantiles(0.0042, 0.31, 1000),
        set=Quantiles(0.095, 1.2, 100),
        first_tier=FirstTierStatus(18_204, 32 << 20, 64 << 20),
        nodes=(
            NodeStatus(
                "127.0.0.1:6379",
                BreakerState.CLOSED,
                "tracking",
                latency=Quantiles(0.17, 0.82, 500),
            ),
        ),
        servers=(ServerFacts("127.0.0.1:6379", "7.0.15", "master", used_bytes=1 << 20, keys=48),),
        namespaces=(
            NamespaceCount("answers", 700, 100, 50, 60),
            NamespaceCount("models", 0, 50, 100, 7),
        ),
        channels=(ChannelCount("gpu.leases", 3, 5, 2, datetime(2026, 3, 1, 12, tzinfo=UTC)),),
        first_hit_percent=rows,
        second_hit_percent=rows / (1, 4),
        get_p50_ms=rows / (1, 1000),
        get_p99_ms=rows / (1, 100),
    )


@pytest.fixture
def parameters_page(theme: Theme, qtbot: QtBot) -> ParametersPanel:
    """Return the Parameters page on the screen, before it has anything to show."""
    page = ParametersPanel(theme)
    qtbot.addWidget(page)
    page.resize(1072, 800)
    page.show()
    qtbot.waitExposed(page)
    return page


@pytest.fixture
def settings_page(theme: Theme, qtbot: QtBot) -> SettingsPanel:
    """Return the Settings page on the screen, before it has anything to show."""
    page = SettingsPanel(theme)
    qtbot.addWidget(page)
    page.resize(1072, 800)
    page.show()
    qtbot.waitExposed(page)
    return page
