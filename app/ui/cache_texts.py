"""The cache's snapshot as texts for the Cache page and the overview."""

from __future__ import annotations

from datetime import date

from app.ui.quantity_texts import (
    count_text,
    counted,
    duration_text,
    latency_text,
    latency_words,
    percent_text,
    share_percent,
    size_text,
    when_text,
)
from app.ui.widgets.table_model import Mark, Row
from engine.cache.snapshot import (
    CacheCounts,
    CacheSnapshot,
    CacheState,
    ChannelCount,
    NamespaceCount,
    NodeStatus,
    Quantiles,
    ServerFacts,
)
from engine.circuit_breaker import BreakerState

DOT = " \N{MIDDLE DOT} "
MIB = 1024 * 1024
NOT_ASKED = "Nothing was read yet"
NOT_TIMED = "No read was timed yet"

CardText = tuple[str | None, str, str]
"""Number (None: unknown), unit, note."""
Fact = tuple[str, str, str]
"""Name, value, and what it means."""

_STATES = {
    CacheState.STOPPED: ("Not running", "mute"),
    CacheState.DEGRADED: ("Redis is limited", "warn"),
    CacheState.REDIS: ("Memory and Redis", "ok"),
}
_BREAKERS = {
    BreakerState.CLOSED: ("Healthy", "ok"),
    BreakerState.HALF_OPEN: ("Checking", "warn"),
    BreakerState.OPEN: ("Away", "bad"),
}
_COHERENCE = {
    "tracking": ("Told by Redis", "Redis tells this application which values others changed"),
    "messages": (
        "Told by messages",
        "Applications like this one tell each other what they changed",
    ),
    "none": ("Not told", "What others change is seen late: allow CLIENT TRACKING or channels"),
}
_EVENTS = (
    (
        "Shared one answer",
        "Reads that shared a value somebody else was already getting or making",
    ),
    (
        "Old values served",
        "Answers with an old value while a new one was made, or because none could be made",
    ),
    ("Values made", "Because they were missing or old"),
    ("Changed elsewhere", "Values that left memory because another program wrote them"),
    ("No answer in time", "Questions to Redis that took too long; each counted as not there"),
    ("Unreadable", "Values in Redis that were damaged or foreign"),
    ("Waiting for Redis", "Writes that Redis has not confirmed; it gets them when it is back"),
    ("Kept for Redis", "Writes that Redis has, and gets again should it come back empty"),
)
_ROLES = {"master": "Primary", "slave": "Replica", "sentinel": "Sentinel"}


def state_look(snapshot: CacheSnapshot) -> tuple[str, str]:
    """Return the state in a few words, and its token."""
    if snapshot.state is CacheState.MEMORY:
        return ("Redis is away", "bad") if snapshot.address else ("Memory only", "accent")
    return _STATES[snapshot.state]


def where_text(snapshot: CacheSnapshot, today: date) -> str:
    """Return where Redis is and since when the state is what it is."""
    parts = [snapshot.address] if snapshot.address else []
    if snapshot.since is not None:
        parts.append(f"since {when_text(snapshot.since, today)}")
    return DOT.join(parts)


def problem_of(snapshot: CacheSnapshot) -> str:
    """Return what is wrong and what mends it; empty where all is as it should be."""
    is_away = snapshot.state is CacheState.MEMORY and bool(snapshot.address)
    return snapshot.reason if is_away or snapshot.state is CacheState.DEGRADED else ""


def reads(counts: CacheCounts) -> int:
    """Return how many values were asked for."""
    return counts.first_hits + counts.second_hits + counts.journal_hits + counts.misses


def hit_text(snapshot: CacheSnapshot) -> CardText:
    """Return the share of reads that were answered, and by what."""
    percent, counts = snapshot.hit_percent, snapshot.counts
    if percent is None:
        return None, "", NOT_ASKED
    first = share_percent(counts.first_hits, reads(counts))
    note = f"{first:.0f} % from memory{DOT}{counted(reads(counts), 'read', 'reads')}"
    return f"{percent:.1f}", "%", note


def memory_text(snapshot: CacheSnapshot) -> CardText:
    """Return what the first tier holds, of how much it may."""
    tier = snapshot.first_tier
    if not tier.limit_bytes:
        return None, "", "Not running"
    unit = f"of {tier.limit_bytes / MIB:,.0f} MiB"
    note = counted(tier.entries, "value", "values")
    if snapshot.counts.evicted:
        note = f"{note}{DOT}{count_text(snapshot.counts.evicted)} evicted"
    return f"{tier.used_bytes / MIB:,.1f}", unit, note


