"""Latency of the last calls, and shares of hits over time."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cache.content import Content, Kind
from engine.cache.first_tier import FirstTier
from engine.cache.meters import KEPT_CALLS, MIB, Meters, quantile_ms
from engine.cache.snapshot import NamespaceCount, Quantiles
from tests.conftest import FakeClock


def tier(clock: FakeClock, values: int = 0) -> FirstTier[Content]:
    """Return a first tier with `values` of 100 KiB."""
    first: FirstTier[Content] = FirstTier(limit_bytes=4 * MIB, now=clock.now)
    content = Content(b"x" * 102_400, Kind.BYTES, 0, 0, 0, 0)
    for number in range(values):
        first.put(b"%d" % number, content, len(content.payload), math.inf, math.inf)
    return first


def test_quantiles_before_the_first_call(clock: FakeClock):
    """Before anything was asked nothing is known of how long it takes."""
    assert Meters(clock).quantiles() == (Quantiles(), Quantiles())


def test_quantiles_of_gets_and_sets(clock: FakeClock):
    """Gets and sets are measured apart, in milliseconds, and counted for ever."""
    meters = Meters(clock)
    for number in range(1, 101):
        meters.note_get(number / 1000)
    meters.note_set(0.25)
    get, put = meters.quantiles()
    assert (get.p50_ms, get.p99_ms, get.calls) == (pytest.approx(50.0), pytest.approx(99.0), 100)
    assert (put.p50_ms, put.p99_ms, put.calls) == (250.0, 250.0, 1)


def test_old_calls_count_no_more(clock: FakeClock):
    """Only the last calls tell how fast it is now."""
    meters = Meters(clock)
    meters.note_get(9.0)
    for _ in range(KEPT_CALLS):
        meters.note_get(0.001)
    get, _ = meters.quantiles()
    assert (get.p99_ms, get.calls) == (1.0, KEPT_CALLS + 1)


@given(st.lists(st.floats(0, 10), min_size=1, max_size=300), st.floats(0.01, 1))
def test_quantile_by_nearest_rank(seconds: list[float], share: float):
    """A quantile is a value that was seen, as NumPy's inverted distribution has it."""
    expected = 1000 * np.quantile(seconds, share, method="inverted_cdf")
    found = quantile_ms(sorted(seconds), share)
    # At a rank that is a whole number, the two may round `share * n` to either side.
    if not math.isclose(share * len(seconds), round(share * len(seconds)), abs_tol=1e-9):
        assert found == pytest.approx(expected)
    assert found / 1000 in [pytest.approx(each) for each in seconds]


def test_shares_of_each_second(clock: FakeClock):
    """The series hold the share of gets that each tier answered within one second."""
    meters, tally = Meters(clock), defaultdict(int)
    tally.update(first_hits=6, second_hits=1, journal_hits=1, misses=2)
    meters.sample(tally, tier(clock))
    clock.advance(1.0)
    tally.update(first_hits=7, second_hits=1, journal_hits=1, misses=5)
    meters.sample(tally, tier(clock))
    assert meters.first_hit_percent.latest().tolist() == [[1000.0, 60.0], [1001.0, 25.0]]
    assert meters.second_hit_percent.latest().tolist() == [[1000.0, 20.0], [1001.0, 0.0]]


def test_a_second_without_gets_has_no_share(clock: FakeClock):
    """When nobody asks, no share and no latency is drawn; memory is."""
    meters, tally = Meters(clock), defaultdict(int)
    tally["first_hits"] = 1
    meters.note_get(0.002)
    for _ in range(3):
        meters.sample(tally, tier(clock, values=5))
        clock.advance(1.0)
    assert meters.first_hit_percent.written == 1
    assert meters.second_hit_percent.written == 1
    assert meters.get_p50_ms.latest().tolist() == [[1000.0, 2.0]]
    assert meters.get_p99_ms.written == 1
    assert meters.used_mib.written == 3
    assert meters.used_mib.latest()[0, 1] == pytest.approx(5 * 100 / 1024, rel=0.01)


def test_latency_of_each_second(clock: FakeClock):
    """A slow second is drawn slow, and the one after it is not."""
    meters, tally = Meters(clock), defaultdict(int)
    for seconds in (0.1, 0.001):
        for _ in range(3):
            meters.note_get(seconds)
        meters.sample(tally, tier(clock))
    assert meters.get_p50_ms.latest()[:, 1].tolist() == [100.0, 1.0]


def test_namespaces_are_counted_apart(clock: FakeClock):
    """Each namespace has its own counts, listed by name."""
    meters = Meters(clock)
    meters.namespace("voice").writes += 2
    meters.namespace("answers").first_hits += 1
    meters.namespace("answers").second_hits += 3
    meters.namespace("answers").misses += 4
    assert meters.namespaces() == (
        NamespaceCount("answers", first_hits=1, second_hits=3, misses=4, writes=0),
        NamespaceCount("voice", first_hits=0, second_hits=0, misses=0, writes=2),
    )
