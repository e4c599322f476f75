"""What other hosts tell of who waits there, in the time of this host."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from engine.errors import Rejected
from engine.gpu.asking import check
from engine.gpu.guests import Guest
from engine.gpu.hosts import HostClaim, HostPromise
from engine.gpu.leases import LeaseRequest, Priority

SILENT_S = 5.0
"""A host shows itself every 2 s: who has not for so long is not waited for."""


@dataclass(slots=True)
class _Heard:
    """What one host told last."""

    told: int = -1
    at_s: float = 0.0
    request: LeaseRequest | None = None
    grants: int = 0
    guest: Guest | None = None
    """The request, as it is seen here."""
    card_ids: set[str] = field(default_factory=set)


class Claims:
    """Remembers what was heard. No clock is compared: a host tells for how long somebody waits.

    As that was told before it was heard, nobody is taken to wait for longer than is so. Hence no
    two hosts each let the other go first.
    """

    def __init__(self) -> None:
        self._hosts: dict[str, _Heard] = {}

    def hear(self, card_id: str, promises: Iterable[HostPromise], now_s: float) -> None:
        """Take all that other hosts noted for a card."""
        noted = {each.host_id: each for each in promises}
        for host_id, heard in list(self._hosts.items()):
            if host_id not in noted:
                heard.card_ids.discard(card_id)
                heard.guest = _guest(host_id, heard)
            if not heard.card_ids:
                del self._hosts[host_id]
        for host_id, promise in noted.items():
            heard = self._hosts.setdefault(host_id, _Heard())
            heard.card_ids.add(card_id)
            if promise.told > heard.told:  # what lies beside another card may be older
                request = _request(promise, now_s)
                if request is not None and heard.request is not None:
                    request = _earlier(request, heard.request)
                heard.told, heard.at_s = promise.told, now_s
                heard.request, heard.grants = request, promise.grants
            heard.guest = _guest(host_id, heard)

    def clear(self) -> None:
        """Forget everything."""
        self._hosts.clear()

    def guests(self, now_s: float) -> tuple[Guest, ...]:
        """Return who waits at hosts that live."""
        return tuple(
            heard.guest
            for heard in self._hosts.values()
            if heard.guest is not None and now_s - heard.at_s < SILENT_S
        )


def ends_of(promise: HostPromise, now_s: float) -> list[tuple[float, int]]:
    """Return when what a host has promised comes free, as moments, and how much; never more."""
    found, left_mib = [], promise.promised_mib
    for in_s, mib in promise.ends:
        mib = min(mib, left_mib)
        if mib > 0 and math.isfinite(in_s):
            found.append((now_s + max(0.0, in_s), mib))
            left_mib -= mib
    return found


def claim_of(request: LeaseRequest, now_s: float) -> HostClaim:
    """Return what other hosts are told of a request."""
    return HostClaim(
        id=request.id,
        vram_mib=request.vram_mib,
        priority=int(request.priority),
        waited_s=max(0.0, now_s - request.asked_s),
        duration_s=request.duration_s,
        cards=request.cards,
    )


def _request(promise: HostPromise, now_s: float) -> LeaseRequest | None:
    """Return a claim as a request; None where there is none, or it makes no sense."""
    claim = promise.claim
    if claim is None or not math.isfinite(claim.waited_s):
        return None
    request = LeaseRequest(
        id=f"{promise.host_id}:{claim.id}",
        name=f"a request of {promise.host_name}",
        vram_mib=claim.vram_mib,
        priority=Priority(min(max(claim.priority, min(Priority)), max(Priority))),
        duration_s=claim.duration_s,
        asked_s=now_s - max(0.0, claim.waited_s),
        cards=claim.cards,
    )
    try:
        check(request)
    except Rejected:
        return None
    return request


def _earlier(request: LeaseRequest, before: LeaseRequest) -> LeaseRequest:
    """Return what is known of a claim that is told again: the earlier moment is the truer one."""
    is_same = (request.id, request.priority) == (before.id, before.priority)
    return before if is_same and before.asked_s <= request.asked_s else request


def _guest(host_id: str, heard: _Heard) -> Guest | None:
    """Return who waits there; of its cards this host may see fewer than it wants."""
    if heard.request is None:
        return None
    cards = min(heard.request.cards, len(heard.card_ids))
    request = replace(heard.request, cards=cards)
    return Guest(host_id, request, frozenset(heard.card_ids), heard.grants)
