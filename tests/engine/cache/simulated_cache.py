"""The whole cache on a simulated Redis, for tests."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from engine.cache.adapters.memory_backend import memory_backend
from engine.cache.adapters.simulated import SimulatedDirectory, SimulatedServer
from engine.cache.dictionary import shipped_dictionary
from engine.cache.ports import Backend
from engine.cache.service import RedisService
from engine.cache.settings import CacheSettings
from engine.cache.snapshot import ServerFacts
from engine.clock import Clock, SystemClock
from engine.errors import EngineError, OutsideError

LIMIT_S = 30.0
HERE, THERE = "redis://here:6379/0", "redis://there:6379/0"


class Secrets:
    """A keychain in memory that can be slow or locked."""

    label = "memory"

    def __init__(self, **kept: str) -> None:
        self.kept = kept
        self.fault: EngineError | None = None
        self.may_read = threading.Event()
        self.may_read.set()

    def read(self, name: str) -> str | None:
        """Return a secret, once it may be read."""
        assert self.may_read.wait(LIMIT_S)
        self._check()
        return self.kept.get(name)

    def write(self, name: str, secret: str) -> None:
        """Keep a secret."""
        self._check()
        self.kept[name] = secret

    def remove(self, name: str) -> None:
        """Forget a secret."""
        self._check()
        self.kept.pop(name, None)

    def _check(self) -> None:
        if self.fault is not None:
            raise self.fault


class SimulatedInspector:
    """Tells what a simulated server holds."""

    def __init__(self, server: SimulatedServer) -> None:
        self._server = server
        self.fault: OutsideError | None = None
        self.swept: list[bytes] = []

    async def facts(self) -> Sequence[ServerFacts]:
        """Return the server's name."""
        await asyncio.sleep(0)
        if self.fault is not None:
            raise self.fault
        return (ServerFacts(name=self._server.name, version="7.0", role="master"),)

    async def scan(self, prefix: bytes, limit: int) -> Sequence[tuple[bytes, float | None, int]]:
        """Return keys; all of them stay for a minute."""
        stored = self._server.keys()
        keys = sorted(key for key in stored if key.startswith(prefix))
        return [(key, 60.0, len(self._server.get(key) or b"")) for key in keys[:limit]]

    async def remove_under(self, prefix: bytes) -> int:
        """Note that old keys are swept."""
        await asyncio.sleep(0)
        self.swept.append(prefix)
        if self.fault is not None:
            raise self.fault
        return 0


@dataclass
class Outside:
    """Simulated servers by URL, and what was opened and closed."""

    clock: Clock = field(default_factory=SystemClock)
    fault: EngineError | None = None
    """Raised instead of opening."""

    def __post_init__(self) -> None:
        self.servers: dict[str, SimulatedServer] = {}
        self.shared: dict[str, Backend] = {}
        self.inspectors: dict[str, SimulatedInspector] = {}
        self.opened: list[tuple[CacheSettings, str | None]] = []
        self.closed = 0

    def server(self, url: str = HERE) -> SimulatedServer:
        """Return the server at `url`."""
        if url not in self.servers:
            self.servers[url] = SimulatedServer(clock=self.clock, name=url.split("/")[2])
            self.shared[url] = memory_backend(self.clock)
            self.inspectors[url] = SimulatedInspector(self.servers[url])
        return self.servers[url]

    def open(self, settings: CacheSettings, password: str | None) -> Backend:
        """Return what uses the server at `settings.url`."""
        self.opened.append((settings, password))
        if self.fault is not None:
            raise self.fault

        async def close() -> None:
            self.closed += 1

        directory = SimulatedDirectory(self.server(settings.url))
        inspector = self.inspectors[settings.url]
        shared = self.shared[settings.url]
        return replace(shared, directory=directory, inspector=inspector, close=close)


def cache_on(
    outside: Outside, url: str = HERE, *, secrets: Secrets | None = None, **settings: object
) -> RedisService:
    """Return a cache, not yet started, at `url`; "" for none."""
    return RedisService(
        settings=CacheSettings(url=url, **settings),  # type: ignore[arg-type]
        open_backend=outside.open,
        twins=memory_backend(outside.clock),
        secrets=secrets or Secrets(),
        dictionary=shipped_dictionary(),
        clock=outside.clock,
        random=Random(7),
    )


@asynccontextmanager
async def running(
    outside: Outside, url: str = HERE, *, secrets: Secrets | None = None, **settings: object
) -> AsyncIterator[RedisService]:
    """Run a cache."""
    async with cache_on(outside, url, secrets=secrets, **settings) as cache:
        yield cache


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run `work`, in limited time; no task may be left."""

    async def limited() -> None:
        async with asyncio.timeout(LIMIT_S):
            await work()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"left behind: {left}"

    asyncio.run(limited())


async def until(is_so: Callable[[], bool]) -> None:
    """Wait until `is_so()`."""
    while not is_so():  # noqa: ASYNC110 - what changes does not tell
        await asyncio.sleep(0.001)
