"""What a lease costs: from asking to having it and giving it back, among a hundred others."""

from __future__ import annotations

import statistics
import time

from engine.gpu.allocator import Allocator
from engine.gpu.leases import LeaseRequest, Priority
from engine.gpu.policy import FairPolicy
from tests.bench.table import Row

LIVE = 100
CARDS = 8
ROUNDS = 2000


def rows() -> list[Row]:
    """Return the time of ask, decide, release and decide, with 100 leases held on 8 cards."""
    shares = Allocator(policy=FairPolicy())
    shares.set_cards({f"card{at}": 80_000 for at in range(CARDS)}, 0.0)
    for at in range(LIVE):
        shares.ask(_request(f"live{at}"))
    shares.decide(0.0)
    for at in range(CARDS):
        shares.observe(f"card{at}", 0, 0.0)
    assert len(shares.leases()) == LIVE
    took_s = []
    for at in range(ROUNDS):
        request, now_s = _request(f"r{at}"), 0.001 * at
        began_s = time.perf_counter()
        shares.ask(request)
        granted = shares.decide(now_s)
        shares.release(request.id, now_s)
        shares.decide(now_s)
        took_s.append(time.perf_counter() - began_s)
        assert len(granted) == 1
        for card in range(CARDS):  # what was released is seen to be free
            shares.observe(f"card{card}", 0, now_s)
    measure = f"grant + release with {LIVE} live leases, {CARDS} cards"
    return [Row(measure, 1e6 * statistics.median(took_s), "µs", 50.0, "seed 5000")]


def _request(name: str) -> LeaseRequest:
    return LeaseRequest(
        id=name,
        name=name,
        vram_mib=1000,
        priority=Priority.NORMAL,
        duration_s=3600.0,
        asked_s=0.0,
        model="m",
    )
