"""Opens the way to each server, and closes it once nobody uses it any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

from engine.clock import Clock
from engine.coordinator.fleet import Fleet
from engine.coordinator.link import Link
from engine.coordinator.ports import ProviderFactory
from engine.coordinator.settings import CoordinatorSettings, Endpoint


class Roster:
    """Keeps the fleet as the endpoints say. For the engines' loop."""

    def __init__(
        self,
        *,
        fleet: Fleet,
        providers: ProviderFactory,
        key: Callable[[str], str],
        settings: Callable[[], CoordinatorSettings],
        clock: Clock,
        random: Random,
    ) -> None:
        self._fleet = fleet
        self._providers = providers
        self._key = key
        self._settings = settings
        self._clock = clock
        self._random = random
        self._retired: set[Link] = set()
        self._closing: set[asyncio.Task[None]] = set()

    def put(self, endpoint: Endpoint) -> Link:
        """Add the server, or change it; a new way is opened where the old one leads elsewhere."""
        old = self._fleet.get(endpoint.name)
        if old is not None and _is_same_way(old.endpoint, endpoint):
            old.use(endpoint)
            self._fleet.reindex()
            return old
        return self._open(
            endpoint, None if old is None or old.endpoint.url != endpoint.url else old
        )

    def reopen(self, link: Link) -> Link:
        """Open a new way to the same server: what a provider is given has changed."""
        return self._open(link.endpoint, link)

    def remove(self, name: str) -> Endpoint | None:
        """Forget the server `name`; requests under way end by themselves."""
        link = self._fleet.remove(name)
        if link is None:
            return None
        self._retire(link)
        return link.endpoint

    async def aclose(self) -> None:
        """Close every way. Never raises; may be called twice."""
        for link in (*self._fleet.links, *self._retired):
            await link.provider.aclose()
        self._retired.clear()
        while self._closing:
            await asyncio.wait(self._closing)
        await self._providers.aclose()

    def _open(self, endpoint: Endpoint, before: Link | None) -> Link:
        name = endpoint.name
        link = Link(
            endpoint=endpoint,
            provider=self._providers.open(endpoint, lambda: self._key(name), self._settings()),
            key=lambda: self._key(name),
            clock=self._clock,
            random=self._random,
        )
        link.use(endpoint)
        if before is not None:
            link.inherit(before)
        replaced = self._fleet.put(link)
        if replaced is not None:
            self._retire(replaced)
        return link

    def _retire(self, link: Link) -> None:
        if link.in_flight:
            self._retired.add(link)
            link.when_idle = lambda: self._close(link)
        else:
            self._close(link)

    def _close(self, link: Link) -> None:
        self._retired.discard(link)
        task = asyncio.create_task(link.provider.aclose(), name=f"close {link.name}")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def _is_same_way(old: Endpoint, new: Endpoint) -> bool:
    """Tell whether both are reached alike, whatever else differs."""
    return (old.kind, old.url, old.headers) == (new.kind, new.url, new.headers)
