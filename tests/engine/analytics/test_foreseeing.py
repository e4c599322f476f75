"""What values would lead to."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analytics.foreseeing import foreseen
from engine.analytics.observations import StudyKey
from engine.analytics.parameters import ChoiceParameter, FloatParameter
from engine.analytics.space import Space
from engine.analytics.tried_values import Tried

KEY = StudyKey("m", "chat")
KNOWN = Space([FloatParameter("heat", 0.0, 1.0), ChoiceParameter("effort", ("low", "high"))])


def answers(count, seed=0):
    """Return answers that are the better the nearer heat is to 0.3, and the slower the hotter."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        heat = float(rng.uniform(0, 1))
        reward = float(np.clip(0.9 - (heat - 0.3) ** 2 + rng.normal(0, 0.05), 0, 1))
        values = {"heat": heat, "effort": str(rng.choice(["low", "high"]))}
        found.append(Tried(values, reward, 500 * (1 + heat) * float(rng.lognormal(0, 0.1))))
    return found


@pytest.mark.parametrize("count", [40, 600])
def test_reward_and_latency_are_foreseen(count):
    """Where much was tried the prediction is near the truth, and its interval holds it."""
    for heat in (0.3, 0.9):
        found = foreseen(KEY, {"heat": heat, "effort": "low"}, answers(count), KNOWN)
        truth = 0.9 - (heat - 0.3) ** 2
        assert found.rated == count
        assert found.reward.mean == pytest.approx(truth, abs=0.06)
        assert found.reward.low < found.reward.mean < found.reward.high
        slow = 500 * (1 + heat)
        assert found.latency_ms.mean == pytest.approx(slow, rel=0.12)
        # One answer in ten lies outside: 1.645 deviations of 0.1 on each side.
        assert found.latency_ms.high / found.latency_ms.mean == pytest.approx(1.18, abs=0.12)
        assert found.warnings == ()


def test_intervals_hold_what_they_say():
    """Of many true means about nine in ten lie within, also where answers have a thumb alone."""
    held = []
    for seed in range(24):
        rng = np.random.default_rng(seed)
        peak = rng.uniform(0, 1)
        heats = rng.uniform(0, 1, 100)
        chances = 0.9 - (heats - peak) ** 2
        rows = [
            Tried({"heat": float(heat)}, float(rng.random() < chance), None)
            for heat, chance in zip(heats, chances, strict=True)
        ]
        at = float(rng.uniform(0, 1))
        found = foreseen(KEY, {"heat": at}, rows, KNOWN).reward
        held.append(found.low <= 0.9 - (at - peak) ** 2 <= found.high)
    assert sum(held) >= 19


def test_what_is_left_out_is_averaged_over():
    """A question about one parameter goes by answers with any value of the others."""
    rows = [Tried({"heat": 0.2}, 0.9, None), *answers(30)]
    assert foreseen(KEY, {"heat": 0.3}, rows, KNOWN).rated == 31
    assert foreseen(KEY, {"heat": 0.3, "effort": "low"}, rows, KNOWN).rated == 30


def test_beyond_what_was_tried_less_is_sure():
    """Out there an interval is wider than within, and it is said that nobody was there."""
    within = foreseen(KEY, {"heat": 0.3}, answers(60), KNOWN)
    beyond = foreseen(KEY, {"heat": 3.0}, answers(60), KNOWN)
    assert within.reward.high - within.reward.low < beyond.reward.high - beyond.reward.low
    assert within.warnings == ()
    assert "above everything that was tried" in beyond.warnings[0]
    assert 0 <= beyond.reward.low <= beyond.reward.mean <= beyond.reward.high <= 1


def test_many_answers_of_one_choice_do_not_lift_what_lies_beyond():
    """Far from everything the level of the places counts, not that of the choice used most."""
    rng = np.random.default_rng(3)
    rows = [
        Tried({"heat": heat}, float(np.clip(mean + rng.normal(0, 0.05), 0, 1)), None)
        for heat, mean, count in ((0.1, 0.9, 200), (0.5, 0.7, 12), (0.9, 0.5, 12))
        for _ in range(count)
    ]
    found = foreseen(KEY, {"heat": 2.0}, rows, KNOWN).reward
    assert found.mean < 0.75
    assert found.high - found.low > 0.2
    assert foreseen(KEY, {"heat": 0.1}, rows, KNOWN).reward.mean == pytest.approx(0.9, abs=0.03)


def test_nothing_filled_in_goes_by_answers_as_they_came():
    """Without a value only answers count that had none either."""
    rows = [*answers(10), *(Tried({}, each, 400.0) for each in (0.5, 0.7, 0.9))]
    found = foreseen(KEY, {}, rows, KNOWN)
    assert found.rated == 3
    assert found.reward.mean == pytest.approx(0.7)
    assert found.reward.low < 0.5
    assert found.latency_ms.mean == pytest.approx(400)
    assert "few rated answers are like it (3)" in found.warnings[-1]


def test_where_nothing_is_known_nothing_is_said():
    """No answers, none that fit, or none that was rated: no figure is made up."""
    for rows in ([], [Tried({"other": 1}, 1.0, 5.0)], [Tried({"heat": 0.5}, None, None)]):
        found = foreseen(KEY, {"heat": 0.5}, rows, KNOWN)
        assert (found.reward, found.latency_ms, found.rated) == (None, None, 0)


@pytest.mark.parametrize("count", [1, 2, 300])
def test_the_same_answer_again_and_again_is_no_trouble(count):
    """Identical points and rewards, or a single one, give a finite interval."""
    rows = [Tried({"heat": 0.5, "effort": "low"}, 1.0, 100.0)] * count
    found = foreseen(KEY, {"heat": 0.5, "effort": "low"}, rows, KNOWN)
    ends = (found.reward.low, found.reward.mean, found.reward.high)
    assert np.isfinite([*ends, found.latency_ms.low, found.latency_ms.high]).all()
    assert found.reward.mean == pytest.approx(1.0, abs=0.05)
