"""A second tier that answers from a dictionary, for tests of what stands before it."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

from engine.cache.codec import WRITTEN_OFFSET
from engine.cache.ports import Put, Raise, Remove, Write
from engine.errors import Unreachable


@dataclass
class RedisTwin:
    """Reads and writes at once; can be away, and can hold an answer back."""

    stored: dict[bytes, bytes] = field(default_factory=dict)
    is_away: bool = False
    held: deque[asyncio.Event] = field(default_factory=deque)
    """Each makes one read wait, after it was answered, until it is set."""
    reads: int = 0
    writes: list[Write] = field(default_factory=list)

    async def read(self, key: bytes) -> bytes | None:
        """Return what is stored."""
        self._check()
        self.reads += 1
        answer = self.stored.get(key)
        if self.held:
            await self.held.popleft().wait()
        return answer

    async def write(self, write: Write) -> int:
        """Do `write`."""
        self._check()
        self.writes.append(write)
        match write:
            case Put():
                return self._put(write)
            case Remove():
                return int(self.stored.pop(write.key, None) is not None)
            case Raise():
                number = int(self.stored.get(write.key, b"0")) + write.by
                self.stored[write.key] = b"%d" % number
                return number

    def _check(self) -> None:
        if self.is_away:
            raise Unreachable("Redis is away: wait")

    def _put(self, put: Put) -> int:
        before = self.stored.get(put.key)
        if before is not None and put.when == "absent":
            return 0
        if before is not None and put.when == "newer" and _written(before) > _written(put.frame):
            return 0
        self.stored[put.key] = put.frame
        return 1


def _written(frame: bytes) -> int:
    return int.from_bytes(frame[WRITTEN_OFFSET : WRITTEN_OFFSET + 8], "big")
