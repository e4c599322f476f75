"""Redis as the cache sees it: every question is answered soon or fails soon, whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random

from engine.cache.batch import fail
from engine.cache.lane import Lane
from engine.cache.lanes import Lanes
from engine.cache.ports import Directory, Invalidated, Node, Write
from engine.cache.settings import CacheSettings
from engine.cache.snapshot import CacheState, NodeStatus
from engine.circuit_breaker import BreakerLimits, CircuitBreaker
from engine.clock import Clock
from engine.errors import OutsideError, Unreachable

START_LIMIT_S = 0.4
"""How long starting and reconnecting wait for what becomes of it; it goes on in the background."""


class SecondTier:
    """The nodes of Redis, each on its own lane. Lives on one loop.

    restored: awaited when a node answers again, also the first time, before callers reach it; its
    own reads and writes go through. True: the node may lack what it had.
    invalidated: also called with None when a connection is gone and nothing is heard from it.
    tell: called after every change of `condition()` or `status()`.
    """

    def __init__(
        self,
        *,
        directory: Directory,
        settings: CacheSettings,
        clock: Clock,
        random: Random,
        invalidated: Invalidated,
        restored: Callable[[bool], Awaitable[None]],
        tell: Callable[[], None],
        limits: BreakerLimits | None = None,
    ) -> None:
        self._directory = directory
        self._settings = settings
        self._clock = clock
        self._random = random
        self._invalidated = invalidated
        self._restored = restored
        self._tell = tell
        self._limits = limits or BreakerLimits()
        self._lanes = Lanes(directory=directory, open_lane=self._open_lane, changed=self._change)
        self._by_name = self._lanes.by_name
        self._settled = asyncio.Event()
        self._turn = asyncio.Lock()
        """Nodes are restored one after the other: all of them out of one journal."""

    async def start(self) -> None:
        """Begin to look for Redis; return when it is known whether it answers, at most soon."""
        self._lanes.start()
        await self._settle()

    async def aclose(self) -> None:
        """Fail what is on its way and close everything. Never raises; may be called twice."""
        await self._lanes.aclose()

    async def reconnect(self) -> None:
        """Try now what does not work as it should; return when it is known, at most soon."""
        self._settled.clear()
        self._lanes.search()
        await self._settle()

    def read(self, key: bytes) -> asyncio.Future[bytes | None]:
        """Return what lies under `key`; the future fails with an OutsideError, at once or soon."""
        lane = self._by_name.get(self._directory.name_for(key)) if self._by_name else None
        if lane is not None and (lane.is_up or lane.admits()):
            return lane.traffic.read(key)
        future: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        fail(future, self._refusal(lane))
        return future

    def write(self, write: Write) -> asyncio.Future[int]:
        """Do `write`, return its number; the future fails with an OutsideError, at once or soon.

        Where it failed for want of an answer, Redis may have done it all the same.
        """
        lane = self._by_name.get(self._directory.name_for(write.key)) if self._by_name else None
        if lane is not None and (lane.is_up or lane.admits()):
            return lane.traffic.write(write)
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        fail(future, self._refusal(lane))
        return future

    @property
    def is_waited_for(self) -> bool:
        """True while the last answer of a node did not come in time."""
        return any(lane.is_waited_for for lane in self._by_name.values())

    def status(self) -> tuple[NodeStatus, ...]:
        """Return every node, by name."""
        return tuple(lane.status() for lane in self._lanes.sorted())

    def condition(self) -> tuple[CacheState, str]:
        """Return the state and why, with a remedy where something is missing."""
        lanes = self._lanes.sorted()
        problems = [problem for lane in lanes if (problem := lane.problem()) is not None]
        if not any(lane.is_up or lane.is_restoring for lane in lanes):
            return CacheState.MEMORY, _sentence(problems[0] if problems else str(self._lanes.error))
        if problems:
            count = f"{len(problems)} of {len(lanes)} servers: " if len(lanes) > 1 else ""
            return CacheState.DEGRADED, _sentence(count + problems[0])
        return CacheState.REDIS, f"Redis at {self._directory.label} answers."

    def _refusal(self, lane: Lane | None) -> OutsideError:
        if lane is not None:
            return lane.refusal()
        self._lanes.suspect()
        return self._lanes.error or Unreachable(
            f"{self._directory.label}: the server that has the key is being looked for"
        )

    def _open_lane(self, node: Node, is_stand_in: bool) -> Lane:
        return Lane(
            node=node,
            settings=self._settings,
            clock=self._clock,
            breaker=CircuitBreaker(clock=self._clock, random=self._random, limits=self._limits),
            invalidated=self._invalidated,
            restored=self._restore,
            changed=self._change,
            suspicious=self._lanes.suspect,
            is_stand_in=is_stand_in,
        )

    async def _restore(self, has_lost_data: bool) -> None:
        async with self._turn:
            await self._restored(has_lost_data)

    def _change(self) -> None:
        if self._lanes.have_settled():
            self._settled.set()
        self._tell()

    async def _settle(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(START_LIMIT_S):
                await self._settled.wait()


def _sentence(text: str) -> str:
    """Return `text` with a capital and a full stop."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")
