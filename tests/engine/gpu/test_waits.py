from __future__ import annotations

from engine.gpu.waits import MOST_ESTIMATED
from tests.engine.gpu.lease_requests import allocator, request


def test_waiting_is_estimated_one_after_the_other():
    """Each waits for those before it: positions, seconds and words say so."""
    shares = allocator(a=10_000)
    shares.ask(request("holder", 10_000, duration_s=50.0))
    shares.decide(0.0)
    for name in ("first", "second"):
        shares.ask(request(name, 10_000, duration_s=30.0))
    first, second = shares.queue(10.0)
    assert (first.request.id, first.position, first.wait_s) == ("first", 1, 40.0)
    assert (second.position, second.wait_s) == (2, 70.0)
    assert "10000 MiB on one card" in first.why


def test_foreign_use_is_named():
    """Where only other programs are in the way, no time is made up, and they are named."""
    shares = allocator(a=10_000)
    shares.observe("a", 6000, 0.0)
    shares.ask(request("x", 5000))
    shares.decide(0.0)
    (waiting,) = shares.queue(0.0)
    assert waiting.wait_s is None
    assert "other programs" in waiting.why
    assert "6000 MiB" in waiting.why


def test_a_long_line_is_not_reckoned_through():
    """Beyond a number nobody's wait is estimated."""
    shares = allocator(a=1000)
    shares.ask(request("holder"))
    shares.decide(0.0)
    for at in range(MOST_ESTIMATED + 1):
        shares.ask(request(f"r{at}"))
    waiting = shares.queue(0.0)
    assert waiting[-2].wait_s is not None
    assert (waiting[-1].wait_s, waiting[-1].why) == (None, "many wait before it")
