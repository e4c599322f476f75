"""One lease and how the world sees it."""

from __future__ import annotations

from engine.gpu.lease_holding import Holding
from engine.gpu.leases import Ending, Lease, LeaseRequest, LeaseState, Priority, Waiting

REQUEST = LeaseRequest("a", "tester", 1_000, Priority.NORMAL, 60.0, 5.0)


def held() -> Holding:
    return Holding(REQUEST, card_ids=("card-0",), granted_s=10.0, expires_s=70.0)


def test_each_stage_has_its_state():
    """Waiting, its place being made free, held, asked to leave, not seen free yet, over."""
    waiting, holding = Holding(REQUEST), held()
    assert waiting.view(None).state is LeaseState.QUEUED
    pending = Lease(REQUEST, LeaseState.PENDING, ("card-1",))
    assert waiting.view(pending).state is LeaseState.PENDING
    assert waiting.view(pending).card_ids == ("card-1",)
    assert holding.view(None).state is LeaseState.ACTIVE
    assert holding.view(None).is_held
    holding.leave_by_s = 20.0
    assert holding.view(None).state is LeaseState.DRAINING
    assert holding.view(None).is_held
    holding.ending = Ending.PREEMPTED
    assert holding.view(None).state is LeaseState.ENDED
    returning = Lease(REQUEST, LeaseState.DRAINING, ("card-0",))
    assert holding.view(returning).state is LeaseState.DRAINING
    assert not holding.view(returning).is_held


def test_who_waits_is_shown_with_place_and_reason():
    """As the allocator tells it."""
    view = Holding(REQUEST).view(Waiting(REQUEST, 3, 12.5, "waits until leases end"))
    assert (view.position, view.wait_s, view.reason) == (3, 12.5, "waits until leases end")


def test_use_is_that_of_the_fullest_card():
    """The peak is the most that was seen, and guesses are no sights."""
    holding = held()
    assert holding.view(None).used_mib is None
    holding.use("card-0", 900)
    holding.use("card-1", 1_400)
    assert (holding.view(None).used_mib, holding.overuse_mib) == (1_400, 400)
    holding.use("card-1", 5_000, is_seen=False)
    holding.use("card-1", 800)
    assert (holding.view(None).used_mib, holding.overuse_mib) == (900, -100)
    assert holding.peak_mib == 1_400
