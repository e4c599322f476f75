"""What goes on in the background while `--demo` is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine


class DemoWork:
    """Runs `live` until it is closed."""

    def __init__(self, live: Callable[[], Coroutine[None, None, None]]) -> None:
        self._live = live
        self._work: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._work = asyncio.ensure_future(self._live())

    async def aclose(self) -> None:
        """Stop. Never raises; may be called twice."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)
