"""Messages that must not be lost: logs that are read from any point."""

from __future__ import annotations

import asyncio
import secrets
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import msgspec

from engine.cache.keys import check_text
from engine.cache.ports import Streams
from engine.cache.sharing import Sharing
from engine.clock import Clock
from engine.errors import OutsideError

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 2.0
"""Between attempts to read again, doubled each time."""
WAIT_S = 5.0
"""One question for news takes this long at most."""
AT_ONCE = 200
"""Messages that are read in one go."""
MOST_WAITING = 10_000
"""Of one log, while Redis is away; beyond it the oldest are lost."""

Pause = Callable[[float], Awaitable[None]]
"""Waits for seconds."""


class Frame(msgspec.Struct, array_like=True, frozen=True):
    """A message as it is stored, as msgpack."""

    sender: bytes
    """A random word of the process."""
    number: int
    """Of the sender; it grows. A message with a smaller one than the last was stored twice."""
    value: msgspec.Raw


@dataclass(slots=True, eq=False)
class _Waiting:
    frame: bytes
    keep: int
    stored_id: str | None = None


@dataclass(slots=True)
class _Log:
    """What this process writes to one log."""

    waiting: deque[_Waiting] = field(default_factory=deque)
    """Not stored yet, oldest first."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Messages are stored one after the other, in the order of their numbers."""


class Log:
    """Appends to logs and follows them, across restarts of Redis."""

    def __init__(
        self,
        *,
        streams: Streams,
        clock: Clock,
        tally: defaultdict[str, int],
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._streams = streams
        self._sharing = Sharing(is_shared=lambda: True, clock=clock)
        self._tally = tally
        self._pause = pause
        self._word = secrets.token_bytes(8)
        self._numbers = count(1)
        self._logs: defaultdict[str, _Log] = defaultdict(_Log)

    def attach(self, streams: Streams) -> None:
        """Store in `streams` from now on, and follow them."""
        self._streams = streams
        self._sharing.resume()

    @property
    def unsaved(self) -> int:
        """Messages that Redis does not have yet."""
        return sum(len(log.waiting) for log in self._logs.values())

    async def append(self, stream: str, value: object, keep: int = 10_000) -> str | None:
        """Add `value` and return its id; of the log about the newest `keep` stay.

        None where Redis is away: it is stored later, in its order, and followers see it then.
        Raises TypeError for what msgspec cannot write.
        """
        check_text(stream)
        payload = msgspec.Raw(msgspec.msgpack.encode(value))
        frame = msgspec.msgpack.encode(Frame(self._word, next(self._numbers), payload))
        log, entry = self._logs[stream], _Waiting(frame, keep)
        log.waiting.append(entry)
        if len(log.waiting) > MOST_WAITING:
            log.waiting.popleft()
            self._tally["forgotten"] += 1
        await self._store(stream, log)
        return entry.stored_id

    async def restore(self) -> None:
        """Store what waits for Redis."""
        self._sharing.resume()
        for stream, log in list(self._logs.items()):
            await self._store(stream, log)

    async def follow(self, stream: str, after: str = "") -> AsyncGenerator[tuple[str, Any], None]:
        """Yield (id, value) of each message after `after`, then of each new one, for ever.

        after: an id of before; "" begins at the oldest that is there. Whatever happens to Redis,
        nothing is left out and nothing comes twice.
        """
        last: dict[bytes, int] = {}
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                rows = await self._streams.read(stream, after, AT_ONCE)
                if not rows:
                    await self._streams.wait(stream, after, WAIT_S)
            except OutsideError:
                await self._pause(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
                continue
            pause_s = FIRST_PAUSE_S
            for after, message in rows:
                frame = self._decoded(message)
                if frame is not None and frame.number > last.get(frame.sender, 0):
                    last[frame.sender] = frame.number
                    yield after, msgspec.msgpack.decode(frame.value)

    async def _store(self, stream: str, log: _Log) -> None:
        """Store what waits, oldest first, while Redis answers.

        One that was stored without an answer is stored again: its number tells those who read.
        """
        async with log.turn:
            while log.waiting and self._sharing.is_on:
                entry = log.waiting[0]
                try:
                    entry.stored_id = await self._streams.append(stream, entry.frame, entry.keep)
                except OutsideError as error:
                    self._sharing.note(error)
                    return
                if log.waiting and log.waiting[0] is entry:
                    log.waiting.popleft()

    def _decoded(self, message: bytes) -> Frame | None:
        try:
            frame = msgspec.msgpack.decode(message, type=Frame)
            msgspec.msgpack.decode(frame.value)
        except (msgspec.DecodeError, ValueError, RecursionError):
            self._tally["damaged"] += 1
            return None
        return frame
