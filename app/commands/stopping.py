"""Ctrl+C and SIGTERM as a wish to stop, for commands that run until then."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import signal
from collections.abc import Iterator
from types import FrameType


@contextlib.contextmanager
def stopped_by_signals(stop: asyncio.Event) -> Iterator[None]:
    """Set `stop`, on the running loop, when somebody wants this process to end.

    Whoever asks twice waits for nothing more: KeyboardInterrupt ends the loop. Python's own
    handlers, and not the loop's, because Windows has no others.
    """
    wishes = itertools.count(1)
    loop = asyncio.get_running_loop()

    def wish(number: int, frame: FrameType | None) -> None:
        if next(wishes) > 1:
            raise KeyboardInterrupt
        loop.call_soon_threadsafe(stop.set)

    before = {number: signal.signal(number, wish) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
