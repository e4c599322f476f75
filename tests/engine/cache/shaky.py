"""What is shared, failing when a test says so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from engine.errors import OutsideError, TimedOut, Unreachable

AWAY = Unreachable("Redis at test: away")
LATE = TimedOut("Redis at test: late")


class Shaky:
    """A store in front of `store`.

    fault: raised by every call, None where it works. is_done: the call is carried out before, as
    by a server whose answer is lost. asked: calls so far.
    """

    def __init__(self, store: Any) -> None:
        self.store = store
        self.fault: OutsideError | None = None
        self.is_done = False
        self.asked = 0

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method = getattr(self.store, name)

        async def call(*words: Any, **options: Any) -> Any:
            self.asked += 1
            if self.fault is not None and not self.is_done:
                raise self.fault
            answer = await method(*words, **options)
            if self.fault is not None:
                raise self.fault
            return answer

        return call
