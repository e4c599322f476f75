"""Reports are the same for the same seeds, and honest about their doubt."""

from __future__ import annotations

from random import Random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.router.sim_policies import ByRule, usual_policies
from engine.router.sim_scenarios import SCENARIOS
from engine.router.sim_world import Scenario
from engine.router.simulator import ORACLE, interval_of, percentile, simulate, t_quantile
from tests.engine.router.worlds import server


def least_busy(*_: object) -> ByRule:
    return ByRule(lambda _, seats: min(seats, key=lambda seat: seat.in_flight))


def test_the_same_seeds_give_the_same_report() -> None:
    """Nothing but the seeds decides; other seeds decide otherwise."""
    policies = usual_policies(least_busy)
    first, again, other = (
        simulate(SCENARIOS["mixed"], policies, seeds=seeds) for seeds in ([1], [1], [2])
    )
    assert first == again != other


def test_the_oracle_is_first_and_regret_is_what_it_is_ahead() -> None:
    """Results come by their regret, which is the difference of the worths."""
    report = simulate(SCENARIOS["outages"], usual_policies(least_busy), seeds=[1, 2])
    best, *others = report.results
    assert (best.policy, best.regret.mean) == (ORACLE, 0.0)
    for each in others:
        assert each.regret.mean == pytest.approx(best.worth.mean - each.worth.mean)
    assert [each.regret.mean for each in others] == sorted(each.regret.mean for each in others)
    assert next(each for each in others if each.policy == "random").regret.low > 0


def test_with_one_server_all_are_alike() -> None:
    """Where there is nothing to choose, nobody regrets anything."""
    alone = Scenario("alone", "", (server("one", slots=4, first_s=0.1, token_s=0.001),), lasts_s=60)
    report = simulate(alone, usual_policies(least_busy), seeds=[1, 2, 3])
    assert all(each.regret.mean == 0.0 for each in report.results)


@pytest.mark.parametrize(
    ("freedom", "published"),
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (9, 2.262), (19, 2.093), (120, 1.980)],
)
def test_student_t_agrees_with_published_tables(freedom: int, published: float) -> None:
    """The quantiles are those of the tables, to 2 %."""
    assert t_quantile(freedom) == pytest.approx(published, rel=0.02)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Of intervals from five draws each, about 95 % hold the mean they were drawn around."""
    random = Random(4)
    held = []
    for _ in range(2_000):
        found = interval_of([random.gauss(7.0, 2.0) for _ in range(5)])
        held.append(found.low <= 7.0 <= found.high)
    assert fmean(held) == pytest.approx(0.95, abs=0.015)


def test_one_value_has_no_interval() -> None:
    """A single run shows its value and claims no more."""
    found = interval_of([3.0])
    assert (found.low, found.mean, found.high) == (3.0, 3.0, 3.0)


@given(st.lists(st.floats(0, 100), min_size=1), st.floats(0.01, 1.0))
def test_percentiles_are_by_nearest_rank(values: list[float], share: float) -> None:
    """At least the share lies at or below it, and less than that lies below."""
    found = percentile(values, share)
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
    assert sum(value < found for value in values) < share * len(values) + 1e-9
