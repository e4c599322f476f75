"""Worlds are the same for the same seed, and as often in a mood as their habits say."""

from __future__ import annotations

from statistics import fmean

import pytest

from engine.router.sim_world import Habit, Mood, Scenario, World
from tests.engine.router.worlds import server, world

RESTLESS = server("restless", habits=(Habit(Mood.SLOW, 30, 10), Habit(Mood.DOWN, 90, 10)))


def scenario(**fields: object) -> Scenario:
    usual: dict[str, object] = {"rate_per_s": 2.0, "lasts_s": 2_000.0}
    return Scenario("some", "for a test", (RESTLESS,), **(usual | fields))  # type: ignore[arg-type]


def test_a_seed_is_a_world() -> None:
    """The same seed gives the same requests, moods and luck; another one gives others."""
    first, again, other = (World(scenario(), seed) for seed in (1, 1, 2))
    assert first.jobs == again.jobs != other.jobs
    moments = [number * 7.0 for number in range(200)]
    moods = [[each.spell(RESTLESS, at_s).mood for at_s in moments] for each in (first, again)]
    assert moods[0] == moods[1]
    assert len(set(moods[0])) == 3
    job = first.jobs[5]
    assert first.times_s(RESTLESS, job, 3.0) == again.times_s(RESTLESS, job, 3.0)


def test_requests_come_as_often_as_they_should() -> None:
    """Arrivals keep to the rate, and to the mean of bursts and calm."""
    calm = fmean(len(World(scenario(), seed).jobs) for seed in range(20))
    assert calm == pytest.approx(4_000, rel=0.03)
    # In bursts for 10 of 40 seconds on average: 0.75 + 0.25 * 5 times the rate.
    bursts = scenario(burst_factor=5.0, burst_every_s=30.0, burst_lasts_s=10.0)
    found = fmean(len(World(bursts, seed).jobs) for seed in range(40))
    assert found == pytest.approx(8_000, rel=0.1)


def test_moods_last_as_long_as_habits_say() -> None:
    """The share of time in a mood is what an alternating renewal process gives."""
    habit = Habit(Mood.HUNG, 30, 10)
    alone = server("alone", habits=(habit,))
    found = []
    for seed in range(40):
        one = World(Scenario("x", "", (alone,), rate_per_s=0.1, lasts_s=2_000.0), seed)
        hung = [one.spell(alone, at_s).mood is Mood.HUNG for at_s in range(2_000)]
        found.append(fmean(hung))
    assert fmean(found) == pytest.approx(10 / 40, abs=0.02)


def test_the_worst_mood_shows() -> None:
    """A server that is slow and down is down; a slow one takes longer."""
    one = server("one", slowdown=3.0)
    spells = {"one": [(Mood.SLOW, 0.0, 20.0), (Mood.DOWN, 10.0, 30.0)]}
    made = world(one, spells=spells)
    moods = [made.spell(one, at_s).mood for at_s in (5.0, 15.0, 25.0, 30.0)]
    assert moods == [Mood.SLOW, Mood.DOWN, Mood.DOWN, Mood.HEALTHY]
    assert made.times_s(one, made.jobs[0], 5.0) == (3.0, pytest.approx(3.0))
    assert made.times_s(one, made.jobs[0], 40.0) == (1.0, pytest.approx(1.0))
    assert made.goes_down_s(one, 0.0, 50.0) == 10.0
    assert made.goes_down_s(one, 12.0, 50.0) is None
