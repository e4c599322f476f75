"""Sessions, messages, logs, leases and counters: what processes share beside values."""

from __future__ import annotations

import asyncio

from engine.cache.counters import Counters
from engine.cache.holdings import Holdings
from engine.cache.leases import Leases
from engine.cache.log import Log
from engine.cache.messages import Messages
from engine.cache.ports import Backend
from engine.cache.sessions import Sessions
from engine.cache.settings import CacheSettings


class SharedState:
    """Stands on one backend after the other, and hands the next what the one before did not get.

    twins: what serves while Redis is away, and where none is configured.
    """

    def __init__(self, *, holdings: Holdings, settings: CacheSettings, twins: Backend) -> None:
        clock, tally = holdings.clock, holdings.tally
        self._holdings = holdings
        self._turn = asyncio.Lock()
        self._is_alone = True
        """True without a Redis: the twins are all there is."""
        self._last_url = ""
        """Of the last Redis."""
        self._is_elsewhere = False
        """Whether this Redis is another one than before, and knows nothing of our sessions."""
        self.sessions = Sessions(
            store=twins.sessions,
            twin=twins.sessions,
            is_shared=self._is_redis_asked,
            clock=clock,
            default_ttl_s=settings.session_ttl_s,
            tally=tally,
        )
        self.messages = Messages(
            channels=twins.channels, is_shared=self._is_redis_asked, clock=clock, tally=tally
        )
        self.log = Log(streams=twins.streams, clock=clock, tally=tally)
        holder = f"{holdings.random.getrandbits(128):032x}"
        self.leases = Leases(store=twins.leases, holder=holder, clock=clock)
        self.counters = Counters(
            store=twins.counters,
            is_shared=lambda: self._is_alone or self._is_redis_asked(),
            clock=clock,
        )

    async def attach(self, backend: Backend, settings: CacheSettings) -> None:
        """Use `backend` from now on: the Redis at `settings.url`, or the twins."""
        self._is_alone = backend.directory is None
        if not self._is_alone:
            self._is_elsewhere |= self._last_url not in ("", settings.url)
            self._last_url = settings.url
        self.use(settings)
        self.sessions.attach(backend.sessions)
        self.log.attach(backend.streams)
        self.leases.attach(backend.leases, is_shared=not self._is_alone)
        self.counters.attach(backend.counters)
        await self.messages.attach(backend.channels)

    def use(self, settings: CacheSettings) -> None:
        """Take what of `settings` needs no other connection."""
        self.sessions.default_ttl_s = settings.session_ttl_s

    async def restore(self, has_lost_data: bool) -> None:
        """Hand over what the backend, which answers now, did not get; all after a loss."""
        async with self._turn:
            if not self._is_alone:
                is_empty, self._is_elsewhere = has_lost_data or self._is_elsewhere, False
                await self.sessions.restore(is_empty)
            await self.counters.restore()
            await self.log.restore()

    async def catch_up(self) -> None:
        """Hand over what Redis did not answer or refused, where it answers and there is such."""
        if self.sessions.unsaved or self.counters.unsaved or self.log.unsaved:
            await self.restore(has_lost_data=False)

    async def aclose(self) -> None:
        """End every subscription. Never raises; may be called twice."""
        await self.messages.aclose()

    def _is_redis_asked(self) -> bool:
        return not self._is_alone and self._holdings.is_shared
