from __future__ import annotations

import asyncio
import sys
from types import SimpleNamespace

import pytest

from app import screenshots
from app.screenshots import is_known, take_screenshots
from app.theme import Theme
from app.ui.gpu_values import GpuView
from app.ui.main_window import MainWindow, PageEntry
from app.ui.panel import Panel
from app.ui.parameters_values import ParametersView
from app.ui.widgets.tab_strip import TabStrip
from engine.analytics.snapshot import AnalyticsSnapshot


class Plain(Panel):
    title = "Plain"


class Tabbed(Panel):
    title = "Tabbed"

    def __init__(self, theme):
        super().__init__(theme)
        self.tabs = TabStrip(theme, "Parts", ("First", "Leases and queue", "Hidden", "About"))
        self.tabs.setTabVisible(2, False)
        self.body.addWidget(self.tabs)


class FakeSession:
    """Shows nothing for the first `looks` looks, and is asked something for as many more."""

    def __init__(self, window, looks=0):
        self.window = window
        self._unknown, self._unanswered = looks, looks

    @property
    def shown(self):
        self._unknown -= 1
        return None if self._unknown >= 0 else "a snapshot"

    @property
    def is_answered(self):
        self._unanswered -= 1
        return self._unanswered < 0


@pytest.fixture
def window(qapp, qtbot, monkeypatch):
    monkeypatch.setattr(screenshots, "SETTLE_S", 0.001)
    monkeypatch.setitem(sys.modules, "pages", SimpleNamespace(Plain=Plain, Tabbed=Tabbed))
    pages = (
        PageEntry("Plain", "overview", where="pages:Plain"),
        PageEntry("Tabbed", "settings", where="pages:Tabbed"),
    )
    window = MainWindow(Theme(qapp, "dark"), pages=pages)
    qtbot.addWidget(window, before_close_func=lambda window: window.allow_close())
    return window


def take(session, folder):
    return asyncio.run(take_screenshots(session, session.window._theme, folder))


def test_each_tab_that_shows_is_pictured(window, tmp_path):
    """A page gives one picture as it opens, and one for each further tab, in both themes."""
    assert take(FakeSession(window), tmp_path) == ()
    views = ("plain", "tabbed", "tabbed-about", "tabbed-leases-and-queue")
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == sorted(f"{view}_{theme}.png" for view in views for theme in ("dark", "light"))
    assert window.panel.tabs.currentIndex() == 0


def test_a_page_is_waited_for(window, tmp_path):
    """No page is pictured before it has a snapshot and an answer to what it asked."""
    session = FakeSession(window, looks=20)
    assert take(session, tmp_path) == ()
    assert session._unknown < 0
    assert session._unanswered < 0


def test_what_does_not_come_is_named(window, tmp_path, monkeypatch):
    """The waiting ends, everything is pictured all the same, and what is not ready is told."""
    monkeypatch.setattr(screenshots, "MOST_WAIT_S", 0.01)
    early = take(FakeSession(window, looks=10**6), tmp_path)
    assert sorted(f"{name}.png" for name in early) == sorted(p.name for p in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("snapshot", "expected"),
    [
        (None, False),
        ("anything", True),
        (GpuView(), False),
        (GpuView(is_ready=True), True),
        (ParametersView(is_ready=True), False),
        (ParametersView(AnalyticsSnapshot(taken_s=0.0, version=1), is_ready=True), True),
        (ParametersView(AnalyticsSnapshot(taken_s=0.0, version=1)), False),
    ],
)
def test_what_is_known(snapshot, expected):
    """A page knows what to show once the engines work and what was learnt has been read."""
    assert is_known(snapshot) is expected
