"""Everybody's place in the line, and how long it may take."""

from __future__ import annotations

from collections.abc import Iterable

from engine.gpu.guests import Guest
from engine.gpu.leases import Lease, LeaseRequest, Waiting
from engine.gpu.ledger import Ledger
from engine.gpu.timeline import Timeline, timeline_of

MOST_ESTIMATED = 64
"""How many are reckoned through: each costs more than the one before, and is less sure."""

DRIVER_SILENT = (
    "waits until the driver of the graphics cards answers: if that stays so, start the machine anew"
)


def waits(
    line: Iterable[tuple[LeaseRequest, Guest | None]],
    ledger: Ledger,
    leases: Iterable[Lease],
    now_s: float,
) -> tuple[Waiting, ...]:
    """Return who waits, in order, as if each started as soon as those before it leave room.

    line: with the guests, which have no place in this host's queue. leases: with the places that
    are kept for guests.
    """
    leases = list(leases)
    kept = {lease.request.id for lease in leases}
    timeline = timeline_of(ledger, leases, now_s)
    waiting: list[Waiting] = []
    for request, guest in line:
        if guest is not None:
            if request.id not in kept:
                _reserve(timeline, guest)
            continue
        position = len(waiting) + 1
        turn = timeline.earliest(request) if position <= MOST_ESTIMATED else None
        if turn is None:
            why = "many wait before it" if position > MOST_ESTIMATED else _missing(request, ledger)
            waiting.append(Waiting(request, position, None, why))
            continue
        start_s, card_ids = turn
        timeline.reserve(request, card_ids, start_s, start_s + request.duration_s)
        if start_s <= now_s and not ledger.silent.isdisjoint(card_ids):
            waiting.append(Waiting(request, position, None, DRIVER_SILENT))
            continue
        why = _room(request, ledger, start_s - now_s)
        waiting.append(Waiting(request, position, start_s - now_s, why))
    return tuple(waiting)


def _reserve(timeline: Timeline, guest: Guest) -> None:
    turn = timeline.only(guest.card_ids).earliest(guest.request)
    if turn is not None:
        start_s, card_ids = turn
        end_s = start_s + guest.request.duration_s
        timeline.reserve(guest.request, card_ids, start_s, end_s)


def _room(request: LeaseRequest, ledger: Ledger, wait_s: float) -> str:
    if wait_s <= 0:
        return "its turn comes now"
    cause = _elsewhere(request, ledger) or f"waits until leases end: {_wanted(request)}"
    return f"{cause}, expected in {wait_s:.0f} s"


def _elsewhere(request: LeaseRequest, ledger: Ledger) -> str | None:
    held_mib = max((room.promised_elsewhere_mib for room in ledger.rooms.values()), default=0)
    if not held_mib:
        return None
    return f"waits until other hosts hold less: {_wanted(request)}; they hold {held_mib} MiB"


def _missing(request: LeaseRequest, ledger: Ledger) -> str:
    elsewhere = _elsewhere(request, ledger)
    if elsewhere is not None:
        return elsewhere
    foreign_mib = max((room.foreign.now_mib for room in ledger.rooms.values()), default=0)
    if foreign_mib:
        return (
            f"waits until other programs use less: {_wanted(request)}; they use {foreign_mib} MiB"
        )
    return f"waits for {_wanted(request)}, held by leases without an end"


def _wanted(request: LeaseRequest) -> str:
    where = "one card" if request.cards == 1 else f"each of {request.cards} cards"
    return f"{request.vram_mib} MiB on {where}"
