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
"""One server is better than another where it is so by a tenth; less is chance, and weights decide.
"""
MOST_COMPARED = 8
"""So many servers are all compared, of more only two drawn by chance. Of three, two leave out the
best one in three times. But each costs 0.8 us a request; and a crowd of servers is shared with
others, whose requests cannot be seen here: all would ask the one that each takes to be idle."""


class Balancer:
    """The shortest expected time, of all servers or of two drawn by chance. For the engines' loop.

    Source: the load as in Finagle's peak EWMA, with the time of an answer put together from its
    first token and the others; of many servers, Mitzenmacher, The Power of Two Choices (2001).
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
        if len(weighty) > MOST_COMPARED:
            return self._better_of_two(weighty, tokens, now_s)
        loads = [load(seat, tokens, now_s) for seat in weighty]
        most = min(loads) / CLEARLY
        best = [seat for seat, its in zip(weighty, loads, strict=True) if its <= most]
        return best[0] if len(best) == 1 else self._draw(best)

    def _better_of_two(self, seats: Sequence[Seat], tokens: int, now_s: float) -> Seat:
        first = self._draw(seats)
        second = self._draw([seat for seat in seats if seat is not first])
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
