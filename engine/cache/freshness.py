"""How long a made value serves, when it is made again, and that there may be nothing to make."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

from engine.cache.content import Content, Kind, pack
from engine.cache.unix_time import LONGEST_S
from engine.errors import Refused


class Absent(Refused):
    """There is nothing to make, and asking again soon is no use. Raised by makers, remembered."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """How long a value serves. Raises ValueError where the times contradict each other."""

    ttl_s: float
    """From when it was made; after that nobody gets it while a new one can be made."""
    soft_ttl_s: float | None = None
    """After this it is still answered, and made again in the background; None: as `ttl_s`."""
    stale_if_error_s: float = 0.0
    """How much longer than `ttl_s` it serves while making fails."""
    negative_ttl_s: float = 10.0
    """How long it is remembered that there is nothing; 0 does not remember it."""
    early: float = 1.0
    """How eagerly it is made again before its time, so that callers never wait; 0 is never."""
    across_processes: bool = True
    """One process at a time makes it; the others wait for its value."""

    def __post_init__(self) -> None:
        soft_s = self.ttl_s if self.soft_ttl_s is None else self.soft_ttl_s
        if not 0 < soft_s <= self.ttl_s < math.inf:
            raise ValueError(
                f"ttl_s is {self.ttl_s} and soft_ttl_s {self.soft_ttl_s}: "
                "0 < soft_ttl_s <= ttl_s is needed"
            )
        for name in ("stale_if_error_s", "negative_ttl_s", "early"):
            value: float = getattr(self, name)
            if not 0 <= value < math.inf:
                raise ValueError(f"{name} is {value}: it must be 0 or more")


def made(value: object, freshness: Freshness, began_ms: int, now_ms: int) -> Content:
    """Return `value` as it is stored. Raises TypeError for what cannot be stored.

    Its time of writing is when making began: what somebody else has written since is newer.
    """
    kind, payload = pack(value)
    soft_s = freshness.ttl_s if freshness.soft_ttl_s is None else freshness.soft_ttl_s
    expires_ms = now_ms + _ms(freshness.ttl_s)
    return Content(
        payload=payload,
        kind=kind,
        written_ms=began_ms,
        fresh_until_ms=now_ms + _ms(soft_s),
        expires_ms=expires_ms,
        ends_ms=expires_ms + _ms(freshness.stale_if_error_s),
        cost_ms=max(0, now_ms - began_ms),
    )


def nothing(reason: Absent, freshness: Freshness, began_ms: int, now_ms: int) -> Content:
    """Return what remembers that there is nothing, and why."""
    until_ms = now_ms + _ms(freshness.negative_ttl_s)
    return Content(
        payload=str(reason).encode("utf-8", "replace"),
        kind=Kind.NEGATIVE,
        written_ms=began_ms,
        fresh_until_ms=until_ms,
        expires_ms=until_ms,
        ends_ms=until_ms,
        cost_ms=max(0, now_ms - began_ms),
    )


def reason_in(content: Content) -> Absent:
    """Return why there is nothing, as `nothing()` stored it."""
    return Absent(content.payload.decode("utf-8", "replace"))


def is_due(content: Content, early: float, now_ms: int, random: Random) -> bool:
    """Tell whether a value should be made again now; by chance some time before its soft end.

    The costlier it is to make, the earlier: on average `early` times what making it took.
    Source: Vattani, Chierichetti, Lowenstein, "Optimal Probabilistic Cache Stampede Prevention",
    VLDB 2015, figure 3 (XFetch): now - cost * beta * ln(u) >= expiry, u uniform in (0, 1].
    """
    lead_ms = -content.cost_ms * early * math.log(1.0 - random.random())
    return now_ms + lead_ms >= content.fresh_until_ms


def _ms(seconds: float) -> int:
    """Return milliseconds, at least 1 for what is more than nothing; a year at most."""
    return math.ceil(1000 * min(seconds, LONGEST_S))
