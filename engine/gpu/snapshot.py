"""What the world may see of the machine's resources."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.gpu.cards import CardNow
from engine.gpu.lease_views import LeasesSnapshot


@dataclass(frozen=True, slots=True)
class HostReading:
    """One reading of the host; None where the system does not tell."""

    cpu_percent: float | None
    """Of all cores together, 0 to 100."""
    cpu_cores: int | None
    memory_used_mib: int | None
    memory_total_mib: int | None
    disk_free_gib: float | None
    """Of the disk that holds the user's data."""
    disk_total_gib: float | None
    own_cpu_percent: float | None
    """Of one core, by this application."""
    own_memory_mib: int | None


@dataclass(frozen=True, slots=True)
class ResourceSnapshot:
    """The machine at one moment."""

    taken_s: float
    host: HostReading | None = None
    """None before the first reading."""
    age_s: float | None = None
    """How old the reading is."""
    problem: str | None = None
    cpu_percent: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))
    """Shape (n, 2): seconds, percent; oldest first."""
    memory_percent: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))
    """Shape (n, 2): seconds, percent; oldest first."""
    cards: tuple[CardNow, ...] = ()
    """The graphics cards, also those that are lost or asleep."""
    cards_problem: str | None = None
    """Why there are none, or not all, and what helps."""
    leases: LeasesSnapshot = field(default_factory=LeasesSnapshot)
    """Who holds memory of the cards, and who waits for it."""
