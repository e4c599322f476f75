"""Leases as JSON: what clients send, and what they read."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from engine.gateway.asking import Malformed, json_of
from engine.gateway.fields import required, text, whole, wrong
from engine.gateway.ports import Call
from engine.gpu.hosts import HostLeases
from engine.gpu.lease_orders import USUAL_DURATION_MS, LeaseOrder, priority_of, seconds_of
from engine.gpu.lease_views import LeasesSnapshot, LeaseView
from engine.gpu.room import Room
from engine.gpu.waited_for import WaitedFor, waited_for

LONGEST_WAIT_S = 3600.0
MS_PER_S = 1000

Read = Callable[[Any, str], Any]


def order_in(call: Call) -> tuple[LeaseOrder, float]:
    """Return what is asked for, and how many seconds the answer may take.

    Raises Malformed, or Rejected, naming the field that is wrong.
    """
    body = json_of(call)
    _check_names(body, ("vram_mib", "wait", "duration_ms", "priority", *_WISHES))
    wait_s = _wait_s(body.get("wait", 0))
    wishes = {
        field: read(body[name], name)
        for name, (field, read) in _WISHES.items()
        if body.get(name) is not None
    }
    order = LeaseOrder(
        vram_mib=whole(required(body, "vram_mib"), "vram_mib"),
        priority=priority_of(body.get("priority", "normal")),
        duration_s=seconds_of(_number(body.get("duration_ms", USUAL_DURATION_MS), "duration_ms")),
        **wishes,
    )
    return order, wait_s


def duration_in(call: Call) -> float:
    """Return the seconds in the body of a call that renews. Raises Malformed."""
    body = json_of(call)
    _check_names(body, ("duration_ms",))
    return seconds_of(_number(required(body, "duration_ms"), "duration_ms"))


def wait_in(call: Call) -> float:
    """Return how many seconds a call for one lease waits for it. Raises Malformed."""
    given = call.query.get("wait", "0")
    try:
        return _wait_s(float(given))
    except ValueError:
        raise wrong("wait", given, "a number of seconds") from None


def lease_body(lease: LeaseView, now_s: float) -> dict[str, Any]:
    """Return one lease; moments are told as what is left until then."""
    return {
        "id": lease.id,
        "name": lease.name,
        "state": str(lease.state),
        "vram_mib": lease.vram_mib,
        "gpus": lease.cards,
        "priority": lease.priority.name.lower(),
        "model": lease.model,
        "pid": lease.pid,
        "preemptible": lease.is_preemptible,
        "card_ids": list(lease.card_ids),
        "environment": dict(lease.environment),
        "expires_in_ms": None if lease.is_over else _left_ms(lease.expires_s, now_s),
        "position": lease.position,
        "expected_wait_ms": None if lease.wait_s is None else round(lease.wait_s * MS_PER_S),
        "may_stay": lease.may_stay,
        "asked_to_leave": lease.is_asked_to_leave,
        "leave_within_ms": None if lease.is_over else _left_ms(lease.leave_by_s, now_s),
        "used_mib": lease.used_mib,
        "peak_mib": lease.peak_mib,
        "ended": None if lease.ending is None else str(lease.ending),
        "reason": lease.reason,
    }


def snapshot_body(shown: LeasesSnapshot, now_s: float) -> dict[str, Any]:
    """Return all leases, who waits, what ended lately, and the account of each card."""
    waits = waited_for(shown, now_s)
    return {
        "leases": [lease_body(each, now_s) for each in shown.held],
        "queue": [
            lease_body(each, now_s) | {"waits_for": _waits_body(waits.get(each.id), now_s)}
            for each in shown.queue
        ],
        "ended": [lease_body(each, now_s) for each in shown.ended],
        "cards": [_card_body(card_id, room) for card_id, room in shown.rooms.items()],
        "problems": list(shown.problems),
        "others": [_host_body(each, now_s) for each in shown.others],
    }


def _waits_body(waits: WaitedFor | None, now_s: float) -> list[dict[str, Any]]:
    """Return whose end would let a request start, the soonest first; [] where nobody knows."""
    if waits is None:
        return []
    return [
        {
            "id": each.id,
            "name": each.name,
            "state": str(each.state),
            "vram_mib": each.vram_mib,
            "expires_in_ms": _left_ms(each.expires_s, now_s),
        }
        for each in waits.leases
    ]


def _host_body(host: HostLeases, now_s: float) -> dict[str, Any]:
    """Return another host as it told of itself, and how long ago that was."""
    body = asdict(host)
    body["age_ms"] = round(max(0.0, now_s - body.pop("heard_s")) * MS_PER_S)
    return body


def _card_body(card_id: str, room: Room) -> dict[str, Any]:
    return {
        "id": card_id,
        "capacity_mib": room.capacity_mib,
        "margin_mib": room.margin_mib,
        "foreign_mib": room.foreign_mib,
        "leased_mib": room.leased_mib,
        "pending_mib": room.pending_mib,
        "idle_mib": room.idle_mib,
        "returning_mib": room.returning_mib,
        "elsewhere_mib": room.elsewhere_mib,
        "free_mib": room.free_mib,
    }


def _left_ms(moment_s: float | None, now_s: float) -> int | None:
    return None if moment_s is None else max(0, round((moment_s - now_s) * MS_PER_S))


def _check_names(body: Mapping[str, Any], known: tuple[str, ...]) -> None:
    """Raise Malformed for a field nobody reads: a wish that is misspelt would not be granted."""
    unknown = next((name for name in body if name not in known), None)
    if unknown is not None:
        raise Malformed(
            f"'{unknown[:40]}' is no field of a lease: there are {', '.join(known)}",
            param=unknown[:40],
            code="unknown_parameter",
        )


def _wait_s(value: Any) -> float:
    wait_s = _number(value, "wait")
    if not 0 <= wait_s <= LONGEST_WAIT_S:
        raise Malformed(
            f"'wait' must be 0 to {LONGEST_WAIT_S:.0f} seconds", param="wait", code="invalid_value"
        )
    return wait_s


def _number(value: Any, param: str) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or abs(value) > 1e300 or not math.isfinite(value):
        raise wrong(param, value, "a number")
    return float(value)


def _flag(value: Any, param: str) -> bool:
    if not isinstance(value, bool):
        raise wrong(param, value, "true or false")
    return value


_WISHES: Mapping[str, tuple[str, Read]] = {
    "gpus": ("cards", whole),
    "name": ("name", text),
    "model": ("model", text),
    "preemptible": ("is_preemptible", _flag),
    "pid": ("pid", whole),
    "estimate_mib": ("estimate_mib", whole),
}
"""Optional fields: what an order calls them, and how they are read."""
