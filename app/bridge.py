"""The only crossing between Qt's thread and the engines' loop."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, Signal

from app.problems import Problems
from engine.errors import EngineError
from engine.loop import BackgroundLoop

ResultT = TypeVar("ResultT")
Done = Callable[[Any], None]
Failed = Callable[[str, str], None]
"""Takes what `Panel.show_problem` takes: the message and its details."""


class Handle:
    """Work under way on the engines' loop. Made by `Bridge.run`."""

    def __init__(self, future: Future[Any], done: Done | None, failed: Failed | None) -> None:
        self._future = future
        self._done = done
        self._failed = failed

    @property
    def is_done(self) -> bool:
        """Whether the work has ended, however; its callback may still be on the way."""
        return self._future.done()

    def cancel(self) -> None:
        """End the work; neither callback is called afterwards."""
        self._done = self._failed = None
        self._future.cancel()

    def settle(self, problems: Problems) -> None:
        """Pass the result or error on. For the bridge, on Qt's thread."""
        try:
            error = self._future.exception()
        except CancelledError:
            return
        if error is None:
            if self._done:
                self._done(self._future.result())
        elif not isinstance(error, EngineError):
            problems.on_error("", error)
        elif self._failed:
            self._failed(str(error), "".join(traceback.format_exception(error)))
        else:
            problems.report(str(error), error)


class Bridge(QObject):
    """Runs coroutines on the engines' loop and brings what becomes of them to Qt's thread."""

    _finished = Signal(object)

    def __init__(self, loop: BackgroundLoop, problems: Problems) -> None:
        super().__init__()
        self._loop = loop
        self._problems = problems
        self._open: set[Handle] = set()
        self._is_closed = False
        self._finished.connect(self._settle, Qt.ConnectionType.QueuedConnection)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way, and everything that ended was told."""
        return not self._open

    def run(
        self,
        work: Coroutine[Any, Any, ResultT],
        done: Callable[[ResultT], None] | None = None,
        failed: Failed | None = None,
    ) -> Handle:
        """Run `work`; `done(result)` or `failed(text, details)` follows on Qt's thread.

        An EngineError goes to `failed`, or to the problem strip where there is none. Any
        other exception is a mistake in the program and always goes to the problem strip.
        """
        future = self._loop.submit(work)
        handle = Handle(future, done, failed)
        self._open.add(handle)
        future.add_done_callback(lambda _: self._tell(handle))
        return handle

    def close(self) -> None:
        """Cancel what is under way; nothing is called back afterwards."""
        self._is_closed = True
        for handle in tuple(self._open):
            handle.cancel()

    # On the engines' thread.
    def _tell(self, handle: Handle) -> None:
        if not self._is_closed:
            self._finished.emit(handle)

    def _settle(self, handle: Handle) -> None:
        self._open.discard(handle)
        if not self._is_closed:
            handle.settle(self._problems)
