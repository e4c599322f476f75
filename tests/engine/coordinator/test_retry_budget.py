"""How often a request may be sent again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.coordinator import retry_budget
from engine.coordinator.retry_budget import LEAST, MOST, REFILL_PER_S, RetryBudget, RetryBudgets
from tests.conftest import FakeClock


def test_an_outage_makes_no_storm(clock: FakeClock):
    """When everything fails, further tries end after ten."""
    tested = RetryBudget(share=0.2, clock=clock)
    retries = 0
    for _ in range(100):
        tested.note_failure()
        retries += tested.may_retry()
    assert retries == 9


def test_good_answers_earn_further_tries(clock: FakeClock):
    """Each answer gives the share back: five of them are worth one failure."""
    tested = RetryBudget(share=0.2, clock=clock)
    for _ in range(10):
        tested.note_failure()
    assert not tested.may_retry()
    for _ in range(5):
        tested.note_answer()
    assert tested.may_retry()


def test_time_earns_them_too(clock: FakeClock):
    """Who asks rarely may try again although nothing was answered for long."""
    tested = RetryBudget(share=0.2, clock=clock)
    for _ in range(30):
        tested.note_failure()
    clock.advance((LEAST + 1) / REFILL_PER_S)
    assert tested.may_retry()


def test_a_share_of_zero_forbids_them(clock: FakeClock):
    """The user can switch further tries off."""
    assert not RetryBudget(share=0.0, clock=clock).may_retry()


def test_each_model_has_its_own(clock: FakeClock, monkeypatch: pytest.MonkeyPatch):
    """What fails for one takes nothing from another; the share is that of the settings for all."""
    monkeypatch.setattr(retry_budget, "MOST_BUDGETS", 3)
    tested = RetryBudgets(share=0.2, clock=clock)
    for _ in range(30):
        tested.of("dead").note_failure()
    assert not tested.of("dead").may_retry()
    assert tested.of("good").may_retry()
    tested.use(0.0)
    assert not tested.of("good").may_retry()
    assert not tested.of("new").may_retry()
    for number in range(10):  # however many are asked for
        assert tested.of(str(number)) is tested.of(str(number))


@given(
    share=st.floats(0.01, 1),
    steps=st.lists(st.one_of(st.sampled_from(["answer", "fail"]), st.floats(0, 5)), max_size=300),
)
def test_further_tries_are_bounded(share: float, steps: list[str | float]):
    """There are at most as many as the formula in the class says."""
    clock = FakeClock()
    tested = RetryBudget(share=share, clock=clock)
    answers, retries, began_s = 0, 0, clock.now()
    for step in steps:
        if isinstance(step, float):
            clock.advance(step)
        elif step == "answer":
            answers += 1
            tested.note_answer()
        else:
            tested.note_failure()
            retries += tested.may_retry()
    passed_s = clock.now() - began_s
    assert retries <= (MOST - LEAST) + share * answers + REFILL_PER_S * passed_s + 1e-6
