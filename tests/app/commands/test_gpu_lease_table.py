"""Leases in the terminal."""

from __future__ import annotations

from typing import Any

from app.commands.gpu_lease_table import MOST, lease_lines
from engine.gateway.lease_bodies import lease_body
from engine.gpu.lease_views import LeaseView
from engine.gpu.leases import Ending, LeaseState, Priority


def lease(state: LeaseState, **values: Any) -> dict[str, Any]:
    """Return a lease as `/leases` tells of it, at second 0."""
    return lease_body(LeaseView("a", "train", state, 8_000, Priority.LOW, 60.0, 0.0, **values), 0.0)


def test_nobody_holds_anything():
    """It is said."""
    assert lease_lines({"leases": [], "queue": [], "problems": []}) == ["Leases: none"]


def test_who_holds_who_waits_and_what_is_wrong():
    """One line each, with what matters about it."""
    active = lease(LeaseState.ACTIVE, granted_s=0.0, expires_s=600.0, used_mib=7_000)
    leaving = lease(LeaseState.DRAINING, granted_s=0.0, expires_s=60.0, leave_by_s=8.0, cards=2)
    over = lease(LeaseState.DRAINING, granted_s=0.0, ending=Ending.RELEASED)
    waiting = lease(LeaseState.QUEUED, position=1, reason="waits until leases end")
    told = {"leases": [active, leaving, over], "queue": [waiting], "problems": ["it is broken"]}
    lines = lease_lines(told)
    assert lines[0] == "Leases: 3 held, 1 waiting"
    assert lines[1].endswith("8000 MiB  low     held for 10 min more, uses 7000 MiB")
    assert lines[2].endswith("8000 MiB × 2  low     must leave within 8 s")
    assert lines[3].endswith("released, not seen free yet")
    assert lines[4].endswith("number 1: waits until leases end")
    assert lines[5] == "   ! it is broken"


def test_who_waits_tells_who_has_to_leave():
    """The names of those whose end would let it start; not where the application is older."""
    waiting = lease(LeaseState.QUEUED, position=1, reason="waits until leases end")
    waiting["waits_for"] = [{"name": name} for name in ("a", "b", "c", "d")]
    (_, line) = lease_lines({"leases": [], "queue": [waiting]})
    assert line.endswith("number 1: waits until leases end; starts when a, b and 2 more end")


def test_a_long_queue_is_counted():
    """The terminal has an end."""
    waiting = [lease(LeaseState.QUEUED, position=place) for place in range(1, MOST + 6)]
    lines = lease_lines({"leases": [], "queue": waiting, "problems": []})
    assert len(lines) == MOST + 2
    assert lines[-1] == "   … and 5 more waiting"
