"""What hosts that share cards tell each other: values, complete and frozen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HostClaim:
    """The first in one host's line, which waits for a card. Ages, no moments: clocks differ."""

    id: str
    vram_mib: int
    """On each card."""
    priority: int
    waited_s: float
    duration_s: float
    cards: int = 1


@dataclass(frozen=True, slots=True)
class HostPromise:
    """What one host has given out of one card, in MiB, and who waits there.

    Hosts of an older version tell no claim, and do not know of those of others.
    """

    host_id: str
    """A random word of the running application."""
    host_name: str
    promised_mib: int = 0
    """0: it only shows that it has the card too."""
    seen_mib: int = 0
    """Of that, what every other host sees in use, as foreign memory."""
    claim: HostClaim | None = None
    """The first that waits there for this card; None where nobody does."""
    told: int = 0
    """Rises each time that the host tells something: it lives."""
    grants: int = 0
    """Rises with each lease that the host gives."""
    ends: tuple[tuple[float, int], ...] = ()
    """Of what is promised: in how many seconds it comes free, and how much."""


@dataclass(frozen=True, slots=True)
class CardTold:
    """What is known of one card's sharing at one moment."""

    promises: tuple[HostPromise, ...] = ()
    """Of all hosts that have shown themselves, this one included."""
    steady_s: float = 0.0
    """For so long hosts have shown themselves without a pause. After a pause, and where Redis lost
    its data, it begins at 0: what others promised is not all known yet."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What all other hosts have promised of a card, in MiB."""

    promised_mib: int = 0
    seen_mib: int = 0
    """Of that, what is in use as far as they know."""
    ends: tuple[tuple[float, int], ...] = ()
    """When it comes free, in clock time, and how much, as far as they tell."""


@dataclass(frozen=True, slots=True)
class HostCard:
    """A card of another host."""

    id: str
    name: str
    total_mib: int | None = None
    used_mib: int | None = None
    leased_mib: int = 0


@dataclass(frozen=True, slots=True)
class HostLease:
    """A lease of another host, or a request that waits there."""

    name: str
    state: str
    vram_mib: int
    """On each card."""
    cards: int = 1
    card_ids: tuple[str, ...] = ()
    used_mib: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class HostLeases:
    """What another host holds, as it told last."""

    id: str
    name: str
    cards: tuple[HostCard, ...] = ()
    leases: tuple[HostLease, ...] = ()
    queue: tuple[HostLease, ...] = ()
    heard_s: float = 0.0
    """Clock time, when this host heard it."""
