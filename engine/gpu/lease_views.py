"""What the world sees of leases: values, complete and frozen. Times are Clock times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from engine.gpu.hosts import HostLeases
from engine.gpu.leases import Ending, LeaseState, Priority
from engine.gpu.room import Room


@dataclass(frozen=True, slots=True)
class LeaseView:
    """One lease, from the question to its end."""

    id: str
    name: str
    state: LeaseState
    vram_mib: int
    """On each card."""
    priority: Priority
    duration_s: float
    asked_s: float
    cards: int = 1
    """How many it is split over."""
    model: str | None = None
    pid: int | None = None
    is_preemptible: bool = True
    card_ids: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables with which a program sees these cards alone."""
    granted_s: float | None = None
    expires_s: float | None = None
    heard_s: float | None = None
    used_mib: int | None = None
    """Seen of its processes, on the card where it is most; None where nothing is told."""
    peak_mib: int | None = None
    may_stay: bool | None = None
    """Whether its model should stay loaded when it ends: nobody waits for the room. None where it
    names none, or is not held."""
    leave_by_s: float | None = None
    """When it ends because it was asked to leave; None where it was not."""
    position: int | None = None
    """In the queue, from 1; None where it does not wait."""
    wait_s: float | None = None
    """Estimated; None where nothing can be said."""
    ending: Ending | None = None
    ended_s: float | None = None
    reason: str | None = None
    """What it waits for, why it must leave, or why it is over, in words."""

    @property
    def is_held(self) -> bool:
        """Whether its memory may be used."""
        is_granted = self.state in (LeaseState.ACTIVE, LeaseState.DRAINING)
        return is_granted and self.granted_s is not None and self.ending is None

    @property
    def is_over(self) -> bool:
        """Whether it has ended, however that came."""
        return self.ending is not None

    @property
    def is_asked_to_leave(self) -> bool:
        """Whether its holder should free the memory soon."""
        return self.leave_by_s is not None


class EventKind(StrEnum):
    """What can become of a lease."""

    QUEUED = "queued"
    MOVED = "moved"
    """It has another place in the queue."""
    GRANTED = "granted"
    ASKED_TO_LEAVE = "asked_to_leave"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class LeaseEvent:
    """Something has become of a lease."""

    kind: EventKind
    lease: LeaseView


@dataclass(frozen=True, slots=True)
class LeasesSnapshot:
    """Who holds memory, who waits, and what there is."""

    held: tuple[LeaseView, ...] = ()
    """Those included whose memory is not seen free yet (draining)."""
    queue: tuple[LeaseView, ...] = ()
    """Pending ones first, then those that wait, in order."""
    ended: tuple[LeaseView, ...] = ()
    """The last ones, newest first."""
    rooms: Mapping[str, Room] = field(default_factory=dict)
    """By card id."""
    problems: tuple[str, ...] = ()
    """What goes wrong with leases, and what helps."""
    lease_of_pid: Mapping[int, str] = field(default_factory=dict)
    """Which processes belong to which lease; where one process has several, to its first."""
    others: tuple[HostLeases, ...] = ()
    """Other hosts on the same Redis, where leases are shared; those that are silent are gone."""
