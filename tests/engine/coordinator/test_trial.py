"""What one try leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.circuit_breaker import BreakerState
from engine.coordinator.fleet import Fleet
from engine.coordinator.link import Link
from engine.coordinator.meters import Meters
from engine.coordinator.price_table import PriceTable
from engine.coordinator.retry_budget import RetryBudgets
from engine.coordinator.trial import USUAL_TOKENS, Errand, Ground, Trial, tokens_wanted
from engine.exchange import Attempt, LlmRequest, Usage
from tests.conftest import FakeClock
from tests.engine.coordinator.seats import link


class Tries:
    """One server, and a trail that tries at it are added to."""

    def __init__(self, clock: FakeClock) -> None:
        self.link: Link = link(clock)
        self.trail: list[Attempt] = []
        self.clock = clock
        fleet = Fleet(clock=clock)
        fleet.put(self.link)
        self.ground = Ground(
            fleet=fleet,
            budgets=RetryBudgets(share=0.2, clock=clock),
            prices=PriceTable(None, ()),  # type: ignore[arg-type]
            meters=Meters(clock=clock),
            clock=clock,
        )

    def begin(self, *, is_hedge: bool = False) -> Trial:
        request = LlmRequest("fake", {}, came_s=self.clock.now())
        errand = Errand(request, "fake", self.trail, self.clock.now() + 600)
        return Trial(errand, self.link.seats["fake"], self.ground, is_hedge=is_hedge)


ENDS: dict[str, Callable[[Trial], None]] = {
    "answered": lambda trial: trial.answer_whole(Usage(1, 2)),
    "failed": lambda trial: trial.fail("500"),
    "busy": lambda trial: trial.be_busy("429", 3.0),
    "rejected": lambda trial: trial.be_rejected("400"),
    "abandoned": lambda trial: trial.abandon("left"),
}


@pytest.mark.parametrize("outcome", ENDS)
def test_an_end_is_entered_once(clock: FakeClock, outcome: str):
    """What comes after the first end changes nothing: not the trail, not what is under way."""
    tries = Tries(clock)
    trial = tries.begin(is_hedge=True)
    assert (tries.link.in_flight, tries.link.hedges) == (1, 1)
    clock.advance(2)
    ENDS[outcome](trial)
    for other in ("failed", "busy", "rejected", "abandoned"):
        ENDS[other](trial)
    found = tries.trail[0]
    assert len(tries.trail) == 1
    assert (found.outcome, found.began_s, found.ended_s, found.is_hedge) == (outcome, 0, 2, True)
    assert tries.link.in_flight == 0
    assert tries.link.failures == (outcome == "failed")
    assert tries.link.busy_answers == (outcome == "busy")


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        ("answered", BreakerState.CLOSED),
        ("rejected", BreakerState.CLOSED),
        ("failed", BreakerState.OPEN),
        ("busy", BreakerState.OPEN),
        ("abandoned", BreakerState.OPEN),
    ],
)
def test_a_probe_decides(clock: FakeClock, outcome: str, state: BreakerState):
    """An answer closes the breaker, also a refusing one; without any the next request probes."""
    tries = Tries(clock)
    tries.link.breaker.trip()
    trial = tries.begin()
    assert tries.link.breaker.state is BreakerState.HALF_OPEN
    ENDS[outcome](trial)
    assert tries.link.breaker.state is state


def test_a_stream_tells_both_times(clock: FakeClock):
    """The time to its first event, and of the others per token."""
    tries = Tries(clock)
    trial = tries.begin()
    clock.advance(0.5)
    trial.begin_stream()
    clock.advance(2)
    trial.answer_stream(21)
    assert tries.link.pace.first.value == pytest.approx(0.5)
    assert tries.link.pace.token.value == pytest.approx(0.1)
    assert tries.link.readings.first_token.latest()[0, 1] == pytest.approx(500)
    assert tries.link.readings.tokens_per_s.latest()[0, 1] == pytest.approx(10)
    assert tries.trail[0].first_byte_s == pytest.approx(0.5)


def test_who_waits_for_idleness_is_told(clock: FakeClock):
    """When the last request has ended, and not before."""
    tries, idle = Tries(clock), []
    tries.link.when_idle = lambda: idle.append(1)
    first, second = tries.begin(), tries.begin()
    first.abandon("x")
    assert idle == []
    second.abandon("x")
    assert idle == [1]


@pytest.mark.parametrize(
    ("body", "tokens"),
    [
        ({}, USUAL_TOKENS),
        ({"max_tokens": 7}, 7),
        ({"max_completion_tokens": 9, "max_tokens": 7}, 9),
        ({"max_tokens": 10**9}, 10 * USUAL_TOKENS),
        ({"max_tokens": "many"}, USUAL_TOKENS),
        ({"max_tokens": -1}, USUAL_TOKENS),
        ({"max_tokens": True}, USUAL_TOKENS),
    ],
)
def test_the_length_of_an_answer_is_guessed(body: dict[str, Any], tokens: int):
    """By what the request allows, within reason; nonsense is the server's to complain about."""
    assert tokens_wanted(LlmRequest("m", body)) == tokens
