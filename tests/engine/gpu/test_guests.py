from __future__ import annotations

from itertools import pairwise

import pytest

from engine.gpu.allocator import Allocator
from engine.gpu.guests import MOST_DOUBLINGS, MOST_REMEMBERED, OFFER_S, PASSED_OVER_S, Guest
from engine.gpu.hosts import Shared
from engine.gpu.leases import Decision, Grant, Unload
from tests.engine.gpu.lease_requests import allocator, idle, request


def guest(
    name: str = "there", vram_mib: int = 6_000, *, host: str = "b", **changes: object
) -> Guest:
    """Return the first in another host's line, which has waited for 50 s at 0."""
    grants = changes.pop("grants", 0)
    assert isinstance(grants, int)
    asked = request(name, vram_mib, **{"asked_s": -50.0, **changes})
    return Guest(host, asked, frozenset({"a"}), grants)


def granted_s(shares: Allocator, name: str, end_s: int) -> int | None:
    """Return the second in which `name` is granted, if that is before `end_s`."""
    for second in range(end_s):
        if Grant(name, ("a",)) in shares.decide(float(second)):
            return second
    return None


def test_a_guest_that_comes_first_has_its_place_kept():
    """Who asks here gets what is left beside it, and the place is shown as promised."""
    shares = allocator()
    shares.guests([guest()])
    shares.ask(request("large", 5_000))
    shares.ask(request("small", 4_000, asked_s=1.0))
    assert shares.decide(1.0) == [Grant("small", ("a",))]
    assert shares.room("a", 1.0).pending_mib == 6_000


def test_a_guest_that_comes_later_waits():
    """Who has waited here for longer is served, and the guest has what is left."""
    shares = allocator()
    shares.guests([guest(asked_s=10.0)])
    shares.ask(request("here", 5_000))
    assert shares.decide(10.0) == [Grant("here", ("a",))]
    assert shares.room("a", 10.0).pending_mib == 0


def test_a_guest_that_does_not_fit_yet_is_not_delayed():
    """Only those overtake it who are gone by the time that its place comes free."""
    shares = allocator()
    shares.ask(request("holder", 6_000, duration_s=50.0))
    shares.decide(0.0)
    shares.guests([guest(vram_mib=9_000)])
    shares.ask(request("long", 3_000, duration_s=80.0))
    shares.ask(request("short", 3_000, duration_s=40.0))
    assert shares.decide(1.0) == [Grant("short", ("a",))]


def test_a_guest_that_cannot_be_met_here_holds_nobody_up():
    """What it waits for is on a card of its own: who comes first here is not overtaken for it."""
    shares = allocator(a=10_000, b=80_000)
    shares.ask(request("holder", 50_000, duration_s=50.0))
    shares.decide(0.0)
    shares.guests([guest(vram_mib=70_000)])
    shares.ask(request("first", 70_000, asked_s=-40.0))
    shares.ask(request("long", 25_000))
    assert shares.decide(1.0) == []


def test_when_leases_of_other_hosts_end_is_reckoned_with():
    """What comes free there is what a request here, and whoever overtakes it, waits for."""
    shares = allocator()
    shares.share("a", Shared(6_000, 0, ((50.0, 6_000),)), is_shut=False)
    shares.ask(request("first", 9_000, asked_s=-500.0))
    shares.ask(request("long", 3_000, duration_s=80.0))
    shares.ask(request("short", 3_000, duration_s=40.0))
    assert shares.decide(0.0) == [Grant("short", ("a",))]
    waiting = shares.queue(0.0)[0]
    assert (waiting.request.id, waiting.wait_s) == ("first", 50.0)
    assert "other hosts hold less" in waiting.why


def test_a_place_that_is_not_taken_is_given_to_others():
    """It is kept for a while; then its host is passed over, each time for twice as long."""
    shares = allocator()
    shares.guests([guest()])
    shares.ask(request("here", 6_000))
    assert granted_s(shares, "here", 60) == OFFER_S
    shares.freed("here", 60.0)
    free_s = []
    for second in range(61, 400):
        name = f"r{second}"
        shares.ask(request(name, 6_000, asked_s=float(second)))
        if Grant(name, ("a",)) in shares.decide(float(second)):
            free_s.append(second)
            shares.freed(name, second + 0.5)
        else:
            shares.cancel(name, second + 0.5)
    kept_s = [second for second in range(61, 400) if second not in free_s]
    assert len(kept_s) <= 4 * (OFFER_S + 1)
    gaps = [after - before for before, after in pairwise(kept_s)]
    assert max(gaps) >= PASSED_OVER_S * 4


