"""What a study learns from the same model's other types of task, while it has little of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.analytics.adapters.optimiser_rows import rows_of
from engine.analytics.measurements import Told
from engine.analytics.observations import Observation
from engine.analytics.ports import SearchOrder

MOST_OF_EACH = 80
"""Newest answers of each other task: with the own ones fewer than a posterior has points."""
FEWEST = 5
"""Fewer do not tell how alike two tasks are."""


@dataclass(frozen=True, slots=True)
class Borrowed:
    """Rows of other tasks, numbered from 1, and how many there are of each, in that order."""

    rows: tuple[Told, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)

    def words(self, why: str, own: int) -> str:
        """Return the reason `why`, and from where it comes; own: answers of the study itself."""
        if not self.counts:
            return why
        told = " and ".join(f"{count} answers of {name}" for name, count in self.counts.items())
        if not own:
            return f"nothing was rated at this task yet, so this goes by {told}"
        return f"{why}; {told} count too, as far as the tasks are alike"


def borrowed_from(order: SearchOrder, others: Mapping[str, Sequence[Observation]]) -> Borrowed:
    """Return what `others`, by their types of task, may teach the study of `order`."""
    rows: list[Told] = []
    counts: dict[str, int] = {}
    for name, observations in others.items():
        found = rows_of(order, observations, len(counts) + 1)[-MOST_OF_EACH:]
        if len(found) >= FEWEST:
            counts[name] = len(found)
            rows += found
    return Borrowed(tuple(rows), counts)
