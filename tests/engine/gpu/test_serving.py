from __future__ import annotations

from engine.gpu.leases import End, Ending, Grant, LeaseState, Preempt, Priority, Unload
from engine.gpu.serving import LEAVING_LIMIT_S, MAKING_ROOM_LIMIT_S
from tests.engine.gpu.lease_requests import allocator, idle, request


def test_who_fits_beside_a_reservation_overtakes():
    """Behind one that waits, only those start who do not delay it."""
    shares = allocator(a=10_000)
    shares.ask(request("holder", 6000, duration_s=50.0))
    shares.decide(0.0)
    shares.ask(request("large", 9000))
    shares.ask(request("long", 4000, duration_s=400.0))
    shares.ask(request("short", 3000, duration_s=45.0, asked_s=300.0))
    assert shares.decide(1.0) == [Grant("short", ("a",))]


def test_idle_models_unload_before_anybody_waits():
    """Room that idle models hold is made, seen to be free, and given."""
    shares = allocator(a=10_000)
    shares.idle_models([idle("old", 8000), idle("dear", 1000, uses=100)])
    shares.observe("a", 9000, 0.0)
    shares.ask(request("x", 8500))
    (unload,) = shares.decide(0.0)
    assert isinstance(unload, Unload)
    assert (unload.model.name, unload.for_id) == ("old", "x")
    assert [lease.state for lease in shares.leases()] == [LeaseState.PENDING]
    shares.observe("a", 9000, 0.5)
    assert shares.decide(0.5) == []
    shares.observe("a", 1000, 1.0)
    assert shares.decide(1.0) == [Grant("x", ("a",))]


def test_a_loaded_model_is_taken_over_at_once():
    """Who wants a model that is idle gets it without waiting, and it is not unloaded."""
    shares = allocator(a=10_000)
    shares.idle_models([idle("m", 8000)])
    shares.ask(request("x", 8500, model="m"))
    assert shares.decide(0.0) == [Grant("x", ("a",))]
    assert shares.room("a", 0.0).idle_mib == 0


def test_more_important_ones_make_others_leave():
    """Who holds the room is asked to leave, and it is given once they have and it is seen."""
    shares = allocator(a=10_000)
    shares.ask(request("low", 9000, priority=Priority.LOW))
    shares.decide(0.0)
    shares.observe("a", 9000, 0.0)
    shares.ask(request("high", 9000, priority=Priority.HIGH, asked_s=30.0))
    assert shares.decide(30.0) == [Preempt("low", "high")]
    states = {lease.request.id: lease.state for lease in shares.leases()}
    assert states == {"low": LeaseState.DRAINING, "high": LeaseState.PENDING}
    shares.observe("a", 9000, 31.0)
    assert shares.decide(31.0) == []
    shares.release("low", 32.0)
    assert shares.decide(32.0) == []
    shares.observe("a", 0, 32.5)
    assert shares.decide(32.5) == [Grant("high", ("a",))]


def test_nobody_leaves_for_a_turn_that_comes_anyway():
    """Who would be served within seconds makes nobody leave."""
    shares = allocator(a=10_000)
    shares.ask(request("low", 9000, priority=Priority.LOW, duration_s=35.0))
    shares.decide(0.0)
    shares.ask(request("high", 9000, priority=Priority.HIGH))
    assert shares.decide(30.0) == []


def test_a_place_that_does_not_come_free_is_lost():
    """If foreign programs take what was being made free, the request waits again."""
    shares = allocator(a=10_000)
    shares.idle_models([idle("m", 8000)])
    shares.observe("a", 8000, 0.0)
    shares.ask(request("x", 9000))
    shares.decide(0.0)
    for second in range(1, int(MAKING_ROOM_LIMIT_S) + 2):
        shares.observe("a", 8000, float(second))
        assert shares.decide(float(second)) == []
    assert shares.leases() == ()
    assert [waiting.request.id for waiting in shares.queue(10.0)] == ["x"]


def test_who_never_leaves_gives_no_room():
    """When holders ignore the request to leave, it waits again and nothing is given twice."""
    shares = allocator(a=10_000)
    shares.ask(request("low", 9000, priority=Priority.LOW, duration_s=10_000.0))
    shares.decide(0.0)
    shares.ask(request("high", 9000, priority=Priority.HIGH))
    decided = []
    for second in range(10, int(LEAVING_LIMIT_S) + 30):
        shares.heartbeat("low", float(second))
        decided += shares.decide(float(second))
    assert decided == [Preempt("low", "high")]
    assert [waiting.request.id for waiting in shares.queue(100.0)] == ["high"]


def test_a_place_whose_holders_have_left_is_not_held_for_long():
    """Where another program takes what they gave back, nobody waits for them any more."""
    shares = allocator(a=10_000)
    shares.ask(request("low", 9000, priority=Priority.LOW, duration_s=10_000.0))
    shares.decide(0.0)
    shares.observe("a", 9000, 0.0)
    shares.ask(request("high", 9000, priority=Priority.HIGH))
    assert shares.decide(10.0) == [Preempt("low", "high")]
    shares.release("low", 11.0)
    for second in range(11, 11 + int(MAKING_ROOM_LIMIT_S)):
        shares.observe("a", 9000, float(second))
        assert shares.decide(float(second)) == []
        assert [lease.state for lease in shares.leases()][:1] == [LeaseState.PENDING]
    assert shares.decide(12.0 + MAKING_ROOM_LIMIT_S) == []
    assert shares.leases() == ()
    assert [waiting.request.id for waiting in shares.queue(30.0)] == ["high"]


def test_what_never_fits_is_rejected_with_the_largest_that_would():
    """The answer to an impossible request says what is possible."""
    shares = allocator(margin_share=0.1, a=10_000)
    shares.ask(request("x", 9001))
    (end,) = shares.decide(0.0)
    assert isinstance(end, End)
    assert end.ending is Ending.REJECTED
    assert "9000 MiB" in end.reason


def test_a_split_gets_all_its_cards_at_once():
    """A request for two cards waits until both have room, and gets both."""
    shares = allocator(a=10_000, b=8000)
    shares.ask(request("holder", 6000))
    shares.decide(0.0)
    shares.ask(request("split", 5000, cards=2))
    assert shares.decide(1.0) == []
    shares.freed("holder", 2.0)
    (grant,) = shares.decide(2.0)
    assert isinstance(grant, Grant)
    assert set(grant.card_ids) == {"a", "b"}
    assert shares.room("a", 2.0).leased_mib == shares.room("b", 2.0).leased_mib == 5000


def test_idle_models_go_when_a_foreign_program_grows():
    """When a program without a lease takes room, idle models unload for nobody in particular."""
    shares = allocator(a=10_000)
    shares.idle_models([idle("m", 5000)])
    shares.observe("a", 9000, 0.0)
    assert shares.decide(0.0) == []
    shares.observe("a", 11_000, 1.0)
    (unload,) = shares.decide(1.0)
    assert isinstance(unload, Unload)
    assert unload.for_id is None


def test_holders_leave_when_a_foreign_program_fills_the_card():
    """Where the card itself runs full, the least important holder is asked to leave."""
    shares = allocator(margin_share=0.03, a=10_000)
    shares.ask(request("low", 3000, priority=Priority.LOW))
    shares.ask(request("high", 3000, priority=Priority.HIGH))
    shares.decide(0.0)
    shares.observe("a", 9000, 10.0)
    assert shares.decide(10.0) == []
    shares.observe("a", 9950, 11.0)
    assert shares.decide(11.0) == [Preempt("low", None)]