@pytest.mark.parametrize(("grants", "is_believed"), [(1, True), (0, False)])
def test_a_host_that_took_a_turn_is_believed_again(grants: int, is_believed: bool):
    """One whose requests come and go without ever being served is not."""
    shares = allocator()
    shares.guests([guest()])
    shares.ask(request("here", 6_000))
    granted_s(shares, "here", 10)
    shares.freed("here", 10.0)
    shares.guests([guest("next", grants=grants)])
    shares.ask(request("again", 6_000))
    assert (shares.decide(11.0) == []) is is_believed


def test_nobody_is_passed_over_while_nobody_waits():
    """A place that is not taken costs nobody anything then."""
    shares = allocator()
    shares.guests([guest()])
    for second in range(30):
        shares.decide(float(second))
    shares.ask(request("here", 6_000, asked_s=30.0))
    assert shares.decide(30.0) == []


def test_idle_models_leave_for_a_guest():
    """They make room for it as for anybody; until it is seen, its time does not run."""
    shares = allocator()
    shares.observe("a", 8_000, 0.0)
    shares.idle_models([idle("old", 8_000)])
    shares.guests([guest()])
    shares.ask(request("here", 6_000))
    (unload,) = shares.decide(0.0)
    assert isinstance(unload, Unload)
    for second in range(1, 3):
        shares.observe("a", 8_000, float(second) - 0.5)
        assert shares.decide(float(second) - 0.5) == []
    shares.observe("a", 0, 3.0)
    decisions: dict[int, list[Decision]] = {at: shares.decide(float(at)) for at in range(3, 12)}
    assert [at for at, each in decisions.items() if each] == [3 + OFFER_S]


def test_a_guest_that_was_not_known_takes_its_turn_before_a_lease_is_told():
    """Its host has told of it since the decision: the lease is taken back for it."""
    shares = allocator()
    shares.ask(request("here", 6_000))
    assert shares.decide(0.0) == [Grant("here", ("a",))]
    assert not shares.gives_way("here", 0.0)
    shares.guests([guest(asked_s=10.0)])
    assert not shares.gives_way("here", 0.0)  # it comes later
    shares.guests([guest(vram_mib=4_000)])
    assert not shares.gives_way("here", 0.0)  # it fits beside
    shares.guests([guest(vram_mib=9_000)])
    assert shares.gives_way("here", 0.0)
    assert not shares.gives_way("nobody", 0.0)
    shares.take_back("here")
    assert shares.decide(0.1) == []


def test_a_guest_that_was_looked_at_takes_nothing_back():
    """Who was let past it once is not decided upon again and again."""
    shares = allocator()
    shares.guests([guest()])
    shares.ask(request("here", 6_000))
    granted_s(shares, "here", 10)
    assert not shares.gives_way("here", 10.0)


def test_what_can_never_fit_here_is_not_waited_for():
    """The other host may see other cards, or promise itself too much."""
    shares = allocator()
    shares.guests([guest(vram_mib=20_000), guest(host="c", vram_mib=5_000)])
    shares.ask(request("here", 5_000))
    assert shares.decide(0.0) == [Grant("here", ("a",))]


def test_guests_that_go_leave_nothing():
    """No place is kept for them, also where the card goes in that moment, or has another size."""
    shares = allocator()
    shares.guests([guest()])
    shares.decide(0.0)
    shares.guests([])
    assert shares.room("a", 0.0).pending_mib == 0
    shares.guests([guest()])
    shares.decide(1.0)
    shares.set_cards({"a": 12_000}, 2.0)
    assert shares.room("a", 2.0).pending_mib == 0
    shares.decide(3.0)
    assert shares.room("a", 3.0).pending_mib == 6_000


def test_hosts_without_number_are_not_all_remembered():
    """Whoever makes up hosts fills no memory."""
    shares = allocator()
    for number in range(3 * MOST_REMEMBERED):
        shares.guests([guest(host=f"host {number}")])
    turns = shares._serving.guests._turns
    assert len(turns) <= MOST_REMEMBERED + 1
    assert MOST_DOUBLINGS * PASSED_OVER_S < 3_600
