from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys

import pytest
import shiboken6
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from app import application, screenshots
from app.application import Application, Options
from app.preferences import Preferences, read_preferences, write_preferences
from app.ui.main_window import MainWindow
from engine.errors import Unreachable
from engine.voice.snapshot import VoiceSnapshot, VoiceState

LONGEST_MS = 20_000
AS_USUAL = Options()


@pytest.fixture(autouse=True)
def own_hooks():
    """Leave Python's hooks and signals as they were."""
    before = (sys.excepthook, signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT))
    yield
    after = (sys.excepthook, signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT))
    assert after == before


@pytest.fixture(autouse=True)
def lasting_things_left_alone():
    """Freeze for each test what the application thawed when it closed in the last one.

    Unlike elsewhere nothing is collected before: that is done once, after the last test.
    """
    gc.freeze()


@pytest.fixture
def live(qapp, folders, engines):
    """Return a function that runs the application until a condition holds, then acts."""
    apps = []

    def run(when, then=None, *, options=AS_USUAL, build=None):
        app = Application(qapp, folders, options, build=build or (lambda: engines))
        apps.append(app)
        waited, failed = QTimer(), []
        then = then or app.quit

        def look():
            if app.window.isVisible() and when(app):
                waited.stop()
                then()

        def give_up():
            failed.append("what was waited for did not happen")
            app.quit()

        limit = QTimer(singleShot=True)
        limit.timeout.connect(give_up)
        waited.timeout.connect(look)
        limit.start(LONGEST_MS)
        waited.start(5)
        status = app.run()
        limit.stop()
        waited.stop()
        assert failed == []
        return app, status

    yield run
    for app in apps:
        # Closed windows would still be restyled by every test that changes the theme.
        shiboken6.delete(app.window)
        shiboken6.delete(app.theme)


def has_started(engines):
    return lambda app: engines.life == ["start"]


def test_it_starts_and_quits(live, engines):
    """The window opens, the engines start after it, and closing it ends both."""
    app, status = live(has_started(engines))
    assert status == 0
    assert engines.life == ["start", "close"]
    assert not app.window.isVisible()


