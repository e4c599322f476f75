"""One answer and what is known of it: from the suggestion of its parameters to its last sign."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from engine.analytics.bandits import Choice
from engine.analytics.request_context import RequestContext
from engine.analytics.rewards import OF_PEOPLE, RATED, Signs, reward_of, terms_of, with_figures
from engine.analytics.settings import RewardSettings
from engine.analytics.snapshot import Estimate, SuggestionView, Value

State = Literal["waiting", "rewarded", "settled", "dropped", "expired"]
LONGEST_TEXT = 200
LARGEST = 1e300
LARGEST_INT = 2**53
"""Beyond it databases and pictures have no whole numbers."""
AS_CAME = "as it came"
"""The arm that leaves a request as it is."""


class StudyKey(NamedTuple):
    """What is learnt separately: one model at one type of task."""

    model: str
    task_type: str


@dataclass(slots=True, eq=False)
class Observation:
    """One answer. Seconds since 1970 throughout; only the engines' loop changes it."""

    id: str
    key: StudyKey
    made_s: float
    """When its parameters were suggested."""
    values: dict[str, Value] = field(default_factory=dict)
    """Parameters as they were used, those included that the client sent itself."""
    arm: str = ""
    """"" for values that are no arm."""
    request_id: str = ""
    suggested: dict[str, Value] = field(default_factory=dict)
    is_applied: bool = False
    propensity: float | None = None
    origin: str = ""
    """Host that shared it; "" for this one."""
    why: tuple[str, ...] = ()
    predicted: Estimate | None = None
    """Reward; likewise the latency."""
    predicted_ms: Estimate | None = None
    state: State = "waiting"
    terms: dict[str, float] = field(default_factory=dict)
    """Verdicts by name; latency and cost are kept as figures, since weights may change."""
    latency_ms: float | None = None
    cost_usd: float | None = None
    tokens: int | None = None
    over_s: float | None = None
    """When the answer was over; None while it is under way."""
    counted_s: float | None = None
    """When its reward was counted."""
    reward: float | None = None
    """What was counted; None before that."""
    client: str = ""
    """Name of the key with which it was asked; "" for the application's own, and for programs."""
    context: RequestContext | None = None
    """What was known of its request; None for programs, and for what older versions observed."""
    choice: Choice | None = None
    """How the arm was chosen, by the policy of `generation`; None after a restart."""
    generation: int = 0
    is_forgotten: bool = False
    """It was set aside: whatever is still told of it is not taken in."""

    def note(self, signs: Signs) -> bool:
        """Take in what is told; return whether anything of it is new."""
        before = (dict(self.terms), self.latency_ms, self.cost_usd, self.tokens)
        if signs.thumbs == "none":
            self.terms.pop(RATED, None)
        self.terms |= terms_of(signs)
        if signs.latency_ms is not None:
            self.latency_ms = signs.latency_ms
        if signs.cost_usd is not None:
            self.cost_usd = signs.cost_usd
        if signs.tokens is not None:
            self.tokens = signs.tokens
        return before != (self.terms, self.latency_ms, self.cost_usd, self.tokens)

    def settle_propensity(self) -> float | None:
        """Return the propensity, worked out now where that was put off."""
        if self.propensity is None and self.choice is not None:
            self.propensity = self.choice.propensity
        return self.propensity

    @property
    def is_rated(self) -> bool:
        """Whether somebody has said or shown what the answer was worth."""
        return not OF_PEOPLE.isdisjoint(self.terms)

    def earned(self, settings: RewardSettings) -> float | None:
        """Return its reward by the signs that are known, 0 to 1; None where they say nothing."""
        return reward_of(self.weighed(settings), settings)

    def weighed(self, settings: RewardSettings) -> dict[str, float]:
        """Return all its terms, those of latency and cost included where they weigh something."""
        return with_figures(
            self.terms, settings, latency_ms=self.latency_ms, cost_usd=self.cost_usd
        )

    def is_feasible(self, *, max_latency_ms: float, max_cost_usd: float) -> bool:
        """Tell whether it kept the limits, 0 being none; what was not measured keeps them."""
        slow = max_latency_ms > 0 and (self.latency_ms or 0.0) > max_latency_ms
        dear = max_cost_usd > 0 and (self.cost_usd or 0.0) > max_cost_usd
        return not slow and not dear

    def view(self, settings: RewardSettings) -> SuggestionView:
        """Return it as the world may see it."""
        return SuggestionView(
            id=self.id,
            at_s=self.made_s,
            model=self.key.model,
            task_type=self.key.task_type,
            values=dict(self.suggested),
            arm=self.arm,
            is_applied=self.is_applied,
            propensity=self.propensity,
            why=self.why,
            reward=self.predicted,
            latency_ms=self.predicted_ms,
            state=self.state,
            rewarded=self.earned(settings),
            terms=self.weighed(settings),
        )


def kept(value: Value) -> Value:
    """Return a parameter as it can be kept: no number of a thousand digits, no endless text."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value[:LONGEST_TEXT]
    if isinstance(value, int) and abs(value) <= LARGEST_INT:
        return value
    return float(min(LARGEST, max(-LARGEST, value)))
