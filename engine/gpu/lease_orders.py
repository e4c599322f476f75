"""What somebody may ask for, as people and programs write it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TypedDict

from engine.errors import Rejected
from engine.gpu.asking import check_mib
from engine.gpu.leases import Priority

MS_PER_S = 1000.0
USUAL_DURATION_MS = 600_000
USUAL_NAME = "unnamed"


class Wishes(TypedDict, total=False):
    """What is asked for less often."""

    gpus: int
    """How many cards it is split over; `vram_required` counts on each."""
    name: str
    """What people see."""
    model: str | None
    """What is loaded: an idle instance of it is taken over."""
    preemptible: bool
    """Whether it may be asked to leave for somebody with a higher priority."""
    pid: int | None
    """Whose memory, with all that it starts, counts as this lease's; own process by default."""
    estimate_mib: int | None
    """What the planner's formulas said of the model: its peak then corrects them."""


@dataclass(frozen=True, slots=True)
class LeaseOrder:
    """What somebody asks for."""

    vram_mib: int
    """On each card."""
    priority: Priority = Priority.NORMAL
    duration_s: float = USUAL_DURATION_MS / MS_PER_S
    cards: int = 1
    name: str = USUAL_NAME
    model: str | None = None
    is_preemptible: bool = True
    pid: int | None = None
    estimate_mib: int | None = None

    def __post_init__(self) -> None:
        """Raise Rejected for an estimate that makes no sense; the rest is checked when asked."""
        if self.estimate_mib is not None:
            check_mib("estimate_mib", self.estimate_mib)


def order_of(
    vram_mib: int, priority: str | int | Priority, duration_ms: float, wishes: Wishes
) -> LeaseOrder:
    """Return the order. Raises Rejected for a priority or duration that is none."""
    return LeaseOrder(
        vram_mib=vram_mib,
        priority=priority_of(priority),
        duration_s=seconds_of(duration_ms),
        cards=wishes.get("gpus", 1),
        name=wishes.get("name") or USUAL_NAME,
        model=wishes.get("model"),
        is_preemptible=wishes.get("preemptible", True),
        pid=wishes.get("pid"),
        estimate_mib=wishes.get("estimate_mib"),
    )


def priority_of(word: object) -> Priority:
    """Return the priority called `word`, or with that number. Raises Rejected for others."""
    found = None
    if isinstance(word, str):
        found = next((each for each in Priority if each.name.lower() == word.lower()), None)
    elif isinstance(word, int) and not isinstance(word, bool):
        found = next((each for each in Priority if each == word), None)
    if found is None:
        words = ", ".join(each.name.lower() for each in Priority)
        raise Rejected(
            f"priority is {word!r}: choose one of {words}", param="priority", code="invalid_lease"
        )
    return found


def seconds_of(duration_ms: object) -> float:
    """Return a duration in seconds. Raises Rejected where it is no number."""
    if isinstance(duration_ms, int | float) and not isinstance(duration_ms, bool):
        with contextlib.suppress(OverflowError):
            return float(duration_ms) / MS_PER_S
    raise Rejected(
        f"duration is {str(duration_ms)[:40]!r}: it must be a number of milliseconds",
        param="duration_ms",
        code="invalid_lease",
    )
