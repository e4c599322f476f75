"""What the cache keeps whatever it is connected to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from random import Random

from engine.cache.codec import Codec
from engine.cache.condition import ConditionKeeper
from engine.cache.content import Content
from engine.cache.first_tier import FirstTier
from engine.cache.framing import Framing
from engine.cache.journal import Journal
from engine.cache.meters import Meters, Tally
from engine.cache.ports import LeaseStore
from engine.cache.settings import CacheSettings
from engine.cache.snapshot import CacheCounts, CacheSnapshot, CacheState, FirstTierStatus
from engine.cache.stampede import Shelf, Stampede
from engine.cache.undo import Undo
from engine.cache.unix_time import UnixTime
from engine.clock import Clock

MIB = 1024 * 1024


class Holdings:
    """The first tier, what was counted, and what own writes are remembered."""

    def __init__(
        self, settings: CacheSettings, *, dictionary: bytes, clock: Clock, random: Random
    ) -> None:
        self.clock = clock
        self.random = random
        self.time = UnixTime(clock)
        self.tally: Tally = defaultdict(int)
        self.first: FirstTier[Content] = FirstTier(
            limit_bytes=settings.first_tier_mib * MIB, now=clock.now
        )
        self._codecs = [
            Codec(
                dictionary=dictionary,
                largest_bytes=settings.largest_value_mib * MIB,
                is_compressing=settings.enable_compression,
            )
            for _ in range(3)
        ]
        near, far, self.browsing = self._codecs
        self.framing = Framing(near=near, far=far)
        self.journal = Journal(limit_bytes=settings.journal_mib * MIB)
        self.meters = Meters(clock)
        self.condition = ConditionKeeper(clock)
        self.undo = Undo()
        self._stampede: Stampede | None = None

    @property
    def is_shared(self) -> bool:
        """True while Redis answers."""
        return self.condition.now.state in (CacheState.REDIS, CacheState.DEGRADED)

    def stampede_on(
        self, shelf: Shelf, leases: LeaseStore, is_shared: Callable[[], bool]
    ) -> Stampede:
        """Return what makes missing values, which are kept on `shelf` from now on.

        What is being made outlives a change of connection.
        """
        if self._stampede is None:
            self._stampede = Stampede(
                shelf=shelf,
                leases=leases,
                time=self.time,
                random=self.random,
                tally=self.tally,
                is_shared=is_shared,
            )
        self._stampede.attach(shelf=shelf, leases=leases, is_shared=is_shared)
        return self._stampede

    async def aclose(self) -> None:
        """End what is being made. Never raises; may be called twice."""
        if self._stampede is not None:
            await self._stampede.aclose()

    def use(self, settings: CacheSettings) -> None:
        """Take what `settings` say of sizes and compression."""
        self.first.resize(settings.first_tier_mib * MIB)
        self.journal.resize(settings.journal_mib * MIB)
        for codec in self._codecs:
            codec.largest_bytes = settings.largest_value_mib * MIB
            codec.is_compressing = settings.enable_compression

    def look_after(self, swept: int) -> None:
        """Sample the meters, follow the calendar, and drop what ended among `swept` entries."""
        self.time.anchor()
        self.meters.sample(self.tally, self.first)
        self.first.sweep(swept)

    def snapshot(self) -> CacheSnapshot:
        """Return what can be told without a connection; from any thread."""
        meters, condition = self.meters, self.condition.now
        get, set_ = meters.quantiles()
        counts = CacheCounts(
            **{
                **self.tally.copy(),
                "evicted": self.first.evicted,
                "forgotten": self.tally.get("forgotten", 0) + self.journal.forgotten,
            }
        )
        return CacheSnapshot(
            taken_s=self.clock.now(),
            state=condition.state,
            reason=condition.reason,
            since=condition.since,
            counts=counts,
            first_tier=FirstTierStatus(
                self.first.entries, self.first.used_bytes, self.first.limit_bytes
            ),
            journal=self.journal.status(),
            get=get,
            set=set_,
            namespaces=meters.namespaces(),
            first_hit_percent=meters.first_hit_percent.latest(),
            second_hit_percent=meters.second_hit_percent.latest(),
            get_p50_ms=meters.get_p50_ms.latest(),
            get_p99_ms=meters.get_p99_ms.latest(),
            used_mib=meters.used_mib.latest(),
        )
