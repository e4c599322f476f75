"""Ways of choosing a server that are compared in the simulator."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Literal, Protocol

from engine.router.evidence import Evidence, Mean
from engine.router.health import UNKNOWN_HEALTH
from engine.router.scoring import HALF_PRICE_USD, HALF_SPEED_S, SPEED_UNKNOWN
from engine.router.sim_world import Job, SimServer

HALF_LIFE_S = 120.0
"""As `RouterSettings.health_half_life_s` has it."""


@dataclass(slots=True, eq=False)
class SimSeat:
    """A server as those who ask it see it."""

    server: SimServer
    in_flight: int = 0
    """Asked, and not yet answered to the end."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What counts how much; the worth of an answer is the weighted mean of its values."""

    quality: float = 1.0
    speed: float = 0.6
    price: float = 0.4
    health: float = 1.0
    """For policies alone: the worth of an answer has no such thing."""


@dataclass(frozen=True, slots=True)
class SimEvent:
    """What became of a try. Times in seconds."""

    kind: Literal["sent", "began", "ended", "failed", "busy"]
    """"began": the first token came; "busy": the server said 429."""
    seat: SimSeat
    job: Job
    now_s: float
    value_s: float = 0.0
    """"began": since it was sent; "ended": for each token; "busy": come back after."""


class Policy(Protocol):
    """Chooses, and hears what became of it."""

    def choose(self, job: Job, seats: Sequence[SimSeat], now_s: float) -> SimSeat | None:
        """Return one of `seats`, which were not tried for `job` yet; None refuses the request."""
        ...

    def note(self, event: SimEvent) -> None:
        """Hear what became of a try."""
        ...


PolicyMaker = Callable[[Random, Callable[[], float]], Policy]
"""Makes a policy for one run: its own chance, and the simulation's clock."""
Rule = Callable[[Job, Sequence[SimSeat]], SimSeat]


class ByRule:
    """Chooses by what can be seen at once; remembers nothing."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule

    def choose(self, job: Job, seats: Sequence[SimSeat], now_s: float) -> SimSeat | None:
        """Return what the rule says."""
        return self._rule(job, seats)

    def note(self, event: SimEvent) -> None:
        """Forget it."""


class Scored:
    """The router's own way: the model with the best score, and within it a server by `inner`."""

    def __init__(self, *, weights: Weights, inner: Policy) -> None:
        self._weights = weights
        self._inner = inner
        self._first = defaultdict[str, Mean](Mean)
        self._token = defaultdict[str, Mean](Mean)
        self._health = defaultdict[str, Evidence](Evidence)

    def choose(self, job: Job, seats: Sequence[SimSeat], now_s: float) -> SimSeat | None:
        """Return a server of the best model; of the next where that one's are all refused."""
        by_model: dict[str, list[SimSeat]] = {}
        for seat in seats:
            by_model.setdefault(seat.server.model, []).append(seat)
        ranked = sorted(by_model.values(), key=lambda each: -self._score(each, job, now_s))
        for each in ranked:
            found = self._inner.choose(job, each, now_s)
            if found is not None:
                return found
        return None

    def note(self, event: SimEvent) -> None:
        """Take in how fast and how reliable the model and its server were."""
        server, now_s = event.seat.server, event.now_s
        if event.kind == "began":
            self._first[server.model].note(event.value_s, now_s, HALF_LIFE_S)
        elif event.kind == "ended":
            self._token[server.model].note(event.value_s, now_s, HALF_LIFE_S)
            self._health[server.name].note(1.0, now_s, HALF_LIFE_S)
        elif event.kind == "failed":
            self._health[server.name].note(0.0, now_s, HALF_LIFE_S)
        self._inner.note(event)

    def _score(self, seats: Sequence[SimSeat], job: Job, now_s: float) -> float:
        server, weights, speed = seats[0].server, self._weights, SPEED_UNKNOWN
        first_s = self._first[server.model].value
        if first_s is not None:
            token_s = self._token[server.model].value or 0.0
            speed = speed_value(first_s + token_s * job.answer_tokens)
        health = max(self._healthy(seat.server.name, now_s) for seat in seats)
        price = min(price_value(seat.server.cost_usd(job)) for seat in seats)
        return (
            weights.quality * server.quality
            + weights.speed * speed
            + weights.price * price
            + weights.health * health
        )

    def _healthy(self, name: str, now_s: float) -> float:
        evidence = self._health[name]
        evidence.fade(now_s, HALF_LIFE_S)
        return (evidence.good + UNKNOWN_HEALTH) / (evidence.total + 1.0)


def speed_value(total_s: float) -> float:
    """Return what the speed of an answer is worth, as the router scores it."""
    return 1.0 / (1.0 + total_s / HALF_SPEED_S)


def price_value(cost_usd: float) -> float:
    """Return what the price of an answer is worth, as the router scores it."""
    return 1.0 / (1.0 + cost_usd / HALF_PRICE_USD)


def usual_policies(balance: PolicyMaker, weights: Weights | None = None) -> dict[str, PolicyMaker]:
    """Return the policies that are compared, by name.

    balance: how the coordinator chooses among servers, handed in as no engine knows another.
    """
    counted = weights or Weights()
    return {
        "random": lambda random, _: ByRule(lambda _, seats: random.choice(seats)),
        "round-robin": lambda _, __: ByRule(_round_robin()),
        "least-busy": lambda random, _: ByRule(_least_busy(random)),
        "price-first": lambda random, _: ByRule(_price_first(random)),
        "quality-first": lambda random, _: ByRule(_quality_first(random)),
        "coordinator": balance,
        "router": lambda random, now: Scored(weights=counted, inner=balance(random, now)),
    }


def _round_robin() -> Rule:
    numbers = count()
    return lambda _, seats: seats[next(numbers) % len(seats)]


def _load(seat: SimSeat) -> float:
    return seat.in_flight / seat.server.slots


def _least_busy(random: Random) -> Rule:
    return lambda _, seats: min(seats, key=lambda seat: (_load(seat), random.random()))


def _price_first(random: Random) -> Rule:
    def rule(job: Job, seats: Sequence[SimSeat]) -> SimSeat:
        return min(
            seats, key=lambda seat: (seat.server.cost_usd(job), _load(seat), random.random())
        )

    return rule


def _quality_first(random: Random) -> Rule:
    def rule(job: Job, seats: Sequence[SimSeat]) -> SimSeat:
        return min(seats, key=lambda seat: (-seat.server.quality, _load(seat), random.random()))

    return rule
