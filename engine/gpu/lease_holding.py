"""One lease as whoever keeps the book knows it, from the question to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.gpu.lease_processes import Root
from engine.gpu.lease_views import LeaseView
from engine.gpu.leases import Ending, Lease, LeaseRequest, LeaseState, Waiting


@dataclass(slots=True, eq=False)
class Holding:
    """A lease, or the wait for one. Times are Clock times."""

    request: LeaseRequest
    root: Root | None = None
    """The process it was given to."""
    estimate_mib: int | None = None
    is_ours: bool = False
    """Somebody in this process holds it: by a handle, as long as that exists."""
    waiters: int = 0
    """How many calls wait for it now."""
    environment: Mapping[str, str] = field(default_factory=dict)
    card_ids: tuple[str, ...] = ()
    granted_s: float | None = None
    expires_s: float | None = None
    heard_s: float | None = None
    leave_by_s: float | None = None
    used_mib: dict[str, int] = field(default_factory=dict)
    """By card, of its processes."""
    peak_mib: int | None = None
    may_stay: bool | None = None
    """Whether its model should stay loaded when it ends; None where it names none."""
    ending: Ending | None = None
    ended_s: float | None = None
    reason: str | None = None
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    """It was granted, or it is over."""
    leaving: asyncio.Event = field(default_factory=asyncio.Event)
    """It was asked to leave, or it is over."""

    @property
    def is_held(self) -> bool:
        """Whether it was granted and is not over."""
        return self.granted_s is not None and self.ending is None

    @property
    def overuse_mib(self) -> int:
        """What it uses beyond its promise, on the card where that is most; never below 0."""
        return max((mib - self.request.vram_mib for mib in self.used_mib.values()), default=0)

    def use(self, card_id: str, mib: int, *, is_seen: bool = True) -> None:
        """Note what its processes use on a card. is_seen: this was read, and not reckoned."""
        self.used_mib[card_id] = mib
        if is_seen and mib > 0:
            self.peak_mib = max(self.peak_mib or 0, mib)

    def view(self, known: Lease | Waiting | None) -> LeaseView:
        """Return it as the world sees it. known: what the allocator says of it."""
        request = self.request
        waiting = known if isinstance(known, Waiting) else None
        lease = known if isinstance(known, Lease) else None
        return LeaseView(
            id=request.id,
            name=request.name,
            state=self._state(lease),
            vram_mib=request.vram_mib,
            priority=request.priority,
            duration_s=request.duration_s,
            asked_s=request.asked_s,
            cards=request.cards,
            model=request.model,
            pid=request.pid,
            is_preemptible=request.is_preemptible,
            card_ids=self.card_ids or (lease.card_ids if lease else ()),
            environment=self.environment,
            granted_s=self.granted_s,
            expires_s=self.expires_s,
            heard_s=(lease.heard_s if lease else None) or self.heard_s,
            used_mib=max(self.used_mib.values(), default=None),
            peak_mib=self.peak_mib,
            may_stay=self.may_stay if self.is_held else None,
            leave_by_s=self.leave_by_s,
            position=waiting.position if waiting else None,
            wait_s=waiting.wait_s if waiting else None,
            ending=self.ending,
            ended_s=self.ended_s,
            reason=self.reason or (waiting.why if waiting else None),
        )

    def _state(self, lease: Lease | None) -> LeaseState:
        if lease is not None and lease.state is LeaseState.DRAINING:
            return LeaseState.DRAINING
        if self.ending is not None:
            return LeaseState.ENDED
        if self.leave_by_s is not None:
            return LeaseState.DRAINING
        if self.granted_s is not None:
            return LeaseState.ACTIVE
        return LeaseState.QUEUED if lease is None else lease.state
