"""What the user may change about parameter analytics."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.analytics.own_parameters import OwnParameter, own_constraints, own_parameters
from engine.analytics.parameters import FloatParameter, IntParameter, LinearConstraint
from engine.analytics.spaces import whole_space
from engine.configuration import check, described, setting


class Mode(StrEnum):
    """What is done with a request that leaves some parameters open."""

    OFF = "off"
    """Nothing: it is not looked at."""
    SUGGEST = "suggest"
    """Something better is suggested, and the request goes as it came."""
    AUTOMATIC = "automatic"
    """What is suggested is filled in; what the client sent itself always stays."""


class Method(StrEnum):
    """Where parameters come from."""

    ARMS = "arms"
    """A few named choices, by Thompson sampling."""
    SEARCH = "search"
    """Any value within bounds, by Bayesian optimisation."""
    CONTEXT = "context"
    """The same choices as arms, for each request by what is known of it."""


@dataclass(frozen=True, slots=True)
class RewardSettings:
    """How much each sign that an answer was good counts; 0 leaves it out."""

    rated_weight: float = setting(1.0, "How much a rating counts (thumbs, 0 to 1)", low=0, high=10)
    json_weight: float = setting(
        1.0, "How much it counts that JSON is valid where it was asked for", low=0, high=10
    )
    regenerated_weight: float = setting(
        0.7, "How much it counts against an answer that another was asked for", low=0, high=10
    )
    edited_weight: float = setting(
        0.3, "How much it counts against an answer that it was edited", low=0, high=10
    )
    copied_weight: float = setting(
        0.3, "How much it counts for an answer that it was copied", low=0, high=10
    )
    latency_weight: float = setting(0.0, "How much speed counts", low=0, high=10)
    latency_half_ms: float = setting(
        5000.0, "An answer that takes so long has half the speed's worth", unit="ms", low=1,
        high=3_600_000,
    )  # fmt: skip
    cost_weight: float = setting(0.0, "How much a low price counts", low=0, high=10)
    cost_half_usd: float = setting(
        0.01, "An answer that costs so much has half the price's worth", unit="USD", low=1e-6,
        high=1000,
    )  # fmt: skip

    def __post_init__(self) -> None:
        """Raise SettingsError where a value cannot work."""
        check(self)


@dataclass(frozen=True, slots=True)
class RangeSettings:
    """Which parameters may be chosen, and within which bounds."""

    temperature: bool = setting(True, "Choose the temperature")
    temperature_low: float = setting(0.1, "Lowest temperature", low=0, high=2)
    temperature_high: float = setting(1.2, "Highest temperature", low=0, high=2)
    top_p: bool = setting(True, "Choose top_p")
    top_p_low: float = setting(0.5, "Lowest top_p", low=0.01, high=1)
    top_p_high: float = setting(1.0, "Highest top_p", low=0.01, high=1)
    max_tokens: bool = setting(False, "Choose how long an answer may be")
    max_tokens_low: int = setting(256, "Shortest limit of an answer", unit="tokens", low=1,
                                  high=1_000_000)  # fmt: skip
    max_tokens_high: int = setting(4096, "Longest limit of an answer", unit="tokens", low=1,
                                   high=1_000_000)  # fmt: skip
    parameter: tuple[OwnParameter, ...] = described((), own_parameters)
    """Further ones for the search, each under [[analytics.ranges.parameter]]."""
    constraint: tuple[LinearConstraint, ...] = described((), own_constraints)

    def __post_init__(self) -> None:
        """Raise SettingsError where a value cannot work."""
        check(self)
        if self.parameter or self.constraint:
            whole_space(self.numbers().values(), self.parameter, self.constraint)

    def numbers(self) -> dict[str, FloatParameter | IntParameter]:
        """Return what is built in, by name, without what is switched off. Raises SettingsError."""
        found: dict[str, FloatParameter | IntParameter] = {}
        if self.temperature:
            low, high = self.temperature_low, self.temperature_high
            found["temperature"] = FloatParameter("temperature", low, high)
        if self.top_p:
            found["top_p"] = FloatParameter("top_p", self.top_p_low, self.top_p_high)
        if self.max_tokens:
            fewest, most = self.max_tokens_low, self.max_tokens_high
            found["max_tokens"] = IntParameter("max_tokens", fewest, most, is_log=True)
        return found


@dataclass(frozen=True, slots=True)
class AnalyticsSettings:
    """Everything the user may change about parameter analytics."""

    mode: str = setting(
        Mode.OFF.value,
        "What is done with requests to tiers that say nothing of their own: off, suggest (shown, "
        "not used) or automatic (used where the request leaves a parameter open)",
        choices=tuple(each.value for each in Mode),
    )
    method: str = setting(
        Method.ARMS.value,
        "Where parameters come from: arms (a few named choices), search (any value within the "
        "bounds) or context (a few named choices, each request by its length, tools and the like)",
        choices=tuple(each.value for each in Method),
    )
    is_paused: bool = setting(False, "Choose nothing for now; answers may still be rated")
    max_latency_ms: float = setting(
        0.0, "Leave out what is likely to take longer, for 95 of 100 answers; 0: no limit",
        unit="ms", low=0, high=3_600_000,
    )  # fmt: skip
    max_cost_usd: float = setting(
        0.0, "Leave out what costs more on average for an answer; 0: no limit", unit="USD", low=0,
        high=1000,
    )  # fmt: skip
    settle_min: float = setting(
        10.0, "An answer that nobody rates counts with its other signs after so long", unit="min",
        low=0, high=10_080,
    )  # fmt: skip
    suggestion_hours: float = setting(
        72.0, "Answers may be rated so long", unit="h", low=0.1, high=8760
    )
    keep_days: int = setting(
        180, "Days that observations are kept; 0 keeps all", unit="days", low=0, high=36_500
    )
    most_observations: int = setting(
        1_000_000, "Observations kept at most; the oldest leave", low=1000, high=100_000_000
    )
    share: bool = setting(True, "Share observations with other hosts on the same Redis")
    rewards: RewardSettings = RewardSettings()
    ranges: RangeSettings = RangeSettings()

    def __post_init__(self) -> None:
        """Raise SettingsError where a value cannot work."""
        check(self)

    @property
    def is_contextual(self) -> bool:
        """Whether arms are chosen by what is known of a request."""
        return self.method == Method.CONTEXT