def compression_text(snapshot: CacheSnapshot) -> CardText:
    """Return how much smaller values are when they are sent."""
    factor, counts = snapshot.compression, snapshot.counts
    if factor is None:
        return None, "", "Nothing was sent to Redis yet"
    sent = f"{size_text(counts.raw_bytes)} sent as {size_text(counts.framed_bytes)}"
    return f"{factor:.1f}", "\N{MULTIPLICATION SIGN} smaller", sent


def saved_part(snapshot: CacheSnapshot) -> float | None:
    """Return the part of what was sent that compression saved, in [0, 1]."""
    factor = snapshot.compression
    return None if factor is None else max(0.0, 1 - 1 / factor)


def latency_card_text(get: Quantiles, put: Quantiles) -> CardText:
    """Return how long a read takes as a rule, at worst, and how long a write takes."""
    number, unit = latency_text(get.p50_ms)
    if number is None:
        return None, "", NOT_TIMED
    note = f"Slowest 1 %: {latency_words(get.p99_ms)}"
    if put.p50_ms is not None:
        note = f"{note}{DOT}write {latency_words(put.p50_ms)}"
    return number, f"{unit} typical", note


def node_row(node: NodeStatus) -> Row:
    """Return a server as a row: name, state, how long answers take."""
    text, token = _BREAKERS[node.breaker]
    if node.problem and node.breaker is BreakerState.CLOSED:
        text, token = "Limited", "warn"
    state = Mark(text, token)
    return Row(
        id=node.name,
        cells=(node.name, state, latency_words(node.latency.p99_ms)),
        tooltip=node.problem or "",
    )


def node_facts(node: NodeStatus, facts: ServerFacts | None) -> tuple[Fact, ...]:
    """Return what is known of a server, its own words included."""
    if node.breaker is BreakerState.OPEN:
        return (("Failed in a row", count_text(node.failures), node.problem or ""),)
    told, meaning = _COHERENCE[node.coherence]
    rows: list[Fact] = [("Changes elsewhere", told, meaning)]
    if facts is None:
        return tuple(rows)
    role = _ROLES.get(facts.role, facts.role.capitalize())
    uptime = "" if facts.uptime_s is None else f" for {duration_text(facts.uptime_s)}"
    limit = "" if not facts.limit_bytes else f" of {size_text(facts.limit_bytes)}"
    rows += [
        ("Version", f"{facts.version}{DOT}{role}", f"Running{uptime}"),
        ("Memory", f"{size_text(facts.used_bytes)}{limit}", _policy_text(facts)),
        ("Keys", count_text(facts.keys), "Of every program that uses this server"),
        ("Clients", count_text(facts.clients), "Connections of every program"),
        ("Commands a second", count_text(facts.operations_per_s), "Of every program"),
    ]
    return tuple(rows)


def namespace_row(count: NamespaceCount) -> Row:
    """Return a namespace as a row: name, hit rate, reads, writes."""
    hits = count.first_hits + count.second_hits
    asked = hits + count.misses
    percent = share_percent(hits, asked)
    return Row(
        id=count.name,
        cells=(count.name, percent_text(percent), count_text(asked), count_text(count.writes)),
        order=(count.name.casefold(), -1.0 if percent is None else percent, asked, count.writes),
        tooltip=f"{count.name}: {count.first_hits:,} from memory, {count.second_hits:,} from "
        f"Redis, {count.misses:,} not there",
    )


def channel_row(count: ChannelCount, today: date) -> Row:
    """Return a channel as a row: name, sent, received, listeners, last message."""
    numbers = (count.published, count.received, count.subscribers)
    last = 0.0 if count.last_at is None else count.last_at.timestamp()
    return Row(
        id=count.name,
        cells=(count.name, *map(count_text, numbers), when_text(count.last_at, today)),
        order=(count.name.casefold(), *numbers, last),
    )


def event_facts(snapshot: CacheSnapshot) -> tuple[Fact, ...]:
    """Return what happened since the start besides hits and misses."""
    counts, journal = snapshot.counts, snapshot.journal
    kept = f"{count_text(journal.kept)}{DOT}{size_text(journal.used_bytes)}"
    numbers = (
        count_text(counts.coalesced),
        count_text(counts.stale),
        count_text(counts.made),
        count_text(counts.invalidated),
        count_text(counts.failed),
        count_text(counts.damaged),
        count_text(journal.pending),
        kept,
    )
    return tuple(
        (name, number, meaning) for (name, meaning), number in zip(_EVENTS, numbers, strict=True)
    )


def _policy_text(facts: ServerFacts) -> str:
    parts = [] if facts.policy is None else [f"When full: {facts.policy}"]
    if facts.evicted_keys is not None:
        parts.append(f"{counted(facts.evicted_keys, 'key', 'keys')} left for want of room")
    return "; ".join(parts)
