"""Leases as JSON."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from engine.errors import Rejected
from engine.gateway.lease_bodies import duration_in, lease_body, order_in, snapshot_body, wait_in
from engine.gateway.ports import Call
from engine.gpu.hosts import HostCard, HostLeases
from engine.gpu.lease_orders import USUAL_DURATION_MS, LeaseOrder
from engine.gpu.lease_views import LeasesSnapshot, LeaseView
from engine.gpu.leases import Ending, LeaseState, Priority
from engine.gpu.room import Room


def call(body: object = None, **query: str) -> Call:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Call("POST", "/leases", "1", "tester", query=query, body=content)


def test_what_is_not_said_is_usual():
    """One number is enough."""
    assert order_in(call({"vram_mib": 5})) == (
        LeaseOrder(5, duration_s=USUAL_DURATION_MS / 1000),
        0.0,
    )


def test_everything_can_be_said():
    """Fields in the client's units become the engine's; null is as if it were not there."""
    body = {
        "vram_mib": 8_000,
        "priority": "low",
        "duration_ms": 1_500,
        "gpus": 2,
        "name": "train",
        "model": "llama",
        "preemptible": False,
        "pid": None,
        "estimate_mib": 7_000,
        "wait": 2.5,
    }
    assert order_in(call(body)) == (
        LeaseOrder(8_000, Priority.LOW, 1.5, 2, "train", "llama", False, None, 7_000),
        2.5,
    )


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"vram_mib": NaN}', b"\xff", b"null"])
def test_what_is_no_object_is_refused(body: bytes):
    """400, as for every other family."""
    with pytest.raises(Rejected) as error:
        order_in(call(body))
    assert error.value.status == 400


@pytest.mark.parametrize("wait", ["soon", "nan", "-1", "inf", "99999"])
def test_a_wait_that_is_no_time_is_refused(wait: str):
    """By its name."""
    with pytest.raises(Rejected) as error:
        wait_in(call({}, wait=wait))
    assert error.value.param == "wait"


def test_the_time_to_renew_for_is_needed():
    """Nothing is guessed there."""
    assert duration_in(call({"duration_ms": 250})) == 0.25
    with pytest.raises(Rejected) as error:
        duration_in(call({}))
    assert error.value.param == "duration_ms"


def test_moments_are_told_as_what_is_left():
    """A client's clock need not be ours; what is over has no time left."""
    view = LeaseView(
        "a",
        "tester",
        LeaseState.ACTIVE,
        5,
        Priority.URGENT,
        60.0,
        0.0,
        granted_s=10.0,
        expires_s=70.0,
        leave_by_s=15.5,
    )
    told = lease_body(view, 12.0)
    assert (told["expires_in_ms"], told["leave_within_ms"]) == (58_000, 3_500)
    assert (told["priority"], told["asked_to_leave"]) == ("urgent", True)
    assert lease_body(view, 90.0)["expires_in_ms"] == 0
    over = LeaseView(
        "a", "tester", LeaseState.ENDED, 5, Priority.LOW, 1.0, 0.0, ending=Ending.CARD_GONE
    )
    assert (lease_body(over, 0.0)["ended"], lease_body(over, 0.0)["expires_in_ms"]) == (
        "card gone",
        None,
    )


def test_other_hosts_are_told_with_their_age():
    """What another host said of itself, and how long ago that was."""
    host = HostLeases("1", "tower", (HostCard("GPU-1", "RTX", 24_000, 900, 800),), heard_s=7.0)
    told = snapshot_body(LeasesSnapshot(others=(host,)), now_s=9.5)
    (other,) = told["others"]
    assert other["name"] == "tower"
    assert other["cards"][0]["leased_mib"] == 800
    assert other["age_ms"] == 2_500
    assert json.dumps(told)


def test_who_waits_tells_whose_end_it_waits_for():
    """Each request names the leases that have to end for it to start, the soonest first."""
    held = LeaseView(
        "h",
        "train",
        LeaseState.ACTIVE,
        8_000,
        Priority.LOW,
        60.0,
        0.0,
        expires_s=19.5,
        card_ids=("a",),
    )
    waiting = LeaseView(
        "q", "ask", LeaseState.QUEUED, 8_000, Priority.LOW, 60.0, 1.0, position=1, wait_s=10.0
    )
    room = Room(8_000, 0, 0, 8_000, 0, 0, 0, 0)
    shown = LeasesSnapshot(held=(held,), queue=(waiting,), rooms={"a": room})
    (told,) = snapshot_body(shown, now_s=9.5)["queue"]
    assert told["waits_for"] == [
        {
            "id": "h",
            "name": "train",
            "state": "active",
            "vram_mib": 8_000,
            "expires_in_ms": 10_000,
        }
    ]
    assert snapshot_body(replace(shown, held=()), now_s=9.5)["queue"][0]["waits_for"] == []
