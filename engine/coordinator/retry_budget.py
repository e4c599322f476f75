"""How often a request may be sent again, over all of a model: so that a fault makes no storm."""

from __future__ import annotations

from engine.clock import Clock

MOST = 20.0
"""Tokens that are kept at most."""
LEAST = 10.0
"""Further tries stop at half, as in gRPC."""
REFILL_PER_S = 1.0
"""Comes back by itself: a person who asks rarely has no hundred good answers to earn it with."""


MOST_BUDGETS = 1_000
"""Models whose budgets are kept; more than anybody asks for within seconds."""


class RetryBudgets:
    """A budget for each model: one that nobody can answer takes nothing from the others."""

    def __init__(self, *, share: float, clock: Clock) -> None:
        self._share = share
        self._clock = clock
        self._budgets: dict[str, RetryBudget] = {}

    def of(self, model: str) -> RetryBudget:
        """Return the budget of `model`."""
        found = self._budgets.get(model)
        if found is None:
            if len(self._budgets) >= MOST_BUDGETS:
                self._budgets.clear()
            found = self._budgets[model] = RetryBudget(share=self._share, clock=self._clock)
        return found

    def use(self, share: float) -> None:
        """Give `share` back with each answer from now on."""
        self._share = share
        for each in self._budgets.values():
            each.share = share


class RetryBudget:
    """Each failure takes a token, each good answer gives a share of one back.

    Source: gRPC A6 (retry throttling): no further try while half of the tokens or fewer are left.
    Over any time there are at most LEAST + share * answers + REFILL_PER_S * seconds further tries.
    """

    def __init__(self, *, share: float, clock: Clock) -> None:
        self.share = share
        """Tokens given back by one answer; 0 allows no further try at all."""
        self._clock = clock
        self._tokens = MOST
        self._at_s = clock.now()

    def note_answer(self) -> None:
        """Take in that a server answered."""
        if self._tokens < MOST:
            self._tokens = min(MOST, self._tokens + self.share)

    def note_failure(self) -> None:
        """Take in that a try failed, or that a second one is made beside the first."""
        self._refill()
        self._tokens = max(0.0, self._tokens - 1)

    def may_retry(self) -> bool:
        """Tell whether a request that failed may be sent again."""
        self._refill()
        return self.share > 0 and self._tokens > LEAST

    def _refill(self) -> None:
        now_s = self._clock.now()
        self._tokens = min(MOST, self._tokens + REFILL_PER_S * max(0.0, now_s - self._at_s))
        self._at_s = now_s
