from __future__ import annotations

from dataclasses import replace

from engine.gpu.holders import DEAF_S, SILENCE_LIMIT_S, Holders
from engine.gpu.leases import Ending, LeaseState
from tests.engine.gpu.lease_requests import lease


def ended(holders: Holders, now_s: float) -> dict[str, Ending]:
    return {each.request.id: ending for each, ending, _ in holders.over(now_s)}


def watch(holders: Holders, until_s: float) -> dict[str, Ending]:
    """Look every second, which is how it is not taken for a machine that slept."""
    found: dict[str, Ending] = {}
    for second in range(int(until_s) + 1):
        found |= ended(holders, float(second))
    return found


def test_who_falls_silent_is_lost():
    """A lease without a sign of life is lost after the limit, and not before."""
    holders = Holders()
    holders.put(lease("x", duration_s=1000.0), 0.0)
    assert watch(holders, SILENCE_LIMIT_S - 1) == {}
    assert holders.hear("x", SILENCE_LIMIT_S - 1)
    assert ended(holders, SILENCE_LIMIT_S) == {}
    assert ended(holders, SILENCE_LIMIT_S + DEAF_S - 1) == {}
    assert ended(holders, 2 * SILENCE_LIMIT_S - 2) == {}
    assert ended(holders, 2 * SILENCE_LIMIT_S - 1) == {"x": Ending.LOST}


def test_it_looks_often_enough_to_tell_silence_from_sleep():
    """While anybody holds a lease, the next look is sooner than what counts as sleep."""
    holders = Holders()
    assert holders.next_look_s(0.0) == float("inf")
    holders.put(lease("x", duration_s=2.0), 0.0)
    assert holders.next_look_s(0.0) == 2.0
    holders.renew("x", 1000.0)
    holders.over(2.0)
    assert holders.next_look_s(2.0) < 2.0 + DEAF_S


def test_time_runs_out_unless_it_is_renewed():
    """A lease expires at its time; renewed, it lasts until then."""
    holders = Holders()
    holders.put(lease("x", duration_s=10.0), 0.0)
    holders.put(lease("y", duration_s=10.0), 0.0)
    assert holders.renew("y", 15.0)
    assert watch(holders, 12.0)["x"] is Ending.EXPIRED
    holders.remove("x")
    assert ended(holders, 14.9) == {}
    assert ended(holders, 15.0) == {"y": Ending.EXPIRED}


def test_a_machine_that_slept_blames_nobody():
    """After a gap in which nobody could be heard, everybody has the full time again."""
    holders = Holders()
    holders.put(lease("x", duration_s=10.0), 0.0)
    assert ended(holders, 1.0) == {}
    woke_s = 1.0 + 100 * DEAF_S
    assert ended(holders, woke_s) == {}
    assert ended(holders, woke_s + DEAF_S) == {}
    assert ended(holders, woke_s + 2 * DEAF_S) == {"x": Ending.EXPIRED}


def test_a_lease_without_an_end_ends_only_by_silence():
    """No time of its own: it lasts as long as it is heard of."""
    holders = Holders()
    holders.put(replace(lease("x"), expires_s=None), 0.0)
    assert watch(holders, SILENCE_LIMIT_S) == {"x": Ending.LOST}


def test_who_was_asked_to_leave_cannot_renew():
    """A leaving lease is not made longer."""
    holders = Holders()
    holders.put(lease("x"), 0.0)
    left = holders.ask_to_leave("x", "because")
    assert (left.state, left.reason) == (LeaseState.DRAINING, "because")
    assert not holders.renew("x", 500.0)
    assert not holders.renew("stranger", 500.0)
    assert not holders.hear("stranger", 1.0)


def test_leases_are_known_by_card():
    """A lease over two cards is on both, until it is removed."""
    holders = Holders()
    both = replace(lease("x"), card_ids=("a", "b"))
    holders.put(both, 0.0)
    assert [*holders.on("a"), *holders.on("b")] == [both, both]
    assert holders.remove("x") == both
    assert [*holders.on("a"), *holders.on("b"), *holders] == []
    assert holders.remove("x") is None


def test_use_beyond_the_promise_is_told():
    """Known use is compared with the promise; strangers are passed over."""
    holders = Holders()
    holders.put(lease("x", 1000), 0.0)
    assert holders.beyond_promise({"x": 1200, "stranger": 5}) == [200]


def test_the_last_sign_of_life_is_shown():
    """What leases show of when they were heard is the newest."""
    holders = Holders()
    holders.put(lease("x"), 0.0)
    holders.hear("x", 7.0)
    assert holders.seen(lease("x")).heard_s == 7.0
    assert "x" in holders
    assert len(holders) == 1
    assert holders.get("y") is None


def test_how_long_a_holder_may_be_silent_is_chosen():
    """The reason names the time."""
    holders = Holders(silence_limit_s=60.0)
    holders.put(lease("x", duration_s=1000.0), 0.0)
    assert watch(holders, 59.0) == {}
    assert watch(holders, 60.0) == {"x": Ending.LOST}
