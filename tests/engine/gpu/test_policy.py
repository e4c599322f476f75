from __future__ import annotations

from engine.gpu.leases import Priority
from engine.gpu.placement import Place
from engine.gpu.policy import FairPolicy
from engine.gpu.ports import Policy
from tests.engine.gpu.lease_requests import lease, request

POLICY: Policy = FairPolicy()


def test_too_few_cards_are_no_place():
    """A request waits unless enough cards have room."""
    place = Place("a", 5000, 0, 0)
    assert POLICY.place(request("x"), []) is None
    assert POLICY.place(request("x", cards=2), [place]) is None
    assert POLICY.place(request("x"), [place]) == (place,)


def test_only_lower_priority_leaves():
    """Among holders of equal priority nobody is asked to leave."""
    held = [lease("x", 5000)]
    assert POLICY.victims(request("n"), held, 1000, 100.0) is None
    found = POLICY.victims(request("h", priority=Priority.HIGH), held, 1000, 100.0)
    assert found is not None
    assert found.leases == tuple(held)


def test_foreign_programs_make_anybody_leave_but_who_must_stay():
    """When a card runs full, priority protects nobody, and `is_preemptible=False` does."""
    urgent = lease("u", 5000, priority=Priority.URGENT)
    found = POLICY.make_way([urgent], 1000, 100.0)
    assert found is not None
    assert found.leases == (urgent,)
    assert POLICY.make_way([lease("x", 5000, is_preemptible=False)], 1000, 100.0) is None


def test_overtaking_delays_nobody():
    """Who would delay a reservation waits."""
    assert POLICY.may_backfill(request("x"), delays=False)
    assert not POLICY.may_backfill(request("x"), delays=True)


def test_the_order_does_not_depend_on_the_cards():
    """The key is the same whatever cards there are."""
    assert POLICY.order(request("x"), 1) == POLICY.order(request("x"), 10**6)
