"""What is learnt of one model at one type of task: its arms, their rewards, its figures."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.analytics.alarms import Alarms
from engine.analytics.allocation import Allocation
from engine.analytics.bandits import Choice, Policy
from engine.analytics.columns import Columns
from engine.analytics.contextual_arms import ContextualArms
from engine.analytics.latency_constraint import LEAST_ANSWERS, LatencyBelief
from engine.analytics.limits import Limits
from engine.analytics.observations import AS_CAME, Observation, StudyKey
from engine.analytics.parameter_sets import MOST_ARMS, Arm
from engine.analytics.quantiles import Histogram, Quantiles
from engine.analytics.request_context import RequestContext, vector
from engine.analytics.snapshot import Floats, Values
from engine.errors import Rejected

SHORTEST_MS = 0.01
SURE = 0.5
"""An arm is left out that keeps a limit for its time with a lower probability."""
Prior = tuple[float, float]
"""Successes and failures that an arm begins with."""
PolicyMaker = Callable[[int], Policy]
"""Makes a policy for so many arms."""


@dataclass(slots=True)
class Tally:
    """What was counted of one arm."""

    pulls: int = 0
    rewards: int = 0
    reward_sum: float = 0.0
    latency: Histogram = field(default_factory=Histogram)
    slowness: LatencyBelief = field(default_factory=LatencyBelief)
    costs: int = 0
    cost_sum: float = 0.0

    @property
    def cost_usd(self) -> float | None:
        """The mean cost of an answer; None where none is known."""
        return self.cost_sum / self.costs if self.costs else None


@dataclass(frozen=True, slots=True)
class Pick:
    """An arm that was chosen, and what kept others out."""

    arm: Arm
    choice: Choice
    generation: int
    excluded: Mapping[str, str]
    """Reasons by the names of arms."""
    at: Floats
    """What was known of the request, as `request_context.vector` has it."""


class Study:
    """Learns from observations in any order. For one thread.

    rewards must be 0 to 1. `generation` tells which policy a turn belongs to. priors: of arms, by
    what they earned in other studies; the first arm begins with none.
    """

    def __init__(
        self,
        key: StudyKey,
        *,
        arms: Sequence[Arm],
        policy: PolicyMaker,
        generation: int = 0,
        priors: Mapping[str, Prior] | None = None,
    ) -> None:
        self.key = key
        self.arms = list(arms)
        self.removed: set[str] = set()
        self.policy = policy(1)
        for each in self.arms[1:]:
            self.policy.add_arm((priors or {}).get(each.name))
        self.generation = generation
        self.tallies = {each.name: Tally() for each in arms}
        self.columns = Columns()
        self.quantiles = Quantiles()
        self.allocation = Allocation()
        self.alarms = Alarms(key, len(self.arms))
        self.refused = ""
        """Why the server does not take the parameters."""
        self.chances_every = 1
        """Of so many blocks of choices one is told how probable each arm was to be the best."""
        self._blocks = 0
        self.is_watching = True
        """Whether drift raises alarms."""
        self.rewards = self.choices = 0
        self.version = 0
        self.used_s = 0.0

    @property
    def live(self) -> list[Arm]:
        """The arms that were not removed."""
        return [each for each in self.arms if each.name not in self.removed]

    @property
    def contextual(self) -> ContextualArms | None:
        """Its policy, where that looks at what is known of a request."""
        return self.policy if isinstance(self.policy, ContextualArms) else None

    def number(self, name: str) -> int | None:
        """Return the number of the arm `name`, or None."""
        for number, arm in enumerate(self.arms):
            if arm.name == name:
                return number
        return None

    def arm(self, name: str) -> Arm:
        """Return the arm `name`. Raises Rejected where there is none (any more)."""
        number = self.number(name)
        if number is None or name in self.removed:
            known = ", ".join(each.name for each in self.live)
            raise Rejected(
                f"{self.key.model}, {self.key.task_type}: there is no arm {name!r}; known: {known}",
                status=404,
                code="unknown_arm",
                param="arm",
            )
        return self.arms[number]

    def add_arm(self, arm: Arm) -> None:
        """Try `arm` too. Raises Rejected where there is one so called, or there are too many."""
        if any(each.name == arm.name for each in self.live):
            raise Rejected(f"there is an arm {arm.name!r} already: take another name", param="name")
        if len(self.arms) >= MOST_ARMS:
            raise Rejected(f"there are {MOST_ARMS} arms, the most there may be: remove one first")
        if arm.name in self.removed:
            self._rename_removed(arm.name)
        self.arms.append(arm)
        self.policy.add_arm()
        self.alarms.add_arm()
        self.tallies[arm.name] = Tally()
        self.version += 1

    def remove_arm(self, name: str) -> Arm:
        """Never choose the arm `name` again; return it. Raises Rejected for the last or none."""
        found = self.arm(name)
        if len(self.live) == 1:
            raise Rejected(f"{name!r} is the last arm: add another one first", param="name")
        number = self.number(name)
        assert number is not None
        self.policy.remove_arm(number)
        self.removed.add(name)
        self.version += 1
        return found

    def excluded(self, limits: Limits) -> dict[str, str]:
        """Return why arms may not be chosen now, by their names."""
        reasons = {}
        for arm in self.live:
            reason = limits.refusal(arm.values) or self._over(self.tallies[arm.name], limits)
            if reason:
                reasons[arm.name] = reason
        return reasons

    def pick(self, limits: Limits, context: RequestContext | None = None) -> Pick:
        """Return the arm to use now. Raises Rejected, with the reasons, where none may be."""
        excluded = self.excluded(limits)
        if len(excluded) == len(self.live):
            words = "; ".join(f"{name}: {reason}" for name, reason in excluded.items())
            raise Rejected(
                f"no choice of parameters for {self.key.model} at {self.key.task_type} keeps the "
                f"limits ({words}): loosen one of them",
                code="all_infeasible",
                param="constraints",
            )
        out = self.removed | excluded.keys()
        allowed = np.array([each.name not in out for each in self.arms]) if out else None
        at = vector(context, self.key.task_type)
        choice = self.policy.choose(at, allowed)
        return Pick(self.arms[choice.arm], choice, self.generation, excluded, at)

    def chosen(self, found: Observation) -> None:
        """Count that the parameters of `found` were used."""
        self.choices += 1
        self.version += 1
        self.used_s = max(self.used_s, found.made_s)
        tally = self.tallies.get(found.arm)
        if tally is not None:
            tally.pulls += 1
        self.allocation.note(found.made_s, self._place(found.arm), self._chances)

    def over(self, found: Observation) -> None:
        """Count an answer that is over."""
        self.quantiles.count(_over_s(found))

    def timed(self, found: Observation) -> None:
        """Count what an answer took, which is known now."""
        assert found.latency_ms is not None
        self.quantiles.latency(_over_s(found), found.latency_ms)
        if self.is_watching:
            place, at_s = self._place(found.arm), _over_s(found)
            self.alarms.latency(place, found.arm, found.latency_ms, at_s)
        if found.arm in self.tallies:
            self.tallies[found.arm].latency.add(found.latency_ms)
            self.tallies[found.arm].slowness.note(max(found.latency_ms, SHORTEST_MS))

    def priced(self, found: Observation) -> None:
        """Count what an answer cost, which is known now."""
        assert found.cost_usd is not None
        self.quantiles.cost(_over_s(found), found.cost_usd)
        tally = self.tallies.get(found.arm)
        if tally is not None:
            tally.costs, tally.cost_sum = tally.costs + 1, tally.cost_sum + found.cost_usd

    def reward(self, found: Observation, turn: int | None) -> None:
        """Learn the reward of `found`, which counts for the first time.

        turn: of its choice by the policy that is used now; None where that was another.
        """
        assert found.reward is not None
        assert math.isfinite(found.reward)
        self.rewards += 1
        self.quantiles.reward(_over_s(found), found.reward)
        if self.is_watching:
            place, at_s = self._place(found.arm), _over_s(found)
            self.alarms.reward(place, found.arm, found.reward, at_s)
        number = self.number(found.arm)
        if number is not None:
            self.tallies[found.arm].rewards += 1
            self.tallies[found.arm].reward_sum += found.reward
            at = vector(found.context, self.key.task_type)
            self.policy.reward(number, found.reward, at, turn=turn)

    def draw(self, found: Observation, *, is_feasible: bool) -> None:
        """Show an answer as it is known now."""
        self.version += 1
        figures = (
            _over_s(found), found.reward, found.latency_ms, found.cost_usd, float(is_feasible),
            float(self._place(found.arm)),
        )  # fmt: skip
        self.columns.put(found.id, found.values, figures)

    def _place(self, arm: str) -> int:
        """Return the place of an arm among those that are shown; -1 for values that are none."""
        number = self.number(arm)
        return -1 if number is None else number

    def _chances(self) -> Sequence[float]:
        self._blocks += 1
        if self._blocks % self.chances_every:
            return ()
        return [float(each) for each in self.policy.probability_best()]

    def _over(self, tally: Tally, limits: Limits) -> str:
        """Return why an arm is out of the limits as far as is known; "" where it is not."""
        if limits.max_latency_ms > 0:
            chance = tally.slowness.chance_within(limits.max_latency_ms)
            if tally.slowness.count >= LEAST_ANSWERS and chance < SURE:
                return (
                    f"95 of 100 answers within {limits.max_latency_ms:,.0f} ms is probable to "
                    f"{chance:.0%} (p95 about {tally.slowness.p95_ms():,.0f} ms)"
                )
        cost = tally.cost_usd or 0.0
        if 0 < limits.max_cost_usd < cost:
            return f"costs {cost:.4g} USD on average, above {limits.max_cost_usd:.4g}"
        return ""

    def _rename_removed(self, name: str) -> None:
        """Make room for a new arm of a name that was used before: it has other values."""
        number = self.number(name)
        assert number is not None
        old = self.arms[number]
        fresh = f"{name} (removed {number})"
        self.arms[number] = Arm(fresh, old.values, old.is_own)
        self.tallies[fresh] = self.tallies.pop(name)
        self.removed.discard(name)
        self.removed.add(fresh)


def _over_s(found: Observation) -> float:
    return found.made_s if found.over_s is None else found.over_s


def matching(arms: Sequence[Arm], values: Values) -> str:
    """Return the name of the arm with just these values; "" where none has them."""
    for arm in arms:
        if dict(arm.values) == dict(values):
            return arm.name
    return "" if values else AS_CAME
