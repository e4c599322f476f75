"""Counts and series of all requests."""

from __future__ import annotations

from engine.coordinator.meters import COUNTS, Meters
from tests.conftest import FakeClock
from tests.engine.coordinator.seats import link


def test_every_count_is_there_from_the_start(clock: FakeClock):
    """A window need not ask whether it is; others' counts are put beside them."""
    tested = Meters(clock=clock)
    assert tested.all_counts() == dict.fromkeys(COUNTS, 0)
    tested.counts["hedges"] += 2
    found = tested.all_counts({"cache_hits": 3})
    assert (found["hedges"], found["cache_hits"]) == (2, 3)


def test_rates_are_by_the_second(clock: FakeClock):
    """However long the last sample is ago; none without time between."""
    tested = Meters(clock=clock)
    tested.sample([])
    assert tested.requests_per_s.written == 0
    tested.counts["requests"] = 10
    clock.advance(2)
    tested.sample([])
    assert tested.requests_per_s.latest()[:, 1].tolist() == [5]


def test_health_is_the_share_of_good_answers(clock: FakeClock):
    """Of those since the last sample only."""
    tested, server = Meters(clock=clock), link(clock)
    server.answered, server.failures = 3, 1
    tested.sample([server])
    tested.sample([server])
    server.answered = 5
    tested.sample([server])
    assert server.readings.health.latest()[:, 1].tolist() == [0.75, 1.0]
