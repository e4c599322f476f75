"""What one try leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.circuit_breaker import BreakerState
from engine.coordinator.accounts import Accounts
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
            accounts=Accounts(),
            clock=clock,
        )

    def begin(self, *, is_hedge: bool = False, body: dict[str, Any] | None = None) -> Trial:
        request = LlmRequest("fake", body or {}, came_s=self.clock.now())
        errand = Errand(request, "fake", self.trail, self.clock.now() + 600)
        return Trial(errand, self.link.seats["fake"], self.ground, is_hedge=is_hedge)


ENDS: dict[str, Callable[[Trial], None]] = {
    "answered": lambda trial: trial.answer_whole(Usage(1, 2)),
    "failed": lambda trial: trial.fail("500"),
    "busy": lambda trial: trial.be_busy("429", 3.0),
    "rejected": lambda trial: trial.be_rejected("400"),
    "abandoned": lambda trial: trial.abandon("left"),
    "given up": lambda trial: trial.give_up("left"),
}


@pytest.mark.parametrize("outcome", ENDS)
def test_an_end_is_entered_once(clock: FakeClock, outcome: str):
    """What comes after the first end changes nothing: not the trail, not what is under way."""
    tries = Tries(clock)
    trial = tries.begin(is_hedge=True)
    assert (tries.link.in_flight, tries.link.hedges) == (1, 1)
    clock.advance(2)
    ENDS[outcome](trial)
    for other in ("failed", "busy", "rejected", "abandoned", "given up"):
        ENDS[other](trial)
    found = tries.trail[0]
    assert len(tries.trail) == 1
    told = "abandoned" if outcome == "given up" else outcome
    assert (found.outcome, found.began_s, found.ended_s, found.is_hedge) == (told, 0, 2, True)
    assert (found.unused is not None) == (outcome == "given up")
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


@pytest.mark.parametrize("is_stream", [False, True])
def test_what_nobody_takes_is_entered_as_far_as_it_was_made(clock: FakeClock, is_stream: bool):
    """An answer given up before it came counts its prompt, and as many tokens as the server makes
    in that time; of a stream that had not begun, none. All of it is marked as estimated.
    """
    tries = Tries(clock)
    pace = tries.link.seats["fake"].pace
    pace.note_first(1.0, clock.now())
    pace.note_token(0.5, clock.now())
    body = {"messages": [{"role": "user", "content": "x" * 40}], "stream": is_stream}
    trial = tries.begin(body=body)
    clock.advance(6)
    trial.give_up("left")
    used = tries.trail[0].unused
    assert used == Usage(14, 0 if is_stream else 11, is_estimated=True)
    (row,) = tries.ground.accounts.rows()
    assert (row.requests, row.unused) == (0, 1)
    assert (row.prompt_tokens, row.completion_tokens) == (14, used.completion_tokens)


def test_no_more_is_entered_than_was_asked_for(clock: FakeClock):
    """A server that hangs has not gone on writing beyond the request's limit."""
    tries = Tries(clock)
    pace = tries.link.seats["fake"].pace
    pace.note_first(1.0, clock.now())
    pace.note_token(0.001, clock.now())
    trial = tries.begin(body={"max_tokens": 7})
    clock.advance(500)
    trial.give_up("left")
    assert tries.trail[0].unused == Usage(0, 7, is_estimated=True)
