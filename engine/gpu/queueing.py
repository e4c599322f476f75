"""Who is served first: a key that never changes, so that overtaking is bounded.

key = asked − step · priority + penalty(duration), lowest first. Nobody who asks later than the
largest difference, `longest_overtake_s`, goes ahead of a request: it starves for no stream of
others, however short or important they are.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import merge

from engine.gpu.guests import Guest
from engine.gpu.leases import LeaseRequest, Priority


@dataclass(frozen=True, slots=True)
class Order:
    """How age, priority and length are weighed. All in seconds of waiting."""

    priority_step_s: float = 90.0
    """How long a request waits until it comes level with the next priority's newest."""
    length_weight: float = 4.0
    """Seconds of penalty for a second of its duration: short ones go first.

    Length alone, not memory: large ones would be left for the end, when they leave cards empty.
    """
    most_penalty_s: float = 400.0
    """Where the penalty ends."""

    @property
    def longest_overtake_s(self) -> float:
        """The bound: who asks later than this after a request does not go ahead of it."""
        return self.most_penalty_s + self.priority_step_s * (max(Priority) - min(Priority))

    def key(self, request: LeaseRequest) -> float:
        """Return where `request` stands in the line, as a moment; the earliest goes first."""
        penalty_s = min(self.most_penalty_s, self.length_weight * request.duration_s)
        return request.asked_s - self.priority_step_s * request.priority + penalty_s


class WaitingLine:
    """Requests in the order of their keys; among equals, who came first."""

    def __init__(self) -> None:
        self._line: list[tuple[float, int, LeaseRequest]] = []
        self._places: dict[str, tuple[float, int, LeaseRequest]] = {}
        self._count = 0

    def __len__(self) -> int:
        return len(self._line)

    def __iter__(self) -> Iterator[LeaseRequest]:
        return (request for _, _, request in self._line)

    def __contains__(self, request_id: object) -> bool:
        return request_id in self._places

    def beside(
        self, guests: Sequence[tuple[float, Guest]]
    ) -> list[tuple[LeaseRequest, Guest | None]]:
        """Return all that wait, and `guests`, in the order of their keys; on a par, guests last.

        guests: with their keys, in order.
        """
        if not guests:
            return [(request, None) for _, _, request in self._line]
        ours = [(key, 0, number, request, None) for key, number, request in self._line]
        theirs = [
            (key, 1, number, guest.request, guest) for number, (key, guest) in enumerate(guests)
        ]
        line = merge(ours, theirs, key=lambda each: each[:3])
        return [(request, guest) for _, _, _, request, guest in line]

    def add(self, request: LeaseRequest, key: float) -> None:
        """Let `request` wait. Its id must not wait already."""
        assert request.id not in self._places
        self._count += 1
        place = (key, self._count, request)
        insort(self._line, place, key=lambda each: each[:2])
        self._places[request.id] = place

    def remove(self, request_id: str) -> LeaseRequest | None:
        """Take it out and return it; None where it does not wait."""
        place = self._places.pop(request_id, None)
        if place is None:
            return None
        del self._line[bisect_left(self._line, place[:2], key=lambda each: each[:2])]
        return place[2]
