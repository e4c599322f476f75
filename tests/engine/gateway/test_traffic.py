"""What is counted at the gateway."""

from __future__ import annotations

from engine.gateway.traffic import BOUNDS_S, Traffic
from tests.conftest import FakeClock


def test_counts(clock: FakeClock):
    """Requests are counted while they are under way, then by class."""
    traffic = Traffic(clock)
    for _ in range(5):
        traffic.come("me", clock.now())
    assert (traffic.in_flight, traffic.requests) == (5, 5)
    for status in (200, 204, 404, 499, 503):
        traffic.leave("/x", status, clock.now())
    traffic.refuse()
    assert traffic.in_flight == 0
    assert traffic.counts == {"2xx": 2, "4xx": 1, "5xx": 1, "499": 1, "refused": 1}


def test_clients(clock: FakeClock):
    """Each key's requests are counted; what needs no key is nobody's."""
    traffic = Traffic(clock)
    traffic.come("", clock.now())
    traffic.come("a", clock.now())
    clock.advance(3)
    traffic.come("a", clock.now())
    assert set(traffic.clients) == {"a"}
    assert (traffic.clients["a"].requests, traffic.clients["a"].last_s) == (2, clock.now())


def test_times(clock: FakeClock):
    """Each answer falls into the bucket whose bound it does not exceed."""
    traffic = Traffic(clock)
    for took_s in (BOUNDS_S[0], BOUNDS_S[0] + 0.001, 1000.0):
        traffic.come("", clock.now())
        at_s = clock.now()
        clock.advance(took_s)
        traffic.leave("/x", 200, at_s)
    ((buckets, total_s),) = traffic.copy_of_times().values()
    assert (buckets[0], buckets[1], buckets[-1], sum(buckets)) == (1, 1, 1, 3)
    assert round(total_s, 3) == 1000.011


def test_requests_a_second(clock: FakeClock):
    """Each sample tells the requests since the one before, by the time that passed."""
    traffic = Traffic(clock)
    for _ in range(6):
        traffic.come("", clock.now())
    clock.advance(2)
    traffic.sample()
    traffic.sample()
    clock.advance(1)
    traffic.sample()
    assert [value for _, value in traffic.requests_per_s.latest()] == [3.0, 0.0]
