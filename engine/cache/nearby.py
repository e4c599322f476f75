"""Contents in the first tier: how long they may stay there, and taking a namespace out."""

from __future__ import annotations

from typing import Protocol

from engine.cache.content import Content
from engine.cache.first_tier import FirstTier
from engine.cache.keys import Key, parse_key
from engine.cache.unix_time import UnixTime


class Limits(Protocol):
    """The settings that count for values."""

    @property
    def first_tier_stay_s(self) -> float:
        """Seconds after which a value of Redis is asked for again."""
        ...

    @property
    def largest_value_mib(self) -> int:
        """A larger value is not kept."""
        ...


class Nearby:
    """Fills and empties the first tier.

    is_alone: there is no second tier, so values stay until they end.
    """

    def __init__(
        self, *, first: FirstTier[Content], time: UnixTime, limits: Limits, is_alone: bool
    ) -> None:
        self.first = first
        self.limits = limits
        self._time = time
        self._is_alone = is_alone

    def put(self, physical: bytes, content: Content) -> None:
        """Keep `content` until it ends, or until Redis is to be asked again."""
        offset_s = self._time.offset_s
        ends_s = content.ends_ms / 1000 - offset_s
        if not self._is_alone:
            ends_s = min(ends_s, self._time.now_s() + self.limits.first_tier_stay_s)
        fresh_s = content.fresh_until_ms / 1000 - offset_s
        self.first.put(physical, content, len(content.payload), fresh_s, ends_s)

    def take(self, prefix: bytes) -> list[tuple[Key, Content]]:
        """Remove what begins with `prefix`, and return it."""
        found: list[tuple[Key, Content]] = []
        everything = self.first.keys()
        for physical in everything:
            if physical.startswith(prefix):
                parsed, entry = parse_key(physical), self.first.peek(physical)
                if parsed is not None and entry is not None:
                    found.append((parsed[0], entry.value))
                self.first.remove(physical)
        return found
