"""Which arm is best, and one beside another, from what is believed and from what was logged."""

from __future__ import annotations

from collections.abc import Sequence

from engine.analytics.answers import BestView, Comparison, OffPolicyView
from engine.analytics.best_arm import chances, expected_losses
from engine.analytics.limits import Limits
from engine.analytics.observations import Observation
from engine.analytics.snapshot import ArmView
from engine.analytics.study import Study
from engine.analytics.views import arm_views, believed, best_of, is_decided


def best_view(study: Study, limits: Limits) -> BestView:
    """Return the best arm of those that keep the limits; the first one where nothing is known."""
    arms = arm_views(study, limits)
    found = best_of(arms)
    known = found or arms[0]
    return BestView(
        model=study.key.model,
        task_type=study.key.task_type,
        arm=known.name,
        values=known.values,
        reward=None if found is None else known.reward,
        latency_ms=known.latency_ms,
        probability_best=None if found is None else known.probability_best,
        expected_loss=None if found is None else known.expected_loss,
        rewards=known.rewards,
        # What is best for the usual request is not for every other.
        is_decided=found is not None and study.contextual is None and is_decided(found),
    )


def comparison(
    study: Study, a: str, b: str, off_policy: tuple[OffPolicyView, OffPolicyView]
) -> Comparison:
    """Return the arm `a` beside `b`. Raises Rejected where there is none of that name."""
    numbers = [_number(study, name) for name in (a, b)]
    marginals = believed(study, numbers)
    best, losses = chances(marginals), expected_losses(marginals)
    views: dict[str, ArmView] = {each.name: each for each in arm_views(study, Limits())}
    return Comparison(
        model=study.key.model,
        task_type=study.key.task_type,
        a=views[a],
        b=views[b],
        probability_a_better=float(best[0]),
        loss_of_a=float(losses[0]),
        loss_of_b=float(losses[1]),
        off_policy_a=off_policy[0],
        off_policy_b=off_policy[1],
    )


def logged(observations: Sequence[Observation]) -> list[Observation]:
    """Return those that off-policy estimates may use: rewarded, with arm and propensity."""
    return [
        each
        for each in observations
        if each.arm and each.propensity and each.reward is not None and each.counted_s is not None
    ]


def _number(study: Study, name: str) -> int:
    study.arm(name)
    number = study.number(name)
    assert number is not None
    return number
