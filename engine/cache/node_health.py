"""How a node that answers does: how fast, and what it refuses."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from engine.cache.batch import Outcomes
from engine.cache.ports import Put, Write
from engine.cache.snapshot import Quantiles
from engine.errors import OutsideError, Refused

KEPT_LATENCIES = 512
"""Batches that the quantiles look back on."""


class NodeHealth:
    """Latency and refusals of one node."""

    def __init__(self) -> None:
        self.refused: dict[type[Write] | None, str] = {}
        """What is refused now, and why; None stands for reads."""
        self._latencies_s: deque[float] = deque(maxlen=KEPT_LATENCIES)
        self._answers = 0

    def note_answer(self, seconds: float, outcomes: Outcomes) -> None:
        """Note an answered batch of writes with these outcomes; of reads, where there are none."""
        self._latencies_s.append(seconds)
        self._answers += 1
        if not outcomes:
            self.refused.pop(None, None)
        for write, outcome in outcomes:
            if isinstance(outcome, OutsideError):
                self.refused[type(write)] = str(outcome)
            elif self.refused:
                self._note_taken(type(write))

    def note_refused_batch(self, error: Refused) -> None:
        """Note that the node said no to a whole batch."""
        self.refused[None] = str(error)

    def quantiles(self) -> Quantiles:
        """Return the latency of the last batches, and how many were ever answered."""
        ordered = sorted(self._latencies_s.copy())
        if not ordered:
            return Quantiles()
        return Quantiles(_quantile_ms(ordered, 0.5), _quantile_ms(ordered, 0.99), self._answers)

    def _note_taken(self, kind: type[Write]) -> None:
        # Where a frame is taken, anything is; a full server takes removals, but no frames.
        kinds = [other for other in self.refused if other is not None]
        for other in kinds if kind is Put else (kind,):
            self.refused.pop(other, None)


def _quantile_ms(ordered_s: Sequence[float], share: float) -> float:
    """Return the value that `share` of `ordered_s` do not exceed, by nearest rank."""
    rank = max(1, -(-len(ordered_s) * share // 1))
    return 1000 * ordered_s[int(rank) - 1]
