"""To what the cache is attached now: to a Redis, or to the twins in this process."""

from __future__ import annotations

import asyncio
import itertools
import logging

from engine.cache.holdings import Holdings
from engine.cache.parts import Parts
from engine.cache.ports import Backend, OpenBackend
from engine.cache.settings import PASSWORD, CacheSettings
from engine.cache.shared_state import SharedState
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
        shared: SharedState,
        open_backend: OpenBackend,
        twins: Backend,
        secrets: SecretStore,
    ) -> None:
        self.parts: Parts | None = None
        self.is_wanted = False
        """True from the first `attach()` until `aclose()`."""
        self._holdings = holdings
        self._shared = shared
        self._open_backend = open_backend
        self._twins = twins
        self._secrets = secrets
        self._ticker: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        """One change after the other: each lets go of what the one before has built."""
        self._asked = 0
        self._changing: set[asyncio.Task[EngineError | None]] = set()

    @property
    def running(self) -> Parts:
        """What works now. Raises RuntimeError before the start and after the end."""
        if self.parts is None:
            raise RuntimeError("the cache is not running: start it first")
        return self.parts

    async def attach(self, settings: CacheSettings) -> None:
        """Connect as `settings` say and let go of what there was; callers notice misses at most.

        Of several at once the last one counts. Raises SettingsError, Refused and Damaged where
        Redis cannot be used at all: a certificate or the keyring cannot be read. The cache works in
        this process then.
        """
        self.is_wanted = True
        self._asked += 1
        task = asyncio.ensure_future(self._become(settings, self._asked))
        self._changing.add(task)
        task.add_done_callback(self._changing.discard)
        # A caller that is cancelled leaves no half connection behind.
        problem = await asyncio.shield(task)
        if problem is not None:
            raise problem

    async def aclose(self) -> None:
        """Let go of everything. Never raises; may be called twice."""
        self.is_wanted = False
        self._asked += 1
        if self._changing:
            await asyncio.wait(self._changing)
        async with self._turn:
            ticker, self._ticker = self._ticker, None
            if ticker is not None:
                ticker.cancel()
                await asyncio.wait([ticker])
            await self._holdings.aclose()
            await self._shared.aclose()
            parts, self.parts = self.parts, None
            if parts is not None:
                await parts.aclose()
            self._holdings.condition.become(CacheState.STOPPED, "")

    async def _become(self, settings: CacheSettings, number: int) -> EngineError | None:
        """Return why Redis cannot be used at all, if so."""
        async with self._turn:
            backend, problem = await self._opened(settings)
            if number != self._asked:  # somebody wants something else by now
                if backend is not self._twins:
                    await backend.aclose()
                return None
            self.parts = Parts(
                holdings=self._holdings,
                shared=self._shared,
                settings=settings,
                backend=backend,
                before=self.parts,
            )
            await self.parts.start()
            if problem is not None:
                self._holdings.condition.become(CacheState.MEMORY, str(problem))
            if self._ticker is None:
                self._ticker = asyncio.ensure_future(self._tick())
            return problem

    async def _opened(self, settings: CacheSettings) -> tuple[Backend, EngineError | None]:
        if not settings.url:
            return self._twins, None
        try:
            password = await asyncio.to_thread(self._secrets.read, PASSWORD)
            return await asyncio.to_thread(self._open_backend, settings, password), None
        except EngineError as error:
            return self._twins, error

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
