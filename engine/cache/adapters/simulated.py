"""A Redis that lives in this process: for demos, and for tests that need it to misbehave."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from typing import Literal

from engine.cache.codec import MAGIC, WRITTEN_OFFSET
from engine.cache.keys import DATA_IDENTITY, GENERATIONS, VALUES
from engine.cache.ports import Invalidated, Put, Raise, Remove, Write
from engine.clock import Clock
from engine.errors import OutsideError, Refused, Unreachable


class SimulatedServer:
    """What several nodes, as of several processes, talk to.

    A test may set any of the public attributes at any time.
    """

    def __init__(self, *, clock: Clock, name: str = "simulated:6379") -> None:
        self.name = name
        self.is_running = True
        """False: nobody can connect."""
        self.is_silent = False
        """True: what is asked from now on is done, but not answered."""
        self.delay_s = 0.0
        """What every answer takes."""
        self.refusal: Refused | None = None
        """What whoever wants to store something is told."""
        self._clock = clock
        self._stored: dict[bytes, tuple[bytes, float | None]] = {}
        self._starts = 0
        self._nodes: list[SimulatedNode] = []

    def stop(self) -> None:
        """End it: every connection is lost, and its data too."""
        self.is_running = False
        self._stored.clear()
        for node in list(self._nodes):
            node.lose("the server has ended")

    def start(self) -> None:
        """Let it run, without data where it was stopped."""
        self.is_running = True
        self._starts += 1

    def flush(self) -> None:
        """Remove everything, as FLUSHALL does."""
        self._stored.clear()
        for node in list(self._nodes):
            node.hear(None)

    def keys(self) -> list[bytes]:
        """Return every key that has not ended."""
        return [key for key in list(self._stored) if self.get(key) is not None]

    def get(self, key: bytes) -> bytes | None:
        """Return what is stored under `key`."""
        value, ends_s = self._stored.get(key, (None, None))
        if ends_s is not None and self._clock.now() >= ends_s:
            del self._stored[key]
            return None
        return value

    def ttl_s(self, key: bytes) -> float | None:
        """Return how long what is stored under `key` lasts; None where it never ends."""
        _, ends_s = self._stored.get(key, (None, None))
        return None if ends_s is None else ends_s - self._clock.now()

    def do(self, write: Write, by: SimulatedNode | None = None) -> int | OutsideError:
        """Do `write` of a node, or of somebody who has none; every other node hears of it."""
        if self.refusal is not None and isinstance(write, Put | Raise):
            return self.refusal
        outcome = self._done(write)
        if outcome and write.key.startswith((VALUES, GENERATIONS)):
            for node in list(self._nodes):
                if node is not by:
                    node.hear([write.key])
        return outcome

    def welcome(self, node: SimulatedNode) -> str:
        """Connect a node; return the identity of the data. Raises Unreachable."""
        if not self.is_running:
            raise Unreachable(f"{self.name} does not run; start it")
        self._nodes.append(node)
        if self.get(DATA_IDENTITY) is None:
            self._stored[DATA_IDENTITY] = (secrets.token_hex(8).encode(), None)
        return f"{self._stored[DATA_IDENTITY][0].decode()} {self._starts}"

    def part(self, node: SimulatedNode) -> None:
        """Disconnect a node; nothing happens where it is not connected."""
        if node in self._nodes:
            self._nodes.remove(node)

    def _done(self, write: Write) -> int:
        there = self.get(write.key)
        if isinstance(write, Remove):
            self._stored.pop(write.key, None)
            return int(there is not None)
        if isinstance(write, Raise):
            number = int(there or b"0") + write.by
            self._stored[write.key] = (b"%d" % number, None)
            return number
        if not _may_store(write, there):
            return 0
        self._stored[write.key] = (write.frame, self._clock.now() + write.ttl_ms / 1000)
        return 1


class SimulatedNode:
    """One connection to a simulated server; see `ports.Node`."""

    def __init__(self, server: SimulatedServer, *, is_loopback: bool = True) -> None:
        self._server = server
        self._is_loopback = is_loopback
        self._invalidated: Invalidated | None = None
        self._lost: Callable[[str], None] | None = None
        self._waiting: set[asyncio.Future[None]] = set()

    @property
    def name(self) -> str:
        """What the server is called."""
        return self._server.name

    @property
    def is_loopback(self) -> bool:
        """Whether it counts as being on this machine."""
        return self._is_loopback

    @property
    def coherence(self) -> Literal["tracking", "messages", "none"]:
        """Always "tracking": it hears at once what others write."""
        return "tracking"

    async def open(self, invalidated: Invalidated, lost: Callable[[str], None]) -> str:
        """Connect; return the data's identity. Raises Unreachable while the server is stopped."""
        await self.close()
        await asyncio.sleep(self._server.delay_s)
        identity = self._server.welcome(self)
        self._invalidated, self._lost = invalidated, lost
        await self._answer()
        return identity

    async def read(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return what is stored under `keys`. Raises Unreachable where it is not open."""
        self._check_open()
        values = [self._server.get(key) for key in keys]
        await self._answer()
        return values

    async def write(self, writes: Sequence[Write]) -> list[int | OutsideError]:
        """Do `writes` in their order. Raises Unreachable where it is not open."""
        self._check_open()
        outcomes = [self._server.do(write, by=self) for write in writes]
        await self._answer()
        return outcomes

    async def close(self) -> None:
        """Disconnect; whoever waits for an answer gets Unreachable."""
        self._end("it was closed")

    def hear(self, keys: Sequence[bytes] | None) -> None:
        """Be told by the server what others wrote."""
        if self._invalidated is not None:
            self._invalidated(keys)

    def lose(self, reason: str) -> None:
        """Be told by the server that the connection is gone."""
        lost = self._lost
        self._end(reason)
        if lost is not None:
            lost(reason)

    def _end(self, reason: str) -> None:
        self._server.part(self)
        self._invalidated = self._lost = None
        for future in self._waiting:
            if not future.done():
                future.set_exception(Unreachable(f"{self.name}: {reason}"))
        self._waiting.clear()

    async def _answer(self) -> None:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[None] = loop.create_future()
        self._waiting.add(answer)
        if not self._server.is_silent and self._server.delay_s:
            loop.call_later(self._server.delay_s, _arrive, answer)
        elif not self._server.is_silent:
            loop.call_soon(_arrive, answer)
        try:
            await answer
        finally:
            self._waiting.discard(answer)

    def _check_open(self) -> None:
        if self._lost is None:
            raise Unreachable(f"there is no connection to {self.name}")


class SimulatedDirectory:
    """One simulated server; see `ports.Directory`."""

    def __init__(self, server: SimulatedServer) -> None:
        self._node = SimulatedNode(server)

    @property
    def label(self) -> str:
        """What the server is called."""
        return self._node.name

    async def find(self) -> Sequence[SimulatedNode]:
        """Return its node."""
        return (self._node,)

    def name_for(self, key: bytes) -> str:
        """Return the name of its node, which has every key."""
        return self._node.name

    async def close(self) -> None:
        """Close its node."""
        await self._node.close()


def _may_store(write: Put, there: bytes | None) -> bool:
    if there is None or write.when == "always":
        return True
    return write.when == "newer" and not _is_newer(there, write.frame)


def _is_newer(frame: bytes, than: bytes) -> bool:
    time = slice(WRITTEN_OFFSET, WRITTEN_OFFSET + 8)
    return frame.startswith(MAGIC) and frame[time] > than[time]


def _arrive(answer: asyncio.Future[None]) -> None:
    if not answer.done():
        answer.set_result(None)
