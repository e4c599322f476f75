"""A node and a directory that do what a test says, however badly."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from engine.cache.ports import Invalidated, Node, Put, Raise, Remove, Write
from engine.errors import OutsideError, Unreachable


@dataclass
class FakeNode:
    """A server in memory. `log` holds every batch that it was asked."""

    name: str = "fake:1"
    is_loopback: bool = True
    coherence: Literal["tracking", "messages", "none"] = "tracking"
    identity: str = "first"
    data: dict[bytes, bytes] = field(default_factory=dict)
    log: list[list[bytes] | list[Write]] = field(default_factory=list)
    opening: BaseException | asyncio.Event | None = None
    """What open() raises or waits for."""
    reading: BaseException | asyncio.Event | None = None
    """Likewise for read()."""
    writing: BaseException | asyncio.Event | None = None
    closing: BaseException | asyncio.Event | None = None
    refusing: OutsideError | None = None
    """What every Put is answered with."""
    opened: int = 0
    closed: int = 0
    cancelled: int = 0
    lost: Callable[[str], None] | None = None
    invalidated: Invalidated | None = None

    async def open(self, invalidated: Invalidated, lost: Callable[[str], None]) -> str:
        self.opened += 1
        self.invalidated, self.lost = invalidated, lost
        await self._obey(self.opening)
        return self.identity

    async def read(self, keys: Sequence[bytes]) -> list[bytes | None]:
        self.log.append(list(keys))
        found = [self.data.get(key) for key in keys]
        await self._obey(self.reading)
        return found

    async def write(self, writes: Sequence[Write]) -> list[int | OutsideError]:
        self.log.append(list(writes))
        outcomes = [self._do(write) for write in writes]
        await self._obey(self.writing)
        return outcomes

    async def close(self) -> None:
        self.closed += 1
        await self._obey(self.closing)

    def _do(self, write: Write) -> int | OutsideError:
        if isinstance(write, Put):
            if self.refusing is not None:
                return self.refusing
            self.data[write.key] = write.frame
        elif isinstance(write, Remove):
            return int(self.data.pop(write.key, None) is not None)
        elif isinstance(write, Raise):
            self.data[write.key] = b"%d" % (int(self.data.get(write.key, b"0")) + write.by)
            return int(self.data[write.key])
        return 1

    async def _obey(self, order: BaseException | asyncio.Event | None) -> None:
        if isinstance(order, BaseException):
            raise order
        try:
            await (order.wait() if order is not None else asyncio.sleep(0))
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


@dataclass
class FakeDirectory:
    """Names `nodes`; a key that begins with a node's name is on it, others on the first."""

    nodes: list[FakeNode] = field(default_factory=lambda: [FakeNode()])
    finding: OutsideError | asyncio.Event | None = None
    label: str = "fake"
    asked: int = 0
    is_closed: bool = False

    async def find(self) -> Sequence[Node]:
        self.asked += 1
        if isinstance(self.finding, asyncio.Event):
            await self.finding.wait()
        elif self.finding is not None:
            raise self.finding
        return list(self.nodes)

    def name_for(self, key: bytes) -> str:
        for node in self.nodes:
            if key.startswith(node.name.encode()):
                return node.name
        return self.nodes[0].name if self.nodes else "nobody"

    async def close(self) -> None:
        self.is_closed = True
        for node in self.nodes:
            await node.close()


GONE = Unreachable("the connection is gone")
