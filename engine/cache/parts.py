"""Everything that stands on one connection, or on none."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from engine.cache.browser import Browser
from engine.cache.desk import Desk
from engine.cache.holdings import Holdings
from engine.cache.keys import GENERATIONS, namespace_of, parse_key
from engine.cache.ports import Backend
from engine.cache.second_tier import SecondTier
from engine.cache.settings import CacheSettings
from engine.cache.shared_state import SharedState
from engine.cache.snapshot import CacheSnapshot, CacheState, ServerFacts
from engine.cache.tiers import Tiers
from engine.errors import OutsideError

ALONE = "No Redis is configured: everything stays in this process, and ends with it."
FACTS_LIMIT_S = 2.0


class Parts:
    """Tiers and what looks into them, wired to one backend: Redis, or the twins in this process.

    before: what stood on the connection before, which is closed by `start()`.
    """

    def __init__(
        self,
        *,
        holdings: Holdings,
        shared: SharedState,
        settings: CacheSettings,
        backend: Backend,
        before: Parts | None,
    ) -> None:
        self.shared = shared
        self._before = before
        self._settings = settings
        self._holdings = holdings
        self._backend = backend
        self._servers: tuple[ServerFacts, ...] = ()
        self._is_told = False
        """Whether the state is that of the second tier: not while it begins and ends."""
        self.second = self._second_tier(settings)
        self.tiers = self._tiers(settings)
        if before is not None:
            self.tiers.generations.take_debts(before.tiers.generations)
        self.stampede = holdings.stampede_on(self.tiers, backend.leases, self._is_shared)
        self.desk = self._desk()

    def use(self, settings: CacheSettings) -> None:
        """Take what of `settings` needs no other connection."""
        self.tiers.near.limits = settings
        self.shared.use(settings)

    async def start(self) -> None:
        """Take over from the connection before, and connect; soon, also where nothing answers."""
        await self.shared.attach(self._backend, self._settings)
        if self._before is not None:
            await self._before.aclose()
            self._before = None
        # What is in it may be called otherwise here, and nobody told of changes in between.
        self.tiers.invalidated(None)
        if self.second is None:
            self._holdings.condition.become(CacheState.MEMORY, ALONE)
            await self.shared.restore(has_lost_data=False)
        else:
            await self.second.start()
            self._is_told = True
            self._tell()

    async def aclose(self) -> None:
        """Let go of everything. Never raises."""
        self._is_told = False
        await self.desk.aclose()
        if self.second is not None:
            await self.second.aclose()
        await self._backend.aclose()

    async def catch_up(self) -> None:
        """Try again what Redis refused while it answered."""
        if self.tiers.own is not None and self._holdings.is_shared:
            await self.tiers.generations.settle_debts()
            await self.tiers.own.catch_up()
            await self.shared.catch_up()

    async def ask_servers(self) -> None:
        """Ask Redis about itself, for the snapshot."""
        if self._backend.inspector is None:
            return
        try:
            async with asyncio.timeout(FACTS_LIMIT_S):
                self._servers = tuple(await self._backend.inspector.facts())
        except (OutsideError, TimeoutError):
            self._servers = ()

    def complete(self, snapshot: CacheSnapshot) -> CacheSnapshot:
        """Return `snapshot` with what is known of this connection."""
        directory = self._backend.directory
        return replace(
            snapshot,
            address="" if directory is None else directory.label,
            nodes=() if self.second is None else self.second.status(),
            servers=self._servers,
            sessions=self.shared.sessions.alive,
            channels=self.shared.messages.channels(),
        )

    def _tiers(self, settings: CacheSettings) -> Tiers:
        holdings = self._holdings
        return Tiers(
            first=holdings.first,
            second=self.second,
            framing=holdings.framing,
            journal=holdings.journal,
            time=holdings.time,
            limits=settings,
            tally=holdings.tally,
            meters=holdings.meters,
        )

    def _desk(self) -> Desk:
        holdings = self._holdings
        browser = Browser(
            first=holdings.first,
            second=self.second,
            inspector=self._backend.inspector,
            generations=self.tiers.generations,
            journal=holdings.journal,
            codec=holdings.browsing,
            time=holdings.time,
        )
        return Desk(
            tiers=self.tiers,
            stampede=self.stampede,
            browser=browser,
            inspector=self._backend.inspector,
            undo=holdings.undo,
            time=holdings.time,
        )

    def _second_tier(self, settings: CacheSettings) -> SecondTier | None:
        if self._backend.directory is None:
            return None
        return SecondTier(
            directory=self._backend.directory,
            settings=settings,
            clock=self._holdings.clock,
            random=self._holdings.random,
            invalidated=self._invalidated,
            restored=self._restored,
            tell=self._tell,
        )

    def _invalidated(self, keys: Sequence[bytes] | None) -> None:
        self.tiers.invalidated(keys)
        # What is being made may come from what others have just replaced.
        for key in keys or ():
            if key.startswith(GENERATIONS):
                self.stampede.overtake_namespace(namespace_of(key))
            elif (parsed := parse_key(key)) is not None:
                self.stampede.overtake(parsed[0])

    async def _restored(self, has_lost_data: bool) -> None:
        await self.tiers.restored(has_lost_data)
        await self.shared.restore(has_lost_data)

    def _is_shared(self) -> bool:
        """Tell whether Redis answers, for who can do without: not after one late answer either."""
        is_waited_for = self.second is not None and self.second.is_waited_for
        return self._holdings.is_shared and not is_waited_for

    def _tell(self) -> None:
        if self.second is not None and self._is_told:
            self._holdings.condition.become(*self.second.condition())
