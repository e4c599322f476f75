"""What the world may see of the cache."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.circuit_breaker import BreakerState


class CacheState(StrEnum):
    """Where values are kept now."""

    STOPPED = "stopped"
    MEMORY = "memory"
    """In this process alone: no Redis is configured, or none of it can be reached."""
    DEGRADED = "degraded"
    """Redis answers, but not as it should; `reason` says what is missing."""
    REDIS = "redis"
    """In both tiers."""


@dataclass(frozen=True, slots=True)
class CacheCounts:
    """What happened since the start; every number only grows."""

    first_hits: int = 0
    second_hits: int = 0
    journal_hits: int = 0
    """Answered from own writes that Redis has not got yet."""
    misses: int = 0
    coalesced: int = 0
    """Waited for the same value that another caller was already getting or making."""
    stale: int = 0
    """Answered with an old value while a new one was made, or because none could be made."""
    negative_hits: int = 0
    """Hits that said that there is nothing."""
    made: int = 0
    """Values made because they were missing or old."""
    writes: int = 0
    deletes: int = 0
    too_large: int = 0
    """Values that were not kept for their size."""
    damaged: int = 0
    """Frames of Redis that could not be read; each was a miss."""
    failed: int = 0
    """Questions to Redis without an answer in time; each was a miss."""
    evicted: int = 0
    """Entries that left the first tier for want of room."""
    invalidated: int = 0
    """Entries that left the first tier because somebody else wrote them."""
    emptied: int = 0
    """Times the first tier was emptied because invalidations may have been missed."""
    replayed: int = 0
    """Own writes that Redis got after it returned."""
    forgotten: int = 0
    """Own writes that the full journal let go before Redis had them."""
    conflicts: int = 0
    """Sessions that were changed both here and elsewhere while Redis was away: both were kept."""
    raw_bytes: int = 0
    """Size of everything written to Redis before it was framed and compressed."""
    framed_bytes: int = 0
    """Size of the same as it was sent."""
    published: int = 0
    received: int = 0
    """Messages."""
    gaps: int = 0
    """Times a subscription may have missed messages."""


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Latency of the last calls, in milliseconds; None before the first one."""

    p50_ms: float | None = None
    p99_ms: float | None = None
    calls: int = 0


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """One server."""

    name: str
    """host:port or a socket's path."""
    breaker: BreakerState
    coherence: Literal["tracking", "messages", "none"]
    """How it tells which keys others write: by RESP3 tracking, by our own messages, not at all."""
    problem: str | None = None
    """Why it is not asked, or what it refuses."""
    failures: int = 0
    """In a row."""
    latency: Quantiles = Quantiles()


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What a server says of itself (INFO). None where it does not tell."""

    name: str
    version: str
    role: str
    uptime_s: int | None = None
    used_bytes: int | None = None
    limit_bytes: int | None = None
    """maxmemory; None without a limit."""
    keys: int | None = None
    clients: int | None = None
    operations_per_s: int | None = None
    evicted_keys: int | None = None
    hit_percent: float | None = None
    policy: str | None = None
    """maxmemory-policy."""


@dataclass(frozen=True, slots=True)
class FirstTierStatus:
    """The tier in this process."""

    entries: int = 0
    used_bytes: int = 0
    limit_bytes: int = 0


@dataclass(frozen=True, slots=True)
class JournalStatus:
    """Own writes that are remembered for a Redis that lost them or was away."""

    pending: int = 0
    """Redis has not confirmed these."""
    kept: int = 0
    """Redis has these; it gets them again if it comes back empty."""
    used_bytes: int = 0
    limit_bytes: int = 0


@dataclass(frozen=True, slots=True)
class NamespaceCount:
    """One namespace, as far as this process has used it."""

    name: str
    first_hits: int
    second_hits: int
    misses: int
    writes: int


def _no_series() -> NDArray[np.float64]:
    return np.zeros((0, 2))


@dataclass(frozen=True, slots=True, eq=False)
class CacheSnapshot:
    """Everything about the cache at one moment."""

    taken_s: float
    state: CacheState = CacheState.STOPPED
    reason: str = ""
    """Why it is in this state, and what mends it; a sentence."""
    since: datetime | None = None
    """When it came into this state, UTC."""
    address: str = ""
    """Where Redis is, for people; "" without one."""
    counts: CacheCounts = CacheCounts()
    get: Quantiles = Quantiles()
    set: Quantiles = Quantiles()
    first_tier: FirstTierStatus = FirstTierStatus()
    journal: JournalStatus = JournalStatus()
    nodes: tuple[NodeStatus, ...] = ()
    servers: tuple[ServerFacts, ...] = ()
    """Asked for every few seconds while Redis answers."""
    namespaces: tuple[NamespaceCount, ...] = ()
    sessions: int = 0
    """Sessions that are alive, as far as this process knows."""
    channels: tuple[ChannelCount, ...] = ()
    first_hit_percent: NDArray[np.float64] = field(default_factory=_no_series)
    """Shape (n, 2): seconds on the engine's clock, share of gets that the first tier answered."""
    second_hit_percent: NDArray[np.float64] = field(default_factory=_no_series)
    """Likewise, the share that Redis or the journal answered."""
    get_p50_ms: NDArray[np.float64] = field(default_factory=_no_series)
    get_p99_ms: NDArray[np.float64] = field(default_factory=_no_series)
    used_mib: NDArray[np.float64] = field(default_factory=_no_series)
    """Of the first tier."""

    @property
    def hit_percent(self) -> float | None:
        """Share of gets that were answered from any tier; None before the first one."""
        counts = self.counts
        hits = counts.first_hits + counts.second_hits + counts.journal_hits
        gets = hits + counts.misses
        return 100 * hits / gets if gets else None

    @property
    def compression(self) -> float | None:
        """Raw size over framed size of what went to Redis; None before anything did."""
        counts = self.counts
        return counts.raw_bytes / counts.framed_bytes if counts.framed_bytes else None


@dataclass(frozen=True, slots=True)
class ChannelCount:
    """One channel that this process has used."""

    name: str
    published: int
    received: int
    subscribers: int
    """In this process."""
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key of the browser."""

    key: str
    """As it is called in Redis; what `preview()` and `remove_keys()` take."""
    namespace: str
    tenant: str
    name: str
    """What the owner called it; a hash where that was long or has unusual characters."""
    ttl_s: float | None
    """Seconds left; None where it never ends."""
    tier: Literal["memory", "redis", "both"]
    size_bytes: int | None = None
    """As it is stored."""


@dataclass(frozen=True, slots=True)
class KeyPage:
    """Some keys of a namespace."""

    rows: tuple[KeyRow, ...]
    is_complete: bool
    """False where more exist than were asked for."""


@dataclass(frozen=True, slots=True)
class ValuePreview:
    """A stored value, decoded for people."""

    key: str
    kind: Literal["json", "text", "binary", "negative", "foreign", "missing"]
    """foreign: no frame of ours; missing: it has ended meanwhile."""
    text: str
    """Pretty JSON, the text, or a hex dump; cut after some thousand characters."""
    codec: str
    """"none", "lz4", "zstd" or "zstd with dictionary"; "" for foreign values."""
    raw_bytes: int
    framed_bytes: int
    ttl_s: float | None
    written_at: datetime | None
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session in the list."""

    id: str
    owner: str
    version: int
    messages: int
    created_at: datetime
    touched_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ConnectionTest:
    """What a try of connection settings found."""

    is_good: bool
    text: str
    """What works, or what does not and the remedy."""
    latency_ms: float | None = None
    servers: tuple[ServerFacts, ...] = ()
