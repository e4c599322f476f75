"""Whether rewards are still what they were."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.analytics.drift import (
    FIRST_SIZE,
    SAME_SIZE,
    Change,
    ChangeWatch,
    Sides,
    bounded,
    unbounded,
)


def heard(watch: ChangeWatch, arm: int, values: np.ndarray) -> list[Change]:
    """Return the changes that `values` of `arm` reveal."""
    found = (watch.note(arm, float(each)) for each in values)
    return [each for each in found if each is not None]


def sides(*numbers: tuple[float, float]) -> Sides:
    """Return one moment of one arm: counts, sums and squares before and after."""
    pairs = [tuple(np.array([[each]]) for each in pair) for pair in numbers]
    return Sides(*pairs)  # type: ignore[arg-type]


def test_the_ratio_of_coins_is_that_of_likelihoods():
    """30 of 40 before and 10 of 40 after, against 40 of 80: log likelihoods subtracted."""

    def log_likelihood(won: int, of: int, p: float) -> float:
        return won * math.log(p) + (of - won) * math.log(1 - p)

    wanted = (
        log_likelihood(30, 40, 0.75) + log_likelihood(10, 40, 0.25) - log_likelihood(40, 80, 0.5)
    )
    assert bounded(sides((40, 40), (30, 10), (30, 10)))[0, 0] == pytest.approx(wanted)


def test_the_ratio_of_normal_values_is_that_of_squares():
    """(n - 3)/2 log(RSS0 / RSS1), by a slow second way."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(0, 1, 12), rng.normal(1, 1, 9)
    both = np.concatenate([a, b])
    one = ((both - both.mean()) ** 2).sum()
    two = ((a - a.mean()) ** 2).sum() + ((b - b.mean()) ** 2).sum()
    found = unbounded(sides((12, 9), (a.sum(), b.sum()), ((a**2).sum(), (b**2).sum())))
    assert found[0, 0] == pytest.approx(9 * math.log(one / two))


def test_equal_values_show_no_change():
    """A thousand times the same value, whatever it is, is no change; nor is a handful."""
    for statistic in (bounded, unbounded):
        for value in (0.0, 1.0, 0.3, 1 / 3):
            assert heard(ChangeWatch(2, statistic), 1, np.full(1000, value)) == []


def test_a_change_is_found_and_told():
    """A fall from 0.7 to 0.4 is found within 150 rewards, with arm, direction and about when."""
    rng = np.random.default_rng(0)
    watch = ChangeWatch(3)
    assert heard(watch, 0, rng.random(300) < 0.5) == []
    assert heard(watch, 1, rng.random(400) < 0.7) == []
    found = heard(watch, 1, rng.random(150) < 0.4)
    assert len(found) == 1
    assert found[0].arm == 1
    assert found[0].before == pytest.approx(0.7, abs=0.08)
    assert found[0].after < 0.6
    assert found[0].rewards_ago < 160
    counts, sums = watch.sums()
    assert counts.sum() < 320
    assert sums[1] / counts[1] < 0.6


def test_a_small_change_of_steady_rewards_is_found():
    """From 0.62 to 0.55 where rewards scatter by 0.05: a coin's test alone would need hundreds."""
    rng = np.random.default_rng(1)
    watch = ChangeWatch(1)
    assert heard(watch, 0, rng.normal(0.62, 0.05, 200).clip(0, 1)) == []
    assert len(heard(watch, 0, rng.normal(0.55, 0.05, 80).clip(0, 1))) == 1


def test_slower_answers_are_found():
    """Log latencies that grow by a quarter at a scatter of 0.3 are found within 100 answers."""
    rng = np.random.default_rng(2)
    watch = ChangeWatch(1, unbounded)
    assert heard(watch, 0, rng.normal(7.0, 0.3, 500)) == []
    found = heard(watch, 0, rng.normal(7.25, 0.3, 100))
    assert len(found) == 1
    assert found[0].after > found[0].before


def test_arms_together_tell_what_none_tells_alone():
    """A change of five arms is found though each has too few rewards to show it."""
    rng = np.random.default_rng(3)
    together = ChangeWatch(5)
    found: list[Change] = []
    for means in ([0.8, 0.7, 0.3, 0.2, 0.5], [0.4, 0.3, 0.7, 0.6, 0.9]):
        for turn in range(200):
            arm = turn % 5
            change = together.note(arm, float(rng.random() < means[arm]))
            found += [change] if change else []
    assert len(found) == 1


def test_false_alarms_are_rare():
    """Of 40 stationary runs of 1,500 rewards at most 3 raise an alarm, coins and others alike."""
    alarms = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        coins, normal = ChangeWatch(3), ChangeWatch(1, unbounded)
        arms = rng.integers(0, 3, 1500)
        for arm in arms:
            alarms += coins.note(int(arm), float(rng.random() < 0.3 + 0.2 * arm)) is not None
        alarms += len(heard(normal, 0, rng.normal(5, 2, 1500)))
    assert alarms <= 3


@given(st.lists(st.tuples(st.integers(0, 2), st.floats(0, 1)), max_size=200))
@settings(max_examples=40)
def test_nothing_is_lost_while_nothing_changes(values: list[tuple[int, float]]):
    """The sums since the last change are those of the values since then."""
    watch, kept = ChangeWatch(3), []
    for arm, value in values:
        kept.append((arm, value))
        if watch.note(arm, value) is not None:
            kept = kept[len(kept) - watch.rewards :]
    counts, sums = watch.sums()
    assert counts.sum() == watch.rewards == len(kept)
    assert sums.sum() == pytest.approx(sum(value for _, value in kept), abs=1e-9)


def test_memory_grows_with_the_logarithm():
    """50,000 rewards leave no more moments than eight of each size and one."""
    watch = ChangeWatch(1)
    heard(watch, 0, np.tile([0.0, 1.0], 25_000))
    sizes = math.log2(50_000 / (FIRST_SIZE * SAME_SIZE)) + 2
    state = watch.state()["sizes"]
    assert isinstance(state, list)
    assert len(state) <= sizes * (SAME_SIZE + 1)
    assert watch.rewards == 50_000


def test_a_restart_changes_nothing():
    """Through JSON and back, the same change is found at the same reward."""
    rng = np.random.default_rng(4)
    values = np.concatenate([rng.random(211) < 0.8, rng.random(200) < 0.3])
    straight, first, second = ChangeWatch(2), ChangeWatch(2), ChangeWatch(2)
    heard(first, 0, values[:211])
    second.restore(json.loads(json.dumps(first.state())))
    assert heard(straight, 0, values) == heard(second, 0, values[211:])
    with pytest.raises(ValueError):
        ChangeWatch(3).restore(first.state())


def test_an_arm_more_is_looked_at():
    """An arm that comes later has its own mean; what was seen before stays."""
    watch = ChangeWatch(1)
    heard(watch, 0, np.tile([0.0, 1.0], 50))
    watch.add_arm()
    assert heard(watch, 1, np.ones(10)) == []
    assert watch.sums()[0].tolist() == [100.0, 10.0]
