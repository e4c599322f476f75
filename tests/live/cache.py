"""The whole cache on a real Redis, for tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from random import Random
from typing import Any

from engine.cache.adapters.memory_backend import memory_backend
from engine.cache.adapters.redis_backend import redis_backend
from engine.cache.dictionary import shipped_dictionary
from engine.cache.service import RedisService
from engine.cache.settings import CacheSettings
from engine.cache.snapshot import CacheState
from engine.clock import SystemClock

PATIENCE_S = 20.0
STORY_S = 40.0
"""Whatever hangs fails then."""


class Secrets:
    """A keychain in memory."""

    label = "memory"

    def __init__(self, **secrets: str) -> None:
        self.kept = secrets

    def read(self, name: str) -> str | None:
        """Return a secret."""
        return self.kept.get(name)

    def write(self, name: str, secret: str) -> None:
        """Keep a secret."""
        self.kept[name] = secret

    def remove(self, name: str) -> None:
        """Forget a secret."""
        self.kept.pop(name, None)


def cache_at(url: str, *, secrets: Secrets | None = None, **settings: object) -> RedisService:
    """Return a cache, not yet started, on the Redis at `url`."""
    return RedisService(
        settings=CacheSettings(url=url, **settings),  # type: ignore[arg-type]
        open_backend=redis_backend,
        twins=memory_backend(),
        secrets=secrets or Secrets(),
        dictionary=shipped_dictionary(),
        clock=SystemClock(),
        random=Random(),
    )


@asynccontextmanager
async def caches(*urls: str, **settings: object) -> AsyncIterator[list[RedisService]]:
    """Return one running cache for each of `urls`; afterwards no task is left."""
    before = asyncio.all_tasks()
    made = [cache_at(url, **settings) for url in urls]  # type: ignore[arg-type]
    try:
        for cache in made:
            await cache.start()
        yield made
    finally:
        for cache in made:
            await cache.aclose()
    assert asyncio.all_tasks() <= before


def run(story: Coroutine[Any, Any, None]) -> None:
    """Run `story`; fails where it hangs."""

    async def watched() -> None:
        async with asyncio.timeout(STORY_S):
            await story

    asyncio.run(watched())


async def until(is_so: Callable[[], bool], *, within_s: float = PATIENCE_S) -> None:
    """Wait until `is_so()`."""
    async with asyncio.timeout(within_s):
        while not is_so():  # noqa: ASYNC110 - what changes does not tell
            await asyncio.sleep(0.01)


async def until_state(cache: RedisService, state: CacheState) -> None:
    """Wait until `cache` is in `state`."""
    await until(lambda: cache.snapshot().state is state)
