from __future__ import annotations

import pytest

from engine.gpu.claims import SILENT_S, Claims, claim_of, ends_of
from engine.gpu.hosts import HostClaim, HostPromise
from engine.gpu.leases import Priority
from tests.engine.gpu.lease_requests import request


def promise(told: int = 1, *, host: str = "b", **changes: object) -> HostPromise:
    """Return what a host tells, of one that has waited for 30 s."""
    given: dict[str, object] = {
        "id": "x",
        "vram_mib": 5_000,
        "priority": 2,
        "waited_s": 30.0,
        "duration_s": 60.0,
    }
    claim = HostClaim(**{**given, **changes})  # type: ignore[arg-type]
    return HostPromise(host, "tower", claim=claim, told=told)


def test_a_claim_is_a_request_by_this_clock():
    """It has waited as long as was told, whatever the clocks say."""
    claims = Claims()
    claims.hear("a", [promise()], 1_000.0)
    (guest,) = claims.guests(1_000.0)
    assert (guest.host_id, guest.card_ids) == ("b", frozenset({"a"}))
    assert (guest.request.asked_s, guest.request.priority) == (970.0, Priority.HIGH)
    assert (guest.request.vram_mib, guest.request.duration_s) == (5_000, 60.0)


def test_what_is_told_again_can_only_make_it_older():
    """A word that came late is no proof that somebody came later."""
    claims = Claims()
    claims.hear("a", [promise(1, waited_s=30.0)], 1_000.0)
    claims.hear("a", [promise(2, waited_s=31.0)], 1_003.0)
    assert claims.guests(1_003.0)[0].request.asked_s == 970.0
    claims.hear("a", [promise(3, waited_s=34.5)], 1_004.0)
    assert claims.guests(1_004.0)[0].request.asked_s == 969.5


def test_a_silent_host_is_not_waited_for():
    """What it noted may still lie there: it must have told something new."""
    claims = Claims()
    for second in range(int(SILENT_S) + 1):
        claims.hear("a", [promise()], 1_000.0 + second)
    assert claims.guests(1_000.0 + SILENT_S - 0.1)
    assert claims.guests(1_000.0 + SILENT_S) == ()
    claims.hear("a", [promise(2)], 1_010.0)
    assert claims.guests(1_010.0)


def test_what_lies_beside_another_card_may_be_older():
    """The last word counts; the cards are all those that its host has."""
    claims = Claims()
    claims.hear("a", [promise(2, id="new", cards=3)], 0.0)
    claims.hear("b", [promise(1, id="old", cards=3)], 0.0)
    (guest,) = claims.guests(0.0)
    assert guest.request.id.endswith(":new")
    assert guest.card_ids == {"a", "b"}
    assert guest.request.cards == 2  # the third is not seen here
    claims.hear("a", [], 1.0)
    assert claims.guests(1.0)[0].card_ids == {"b"}
    claims.hear("b", [], 1.0)
    assert claims.guests(1.0) == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"vram_mib": -1},
        {"vram_mib": 10**9},
        {"waited_s": float("nan")},
        {"waited_s": float("inf")},
        {"duration_s": float("nan")},
        {"duration_s": -1.0},
        {"cards": 0},
        {"id": "x" * 500},
        {"id": "\n"},
    ],
)
def test_a_claim_that_makes_no_sense_is_passed_over(wrong: dict[str, object]):
    """Others on the same Redis may say anything."""
    claims = Claims()
    claims.hear("a", [promise(**wrong), HostPromise("c", "older")], 0.0)
    assert claims.guests(0.0) == ()


@pytest.mark.parametrize(("told", "meant"), [(-5, Priority.LOW), (99, Priority.URGENT)])
def test_a_priority_that_is_not_known_is_the_nearest(told: int, meant: Priority):
    """A later version may know more of them."""
    claims = Claims()
    claims.hear("a", [promise(priority=told)], 0.0)
    assert claims.guests(0.0)[0].request.priority is meant


def test_a_clock_that_went_backwards_tells_no_negative_age():
    """Nobody waits since a moment to come."""
    assert claim_of(request("r", asked_s=10.0), 5.0).waited_s == 0.0
    assert claim_of(request("r", asked_s=10.0), 15.0).waited_s == 5.0


def test_no_more_comes_free_than_was_promised():
    """What makes no sense is left out."""
    ends = ((5.0, 3_000), (float("nan"), 10), (-2.0, 500), (9.0, -7), (20.0, 9_000))
    told = HostPromise("b", "tower", 5_000, ends=ends)
    assert ends_of(told, 100.0) == [(105.0, 3_000), (100.0, 500), (120.0, 1_500)]
