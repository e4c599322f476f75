"""What `ParameterAnalytics` answers when it is asked, and the same in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from engine.analytics.snapshot import ArmView, Estimate, Value, Values

NotedState = Literal["noted", "revised", "repeated", "waiting"]
SURE = 0.95
"""From this probability on one is called better than the other."""


@dataclass(frozen=True, slots=True)
class Optimized:
    """What `ParameterAnalytics.optimize` answers: parameters, and the evidence behind them."""

    id: str
    """Give this to `observe`, or as `suggestion_id` to `/v1/feedback`."""
    model: str
    task_type: str
    parameters: dict[str, Value]
    """To be sent as they are; empty where nothing better is known than what the server does."""
    arm: str
    """"" where the search found them."""
    reward: Estimate | None
    """Predicted, 0 to 1; None before anything is known. Likewise the latency, in ms."""
    latency_ms: Estimate | None
    propensity: float | None
    """The probability with which they were chosen; None for the search."""
    evidence: tuple[str, ...]
    """Sentences, the most telling first."""
    at_s: float
    """Seconds since 1970."""


@dataclass(frozen=True, slots=True)
class BestView:
    """What `ParameterAnalytics.best` answers."""

    model: str
    task_type: str
    arm: str
    """"" where the best was found by the search."""
    values: Values
    reward: Estimate | None
    latency_ms: float | None
    """Median."""
    probability_best: float | None
    expected_loss: float | None
    rewards: int
    """Answers of it that were rewarded."""
    is_decided: bool
    """Enough is known to stop trying others."""

    @property
    def words(self) -> str:
        """The same as a sentence."""
        if self.reward is None:
            return f"{self.model}, {self.task_type}: nothing was rewarded yet"
        sure = "" if self.probability_best is None else f", best with {self.probability_best:.0%}"
        end = "; it is safe to stop trying others" if self.is_decided else ""
        return (
            f"{self.model}, {self.task_type}: {self.arm or written(self.values)} earns "
            f"{self.reward.mean:.2f} ({self.reward.low:.2f} to {self.reward.high:.2f}, "
            f"{self.rewards} rewarded{sure}){end}"
        )


@dataclass(frozen=True, slots=True)
class OffPolicyView:
    """What an arm would have earned, had it always been chosen."""

    reward: Estimate | None
    """None where too little is known to say."""
    effective_samples: float
    observations: int
    method: str
    """"IPS", "SNIPS" or "doubly robust"."""
    refusal: str = ""
    """Why there is no estimate; "" where there is one."""


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What `ParameterAnalytics.what_if` answers: what values lead to, and how that is known."""

    model: str
    task_type: str
    values: Values
    """Those that count; empty where the request stays as it came."""
    reward: Estimate | None
    """Mean, 0 to 1; None before anything like it was rated."""
    latency_ms: Estimate | None
    """Median, and between what 90 of 100 answers lie; None before one was timed."""
    rated: int
    """Rated answers it stands on."""
    evidence: tuple[str, ...]
    """Sentences, the most telling first."""
    warnings: tuple[str, ...]
    """What makes it a guess, such as values beyond those that were tried; empty where nothing."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `ParameterAnalytics.compare` answers: `a` beside `b`."""

    model: str
    task_type: str
    a: ArmView
    b: ArmView
    probability_a_better: float
    loss_of_a: float
    """Expected reward that choosing `a` for good would lose against `b`; likewise below."""
    loss_of_b: float
    off_policy_a: OffPolicyView
    off_policy_b: OffPolicyView

    @property
    def words(self) -> str:
        """The same as a sentence."""
        sure = self.probability_a_better
        if sure >= SURE:
            return f"{self.a.name} is better than {self.b.name} with {sure:.0%}"
        if sure <= 1 - SURE:
            return f"{self.b.name} is better than {self.a.name} with {1 - sure:.0%}"
        return f"too close to tell: {self.a.name} is better than {self.b.name} with {sure:.0%}"


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What `ParameterAnalytics.forget` took away; `undo_forget(token)` brings it back for a day."""

    token: str
    observations: int
    studies: int


@dataclass(frozen=True, slots=True)
class Noted:
    """What `ParameterAnalytics.observe` made of a reward."""

    id: str
    state: NotedState
    """"waiting": figures came, and nothing yet that says whether the answer was good."""
    reward: float | None
    """What the answer earned so far, 0 to 1."""
    terms: Mapping[str, float]
    """The signs that are known, by name, 0 (bad) to 1 (good)."""


def written(values: Values) -> str:
    """Return parameters as a person reads them, such as "temperature 0.2, top_p 0.9"."""
    if not values:
        return "as the server does"
    return ", ".join(f"{name} {_short(value)}" for name, value in values.items())


def _short(value: Value) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
