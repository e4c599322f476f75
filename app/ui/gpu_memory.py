"""Who holds a card's memory, as the stretches of a bar."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

from app.ui.widgets.memory_bar import HUES, BarPart
from engine.gpu.cards import CardNow
from engine.gpu.lease_views import LeasesSnapshot, LeaseView
from engine.gpu.room import Room


def memory_parts(now: CardNow, leases: LeasesSnapshot) -> tuple[BarPart, ...]:
    """Return the stretches of a card's memory, what is free last; none where nothing is told."""
    room = leases.rooms.get(now.card.id)
    if room is None:
        return _plain_parts(now)
    looks = lease_looks(leases)
    parts = [_lease_part(each, looks) for each in leases_on(now.card.id, leases)]
    parts += _elsewhere_parts(now.card.id, room, leases)
    parts += _other_parts(now, room)
    # What the driver keeps is no part of what the account is about.
    total_mib = now.card.memory_total_mib
    if total_mib is not None and total_mib > room.capacity_mib:
        parts.append(BarPart("Driver", total_mib - room.capacity_mib, "driver"))
    parts.append(BarPart("Margin", room.margin_mib, "margin", note="never given out"))
    parts.append(BarPart("Free", room.free_mib, "free"))
    return tuple(part for part in parts if part.mib > 0 or part.look == "free")


def brief(parts: Sequence[BarPart]) -> tuple[BarPart, ...]:
    """Return `parts` for a short legend: what nobody can have is one of them."""
    kept = [part for part in parts if part.look in ("driver", "margin")]
    if len(kept) < 2:
        return tuple(parts)
    names = " and ".join(part.name.lower() for part in kept)
    whole = BarPart("Set aside", sum(part.mib for part in kept), "margin", note=names)
    found = [part for part in parts if part not in kept]
    return (*found[:-1], whole, found[-1])


def leases_on(card_id: str, leases: LeasesSnapshot) -> tuple[LeaseView, ...]:
    """Return who holds memory of a card, or has a place on it that is being made free."""
    return tuple(each for each in (*leases.held, *leases.queue) if card_id in each.card_ids)


def lease_looks(leases: LeasesSnapshot) -> Mapping[str, str]:
    """Return a number for each lease, by id, that stands for its colour.

    A lease keeps its own while others come and go, as long as there are colours enough.
    """
    looks: dict[str, str] = {}
    placed = [each for each in (*leases.held, *leases.queue) if each.card_ids]
    for lease in sorted(placed, key=lambda each: (each.asked_s, each.id)):
        first = zlib.crc32(lease.id.encode()) % len(HUES)
        order = [str((first + step) % len(HUES)) for step in range(len(HUES))]
        taken = set(looks.values())
        looks[lease.id] = next((look for look in order if look not in taken), order[0])
    return looks


def used_mib_of(now: CardNow) -> int | None:
    """Return what is in use on a card; None where it is not told."""
    return now.reading.memory_used_mib


def _lease_part(lease: LeaseView, looks: Mapping[str, str]) -> BarPart:
    size_mib = max(lease.vram_mib, lease.used_mib or 0)
    if not lease.is_held:
        return BarPart(lease.name, size_mib, looks[lease.id], 0, "its place is being made free")
    used = "" if lease.used_mib is None else f"{lease.used_mib:,} MiB in use"
    note = "asked to leave" if lease.is_asked_to_leave else used
    return BarPart(lease.name, size_mib, looks[lease.id], lease.used_mib, note)


def _elsewhere_parts(card_id: str, room: Room, leases: LeasesSnapshot) -> list[BarPart]:
    """Return what other hosts have promised of a card; their names, and who holds it, as a note."""
    if not room.elsewhere_whole_mib:
        return []
    told = {
        host.name: [each.name for each in host.leases if card_id in each.card_ids]
        for host in leases.others
        if any(card.id == card_id for card in host.cards)
    }
    holding = {name: holders for name, holders in told.items() if holders}
    notes = [f"{name}: {', '.join(holders)}" for name, holders in holding.items()]
    name = f"Host {next(iter(holding))}" if len(holding) == 1 else "Other hosts"
    return [
        BarPart(
            name, room.elsewhere_whole_mib, "elsewhere", room.elsewhere_seen_mib, "; ".join(notes)
        )
    ]


def _other_parts(now: CardNow, room: Room) -> list[BarPart]:
    processes = now.reading.processes or ()
    names = ", ".join(each.name or str(each.pid) for each in processes if each.lease is None)
    foreign_mib = room.foreign_mib - room.elsewhere_seen_mib
    return [
        BarPart("Idle models", room.idle_mib, "idle", note="leave when memory is needed"),
        BarPart("Other programs", foreign_mib, "foreign", note=names),
        BarPart("Coming free", room.returning_mib, "returning", note="was given back just now"),
    ]


def _plain_parts(now: CardNow) -> tuple[BarPart, ...]:
    """Return what is used and free, where nothing is known of leases."""
    used_mib, total_mib = used_mib_of(now), now.card.memory_total_mib
    if used_mib is None or total_mib is None:
        return ()
    reserved_mib = now.reading.memory_reserved_mib or 0
    parts = (
        BarPart("In use", used_mib, "foreign"),
        BarPart("Driver", reserved_mib, "driver"),
        BarPart("Free", max(0, total_mib - used_mib - reserved_mib), "free"),
    )
    return tuple(part for part in parts if part.mib > 0 or part.look == "free")
