"""What to believe of an arm before it is tried here: what it earned with other models and tasks.

An arm that did well elsewhere begins with a better prior, worth a few rewards and never more than
MOST: how many is told by how alike its means are across studies (beta-binomial by moments, Kleinman
1973). Studies of the same model or the same task count double, and both four times: weights of
likeness, not of proof, which a few rewards overrule.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from engine.analytics.beta_belief import UNIFORM

MOST = 15.0
"""Rewards that a prior is worth at most: as many of the arm's own weigh as much."""
LEAST = 2.0
"""Rewards that it is worth at least, as the uniform prior."""
LEAST_REWARDS = 5.0
"""Of a study before it says anything about others."""
ALIKE = 2.0
"""How many times a study counts that shares the model; likewise the task."""


@dataclass(frozen=True, slots=True)
class ArmRecord:
    """What one arm earned in one study."""

    model: str
    task_type: str
    arm: str
    successes: float
    """Rewards from 0 to 1, added up."""
    failures: float
    """What they lack of 1, added up."""

    @property
    def rewards(self) -> float:
        """How many there were."""
        return self.successes + self.failures

    @property
    def mean(self) -> float:
        """Return the mean reward; there must be some."""
        return self.successes / self.rewards


def pooled_prior(
    records: Iterable[ArmRecord], *, model: str, task_type: str, arm: str
) -> tuple[float, float]:
    """Return successes and failures to begin with, for `arm` of one model at one task.

    records: of all studies; those of the study itself are left out. Uniform where nothing is known.
    """
    elsewhere = [
        each
        for each in records
        if each.rewards >= LEAST_REWARDS and (each.model, each.task_type) != (model, task_type)
    ]
    own = [each for each in elsewhere if each.arm == arm]
    if not own:
        return UNIFORM
    weights = [_likeness(each, model, task_type) * min(each.rewards, MOST) for each in own]
    mean = sum(w * each.mean for w, each in zip(weights, own, strict=True)) / sum(weights)
    # Two unseen rewards, one of each kind: a mean of 0 or 1 elsewhere is no certainty here.
    mean = (mean * sum(weights) + 1.0) / (sum(weights) + 2.0)
    strength = _strength(own, mean)
    return strength * mean, strength * (1.0 - mean)


def _likeness(record: ArmRecord, model: str, task_type: str) -> float:
    return (ALIKE if record.model == model else 1.0) * (
        ALIKE if record.task_type == task_type else 1.0
    )


def _strength(records: list[ArmRecord], mean: float) -> float:
    """Return how many rewards the prior is worth, LEAST to MOST.

    The variance between studies is that of their means less what sampling explains; for a Beta of
    strength k it is m (1 - m) / (k + 1). One study alone cannot tell: half of the most.
    """
    if len(records) == 1:
        return max(LEAST, min(MOST / 2.0, records[0].rewards / 2.0))
    coin = mean * (1.0 - mean)
    seen = sum((each.mean - mean) ** 2 for each in records) / (len(records) - 1)
    sampling = sum(coin / each.rewards for each in records) / len(records)
    between = max(seen - sampling, 0.0)
    if between <= coin / (MOST + 1.0):
        return MOST
    return max(LEAST, coin / between - 1.0)
