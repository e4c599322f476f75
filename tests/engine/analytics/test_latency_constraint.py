"""Which arms answer in time."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from engine.analytics.latency_constraint import LEAST_ANSWERS, LatencyBelief, within_limit
from engine.errors import Rejected


def heard(latencies: list[float]) -> LatencyBelief:
    """Return what is believed after `latencies` in ms."""
    belief = LatencyBelief()
    for each in latencies:
        belief.note(each)
    return belief


def lognormal(median_ms: float, spread: float, count: int, seed: int = 0) -> list[float]:
    """Return latencies around `median_ms`."""
    return (median_ms * np.exp(spread * np.random.default_rng(seed).normal(size=count))).tolist()


def test_the_quantile_is_that_of_the_answers():
    """After 4,000 answers the 95 % quantile is theirs to 3 %."""
    latencies = lognormal(800, 0.5, 4000)
    assert heard(latencies).p95_ms() == pytest.approx(np.quantile(latencies, 0.95), rel=0.03)
    assert LatencyBelief().p95_ms() is None


def test_the_chance_is_that_of_draws_from_the_posterior():
    """The average over sigma agrees with 200,000 draws of mean and variance to 0.01."""
    belief = heard(lognormal(1000, 0.4, 12))
    state = belief.state()
    count, mean, squares = (float(state[key]) for key in ("count", "mean", "squares"))  # type: ignore[arg-type]
    rng = np.random.default_rng(1)
    freedom = count + 1.0
    sigma = np.sqrt((squares + 2 * 0.49) / rng.chisquare(freedom, 200_000))
    mu = mean + sigma / math.sqrt(count) * rng.normal(size=200_000)
    for limit in (1500.0, 2500.0, 4000.0):
        wanted = np.mean(mu + 1.6449 * sigma <= math.log(limit))
        assert belief.chance_within(limit) == pytest.approx(wanted, abs=0.01)


def test_an_arm_that_scatters_is_left_out():
    """Same median, and only the steady one keeps the limit for 95 of 100 answers."""
    steady, wild = heard(lognormal(800, 0.1, 60)), heard(lognormal(800, 0.8, 60))
    assert within_limit([steady, wild], 1500.0).tolist() == [True, False]


def test_new_arms_are_allowed():
    """Nobody can tell yet; then evidence decides, and more so where more is asked."""
    slow = [5000.0] * (LEAST_ANSWERS - 1)
    assert within_limit([LatencyBelief(), heard(slow)], 1000.0).tolist() == [True, True]
    assert within_limit([heard([*slow, 5000.0])], 1000.0).tolist() == [False]
    close = heard(lognormal(800, 0.3, 15))
    assert within_limit([close], 1600.0, sure=0.5).tolist() == [True]
    assert within_limit([close], 1600.0, sure=0.999).tolist() == [False]


def test_a_higher_limit_is_never_harder_to_keep():
    """The chance grows with the limit, from 0 to 1."""
    belief = heard(lognormal(500, 0.6, 30))
    found = [belief.chance_within(limit) for limit in (1, 100, 500, 1000, 2000, 1e5)]
    assert found == sorted(found)
    assert (found[0], found[-1]) == pytest.approx((0.0, 1.0), abs=1e-6)
    assert LatencyBelief().chance_within(1000) == 0.5


@pytest.mark.parametrize("latency_ms", [0.0, -1.0, math.nan, math.inf])
def test_latencies_that_are_none_are_refused(latency_ms: float):
    """By a message that names the value; so are limits."""
    with pytest.raises(Rejected, match=f"{latency_ms!r}"):
        LatencyBelief().note(latency_ms)
    with pytest.raises(Rejected, match=f"{latency_ms!r}"):
        LatencyBelief().chance_within(latency_ms)


def test_equal_latencies_are_no_certainty():
    """Three answers of exactly 900 ms do not prove that 95 of 100 take at most 901."""
    assert heard([900.0] * 3).chance_within(901.0) < 0.2


def test_it_survives_a_restart():
    """Through JSON and back, it goes on."""
    belief = heard([100.0, 250.0, 130.0])
    again = LatencyBelief.from_state(json.loads(json.dumps(belief.state())))
    again.note(90.0)
    belief.note(90.0)
    assert again.state() == belief.state()
