"""What the cache keeps whatever it is connected to."""

from __future__ import annotations

from random import Random

from engine.cache.codec import Content, Kind
from engine.cache.dictionary import shipped_dictionary
from engine.cache.holdings import Holdings
from engine.cache.keys import key_of
from engine.cache.settings import CacheSettings
from engine.cache.snapshot import CacheCounts, CacheState
from tests.conftest import FakeClock
from tests.engine.cache.simulated_cache import run

MIB = 2**20


def holdings(clock: FakeClock, **settings: object) -> Holdings:
    """Return holdings with `settings`."""
    return Holdings(
        CacheSettings(**settings),  # type: ignore[arg-type]
        dictionary=shipped_dictionary(),
        clock=clock,
        random=Random(1),
    )


def content(payload: bytes) -> Content:
    """Return a value that does not end."""
    return Content(payload, Kind.BYTES, 0, 2**50, 2**50, 2**50)


def test_empty(clock: FakeClock):
    """What has just been made is stopped, empty and has counted nothing."""
    snapshot = holdings(clock, first_tier_mib=3, journal_mib=2).snapshot()
    assert snapshot.state is CacheState.STOPPED
    assert snapshot.counts == CacheCounts()
    assert (snapshot.first_tier.entries, snapshot.first_tier.limit_bytes) == (0, 3 * MIB)
    assert (snapshot.journal.pending, snapshot.journal.limit_bytes) == (0, 2 * MIB)
    assert (snapshot.hit_percent, snapshot.compression, snapshot.get.p50_ms) == (None, None, None)


def test_shared_while_redis_answers(clock: FakeClock):
    """Redis counts as answering while it is there, also where something is missing."""
    kept = holdings(clock)
    answers = {}
    for state in CacheState:
        kept.condition.become(state, "because")
        answers[state] = kept.is_shared
    assert answers == {
        CacheState.STOPPED: False,
        CacheState.MEMORY: False,
        CacheState.DEGRADED: True,
        CacheState.REDIS: True,
    }


def test_settings_are_used(clock: FakeClock):
    """Sizes and compression follow the settings at once; what has no room any more leaves."""
    kept = holdings(clock, first_tier_mib=4, journal_mib=4)
    for number in range(3):
        kept.first.put(b"key-%d" % number, content(b""), MIB, 9e9, 9e9)
        kept.journal.put(key_of("n", f"key-{number}"), bytes(MIB), 2**50)
    kept.use(CacheSettings(first_tier_mib=2, journal_mib=2, enable_compression=False))
    snapshot = kept.snapshot()
    assert snapshot.first_tier.used_bytes <= snapshot.first_tier.limit_bytes == 2 * MIB
    assert snapshot.journal.used_bytes <= snapshot.journal.limit_bytes == 2 * MIB
    assert snapshot.counts.forgotten == snapshot.counts.evicted == 2

    async def work() -> None:
        text = b"the same again, " * 1000
        assert len(await kept.framing.encode(content(text))) > len(text)
        kept.use(CacheSettings())
        assert len(await kept.framing.encode(content(text))) < len(text) / 2

    run(work)


def test_what_is_forgotten_anywhere_counts(clock: FakeClock):
    """Writes that were forgotten for want of room count, those of logs too."""
    kept = holdings(clock)
    kept.tally["forgotten"] += 3
    kept.journal.forgotten += 2
    assert kept.snapshot().counts.forgotten == 5


def test_looked_after(clock: FakeClock):
    """Looking after samples the meters, follows the calendar and drops what has ended."""
    kept = holdings(clock)
    kept.first.put(b"ended", content(b""), 10, clock.now() + 1, clock.now() + 1)
    kept.first.put(b"stays", content(b""), 10, clock.now() + 9, clock.now() + 9)
    clock.advance(2)
    wall = clock.wall_at
    clock.wall_at = wall.replace(year=wall.year + 1)
    kept.look_after(100)
    assert kept.snapshot().first_tier.entries == 1
    assert len(kept.snapshot().used_mib) == 1
    assert kept.time.now_ms() == int(clock.wall_at.timestamp() * 1000)


def test_closed_without_having_made_anything(clock: FakeClock):
    """Closing what has made nothing is no error, twice."""
    kept = holdings(clock)

    async def work() -> None:
        await kept.aclose()
        await kept.aclose()

    run(work)
