"""A theme, simulated engines and a window for tests of the application."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.bridge import Bridge
from app.problems import Problems
from app.theme import Theme
from app.ui.main_window import MainWindow
from app.ui.settings_panel import GROUPS
from app.wiring import Wiring
from engine.analytics.settings import AnalyticsSettings
from engine.analytics.snapshot import AnalyticsSnapshot
from engine.cache.snapshot import CacheSnapshot
from engine.coordinator.snapshot import CoordinatorSnapshot
from engine.folders import Folders
from engine.gateway.snapshot import GatewaySnapshot
from engine.gpu.snapshot import ResourceSnapshot
from engine.loop import BackgroundLoop
from engine.updates.snapshot import UpdateView
from engine.voice.snapshot import Utterance, VoiceSnapshot, VoiceState

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let Qt's warnings fail the tests of this folder, save one that is about no window of ours.

    The offscreen platform says that it has no window manager to tell a least size to.
    """
    harmless = pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints")
    for item in items:
        if HERE in item.path.parents and HERE / "ui" not in item.path.parents:
            item.add_marker(harmless)


@pytest.fixture(autouse=True, scope="module")
def garbage_on_qts_thread() -> Iterator[None]:
    """Collect what the tests of a file leave on this thread: Qt objects die on no other."""
    gc.disable()
    yield
    gc.collect()
    gc.enable()


@pytest.fixture(autouse=True)
def widgets_end_with_their_test() -> Iterator[None]:
    """Delete what the test closed.

    Qt itself waits for its next event loop; tens of thousands of widgets have been restyled and
    looked through by later tests until one had such a loop.
    """
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture(scope="session")
def theme(qapp: QApplication) -> Iterator[Theme]:
    """Return the dark theme, applied to the application."""
    theme = Theme(qapp, "dark")
    yield theme
    qapp.setStyleSheet("")


@pytest.fixture
def problems(folders: Folders, clock: Any) -> Iterator[Problems]:
    """Return where problems arrive; it has taken over nothing."""
    problems = Problems(folders.log, clock=clock)
    yield problems
    problems.close()


@dataclass
class FakeVoice:
    """Remembers what was asked of it."""

    asked: list[tuple[Any, ...]] = field(default_factory=list)
    error: Exception | None = None
    shown: VoiceSnapshot = VoiceSnapshot(taken_s=1.0, state=VoiceState.READY, device="Desk")

    def snapshot(self) -> VoiceSnapshot:
        """Return the one snapshot there is."""
        return self.shown

    async def search_history(self, query: str, *, limit: int = 200) -> tuple[Utterance, ...]:
        """Find nothing."""
        await self._ask("search_history", query)
        return ()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *values: self._ask(name, *values)

    async def _ask(self, *what: Any) -> None:
        self.asked.append(what)
        if self.error:
            raise self.error


class FakeEngines:
    """Engines that start when told to and remember what happened to them."""

    def __init__(self) -> None:
        self.voice = FakeVoice()
        self.resources = SimpleNamespace(snapshot=lambda: ResourceSnapshot(taken_s=1.0))
        self.cache = SimpleNamespace(snapshot=lambda: CacheSnapshot(taken_s=1.0))
        self.coordinator = SimpleNamespace(snapshot=lambda: CoordinatorSnapshot(taken_s=1.0))
        self.gateway = SimpleNamespace(snapshot=lambda: GatewaySnapshot(taken_s=1.0))
        self.analytics = SimpleNamespace(snapshot=lambda: AnalyticsSnapshot(taken_s=1.0))
        self.news = UpdateView()
        self.updates = SimpleNamespace(snapshot=lambda: self.news, look_now=self._look_now)
        groups = {name: kind() for name, kind in GROUPS.items()}
        self.settings = SimpleNamespace(**groups, analytics=AnalyticsSettings())
        self.started_problems: tuple[str, ...] = ()
        self.life: list[str] = []
        self.error: Exception | None = None
        self.start_takes_forever = False

    def _look_now(self) -> None:
        self.voice.asked.append(("look_now",))

    async def start(self) -> None:
        """Start, fail, or never come to an end, as the test wants."""
        self.life.append("start")
        if self.start_takes_forever:
            await asyncio.Event().wait()
        if self.error:
            raise self.error

    async def aclose(self) -> None:
        """Close."""
        self.life.append("close")

    async def change_setting(self, key: str, value: Any) -> Any:
        """Remember the change, or refuse it."""
        if self.error:
            raise self.error
        self.voice.asked.append(("change_setting", key, value))
        return self.settings


@pytest.fixture
def engines() -> FakeEngines:
    """Return engines that do nothing but remember."""
    return FakeEngines()


@pytest.fixture
def wiring(theme: Theme, problems: Problems, qtbot: QtBot) -> Iterator[Wiring]:
    """Return what connects a window's pages, with a loop of its own; pages are yet to be added."""
    loop = BackgroundLoop(on_error=problems.on_error)
    loop.start()
    window = MainWindow(theme)
    qtbot.addWidget(window, before_close_func=lambda window: window.allow_close())
    bridge = Bridge(loop, problems)
    yield Wiring(window, theme, bridge)
    bridge.close()
    assert loop.stop()