def test_closing_the_window_quits(live, engines):
    """The window's own close button begins the same orderly end."""
    live(has_started(engines), lambda: QApplication.activeWindow().close())
    assert engines.life == ["start", "close"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_quits(live, engines, number):
    """SIGTERM and Ctrl+C close the engines before the process ends."""
    live(has_started(engines), lambda: os.kill(os.getpid(), number))
    assert engines.life == ["start", "close"]


def test_quitting_while_the_engines_start(live, engines):
    """A start that hangs is cancelled, and what was built is closed."""
    engines.start_takes_forever = True
    live(has_started(engines))
    assert engines.life == ["start", "close"]


def test_a_signal_just_before_the_loop_runs_quits_in_order(live, engines, monkeypatch):
    """Who asks for the end once signals are heard, and before the loop runs, gets it."""
    log = Application._open_log

    def ask_and_log(app):
        os.kill(os.getpid(), signal.SIGTERM)
        log(app)

    monkeypatch.setattr(Application, "_open_log", ask_and_log)
    _, status = live(lambda app: False)
    assert status == 0


def test_quitting_before_the_engines_are_built(live, engines):
    """Closing the window at its first paint ends without any engine."""
    live(lambda app: True)
    assert engines.life in ([], ["close"], ["start", "close"])


def test_engines_that_fail_to_start_leave_the_window_usable(live, engines):
    """The error and its remedy stand above the page, and the pages still open."""
    engines.error = Unreachable("the port is taken: choose another")
    app, status = live(lambda app: "the port is taken" in app.window.strip.text)
    assert app.window.panel is not None
    assert status == 0
    assert engines.life == ["start", "close"]


def test_engines_that_cannot_be_built_leave_the_window_usable(live):
    """A mistake in the program is shown with its details, and the window stays."""

    def build():
        raise ZeroDivisionError("no engines today")

    app, status = live(lambda app: "no engines today" in app.window.strip.text, build=build)
    assert status == 0
    (problem,) = app.problems.journal.since().entries
    assert "ZeroDivisionError" in problem.details


def test_an_engine_that_did_not_start_is_named(live, engines):
    """What one engine said while starting is shown; the others go on."""
    engines.started_problems = ("No microphone: plug one in",)
    live(lambda app: app.window.strip.text == "No microphone: plug one in")


def test_an_exception_in_the_window_is_shown(live, engines):
    """A mistake in a slot neither ends the application nor vanishes."""

    def when(app):
        if has_started(engines)(app) and not app.window.strip.text:
            sys.excepthook(KeyError, KeyError("lost"), None)
        return "lost" in app.window.strip.text

    live(when)


def test_the_open_page_is_fed(live, engines):
    """The page shows what the engines say, without anyone telling it."""
    engines.voice.shown = VoiceSnapshot(taken_s=1.0, state=VoiceState.FAILED, problem="No model")
    live(lambda app: app.window.panel and "No model" in app.window.panel.attention.texts)


def test_the_page_that_was_open_opens_again(live, folders, engines):
    """Page, theme and geometry of the last run are taken up, and written at the end."""
    path = folders.config / application.PREFERENCES
    write_preferences(path, Preferences(panel="Settings", theme="light"))
    app, _ = live(has_started(engines))
    assert app.window.panel.title == "Settings"
    assert app.theme.choice == "light"
    app.theme.choose("dark")
    found = read_preferences(path)
    assert (found.panel, found.theme) == ("Settings", "light")
    assert found.geometry


def test_a_page_opened_by_keys_at_the_first_paint_stays(live, engines, monkeypatch):
    """Keys that are faster than the engines open their page: it stays, is fed, and works."""
    engines.voice.shown = VoiceSnapshot(taken_s=1.0, state=VoiceState.FAILED, problem="No model")
    notice_paint = MainWindow._notice_paint

    def press_and_notice(window):
        QTest.keyClick(window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
        notice_paint(window)

    monkeypatch.setattr(MainWindow, "_notice_paint", press_and_notice)
    shown = []

    def when(app):
        if not has_started(engines)(app):
            return False
        if not shown:
            shown.append(app.window.panel.title)
            app.window.panel.search_changed.emit("garden")
        words = [label.text() for label in app.window.panel.findChildren(QLabel)]
        return ("search_history", "garden") in engines.voice.asked and "No model" in words

    app, _ = live(when)
    assert shown == ["Voice"] == [app.window.panel.title]


def test_preferences_that_cannot_be_written_do_not_stop_the_end(live, folders, engines):
    """A full disk costs the window's place, nothing more."""
    folders.config.parent.mkdir(parents=True)
    folders.config.write_text("in the way")
    _, status = live(has_started(engines))
    assert status == 0
    assert engines.life == ["start", "close"]


def test_screenshots_of_every_page(live, engines, tmp_path, monkeypatch, capfd):
    """`--screenshots DIR` saves each page in light and dark, says what was late, and ends."""
    monkeypatch.setattr(screenshots, "SETTLE_S", 0.01)
    monkeypatch.setattr(screenshots, "MOST_WAIT_S", 0.05)
    options = Options(screenshots=tmp_path / "shots")
    app, status = live(lambda app: False, options=options)
    names = {path.name for path in (tmp_path / "shots").iterdir()}
    titles = sorted(title.lower() for title in app.window.titles)
    pages = {f"{title}_{theme}.png" for title in titles for theme in ("dark", "light")}
    assert pages < names
    assert {name.partition("-")[0] for name in names - pages} == {
        "cache", "gpu", "models", "parameters", "settings",
    }  # fmt: skip
    assert "parameters_dark.png shows a page that was not ready" in capfd.readouterr().err
    assert status == 0


def test_a_second_start_does_not_open_a_window(qapp, folders, engines, monkeypatch, capsys):
    """Where a first window answers, the second start says so and ends well."""
    monkeypatch.setattr(application.SingleInstance, "claim", lambda self: False)
    app = Application(qapp, folders, Options(), build=lambda: engines)
    assert app.run() == 0
    assert "open already" in capsys.readouterr().out
    assert engines.life == []


def test_a_close_that_hangs_is_left_after_a_while(live, engines, monkeypatch):
    """An engine that never closes does not keep the process for ever."""
    monkeypatch.setattr("app.live_session.CLOSE_S", 0.05)

    async def aclose():
        await asyncio.Event().wait()

    engines.aclose = aclose
    app, status = live(has_started(engines))
    assert status == 0
    assert "did not close" in app.problems.journal.since().entries[-1].text
