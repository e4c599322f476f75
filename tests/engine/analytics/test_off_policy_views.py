"""What an arm would have earned, had it always been chosen."""

from __future__ import annotations

from random import Random

from engine.analytics.observations import Observation, StudyKey
from engine.analytics.off_policy_views import off_policy_view

KEY = StudyKey("m", "chat")


def logged(count: int, share: float = 0.5) -> list[Observation]:
    """Return choices of "a" (earns 0.8) with probability `share`, else of "b" (earns 0.3)."""
    random, found = Random(1), []
    for number in range(count):
        arm = "a" if random.random() < share else "b"
        reward = float(random.random() < (0.8 if arm == "a" else 0.3))
        propensity = share if arm == "a" else 1 - share
        found.append(
            Observation(str(number), KEY, 1.0, arm=arm, propensity=propensity, reward=reward)
        )
    return found


def test_what_always_choosing_an_arm_would_earn():
    """The estimate holds what the arm earns, and is one of rewards from 0 to 1."""
    for arm, mean in (("a", 0.8), ("b", 0.3)):
        found = off_policy_view(logged(600), ["a", "b"], arm)
        assert found.reward is not None
        assert found.reward.low < mean < found.reward.high
        assert (found.method, found.refusal) == ("doubly robust", "")
        assert found.effective_samples > 200


def test_nothing_is_made_up():
    """Without enough choices of the arm there is no estimate, and that says why."""
    for known in ([], logged(20), logged(2000, share=0.002)):
        found = off_policy_view(known, ["a", "b"], "a")
        assert found.reward is None
        assert "effective samples" in found.refusal
    assert off_policy_view(logged(600), ["b"], "b").reward is not None
