"""What the optimiser makes of a study, worked out on wish."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.analytics.snapshot import Estimate, Floats, Value, Values


@dataclass(frozen=True, slots=True)
class SliceView:
    """The reward along one parameter, all others as in the best; arrays of shape (n,)."""

    points: tuple[Value, ...]
    """Values of the parameter."""
    mean: Floats
    low: Floats
    high: Floats
    """With 90 % probability between `low` and `high`."""
    acquisition: Floats
    """What a try there is worth, 0 to 1 (the most worthwhile)."""
    feasible: Floats
    """Probability that the limits hold."""
    next: Value | None = None
    """Where the search would try now."""


@dataclass(frozen=True, slots=True)
class ContourView:
    """The reward over two parameters, all others as in the best."""

    x_name: str
    y_name: str
    x: tuple[Value, ...]
    y: tuple[Value, ...]
    mean: Floats
    """Shape (len(y), len(x))."""
    feasible: Floats
    """Likewise: probability that the limits hold."""


@dataclass(frozen=True, slots=True)
class CalibrationView:
    """Each observation as predicted from all others; arrays of shape (n,)."""

    observed: Floats
    predicted: Floats
    deviation: Floats
    """Standard deviation of the prediction."""


@dataclass(frozen=True, slots=True)
class SearchView:
    """What the optimiser makes of a study, worked out on wish by `ParameterAnalytics.inspect`.

    Rewards are 0 to 1. Empty where there is too little to say: `reason` tells then.
    """

    taken_s: float
    model: str
    task_type: str
    observations: int = 0
    slices: Mapping[str, SliceView] = field(default_factory=dict)
    """By parameter."""
    contour: ContourView | None = None
    importances: Mapping[str, float] = field(default_factory=dict)
    """By parameter; they add up to 1."""
    calibration: CalibrationView | None = None
    best: Values = field(default_factory=dict)
    """Best by its posterior mean, among those that are feasible."""
    best_reward: Estimate | None = None
    next: Values = field(default_factory=dict)
    """What the search would try now."""
    reason: str = ""

    @property
    def most_important(self) -> str:
        """The parameter on which the reward depends most; "" where none is known to matter."""
        return max(self.importances, key=lambda name: self.importances[name], default="")
