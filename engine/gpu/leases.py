"""Leases of graphics memory: what is asked for, what is held, what the policy decides."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Priority(IntEnum):
    """What goes first. Waiting makes up for one step in a bounded time."""

    LOW = 0
    NORMAL = 1
    HIGH = 2
    URGENT = 3


class LeaseState(StrEnum):
    """The life of a lease; it never goes back."""

    QUEUED = "queued"
    PENDING = "pending"
    """It has a place, which is being made free: models unload, or others leave."""
    ACTIVE = "active"
    DRAINING = "draining"
    """It was asked to leave, or ran out of time, and its memory is not seen free yet."""
    ENDED = "ended"


class Ending(StrEnum):
    """Why a lease, or the wait for one, is over."""

    RELEASED = "released"
    EXPIRED = "expired"
    """Its time ran out and was not renewed."""
    LOST = "lost"
    """Its holder gave no sign of life."""
    PREEMPTED = "preempted"
    REJECTED = "rejected"
    """It can never fit, or made no sense."""
    CANCELLED = "cancelled"
    """Who waited gave up."""
    CARD_GONE = "card gone"


@dataclass(frozen=True, slots=True)
class LeaseRequest:
    """What somebody asks for."""

    id: str
    name: str
    vram_mib: int
    """On each card."""
    priority: Priority
    duration_s: float
    """How long it is wanted for: what backfill reckons with. Renewed, it may last longer."""
    asked_s: float
    """Clock time; kept when it queues again after a preemption."""
    cards: int = 1
    """How many cards it is split over."""
    model: str | None = None
    """What is loaded: an idle instance of it can be taken over."""
    is_preemptible: bool = True
    pid: int | None = None
    """Whose memory counts as this lease's."""
    preemptions: int = 0
    """How often it was asked to leave before."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A request and what has become of it. Times are Clock times."""

    request: LeaseRequest
    state: LeaseState
    card_ids: tuple[str, ...] = ()
    granted_s: float | None = None
    expires_s: float | None = None
    """When its time is over unless it is renewed."""
    heard_s: float | None = None
    """Last sign of life."""
    ending: Ending | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request's place in the queue."""

    request: LeaseRequest
    position: int
    """From 1."""
    wait_s: float | None
    """Estimated; None where nothing can be said."""
    why: str
    """What it waits for, in words."""


@dataclass(frozen=True, slots=True)
class IdleModel:
    """A model that is loaded, works for nobody, and could be asked to unload."""

    name: str
    card_id: str
    used_mib: int
    source: str
    """Which server, or our own engine, holds it."""
    idle_since_s: float
    uses: int = 0
    """How often it was used: what unloading it costs."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is known by; several instances may share it."""
        return self.source, self.card_id, self.name


# --- what the policy decides ---


@dataclass(frozen=True, slots=True)
class Grant:
    """The request gets these cards now."""

    request_id: str
    card_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preempt:
    """The holder is asked to leave."""

    request_id: str
    for_id: str | None
    """For whom; None where a foreign program needs the room."""


@dataclass(frozen=True, slots=True)
class End:
    """The lease, or the wait, is over."""

    request_id: str
    ending: Ending
    reason: str


@dataclass(frozen=True, slots=True)
class Unload:
    """An idle model is asked to unload."""

    model: IdleModel
    for_id: str | None
    """For whom; None where a foreign program needs the room."""


Decision = Grant | Preempt | End | Unload
