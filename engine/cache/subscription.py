"""Messages that wait for one listener."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from engine.clock import Clock

MOST_WAITING = 10_000
"""Messages; a listener that falls behind further is told of a gap."""
MOST_SENDERS = 10_000
"""Processes of which the last number is remembered."""


@dataclass(frozen=True, slots=True)
class Message:
    """What was said in a channel."""

    channel: str
    value: Any
    """Whatever msgpack can hold; None in a gap."""
    sent_at: datetime
    """By the sender's clock, UTC; of a gap, when it was noticed."""
    is_gap: bool = False
    """Messages of this channel may have been missed here: read anew what they were about."""


class Subscription:
    """Yields messages until it is closed; leaving `async with` closes it."""

    def __init__(
        self,
        channels: tuple[str, ...],
        *,
        clock: Clock,
        close: Callable[[Subscription], Awaitable[None]],
    ) -> None:
        self.channels = channels
        self._clock = clock
        self._close = close
        self._waiting: deque[Message] = deque()
        self._dropped: dict[str, None] = {}
        self._numbers: dict[tuple[str, bytes], int] = {}
        self._arrived = asyncio.Event()
        self._is_closed = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message:
        while not self._waiting:
            if self._dropped:
                self._tell_dropped()
                continue
            if self._is_closed:
                raise StopAsyncIteration
            self._arrived.clear()
            await self._arrived.wait()
        return self._waiting.popleft()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop listening; what has arrived can still be read. May be called twice."""
        self._is_closed = True
        self._arrived.set()
        await self._close(self)

    def begin(self) -> None:
        """Note that listening begins anew: the numbers that are met first are right."""
        self._numbers.clear()

    def count(self, channel: str, sender: bytes, number: int) -> int:
        """Return how many messages of `sender` are missing before `number`; -1: it was here."""
        last = self._numbers.pop((channel, sender), None)
        self._numbers[channel, sender] = number if last is None else max(last, number)
        if len(self._numbers) > MOST_SENDERS:
            del self._numbers[next(iter(self._numbers))]
        if last is None:
            return 0
        return -1 if number <= last else number - last - 1

    def put(self, message: Message) -> bool:
        """Let `message` be read; False where too many wait, which is read as a gap later."""
        if len(self._waiting) >= MOST_WAITING:
            self._dropped[message.channel] = None
            return False
        self._tell_dropped()
        self._waiting.append(message)
        self._arrived.set()
        return True

    def put_gap(self, channel: str) -> None:
        """Let be read that messages of `channel` may have been missed."""
        self.put(Message(channel, None, self._clock.wall(), is_gap=True))

    def _tell_dropped(self) -> None:
        for channel in self._dropped:
            self._waiting.append(Message(channel, None, self._clock.wall(), is_gap=True))
        self._dropped.clear()
