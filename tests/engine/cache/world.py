"""Processes with two tiers that share a Redis, for tests."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from engine.cache.codec import Codec
from engine.cache.content import Content, Kind
from engine.cache.dictionary import shipped_dictionary
from engine.cache.first_tier import FirstTier
from engine.cache.framing import Framing
from engine.cache.journal import Journal
from engine.cache.keys import Key, key_of
from engine.cache.meters import Meters
from engine.cache.settings import CacheSettings
from engine.cache.tiers import MIB, Tiers
from engine.cache.unix_time import UnixTime
from tests.conftest import FakeClock
from tests.engine.cache.redis_twin import RedisTwin

KEY = key_of("answers", "one")
HOUR_MS = 3_600_000
CODEC = Codec(dictionary=shipped_dictionary(), largest_bytes=8 * MIB)


@dataclass
class World:
    """A process with its two tiers; several may share one Redis."""

    clock: FakeClock
    redis: RedisTwin | None = field(default_factory=RedisTwin)

    def __post_init__(self) -> None:
        self.tally: defaultdict[str, int] = defaultdict(int)
        self.time = UnixTime(self.clock)
        self.tiers = Tiers(
            first=FirstTier(limit_bytes=MIB, now=self.clock.now),
            second=self.redis,
            framing=Framing(near=CODEC, far=CODEC),
            journal=Journal(limit_bytes=MIB),
            time=self.time,
            limits=CacheSettings(),
            tally=self.tally,
            meters=Meters(self.clock),
        )

    def content(self, text: str, ttl_ms: int = HOUR_MS) -> Content:
        """Return `text` as it is kept, written now."""
        now_ms = self.time.now_ms()
        ends_ms = now_ms + ttl_ms
        return Content(text.encode(), Kind.TEXT, now_ms, ends_ms, ends_ms, ends_ms)

    async def keep(self, text: str, key: Key = KEY) -> bool:
        """Keep `text`."""
        return await self.tiers.keep(key, self.content(text))

    async def look(self, key: Key = KEY) -> str | None:
        """Return the text that is found."""
        found = await self.tiers.look(key)
        return None if found is None else found.payload.decode()
