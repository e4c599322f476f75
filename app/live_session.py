"""The window with engines behind it: from the first paint to the last thread's end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from app.bridge import Bridge
from app.chat_turns import ChatTurns
from app.garbage import Garbage
from app.playground_memory import PlaygroundMemory
from app.problems import Problems
from app.pulse import Pulse
from app.sources import Sources
from app.theme import Theme
from app.ui.main_window import MainWindow
from app.ui.panel import Panel
from app.wiring import Wiring
from engine.folders import Folders
from engine.loop import BackgroundLoop

if TYPE_CHECKING:
    from engine.assembly import Engines

CLOSE_S = 30.0
"""Engines that have not closed by then are left; what they recorded is on the disk."""


class EngineRoom:
    """Builds, starts and closes the engines. Every method runs on the engines' loop."""

    def __init__(self) -> None:
        self._engines: Engines | None = None
        self._starting: asyncio.Task[None] | None = None

    async def build(self, build: Callable[[], Engines]) -> Engines:
        """Return the engines, not yet started."""
        self._engines = build()
        return self._engines

    async def start(self) -> tuple[str, ...]:
        """Start the engines and return what did not start, each with its remedy."""
        assert self._engines is not None
        self._starting = asyncio.ensure_future(self._engines.start())
        await self._starting
        problems: tuple[str, ...] = self._engines.started_problems
        return problems

    async def close(self) -> None:
        """Close what was built, in whatever state it is."""
        if self._starting and not self._starting.done():
            self._starting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._starting
        if self._engines:
            await self._engines.aclose()


class LiveSession:
    """Bridge, pulse and wiring between `window` and the engines."""

    def __init__(
        self,
        window: MainWindow,
        theme: Theme,
        folders: Folders,
        problems: Problems,
        *,
        memory: PlaygroundMemory | None = None,
    ) -> None:
        self.window = window
        self._folders = folders
        self._problems = problems
        self._room = EngineRoom()
        self.loop = BackgroundLoop(on_error=problems.on_error)
        self._bridge = Bridge(self.loop, problems)
        self._pulse = Pulse(window)
        turns = ChatTurns()
        self._sources = Sources(theme, folders, problems, turns)
        self._wiring = Wiring(window, theme, self._bridge, turns, memory)
        self.engines: Engines | None = None
        self._is_settled = asyncio.Event()
        self._told: tuple[str, ...] = ()
        window.page_built.connect(self._wiring.add)
        window.page_opened.connect(self._feed)
        window.files_dropped.connect(self._wiring.take_files)
        self._take_over(window)

    def begin(self, *, demo: bool, build: Callable[[], Engines] | None = None) -> None:
        """Start the engines in the background; the window is usable meanwhile."""
        # Before there is a second thread that could collect a window.
        self._garbage = Garbage()
        self.loop.start()
        make = build or (lambda: _build(self._folders, demo))
        self._bridge.run(self._room.build(make), done=self._adopt, failed=self._failed)

    @property
    def shown(self) -> object:
        """The snapshot that the open page shows; None before its first."""
        return self._pulse.drawn

    @property
    def is_answered(self) -> bool:
        """Whether nothing is under way that a page has asked for."""
        return self._bridge.is_idle

    async def settle(self) -> None:
        """Return when the engines have started, or have failed to."""
        await self._is_settled.wait()

    async def show_life(self, seconds: float) -> None:
        """Record for `seconds`, so that pages have something to show."""
        if self.engines is not None:
            work = self.engines.voice.start_recording()
            await asyncio.wait([asyncio.wrap_future(self.loop.submit(work))])
            await asyncio.sleep(seconds)

    async def end(self) -> None:
        """Close the engines and end their thread; returns when nothing is left running."""
        self._pulse.stop()
        self._bridge.close()
        closed = asyncio.wrap_future(self.loop.submit(self._room.close()))
        await asyncio.wait([closed], timeout=CLOSE_S)
        if not closed.done():
            closed.cancel()
            self._problems.report(f"The engines did not close within {CLOSE_S:.0f} s")
        elif not closed.cancelled() and (error := closed.exception()):
            self._problems.on_error("", error)
        if not self.loop.stop():
            self._problems.report("The engines' thread did not end; the process ends it")
        self._garbage.close()

    def _take_over(self, window: MainWindow) -> None:
        """Serve the pages that keys opened before anybody listened, as at the first paint."""
        for panel in window.built:
            self._wiring.add(panel)
        if window.panel is not None:
            self._feed(window.panel)

    def _adopt(self, engines: Engines) -> None:
        self.engines = engines
        self._sources.use(engines)
        self._wiring.use(engines)
        self._bridge.run(self._room.start(), done=self._started, failed=self._failed)

    def _started(self, problems: tuple[str, ...]) -> None:
        self._tell_news()
        self._sources.started()
        self._wiring.started()
        self._garbage.settle()
        self._is_settled.set()

    def _tell_news(self) -> None:
        """Show what the engines have said since the last time, each thing once."""
        said = self.engines.started_problems if self.engines else ()
        if said is not self._told:
            for problem in said:
                if problem not in self._told:
                    self._problems.report(problem)
            self._told = said

    def _failed(self, text: str, details: str) -> None:
        self._problems.report(f"The engines did not start: {text}")
        self._is_settled.set()

    def _feed(self, panel: Panel) -> None:
        read = self._sources.of(panel)

        def look() -> object:
            self._tell_news()
            return read()

        self._pulse.feed(panel, look)


def _build(folders: Folders, demo: bool) -> Engines:
    # Read on the engines' thread: numpy and the engines take a tenth of a second and more.
    from engine.assembly import build_engines

    return build_engines(folders, demo=demo)
