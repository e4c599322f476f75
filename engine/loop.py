"""The one background thread on which the engines' asyncio work runs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

ResultT = TypeVar("ResultT")


class BackgroundLoop:
    """An asyncio loop on a thread of its own.

    `on_error` hears of every exception that no caller is waiting for, on the loop's thread.
    """

    def __init__(self, *, on_error: Callable[[str, BaseException | None], None]) -> None:
        self._on_error = on_error
        self._is_stopping = False
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(self._report)
        self._thread = threading.Thread(target=self._run, name="engines", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def submit(self, work: Coroutine[Any, Any, ResultT]) -> Future[ResultT]:
        """Run `work` on the loop; cancelling the future cancels the work.

        Raises RuntimeError once `stop()` was called.
        """
        if self._is_stopping:
            work.close()
            raise RuntimeError("the engines' loop has stopped: nothing more can be run on it")
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def stop(self, *, timeout_s: float = 10.0) -> bool:
        """Cancel what still runs, end the thread, and return whether it ended in time.

        May be called twice, also after work that refused to end in time.
        """
        is_first_call, self._is_stopping = not self._is_stopping, True
        if self._thread.is_alive():
            if is_first_call:
                self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout_s)
        if self._thread.is_alive():
            return False
        if not self._loop.is_closed():
            self._loop.close()
        return True

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._cancel_rest()

    def _cancel_rest(self) -> None:
        while rest := asyncio.all_tasks(self._loop):  # a task may start another as it ends
            for task in rest:
                task.cancel()
            self._loop.run_until_complete(asyncio.wait(rest))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())

    def _report(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._on_error(str(context.get("message", "")), context.get("exception"))
