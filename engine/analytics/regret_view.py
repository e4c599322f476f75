"""The regret of a study against a baseline, as the world may see it."""

from __future__ import annotations

from dataclasses import dataclass

from engine.analytics.snapshot import Floats


@dataclass(frozen=True, slots=True)
class RegretView:
    """The course of the regret of a study against `baseline`, an arm; all arrays are shape (n,)."""

    model: str
    task_type: str
    baseline: str
    choices: int
    """Rewarded choices whose probability is known: those that are summed."""
    effective_samples: float
    numbers: Floats
    """After how many of the choices; the last is `choices`. Empty where nothing can be said."""
    at_s: Floats
    """When those were counted, seconds since 1970."""
    regret: Floats
    """In rewards; below 0 where suggestions earned more."""
    low: Floats
    """Between `low` and `high` it lies with 90 % at each point."""
    high: Floats
    refusal: str = ""
    """Why nothing can be said; "" where there is a course."""

    @property
    def is_clear(self) -> bool:
        """Whether it is known by now that something was gained or lost."""
        return len(self.regret) > 0 and not self.low[-1] <= 0 <= self.high[-1]
