"""Everything that stands on one connection, or on none."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from engine.cache.browser import Browser
from engine.cache.counters import Counters
from engine.cache.desk import Desk
from engine.cache.holdings import Holdings
from engine.cache.keys import GENERATIONS, namespace_of, parse_key
from engine.cache.leases import Leases
from engine.cache.log import Log
from engine.cache.messages import Messages
from engine.cache.ports import Backend
from engine.cache.second_tier import SecondTier
from engine.cache.sessions import Sessions
from engine.cache.settings import CacheSettings
from engine.cache.snapshot import CacheSnapshot, CacheState, ServerFacts
from engine.cache.tiers import Tiers
from engine.errors import OutsideError

ALONE = "No Redis is configured: everything stays in this process, and ends with it."
FACTS_LIMIT_S = 2.0


class Parts:
    """Tiers, sessions, messages and the rest, wired to one backend.

    backend: Redis, or the twins in this process. twins: what serves while Redis is away.
    """

    def __init__(
        self, *, holdings: Holdings, settings: CacheSettings, backend: Backend, twins: Backend
    ) -> None:
        self._holdings = holdings
        self._backend = backend
        self._servers: tuple[ServerFacts, ...] = ()
        self._is_told = False
        """Whether the state is that of the second tier: not while it begins and ends."""
        clock, random, tally = holdings.clock, holdings.random, holdings.tally
        holder = f"{random.getrandbits(128):032x}"
        self.second = self._second_tier(settings)
        self.tiers = Tiers(
            first=holdings.first,
            second=self.second,
            framing=holdings.framing,
            journal=holdings.journal,
            time=holdings.time,
            limits=settings,
            tally=tally,
            meters=holdings.meters,
        )
        self.stampede = holdings.stampede_on(self.tiers, backend.leases)
        self.sessions = Sessions(
            store=backend.sessions,
            twin=twins.sessions,
            is_shared=self._is_shared,
            clock=clock,
            default_ttl_s=settings.session_ttl_s,
            tally=tally,
        )
        self.messages = Messages(
            channels=backend.channels,
            is_shared=self._is_shared,
            clock=clock,
            tally=tally,
        )
        self.log = Log(streams=backend.streams, clock=clock, tally=tally)
        self.leases = Leases(store=backend.leases, holder=holder, clock=clock)
        self.counters = Counters(store=backend.counters, is_shared=self._is_shared, clock=clock)
        self.desk = Desk(
            tiers=self.tiers,
            stampede=self.stampede,
            browser=Browser(
                first=holdings.first,
                second=self.second,
                inspector=backend.inspector,
                generations=self.tiers.generations,
                journal=holdings.journal,
                codec=holdings.browsing,
                time=holdings.time,
            ),
            inspector=backend.inspector,
            undo=holdings.undo,
        )

    def use(self, settings: CacheSettings) -> None:
        """Take what of `settings` needs no other connection."""
        self.tiers.limits = settings

    async def start(self) -> None:
        """Connect; returns soon, also where nothing answers."""
        if self.second is None:
            self._holdings.condition.become(CacheState.MEMORY, ALONE)
        else:
            await self.second.start()
            self._is_told = True
            self._tell()

    async def aclose(self) -> None:
        """Let go of everything. Never raises."""
        self._is_told = False
        await self.desk.aclose()
        await self.messages.aclose()
        if self.second is not None:
            await self.second.aclose()
        await self._backend.aclose()

    async def catch_up(self) -> None:
        """Try again what Redis refused while it answered."""
        if self.tiers.own is not None and self._is_shared():
            await self.tiers.own.catch_up()

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
            sessions=self.sessions.alive,
            channels=self.messages.channels(),
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
        await self.sessions.restore(has_lost_data)
        await self.counters.restore()
        await self.log.restore()

    def _tell(self) -> None:
        if self.second is not None and self._is_told:
            self._holdings.condition.become(*self.second.condition())

    def _is_shared(self) -> bool:
        """Tell whether the backend answers; the twins always do."""
        if self.second is None:
            return True
        return self._holdings.is_shared
