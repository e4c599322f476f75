from __future__ import annotations

from dataclasses import replace

import pytest

from engine.errors import Rejected
from engine.gpu.holders import DEAF_S, SILENCE_LIMIT_S
from engine.gpu.hosts import Shared
from engine.gpu.leases import End, Ending, Grant, LeaseState
from tests.engine.gpu.lease_requests import allocator, idle, lease, request


def test_the_same_calls_give_the_same_decisions():
    """It is deterministic: who asks in the same order gets the same."""

    def decisions() -> list[object]:
        shares = allocator(a=10_000, b=5000)
        for at in range(9):
            shares.ask(request(f"r{at}", 1000 + 700 * (at % 4)))
        return [*shares.decide(0.0), *(each.request.id for each in shares.queue(0.0))]

    assert decisions() == decisions()


def test_an_id_is_used_once_at_a_time():
    """Who waits or holds cannot be asked for again; afterwards the id is free."""
    shares = allocator()
    shares.ask(request("x"))
    with pytest.raises(Rejected, match="id"):
        shares.ask(request("x"))
    shares.decide(0.0)
    with pytest.raises(Rejected, match="id"):
        shares.ask(request("x"))
    shares.release("x", 0.0)
    shares.ask(request("x"))


def test_nonsense_does_not_enter_the_line():
    """A refused request leaves nothing behind."""
    shares = allocator()
    with pytest.raises(Rejected):
        shares.ask(request("x", -1))
    assert (shares.decide(0.0), shares.queue(0.0)) == ([], ())


def test_cancelling_ends_the_wait():
    """Who gives up is forgotten; a stranger cannot."""
    shares = allocator(a=1000)
    shares.ask(request("holder"))
    shares.decide(0.0)
    shares.ask(request("x"))
    assert shares.cancel("x", 1.0)
    assert not shares.cancel("x", 1.0)
    assert shares.queue(1.0) == ()


def test_a_card_that_vanishes_ends_its_leases_and_the_queue_goes_on():
    """Its holders are told, others stay, and who waits is served from what is left."""
    shares = allocator(a=10_000, b=5000)
    shares.ask(request("on a", 9000))
    shares.ask(request("on b", 4000))
    shares.decide(0.0)
    shares.ask(request("small", 900))
    shares.set_cards({"b": 5000}, 1.0)
    ended, granted = shares.decide(1.0)
    assert isinstance(ended, End)
    assert (ended.request_id, ended.ending) == ("on a", Ending.CARD_GONE)
    assert granted == Grant("small", ("b",))
    assert {each.request.id for each in shares.leases()} == {"on b", "small"}


def test_a_pending_place_on_a_card_that_vanishes_is_sought_elsewhere():
    """Who had a place there waits again, and gets another."""
    shares = allocator(a=10_000, b=9000)
    shares.idle_models([idle("m", 8000, card="b"), idle("n", 9000, card="a")])
    shares.ask(request("x", 5000))
    shares.decide(0.0)
    (pending,) = shares.leases()
    left = {"a": 10_000, "b": 9000}
    del left[pending.card_ids[0]]
    shares.set_cards(left, 0.1)
    shares.idle_models([])
    assert shares.decide(0.1) == [Grant("x", tuple(left))]


def test_silence_ends_a_lease_and_its_memory_counts_until_it_is_seen_free():
    """A dead holder's lease is lost; while its memory is still used nobody gets it."""
    shares = allocator(a=1000)
    shares.ask(request("dead", duration_s=1000.0))
    shares.decide(0.0)
    shares.ask(request("next"))
    decided = []
    for second in range(int(SILENCE_LIMIT_S) + 1):
        shares.observe("a", 1000, float(second))
        decided += shares.decide(float(second))
    assert [(each.request_id, each.ending) for each in decided] == [("dead", Ending.LOST)]
    assert {each.state for each in shares.leases()} == {LeaseState.DRAINING, LeaseState.PENDING}
    shares.observe("a", 0, SILENCE_LIMIT_S + 1)
    assert shares.decide(SILENCE_LIMIT_S + 1) == [Grant("next", ("a",))]


def test_time_that_ran_out_ends_a_lease_unless_renewed():
    """Renewed, a lease lasts; otherwise it expires at its time."""
    shares = allocator()
    shares.ask(request("short", duration_s=5.0))
    shares.ask(request("renewed", duration_s=5.0))
    shares.decide(0.0)
    assert shares.renew("renewed", 50.0, 4.0)
    ends = [each for each in shares.decide(5.0) if isinstance(each, End)]
    assert [(each.request_id, each.ending) for each in ends] == [("short", Ending.EXPIRED)]
    assert not shares.heartbeat("short", 6.0)


@pytest.mark.parametrize("duration_s", [0.0, -1.0, float("nan"), float("inf")])
def test_a_lease_is_not_renewed_for_nonsense(duration_s: float):
    """A duration that cannot be meant is refused, and the lease keeps its time."""
    shares = allocator()
    shares.ask(request("x", duration_s=5.0))
    shares.decide(0.0)
    with pytest.raises(Rejected, match="duration_s"):
        shares.renew("x", duration_s, 1.0)
    assert shares.leases()[0].expires_s == 5.0


