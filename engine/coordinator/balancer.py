"""Which of the servers that have a model gets the next request."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from engine.coordinator.affinity import Affinity, conversation
from engine.coordinator.link import Seat
from engine.exchange import LlmRequest

UNKNOWN_S = 1e6
"""What a server is taken to need that has not answered yet but is being asked: the first request
tells, the others need not wait for it."""
CLEARLY = 0.9
"""The second choice wins where it is better by a tenth; less is chance, and weights decide."""


class Balancer:
    """Two random choices by expected time. For the engines' loop.

    Source: Mitzenmacher, The Power of Two Choices (2001); the load as in Finagle's peak EWMA, with
    the time of an answer put together from its first token and the others.
    """

    def __init__(self, *, random: Random, affinity: Affinity) -> None:
        self._random = random
        self._affinity = affinity
        self.has_affinity = True

    def choose(self, seats: Sequence[Seat], request: LlmRequest, tokens: int, now_s: float) -> Seat:
        """Return one of `seats`, which all may be asked and are at least one.

        tokens: what the answer will have, about.
        """
        if len(seats) == 1:
            return seats[0]
        key = self._conversation(seats, request)
        if key is not None:
            known = self._affinity.place(key, seats)
            if known is not None:
                return known
        chosen = self._better(seats, tokens, now_s)
        if key is not None and chosen.link.endpoint.is_local:
            self._affinity.remember(key, chosen.link.name)
        return chosen

    def _conversation(self, seats: Sequence[Seat], request: LlmRequest) -> int | None:
        if not self.has_affinity or not any(seat.link.endpoint.is_local for seat in seats):
            return None
        return conversation(request, seats[0].model)

    def _better(self, seats: Sequence[Seat], tokens: int, now_s: float) -> Seat:
        weighty = [seat for seat in seats if seat.link.endpoint.weight > 0] or list(seats)
        first = self._draw(weighty)
        rest = [seat for seat in weighty if seat is not first]
        if not rest:
            return first
        second = self._draw(rest)
        is_better = load(second, tokens, now_s) < CLEARLY * load(first, tokens, now_s)
        return second if is_better else first

    def _draw(self, seats: Sequence[Seat]) -> Seat:
        """Return one of `seats` by chance, twice the weight with twice the probability."""
        weights = [max(0.0, seat.link.endpoint.weight) for seat in seats]
        total = sum(weights)
        if total <= 0:
            return self._random.choice(seats)
        at = self._random.random() * total
        for seat, weight in zip(seats, weights, strict=True):
            at -= weight
            if at < 0:
                return seat
        return seats[-1]


def load(seat: Seat, tokens: int, now_s: float) -> float:
    """Return how long an answer of `tokens` should take at `seat` now, in seconds.

    Finagle multiplies by what is under way plus one; here that is divided by what the server works
    on at once, and by its weight: an idle server with more slots is no faster for that.
    """
    link = seat.link
    expected_s = seat.pace.expected_s(tokens, now_s)
    if expected_s is None:
        return UNKNOWN_S * link.in_flight
    endpoint = link.endpoint
    room = max(1, endpoint.slots) * (endpoint.weight if endpoint.weight > 0 else 1.0)
    return expected_s * (1 + link.in_flight / room)
