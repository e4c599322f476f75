"""Drift, told in words."""

from __future__ import annotations

from random import Random

from engine.analytics.alarms import Alarms
from engine.analytics.observations import StudyKey

KEY = StudyKey("m", "chat")


def test_a_reward_that_falls_is_told():
    """What changed, from what to what, and when, stands in one sentence; then it is quiet."""
    alarms, random = Alarms(KEY, 2), Random(1)
    for number in range(300):
        reward = float(random.random() < (0.9 if number < 150 else 0.3))
        alarms.reward(1, "precise", reward, float(number))
    (found,) = alarms.take()
    assert (found.measure, found.arm, found.model) == ("reward", "precise", "m")
    assert 150 < found.at_s < 200
    assert found.before > 0.8
    assert found.after < 0.6
    assert found.words.startswith("m, chat, precise: the reward fell from 0.")
    assert alarms.take() == []


def test_answers_that_become_slow_are_told():
    """Latency is watched by its logarithm; values that clients set themselves have a name too."""
    alarms, random = Alarms(KEY, 1), Random(2)
    for number in range(200):
        latency_ms = random.lognormvariate(6.0 if number < 100 else 7.5, 0.4)
        alarms.latency(-1, "", latency_ms, float(number))
    (found,) = alarms.take()
    assert (found.measure, found.arm) == ("latency", "")
    assert "parameters that clients set themselves: answers became slower" in found.words
    assert found.after > 2.5 * found.before


def test_nothing_that_stays_is_told():
    """Rewards and latencies that only scatter raise no alarm, also with an arm added midway."""
    alarms, random = Alarms(KEY, 2), Random(3)
    for number in range(1500):
        if number == 700:
            alarms.add_arm()
        arm = number % (2 if number < 700 else 3)
        alarms.reward(arm, "x", float(random.random() < 0.6), float(number))
        alarms.latency(arm, "x", random.lognormvariate(6.0, 0.5), float(number))
    assert alarms.take() == []


def test_changes_nobody_cares_about_are_not_told():
    """A change of two per cent is none for people, however certain it is."""
    alarms = Alarms(KEY, 1)
    for number in range(400):
        alarms.latency(0, "x", 100.0 if number < 200 else 102.0, float(number))
        alarms.reward(0, "x", 0.5 if number < 200 else 0.52, float(number))
    assert alarms.take() == []
