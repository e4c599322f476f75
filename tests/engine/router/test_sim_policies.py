"""Each policy chooses by what it is named for."""

from __future__ import annotations

from collections import Counter
from random import Random

from engine.router.sim_policies import (
    ByRule,
    Policy,
    Scored,
    SimEvent,
    SimSeat,
    Weights,
    usual_policies,
)
from engine.router.sim_world import Job
from tests.engine.router.worlds import server

JOB = Job(0, 0.0, 100, 10)
CHEAP = SimSeat(server("cheap", model="small", quality=0.4))
GOOD = SimSeat(server("good", model="large", quality=0.9, output_usd=50.0, slots=4))
MIDDLE = SimSeat(server("middle", model="middle", quality=0.6, output_usd=5.0))
SEATS = [CHEAP, GOOD, MIDDLE]
FIRST: Policy = ByRule(lambda _, seats: seats[0])


def policy(name: str) -> Policy:
    return usual_policies(lambda *_: FIRST)[name](Random(1), lambda: 0.0)


def chosen(name: str) -> SimSeat | None:
    return policy(name).choose(JOB, SEATS, 0.0)


def test_rules_do_what_they_say() -> None:
    """The cheapest, the best, and the one with the most room are chosen."""
    assert chosen("price-first") is CHEAP
    assert chosen("quality-first") is GOOD
    CHEAP.in_flight, GOOD.in_flight, MIDDLE.in_flight = 1, 3, 2
    try:
        assert chosen("least-busy") is GOOD
    finally:
        CHEAP.in_flight = GOOD.in_flight = MIDDLE.in_flight = 0


def test_round_robin_takes_turns_and_chance_takes_all() -> None:
    """In turn each comes once; by chance each comes about as often."""
    turns = policy("round-robin")
    assert [turns.choose(JOB, SEATS, 0.0) for _ in range(4)] == [*SEATS, CHEAP]
    chance = policy("random")
    counts = Counter(chance.choose(JOB, SEATS, 0.0).server.name for _ in range(3_000))  # type: ignore[union-attr]
    assert all(900 < count < 1_100 for count in counts.values())


def scored(**weights: float) -> Scored:
    nothing = {"quality": 0.0, "speed": 0.0, "price": 0.0, "health": 0.0}
    return Scored(weights=Weights(**(nothing | weights)), inner=FIRST)


def test_scores_follow_their_weights() -> None:
    """With one weight alone the model that is best in that is chosen."""
    assert scored(quality=1).choose(JOB, SEATS, 0.0) is GOOD
    assert scored(price=1).choose(JOB, SEATS, 0.0) is CHEAP


def test_scores_learn_from_what_happens() -> None:
    """A model that fails, or is slow, is left alone after a while."""
    for weight, events in {
        "health": [("failed", 0.0)] * 3,
        "speed": [("began", 60.0), ("ended", 1.0)],
    }.items():
        one = scored(**{weight: 1.0})
        for kind, value_s in events:
            one.note(SimEvent(kind, CHEAP, JOB, 1.0, value_s))  # type: ignore[arg-type]
        assert one.choose(JOB, SEATS, 1.0) is not CHEAP


def test_a_model_whose_servers_are_refused_is_passed_over() -> None:
    """Where the inner policy refuses all servers of the best model, the next best gets it."""
    picky: Policy = ByRule(lambda _, seats: None if GOOD in seats else seats[0])  # type: ignore[arg-type,return-value]
    one = Scored(weights=Weights(speed=0, price=0, health=0), inner=picky)
    assert one.choose(JOB, SEATS, 0.0) is MIDDLE
    assert one.choose(JOB, [GOOD], 0.0) is None
