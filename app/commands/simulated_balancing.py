"""The coordinator's own choice among servers, for the router's simulator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, cast

from engine.coordinator.affinity import Affinity
from engine.coordinator.balancer import Balancer
from engine.coordinator.choosing import Choice
from engine.coordinator.link import Link, Seat
from engine.coordinator.settings import Endpoint, EndpointKind
from engine.coordinator.trial import Errand
from engine.exchange import LlmRequest

if TYPE_CHECKING:
    from engine.coordinator.ports import Provider
    from engine.router.sim_policies import SimEvent, SimSeat
    from engine.router.sim_world import Job, SimServer

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


class SimClock:
    """The simulation's time as the engines read it."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self.now = now_s

    def wall(self) -> datetime:
        """Return the calendar time, in UTC."""
        return BEGAN + timedelta(seconds=self.now())


class CoordinatorBalance:
    """The shortest expected time, with breakers and pauses: the parts that really choose.

    Left out are affinity (the simulation's requests have nothing in common), hedging and the
    retry budget.
    """

    def __init__(self, random: Random, now_s: Callable[[], float]) -> None:
        self._random = random
        self._clock = SimClock(now_s)
        balancer = Balancer(random=random, affinity=Affinity())
        balancer.has_affinity = False
        self._choice = Choice(balancer=balancer, clock=self._clock)
        self._seats: dict[str, Seat] = {}
        self._probes: set[tuple[str, int]] = set()

    def choose(self, job: Job, seats: Sequence[SimSeat], now_s: float) -> SimSeat | None:
        """Return the coordinator's choice; None where all have asked for a pause."""
        known = [self._seat(seat.server) for seat in seats]
        body = {"max_tokens": job.answer_tokens}
        errand = Errand(LlmRequest("m", body), "m", [], now_s + 600.0)
        chosen = self._choice.next(errand, known)
        return None if chosen is None else seats[known.index(chosen)]

    def note(self, event: SimEvent) -> None:
        """Enter what became of a try as the coordinator does."""
        seat, now_s = self._seat(event.seat.server), event.now_s
        link, key = seat.link, (event.seat.server.name, event.job.number)
        if event.kind == "sent":
            if link.admit():
                self._probes.add(key)
            link.in_flight += 1
            seat.limits.take(event.job.answer_tokens)
        elif event.kind == "began":
            seat.pace.note_first(event.value_s, now_s)
        else:
            link.in_flight -= 1
            was_probe = key in self._probes
            self._probes.discard(key)
            if event.kind == "ended":
                seat.pace.note_token(event.value_s, now_s)
                link.breaker.succeed()
            elif event.kind == "failed":
                link.breaker.fail()
            else:
                seat.limits.pause(event.value_s)
                if was_probe:
                    link.breaker.abandon()

    def _seat(self, server: SimServer) -> Seat:
        found = self._seats.get(server.name)
        if found is None:
            endpoint = Endpoint(server.name, EndpointKind.OPENAI, "", slots=server.slots)
            link = Link(
                endpoint=endpoint,
                provider=cast("Provider", None),  # nothing is ever sent
                key=str,
                clock=self._clock,
                random=self._random,
            )
            found = Seat(link=link, model=server.model, clock=self._clock)
            self._seats[server.name] = found
        return found
