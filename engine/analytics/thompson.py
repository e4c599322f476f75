"""Thompson sampling: each arm is chosen as often as it is probable that it is the best."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Protocol

import numpy as np

from engine.analytics.arms import Arms
from engine.analytics.bandits import (
    Choice,
    Flags,
    Floats,
    Plain,
    Posterior,
    State,
    number,
    numbers,
    part,
)
from engine.analytics.best_arm import Marginals, chances
from engine.analytics.generator_state import generator_from, generator_state
from engine.analytics.sharpness import Exploration
from engine.analytics.top_two import challenger, with_challengers

MOST_AHEAD = 32
"""Draws of one arm that are made at once: numpy's overhead is shared. They are thrown away when the
arm learns something, so only arms that are not chosen are ever drawn ahead."""
UNIFORMS = 128

Frozen = tuple[tuple[float, ...], ...]
"""What a belief stood on at one moment; the first row has one entry for each arm."""


class Belief(Protocol):
    """What is believed of all arms, such as `BetaBelief`."""

    @property
    def is_fading(self) -> bool:
        """Tell whether a reward of one arm changes what is known of others."""
        ...

    @property
    def exploration(self) -> Exploration:
        """How draws differ from the posterior."""
        ...

    @property
    def total(self) -> float:
        """Rewards it stands on, of all arms."""
        ...

    def note(self, arm: int, reward: float, turn: int) -> None:
        """Learn a reward. Raises Rejected where it is none."""
        ...

    def add_arm(self, prior: tuple[float, float] | None) -> None:
        """Begin to believe something of one arm more."""
        ...

    def draw(self, arm: int, size: int, arms: int, rng: np.random.Generator) -> list[float]:
        """Return `size` draws of the mean of `arm`, one of `arms`."""
        ...

    def freeze(self, arms: int) -> Frozen:
        """Return what `drawn` needs to tell of this moment later."""
        ...

    def drawn(self, frozen: Frozen, open_arms: tuple[int, ...]) -> Marginals:
        """Return what `draw` drew from at that moment, of `open_arms` only."""
        ...

    def believed(self, arms: tuple[int, ...]) -> Marginals:
        """Return the posteriors of `arms`."""
        ...

    def posterior(self, arm: int) -> Posterior:
        """Return what is believed of `arm`."""
        ...

    def state(self) -> State:
        """Return what is needed to go on."""
        ...


class Thompson:
    """Thompson sampling from any belief; with `challenger_share`, its top-two form.

    A reward may come late, in any order, or never: choices are random, so arms whose rewards are
    on their way are not chosen over and over.
    """

    def __init__(
        self,
        belief: Belief,
        *,
        arms: Arms,
        seed: int | np.random.Generator,
        challenger_share: float = 0.0,
    ) -> None:
        self._belief = belief
        self._arms = arms
        self._rng = np.random.default_rng(seed)
        self._challenger_share = challenger_share
        self._turn = 0
        self._ahead: list[list[float]] = [[] for _ in range(arms.count)]
        self._sizes = [1] * arms.count
        self._uniforms: list[float] = []

    @property
    def arms(self) -> Arms:
        """Which there are."""
        return self._arms

    @property
    def belief(self) -> Belief:
        """What it draws from."""
        return self._belief

    def choose(self, context: Floats | None = None, allowed: Flags | None = None) -> Choice:
        """Return an arm; the context is not looked at. Raises Rejected where none is left."""
        arms = self._arms.open(allowed)
        turn = self._turn
        self._turn = turn + 1
        least = self._belief.exploration.least(self._belief.total, len(arms))
        uniform = self._uniform()
        if uniform < least * len(arms):
            arm = arms[int(uniform / least)]
        else:
            arm = self._highest(arms)
            if self._challenger_share and self._uniform() < self._challenger_share:
                arm = challenger(arm, arms, self._highest)
        frozen = self._belief.freeze(len(self._arms.live))
        return Choice(arm, turn, partial(self._propensities, frozen, arms, least))

    def reward(
        self, arm: int, reward: float, context: Floats | None = None, *, turn: int | None = None
    ) -> None:
        """Learn what a choice of `arm` earned. Raises Rejected where arm or reward are none."""
        self._arms.check(arm)
        self._belief.note(arm, reward, self._turn - 1 if turn is None else turn)
        if self._belief.is_fading:
            for each in self._ahead:
                each.clear()
        else:
            self._ahead[arm].clear()
            self._sizes[arm] = 1

    def posterior(self, arm: int) -> Posterior:
        """Return what is believed of the mean of `arm`. Raises Rejected where it does not exist."""
        self._arms.check(arm)
        return self._belief.posterior(arm)

    def probability_best(self) -> Floats:
        """Return the probability that each arm has the highest mean, shape (arms,)."""
        found = np.zeros(self._arms.count)
        if self._arms.live:
            found[list(self._arms.live)] = chances(self._belief.believed(self._arms.live))
        return found

    def add_arm(self, prior: tuple[float, float] | None = None) -> int:
        """Add an arm and return its number. prior: as the belief states it."""
        self._belief.add_arm(prior)
        self._ahead.append([])
        self._sizes.append(1)
        return self._arms.add()

    def remove_arm(self, arm: int) -> None:
        """Never choose `arm` again. Raises Rejected where it does not exist."""
        self._arms.remove(arm)

    def state(self) -> State:
        """Return what `thompson_from` takes to go on exactly here, draws included."""
        return {
            "kind": "thompson",
            "arms": self._arms.state(),
            "belief": self._belief.state(),
            "generator": generator_state(self._rng),
            "turn": self._turn,
            "challenger_share": self._challenger_share,
            "ahead": [[*each] for each in self._ahead],
            "sizes": [*self._sizes],
            "uniforms": [*self._uniforms],
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Plain], belief: Belief) -> Thompson:
        """Return the policy that `state()` told of; `belief` is made from `state["belief"]`."""
        found = cls(
            belief,
            arms=Arms.from_state(part(state, "arms")),
            seed=generator_from(part(state, "generator")),
            challenger_share=number(state.get("challenger_share"), "challenger_share"),
        )
        found._turn = int(number(state.get("turn"), "turn"))
        found._uniforms = numbers(state, "uniforms")
        found._sizes = [int(each) for each in numbers(state, "sizes")]
        ahead = state.get("ahead")
        if not isinstance(ahead, list):
            raise ValueError(f"ahead: a list is needed, not {ahead!r}")
        found._ahead = [numbers({"ahead": each}, "ahead") for each in ahead]
        return found

    def _highest(self, arms: tuple[int, ...]) -> int:
        """Return the arm whose draw is highest."""
        best, highest = arms[0], -float("inf")
        for arm in arms:
            ahead = self._ahead[arm]
            value = ahead.pop() if ahead else self._draw(arm)
            if value > highest:
                best, highest = arm, value
        return best

    def _draw(self, arm: int) -> float:
        size = 1 if self._belief.is_fading else self._sizes[arm]
        self._sizes[arm] = min(MOST_AHEAD, 2 * size)
        drawn = self._belief.draw(arm, size, len(self._arms.live), self._rng)
        value = drawn.pop()
        self._ahead[arm] = drawn
        return value

    def _uniform(self) -> float:
        if not self._uniforms:
            self._uniforms = self._rng.random(UNIFORMS).tolist()
        return self._uniforms.pop()

    def _propensities(self, frozen: Frozen, arms: tuple[int, ...], least: float) -> Floats:
        best = chances(self._belief.drawn(frozen, arms))
        if self._challenger_share:
            best = with_challengers(best, self._challenger_share)
        found = np.zeros(len(frozen[0]))
        found[list(arms)] = least + (1.0 - least * len(arms)) * best
        return found
