"""To what the cache is attached now: to a Redis, or to the twins in this process."""

from __future__ import annotations

import asyncio
import itertools
import logging

from engine.cache.holdings import Holdings
from engine.cache.parts import Parts
from engine.cache.ports import Backend, OpenBackend
from engine.cache.settings import PASSWORD, CacheSettings
from engine.cache.snapshot import CacheState
from engine.errors import EngineError
from engine.keychain import SecretStore

_log = logging.getLogger(__name__)

TICK_S = 1.0
"""How often series are sampled."""
FACTS_TICKS = 5
"""Every so many ticks Redis is asked about itself."""
SWEPT = 2000
"""Entries of the first tier that are looked at for their end in a tick: a millisecond."""


class Attachment:
    """Attaches the holdings to a backend, and looks after both once a second."""

    def __init__(
        self,
        *,
        holdings: Holdings,
        open_backend: OpenBackend,
        twins: Backend,
        secrets: SecretStore,
    ) -> None:
        self.parts: Parts | None = None
        self._holdings = holdings
        self._open_backend = open_backend
        self._twins = twins
        self._secrets = secrets
        self._ticker: asyncio.Task[None] | None = None

    @property
    def running(self) -> Parts:
        """What works now. Raises RuntimeError before the start and after the end."""
        if self.parts is None:
            raise RuntimeError("the cache is not running: start it first")
        return self.parts

    async def attach(self, settings: CacheSettings) -> None:
        """Let go of what there was and connect as `settings` say.

        Raises SettingsError, Refused and Damaged where Redis cannot be used at all: a certificate
        or the keyring cannot be read. The cache works in this process then.
        """
        await self._detach()
        if self._ticker is None:
            self._ticker = asyncio.ensure_future(self._tick())
        problem: EngineError | None = None
        backend = self._twins
        if settings.url:
            try:
                password = await asyncio.to_thread(self._secrets.read, PASSWORD)
                backend = await asyncio.to_thread(self._open_backend, settings, password)
            except EngineError as error:
                problem = error
        self.parts = Parts(
            holdings=self._holdings, settings=settings, backend=backend, twins=self._twins
        )
        await self.parts.start()
        if problem is not None:
            self._holdings.condition.become(CacheState.MEMORY, str(problem))
            raise problem

    async def aclose(self) -> None:
        """Let go of everything. Never raises; may be called twice."""
        if self._ticker is not None:
            self._ticker.cancel()
            await asyncio.wait([self._ticker])
            self._ticker = None
        await self._holdings.aclose()
        await self._detach()
        self._holdings.condition.become(CacheState.STOPPED, "")

    async def _detach(self) -> None:
        parts, self.parts = self.parts, None
        if parts is not None:
            await parts.aclose()

    async def _tick(self) -> None:
        for count in itertools.count():
            await asyncio.sleep(TICK_S)
            try:
                self._holdings.look_after(SWEPT)
                if self.parts is not None:
                    await self.parts.catch_up()
                    if count % FACTS_TICKS == 0:
                        await self.parts.ask_servers()
            except Exception:  # noqa: BLE001 - the service's outer loop
                _log.exception("the cache could not be looked after")
