"""Studies as the world may see them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.analytics.best_arm import Marginals, beta_marginals, chances, expected_losses
from engine.analytics.context_words import usual_words
from engine.analytics.limits import Limits
from engine.analytics.observations import Observation
from engine.analytics.parameter_sets import described
from engine.analytics.quantiles import Span
from engine.analytics.settings import AnalyticsSettings
from engine.analytics.snapshot import (
    DENSITY_POINTS,
    ArmView,
    Estimate,
    Floats,
    HeatRow,
    StudyView,
)
from engine.analytics.space import Space
from engine.analytics.stopping import is_loss_small, verdict
from engine.analytics.study import Study

DECIDED = 0.95
"""Probability of being the best from which others need not be tried any more..."""
DECIDED_LOSS = 0.01
"""...where the choice is also expected to lose less than this."""
DRIFTING_S = 86_400.0
SPREAD_LEAST = 1e-6


def believed(study: Study, numbers: list[int]) -> Marginals:
    """Return what is believed of the mean rewards of arms, as Beta distributions.

    Those of the policy's own mean and deviation: where it believes in Betas they are just these.
    """
    alpha, beta = np.empty(len(numbers)), np.empty(len(numbers))
    for row, number in enumerate(numbers):
        found = study.policy.posterior(number)
        mean = min(1 - 1e-4, max(1e-4, found.mean))
        spread = max(found.sd**2, SPREAD_LEAST)
        strength = max(mean * (1 - mean) / spread - 1, 0.02)
        alpha[row], beta[row] = mean * strength, (1 - mean) * strength
    return beta_marginals(alpha, beta)


def arm_views(study: Study, limits: Limits) -> tuple[ArmView, ...]:
    """Return every arm, those that were removed with no chance to be the best."""
    live = [n for n, arm in enumerate(study.arms) if arm.name not in study.removed]
    marginals = believed(study, live)
    best, losses = chances(marginals), expected_losses(marginals)
    excluded = study.excluded(limits)
    views = []
    for number, arm in enumerate(study.arms):
        tally = study.tallies[arm.name]
        row = live.index(number) if number in live else None
        views.append(
            ArmView(
                name=arm.name,
                values=dict(arm.values),
                pulls=tally.pulls,
                rewards=tally.rewards,
                reward=estimate(study, number),
                density=None if row is None else density(marginals, row),
                probability_best=0.0 if row is None else float(best[row]),
                expected_loss=None if row is None else float(losses[row]),
                latency_ms=tally.latency.quantile(0.5),
                latency_p95_ms=tally.latency.quantile(0.95),
                cost_usd=tally.cost_usd,
                is_allowed=row is not None and arm.name not in excluded,
                reason="it was removed" if row is None else excluded.get(arm.name, ""),
            )
        )
    return tuple(views)


def estimate(study: Study, number: int, at: Floats | None = None) -> Estimate | None:
    """Return what is believed of an arm's mean reward; None before it has earned one.

    at: what is known of a request, where that counts; None for the usual one.
    """
    if study.tallies[study.arms[number].name].rewards == 0:
        return None
    policy = study.contextual
    if policy is None or at is None:
        found = study.policy.posterior(number)
    else:
        found = policy.predict(number, at)
    # A line may leave the range that rewards have.
    low, mean, high = (min(1.0, max(0.0, e)) for e in (found.low, found.mean, found.high))
    return Estimate(mean, low, high)


def latency_estimate(study: Study, name: str) -> Estimate | None:
    """Return the median latency of an arm's answers, and between what 90 of 100 lie; in ms."""
    tally = study.tallies.get(name)
    if tally is None or not tally.latency.count:
        return None
    low, median, high = (tally.latency.quantile(share) for share in (0.05, 0.5, 0.95))
    assert low is not None
    assert median is not None
    assert high is not None
    return Estimate(median, low, high)


def density(marginals: Marginals, row: int) -> Floats:
    """Return the density of one mean, shape (DENSITY_POINTS,), over even points from 0 to 1.

    The mean density of the cell around each point: poles and needles keep their area.
    """
    at = np.linspace(0, 1, DENSITY_POINTS)
    edges = np.concatenate([[0.0], (at[1:] + at[:-1]) / 2, [1.0]])
    below = np.interp(edges, marginals.values, marginals.distributions[row], left=0.0, right=1.0)
    return np.asarray(np.diff(below) / np.diff(edges), dtype=np.float64)


def study_view(
    study: Study,
    settings: AnalyticsSettings,
    *,
    space: Space | None,
    last: Observation | None,
    drifted_s: float,
) -> StudyView:
    """Return everything about a study. Takes a few milliseconds.

    drifted_s: seconds since the last alarm about it.
    """
    limits = Limits(settings.max_latency_ms, settings.max_cost_usd)
    arms = arm_views(study, limits)
    best, policy = best_of(arms), study.contextual
    live = [each for each in arms if each.is_allowed]
    found = verdict(
        [float(each.rewards) for each in live],
        [0.0 if each.reward is None else each.reward.mean for each in live],
    )
    return StudyView(
        model=study.key.model,
        task_type=study.key.task_type,
        arms=arms,
        columns=replace(study.columns.view(), total=study.choices),
        allocation=study.allocation.view(len(study.arms)),
        quantiles=study.quantiles.view(),
        parameters=described(space),
        choices=study.choices,
        rewards=study.rewards,
        best_arm="" if best is None else best.name,
        is_decided=policy is None and (found.is_decided or (best is not None and is_decided(best))),
        is_drifting=drifted_s < DRIFTING_S,
        last=None if last is None else last.view(settings.rewards),
        reason=study.refused,
        usual_request="" if policy is None else usual_words(policy),
        version=study.version,
    )


def heat_row(study: Study, arms: tuple[ArmView, ...]) -> HeatRow:
    """Return a study as a field of the map."""
    total: Span = study.quantiles.total()
    best = best_of(arms)
    reward = None
    if total.rewards:
        mean = total.reward_sum / total.rewards
        # As a Beta of what was counted: rewards between 0 and 1 vary no more than a coin.
        found = beta_marginals(
            np.array([1 + total.reward_sum]), np.array([1 + total.rewards - total.reward_sum])
        )
        low, high = np.interp((0.05, 0.95), found.distributions[0], found.values)
        reward = Estimate(mean, min(mean, float(low)), max(mean, float(high)))
    return HeatRow(
        model=study.key.model,
        task_type=study.key.task_type,
        observations=study.choices,
        rewards=study.rewards,
        reward=reward,
        latency_ms=total.latency.quantile(0.5),
        cost_usd=total.cost_sum / total.costs if total.costs else None,
        best_arm="" if best is None else best.name,
    )


def best_of(arms: tuple[ArmView, ...]) -> ArmView | None:
    """Return the arm with the highest posterior mean of those that are allowed and were tried."""
    tried = [each for each in arms if each.is_allowed and each.reward is not None]
    return max(tried, key=lambda each: each.reward.mean if each.reward else 0.0, default=None)


def is_decided(arm: ArmView) -> bool:
    """Tell whether enough is known of the best arm to stop trying others."""
    sure, loss = arm.probability_best or 0.0, arm.expected_loss
    return sure >= DECIDED and loss is not None and is_loss_small(loss, worth=DECIDED_LOSS)
