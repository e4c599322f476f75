"""The life of the window: first paint, then engines, then an orderly end from every state."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication

from app.preferences import Preferences, read_preferences, write_preferences
from app.problems import Problem, Problems
from app.single_instance import SingleInstance
from app.theme import Theme
from app.ui.main_window import TITLE, MainWindow
from engine.clock import SystemClock
from engine.errors import EngineError
from engine.folders import Folders

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.live_session import LiveSession
    from engine.assembly import Engines

PREFERENCES = "window.json"
DEMO = "Demo: simulated devices"
DEMO_S = 12.0
"""How long the simulated microphone is recorded before pictures are taken."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks of the window."""

    demo: bool = False
    screenshots: Path | None = None
    exit_after_first_paint: bool = False


def run_window(options: Options) -> int:
    """Open the window, live until it is closed, and return the exit status."""
    qt = QApplication(sys.argv[:1])
    qt.setApplicationName("universal-ai-tools")
    qt.setApplicationDisplayName(TITLE)
    qt.setDesktopFileName("universal-ai-tools")
    return Application(qt, Folders.of_user(), options).run()


class Application(QObject):
    """Everything that lives as long as the window.

    build: makes the engines; None takes `engine.assembly.build_engines`.
    """

    _reported = Signal(object)

    def __init__(
        self,
        qt: QApplication,
        folders: Folders,
        options: Options,
        *,
        build: Callable[[], Engines] | None = None,
    ) -> None:
        super().__init__()
        self._qt = qt
        self._folders = folders
        self._options = options
        self._build = build
        self._is_quitting = False
        self._end_wait: Callable[[], object] = qt.exit
        qt.setQuitOnLastWindowClosed(False)
        self.problems = Problems(folders.log, clock=SystemClock())
        self.problems.install()
        self._reported.connect(self._take_problem)
        self.problems.listener = self._reported.emit
        self._instance = SingleInstance(folders.data)

    def run(self) -> int:
        """Live until the window is closed and return the exit status."""
        try:
            if not self._instance.claim():
                sys.stdout.write(f"{TITLE} is open already: its window comes forward\n")
                return 0
            self._open_window()
            if self._options.exit_after_first_paint:
                return self._report_first_paint()
            return self._live_under_signals()
        finally:
            self._instance.release()
            self.problems.close()

    def quit(self) -> None:
        """Begin the orderly end; what is being recorded is finished first."""
        self._is_quitting = True
        self._end_wait()

    def _open_window(self) -> None:
        self._preferences = read_preferences(self._folders.config / PREFERENCES)
        self.theme = Theme(self._qt, self._preferences.theme)
        self.window = MainWindow(self.theme, badge=DEMO if self._options.demo else "")
        self.window.restore_saved(self._preferences.geometry)
        self.window.close_requested.connect(self.quit)
        self._instance.raise_requested.connect(self.window.come_forward)
        self.window.first_painted.connect(self._qt.exit)
        self.window.show()
        # Qt's own loop until the window is seen: importing asyncio takes longer than that.
        self._qt.exec()
        self.window.first_painted.disconnect(self._qt.exit)

    def _report_first_paint(self) -> int:
        from app.startup import first_paint_report

        sys.stdout.write(json.dumps(first_paint_report()) + "\n")
        self._close_window()
        return 0

    def _live_under_signals(self) -> int:
        import qasync

        from app.qt_messages import log_qt_messages
        from app.signals import Signals

        stop_logging = log_qt_messages()
        signals = Signals()
        signals.quit_requested.connect(self.quit)
        try:
            self._instance.listen()
            self._open_log()
            loop = qasync.QEventLoop(self._qt)
            loop.set_exception_handler(self.problems.on_loop)
            # Who wants the end from here on is heard by `_live`: without it the loop must not end.
            self._end_wait = _nothing
            with loop:
                loop.run_until_complete(self._live())
        finally:
            signals.close()
            stop_logging()
        return 0

    async def _live(self) -> None:
        import asyncio

        from app.live_session import LiveSession
        from app.playground_memory import PLAYGROUND_FILE, PlaygroundMemory

        stop = asyncio.Event()
        self._end_wait = stop.set
        # What is set in a demonstration is none of the user's own.
        path = None if self._options.demo else self._folders.data / PLAYGROUND_FILE
        memory = PlaygroundMemory(path)
        session = LiveSession(self.window, self.theme, self._folders, self.problems, memory=memory)
        if self.window.panel is None:  # else a key was faster, and has the say
            self.window.open_title(self._preferences.panel)
        session.begin(demo=self._options.demo, build=self._build)
        if self._is_quitting:
            stop.set()
        if self._options.screenshots:
            await self._photograph(session, self._options.screenshots)
        else:
            await stop.wait()
            self._save_preferences()
        self._instance.closing()
        self.window.hide()
        await session.end()
        self._close_window()

    async def _photograph(self, session: LiveSession, folder: Path) -> None:
        from app.screenshots import take_screenshots

        folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - nothing else runs yet
        await session.settle()
        if self._options.demo:
            await session.show_life(DEMO_S)
        for name in await take_screenshots(session, self.theme, folder):
            sys.stderr.write(f"{name}.png shows a page that was not ready in time\n")

    def _close_window(self) -> None:
        self.window.allow_close()
        self.window.close()

    def _open_log(self) -> None:
        try:
            self.problems.open_log()
        except OSError as error:
            self.problems.report(
                f"There is no log: {self._folders.log} cannot be written ({error.strerror}). "
                "Make the folder writable.",
                error,
            )

    def _save_preferences(self) -> None:
        panel = self.window.panel
        preferences = Preferences(
            geometry=self.window.saved_geometry(),
            panel=panel.title if panel else "",
            theme=self.theme.choice,
        )
        try:
            write_preferences(self._folders.config / PREFERENCES, preferences)
        except EngineError as error:
            self.problems.report(str(error), error)

    def _take_problem(self, problem: Problem) -> None:
        # Later, also on this thread: it may have come out of the middle of a paint.
        QTimer.singleShot(0, self, lambda: self._show_problem(problem))

    def _show_problem(self, problem: Problem) -> None:
        self.window.show_problem(problem.text, problem.details)


def _nothing() -> None:
    """What is wanted is noted elsewhere."""
