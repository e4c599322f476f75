"""Whose end each waiting request waits for, told from what the world sees of leases."""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.gpu.lease_views import LeasesSnapshot, LeaseView
from engine.gpu.room import Room

MOST = 16
"""Of those who wait; further back so much may change before that nothing can be said."""


@dataclass(frozen=True, slots=True)
class WaitedFor:
    """What has to be over for a request to start."""

    card_ids: tuple[str, ...]
    """Where that makes room."""
    leases: tuple[LeaseView, ...]
    """Who has to leave, the soonest first. Some may themselves still wait."""


@dataclass(frozen=True, slots=True, eq=False)
class _Stay:
    """Known by identity: comparing leases field by field would take most of the time."""

    lease: LeaseView
    ends_s: float


class _Card:
    """A card whose room is given to one after the other of those who wait."""

    def __init__(self, card_id: str, room: Room, stays: list[_Stay]) -> None:
        self.card_id = card_id
        self._free_mib = room.free_mib + room.idle_mib + room.returning_mib
        self._reserve_mib = room.reserve_mib
        self._most_beside_mib = room.capacity_mib - room.margin_mib - room.foreign_mib
        self._stays = sorted(stays, key=_end)

    def blocking(self, vram_mib: int) -> Sequence[_Stay] | None:
        """Return who has to leave, the soonest first; None where that is not enough."""
        # As when it is given out: who would not fit beside the reserve at all may use it.
        is_beside = vram_mib + self._reserve_mib <= self._most_beside_mib
        reserve_mib = self._reserve_mib if is_beside else 0
        missing_mib, found = vram_mib + reserve_mib - self._free_mib, list[_Stay]()
        for stay in self._stays:
            if missing_mib <= 0:
                break
            found.append(stay)
            missing_mib -= stay.lease.vram_mib
        if missing_mib > 0:
            return None
        needed = list[_Stay]()
        for stay in found[:-1]:  # whose end turns out not to be needed is left out
            if stay.lease.vram_mib <= -missing_mib:
                missing_mib += stay.lease.vram_mib
            else:
                needed.append(stay)
        return [*needed, *found[-1:]]

    def give(self, request: LeaseView, blocking: Sequence[_Stay], start_s: float) -> None:
        """Count the request as there once those who block it have left."""
        self._free_mib += sum(stay.lease.vram_mib for stay in blocking) - request.vram_mib
        leaving = frozenset(blocking)
        self._stays = [stay for stay in self._stays if stay not in leaving]
        insort(self._stays, _Stay(request, start_s + request.duration_s), key=_end)


def _end(stay: _Stay) -> float:
    return stay.ends_s


def waited_for(shown: LeasesSnapshot, now_s: float) -> Mapping[str, WaitedFor]:
    """Return, by the id of who waits, whose ends would let it start if all stay as they said.

    Left out is for whom nothing can be said: other programs or hosts hold what it needs, or those
    who hold it have no end. Most leases end before their time, so that it often comes otherwise.
    """
    cards = [_Card(card_id, room, _stays(card_id, shown)) for card_id, room in shown.rooms.items()]
    found: dict[str, WaitedFor] = {}
    for request in [each for each in shown.queue if each.position is not None][:MOST]:
        turns = [
            (blocking[-1].ends_s if blocking else now_s, len(blocking), card, blocking)
            for card in cards
            if (blocking := card.blocking(request.vram_mib)) is not None
        ]
        turns.sort(key=lambda each: each[:2])
        if len(turns) < request.cards:
            continue
        chosen = turns[: request.cards]
        for _, _, card, blocking in chosen:
            card.give(request, blocking, chosen[-1][0])
        stays = {stay.lease.id: stay for *_, blocking in chosen for stay in blocking}
        soonest = sorted(stays.values(), key=_end)
        if request.wait_s is not None:
            found[request.id] = WaitedFor(
                card_ids=tuple(card.card_id for _, _, card, _ in chosen),
                leases=tuple(stay.lease for stay in soonest),
            )
    return found


def _stays(card_id: str, shown: LeasesSnapshot) -> list[_Stay]:
    """Return who holds memory of a card until when; not who was asked to leave, for others."""
    return [
        _Stay(each, each.expires_s)
        for each in shown.held
        if card_id in each.card_ids and each.expires_s is not None and not each.is_asked_to_leave
    ]