def test_a_jump_of_the_clock_loses_nobody():
    """After sleep, holders have time to be heard again."""
    shares = allocator()
    shares.ask(request("x", duration_s=50.0))
    shares.decide(0.0)
    assert shares.decide(100_000.0) == []
    assert shares.heartbeat("x", 100_001.0)
    assert shares.renew("x", 50.0, 100_001.0)
    assert shares.decide(100_000.0 + DEAF_S) == []


def test_leases_are_known_again_after_a_restart():
    """Restored leases hold their memory; those on cards that are gone end."""
    shares = allocator(a=10_000)
    shares.restore([lease("x", 6000), lease("y", 6000, card="gone")], 5.0)
    shares.ask(request("z", 5000))
    (end,) = shares.decide(5.0)
    assert isinstance(end, End)
    assert (end.request_id, end.ending) == ("y", Ending.CARD_GONE)
    (held,) = shares.leases()
    assert (held.request.id, held.granted_s, held.heard_s) == ("x", 0.0, 5.0)


def test_one_restored_while_asked_to_leave_is_active():
    """The asking is lost with the restart, and its memory is counted once."""
    shares = allocator(a=10_000)
    shares.restore([replace(lease("x", 6000), state=LeaseState.DRAINING)], 5.0)
    assert shares.room("a", 5.0).leased_mib == 6000
    assert shares.release("x", 6.0)
    assert shares.room("a", 6.0).leased_mib == 0


def test_who_is_done_keeps_its_model_unless_the_next_wants_the_room():
    """With nobody waiting, or the next waiting for it, a model stays; else it goes."""
    shares = allocator(a=1000)
    shares.ask(request("holder", model="m"))
    shares.decide(0.0)
    assert shares.may_stay("holder")
    shares.ask(request("same", model="m"))
    shares.decide(0.0)
    assert shares.may_stay("holder")
    shares.cancel("same", 0.0)
    shares.ask(request("other", model="n"))
    assert not shares.may_stay("holder")
    assert not shares.may_stay("stranger")


def test_memory_that_is_free_is_given_at_once():
    """When a process has ended, nobody waits for a reading."""
    shares = allocator(a=1000)
    shares.observe("a", 0, 0.0)
    shares.ask(request("holder"))
    shares.decide(0.0)
    shares.ask(request("next"))
    assert shares.freed("holder", 1.0)
    assert not shares.freed("holder", 1.0)
    assert shares.decide(1.0) == [Grant("next", ("a",))]


def test_what_processes_of_leases_use_is_not_foreign():
    """With use known by lease, only the rest of a reading is foreign."""
    shares = allocator(a=10_000)
    shares.ask(request("x", 5000))
    shares.decide(0.0)
    shares.observe("a", 4000, 10.0, {"x": 3000})
    assert shares.room("a", 10.0).foreign_mib == 1000


def test_it_says_when_to_look_again():
    """With nothing to do there is no next look; with leases or a queue there is."""
    shares = allocator(a=1000)
    assert shares.next_look_s(0.0) is None
    shares.ask(request("x", duration_s=3.0))
    shares.decide(0.0)
    assert shares.next_look_s(0.0) == 3.0
    shares.ask(request("y"))
    assert shares.next_look_s(0.0) == 1.0


def test_an_unknown_card_has_no_room():
    """Asking for the room of a card that is not there is a mistake of the caller."""
    with pytest.raises(KeyError):
        allocator().room("gone", 0.0)


def test_what_is_taken_back_waits_again_as_if_nothing_had_been():
    """A grant that other hosts did not agree to leaves no trace in the account."""
    shares = allocator(a=10_000)
    shares.ask(request("one", 6_000))
    before = shares.room("a", 0.0)
    assert shares.decide(0.0) == [Grant("one", ("a",))]
    assert (shares.granted("one"), shares.spare_mib("a")) == (request("one", 6_000), 4_000)
    assert shares.take_back("one")
    assert not shares.take_back("one")
    assert shares.room("a", 0.0) == before
    assert shares.granted("one") is None
    assert [each.request.id for each in shares.queue(0.0)] == ["one"]
    assert shares.decide(1.0) == [Grant("one", ("a",))]


def test_what_other_hosts_promised_is_not_given_out():
    """As far as it does not show as foreign use already; a card that is shut grants nothing."""
    shares = allocator(a=10_000)
    shares.observe("a", 3_000, 0.0)
    shares.share("a", Shared(5_000, 2_000), is_shut=False)
    assert shares.room("a", 0.0).elsewhere_mib == 3_000
    assert shares.room("a", 0.0).elsewhere_seen_mib == 2_000
    assert shares.room("a", 0.0).elsewhere_whole_mib == 5_000
    assert shares.room("a", 0.0).free_mib == 4_000
    shares.ask(request("one", 6_000))
    assert shares.decide(0.0) == []
    assert "other hosts hold less" in shares.queue(0.0)[0].why
    shares.share("a", Shared(), is_shut=True)
    assert shares.decide(1.0) == []
    shares.share("a", Shared(), is_shut=False)
    assert shares.decide(2.0) == [Grant("one", ("a",))]
    assert shares.spare_mib("b") < 0
