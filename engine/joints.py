"""Where one engine is another's outside: neither knows the other, these know both."""

from __future__ import annotations

import asyncio
import ipaddress
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from engine.cache.freshness import Freshness
from engine.cache.service import RedisService
from engine.coordinator.snapshot import EndpointView

ANSWERS = "answers"
"""Namespace of the cache in which answers of language models lie."""
HEALTH_CHANNEL = "endpoint-health"
MOST_UNSENT = 100
"""Observations that wait to be told to other hosts; older ones are worth nothing."""


class CachedAnswers:
    """The coordinator's `AnswerStore` in the cache engine: shared with other hosts by Redis."""

    def __init__(self, cache: RedisService) -> None:
        self._cache = cache

    async def fetch(
        self, key: str, make: Callable[[], Awaitable[bytes]], ttl_s: float, stale_s: float
    ) -> bytes:
        """Return the answer under `key`, made once however many ask. Raises what `make` raises."""
        freshness = Freshness(ttl_s=ttl_s, stale_if_error_s=stale_s, early=0.0)
        found: bytes = await self._cache.fetch(key, make, freshness, namespace=ANSWERS)
        return found

    async def get(self, key: str) -> bytes | None:
        """Return the answer under `key`, or None."""
        found = await self._cache.get(key, namespace=ANSWERS)
        return found if isinstance(found, bytes) else None

    async def put(self, key: str, answer: bytes, ttl_s: float) -> None:
        """Keep `answer`."""
        await self._cache.set(key, answer, ttl_s, namespace=ANSWERS)


class SharedHealth:
    """The router's `HealthChannel`: what hosts on the same Redis tell each other."""

    def __init__(self, cache: RedisService) -> None:
        self._cache = cache
        self._us = uuid.uuid4().hex
        self._unsent: asyncio.Queue[dict[str, Any]] = asyncio.Queue(MOST_UNSENT)
        self._tasks: list[asyncio.Task[None]] = []

    def publish(self, message: dict[str, Any]) -> None:
        """Tell the others, soon; nobody is told while nobody can be."""
        if not self._cache.settings.url:
            return
        if self._unsent.full():
            self._unsent.get_nowait()
        self._unsent.put_nowait({**message, "from": self._us})

    def listen(self, hear: Callable[[dict[str, Any]], None]) -> None:
        """Call `hear` with what others say until `aclose()`. Called once, on the engines' loop."""
        self._tasks = [
            asyncio.create_task(self._tell(), name="health told"),
            asyncio.create_task(self._hear(hear), name="health heard"),
        ]

    async def aclose(self) -> None:
        """Listen no more. May be called twice."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _tell(self) -> None:
        while True:
            await self._cache.messages.publish(HEALTH_CHANNEL, await self._unsent.get())

    async def _hear(self, hear: Callable[[dict[str, Any]], None]) -> None:
        async with self._cache.messages.subscribe(HEALTH_CHANNEL) as messages:
            async for message in messages:
                value = message.value
                if isinstance(value, dict) and value.get("from") != self._us:
                    hear({key: each for key, each in value.items() if key != "from"})


class ServersHere:
    """The coordinator's servers as those who give out graphics memory see them.

    endpoints: all that the coordinator knows. Only those on this machine hold memory here.
    """

    def __init__(self, endpoints: Callable[[], Sequence[EndpointView]]) -> None:
        self._endpoints = endpoints

    def addresses(self) -> list[str]:
        """Return the addresses of servers that run on this machine."""
        urls = (each.endpoint.url for each in self._endpoints() if each.endpoint.is_enabled)
        return [url for url in urls if _is_here(url)]

    def is_busy(self, server_url: str, model: str) -> bool:
        """Tell whether an answer of the server at `server_url` is under way."""
        place = urlsplit(server_url).netloc
        return any(
            each.in_flight > 0 and urlsplit(each.endpoint.url).netloc == place
            for each in self._endpoints()
        )


def _is_here(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
