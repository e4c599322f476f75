"""What the world may see of what was learnt: studies, arms, observations, alarms, suggestions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Value = float | int | str | bool
Values = Mapping[str, Value]
"""Parameters by name, as a request has them, such as `{"temperature": 0.2}`."""
Floats = NDArray[np.float64]

MOST_DRAWN = 10_000
"""Rows of the columns that are drawn."""
DENSITY_POINTS = 101
"""Of an arm's posterior; evenly spaced from 0 to 1, both included."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean and where it lies with 90 % probability."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ArmView:
    """One named choice of parameters, and what is believed of it."""

    name: str
    values: Values
    """Empty for the arm that leaves everything as it came."""
    pulls: int = 0
    """How often it was chosen."""
    rewards: int = 0
    """How many of these have a reward by now."""
    reward: Estimate | None = None
    """Of its mean reward, 0 to 1; None before anything is known."""
    density: Floats | None = None
    """Posterior density of its mean reward, shape (DENSITY_POINTS,); the area is 1."""
    probability_best: float | None = None
    """That no other arm has a higher mean."""
    expected_loss: float | None = None
    """What choosing it for good would lose on average, in reward."""
    latency_ms: float | None = None
    """Median of its answers."""
    latency_p95_ms: float | None = None
    cost_usd: float | None = None
    """Mean of its answers."""
    is_allowed: bool = True
    reason: str = ""
    """Why it is not allowed now, such as "p95 of 2,300 ms is above 1,000 ms"."""


@dataclass(frozen=True, slots=True)
class ObservationColumns:
    """The newest observations of a study, oldest first; every array has the same length n.

    n <= MOST_DRAWN. NaN where something was not measured or is not known yet.
    """

    at_s: Floats
    """When the answer was over, seconds since 1970."""
    reward: Floats
    """0 to 1."""
    latency_ms: Floats
    cost_usd: Floats
    feasible: NDArray[np.bool_]
    """Within the limits for latency and cost."""
    arm: NDArray[np.int16]
    """Number of the arm in the study's `arms`; -1 for values that are no arm."""
    best_so_far: Floats
    """Highest reward of a feasible observation up to here; NaN before the first."""
    values: Mapping[str, Floats] = field(default_factory=dict)
    """Numeric parameters by name, as they were used; NaN where one was left open."""
    total: int = 0
    """Observations of the study there are in all, those that are not drawn included."""


@dataclass(frozen=True, slots=True)
class AllocationView:
    """Which arms were chosen over time."""

    at_s: Floats
    """Ends of equally many choices each, shape (n,), seconds since 1970."""
    shares: Floats
    """Shape (n, arms), rows add up to 1; columns in the order of the study's `arms`."""
    probability_best: Floats
    """Shape (n, arms): of each arm at that time; NaN where it was not worked out."""


@dataclass(frozen=True, slots=True)
class QuantileView:
    """Figures of one study over time; every array has the same length, one entry a span."""

    at_s: Floats
    """When each span begins, seconds since 1970; spans are an hour long, oldest first."""
    count: Floats
    reward: Floats
    """Mean; NaN where nothing was rated; likewise below."""
    latency_p50_ms: Floats
    latency_p95_ms: Floats
    cost_usd: Floats
    """Mean of an answer."""


@dataclass(frozen=True, slots=True)
class AlarmView:
    """Something has changed."""

    at_s: float
    """When it was noticed, seconds since 1970."""
    model: str
    task_type: str
    arm: str
    """"" where it concerns the whole study."""
    measure: Literal["reward", "latency"]
    before: float
    """Mean before the change: 0 to 1, or ms."""
    after: float
    words: str
    """What changed, in a sentence."""


@dataclass(frozen=True, slots=True)
class SuggestionView:
    """Parameters that were suggested for one request, and what became of it."""

    id: str
    at_s: float
    """Seconds since 1970."""
    model: str
    task_type: str
    values: Values
    """What was suggested."""
    arm: str = ""
    """"" where it came from the search."""
    is_applied: bool = False
    """False where it was only shown, or asked for by a program that may or may not use it."""
    propensity: float | None = None
    """The probability with which it was chosen; None for the search, and until it is written."""
    why: tuple[str, ...] = ()
    """Sentences, the most telling first."""
    reward: Estimate | None = None
    """What was predicted; likewise the latency."""
    latency_ms: Estimate | None = None
    state: Literal["waiting", "rewarded", "settled", "dropped", "expired"] = "waiting"
    """"settled": nobody rated it in time, and it counts with its other signs."""
    rewarded: float | None = None
    """What it earned, 0 to 1."""
    terms: Mapping[str, float] = field(default_factory=dict)
    """The signs that are known, 0 (bad) to 1 (good), by name: "rated", "json", "regenerated",
    "edited", "copied", "latency", "cost"."""


@dataclass(frozen=True, slots=True)
class ParameterRange:
    """One parameter of a study's space."""

    name: str
    kind: Literal["float", "int", "choice"]
    low: float = 0.0
    high: float = 0.0
    is_log: bool = False
    choices: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class StudyView:
    """What is known of one model at one type of task."""

    model: str
    task_type: str
    arms: tuple[ArmView, ...]
    columns: ObservationColumns
    allocation: AllocationView
    quantiles: QuantileView
    parameters: tuple[ParameterRange, ...] = ()
    choices: int = 0
    """Suggestions made so far."""
    rewards: int = 0
    best_arm: str = ""
    """The one with the highest posterior mean among those that are allowed."""
    is_decided: bool = False
    """Enough is known to stop trying others (generalised likelihood ratio, 5 % error)."""
    is_drifting: bool = False
    """A change was noticed since the last day."""
    last: SuggestionView | None = None
    reason: str = ""
    """Why nothing is suggested, such as a server that refuses a parameter; "" where all is well."""
    usual_request: str = ""
    """Where arms are chosen by what is known of a request: the one for which `arms` holds, such as
    "about 800 tokens, turn 2"; "" elsewhere."""
    version: int = 0
    """Moves with every change of the study."""


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One field of the map of models and types of tasks."""

    model: str
    task_type: str
    observations: int
    rewards: int
    reward: Estimate | None
    latency_ms: float | None
    """Median."""
    cost_usd: float | None
    """Mean."""
    best_arm: str


@dataclass(frozen=True, slots=True)
class AnalyticsSnapshot:
    """Everything that was learnt, as of `taken_s`."""

    taken_s: float
    mode: str = "off"
    """"off", "suggest" or "automatic", where a tier says nothing of its own."""
    is_paused: bool = False
    studies: tuple[StudyView, ...] = ()
    """Used most recently first; at most 50."""
    heat: tuple[HeatRow, ...] = ()
    """All studies, by model and type of task."""
    alarms: tuple[AlarmView, ...] = ()
    """Newest first; the last hundred."""
    suggestions: tuple[SuggestionView, ...] = ()
    """Newest first; the last hundred."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """By name: suggested, applied, dropped, observed, rewarded, revised, unknown, repeated,
    rejected (values that are none), expired, shared, heard, refused."""
    observations: int = 0
    """In the database."""
    problem: str | None = None
    version: int = 0
    """Moves with every change of anything here."""
