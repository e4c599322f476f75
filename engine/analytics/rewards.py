"""What an answer has earned: signs of different kinds, weighed as the user wants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from engine.analytics.settings import RewardSettings
from engine.errors import Rejected

RATED, JSON, REGENERATED = "rated", "json", "regenerated"
EDITED, COPIED, LATENCY, COST = "edited", "copied", "latency", "cost"
OF_PEOPLE = frozenset({RATED, REGENERATED, EDITED, COPIED})
"""Signs that somebody gave: once there is one, nobody waits for more."""
LONGEST_MS = 86_400_000.0
"""A day; no answer takes longer, and figures above it are mistakes of who told them."""
DEAREST_USD = 1e6


@dataclass(frozen=True, slots=True)
class Signs:
    """What is told of one answer; None where nothing is told."""

    reward: float | None = None
    """0 (bad) to 1 (good)."""
    thumbs: Literal["up", "down", "none"] | None = None
    """ "none" takes back what was said before."""
    is_json: bool | None = None
    """Whether it is valid JSON, where that was asked for."""
    edited: bool | None = None
    copied: bool | None = None
    regenerated: bool | None = None
    latency_ms: float | None = None
    cost_usd: float | None = None
    tokens: int | None = None
    """Of the answer."""

    def __post_init__(self) -> None:
        """Raise Rejected, which names what is no number or out of its range."""
        _check("reward", self.reward, 0.0, 1.0, "give a number from 0 (bad) to 1 (good)")
        _check("latency_ms", self.latency_ms, 0.0, LONGEST_MS, "give milliseconds, at most a day")
        _check("cost", self.cost_usd, 0.0, DEAREST_USD, "give US dollars, 0 or more")
        _check("tokens", self.tokens, 0, 1e9, "give a count")
        if self.thumbs not in (None, "up", "down", "none"):
            raise Rejected(
                f"thumbs: {self.thumbs!r} is neither up nor down, nor none to take it back",
                param="thumbs",
            )


def terms_of(signs: Signs) -> dict[str, float]:
    """Return the signs that are verdicts, by name, 0 (bad) to 1 (good).

    Latency and cost are none by themselves: `reward_of` makes them so, by the settings.
    """
    terms: dict[str, float] = {}
    if signs.thumbs in ("up", "down"):
        terms[RATED] = 1.0 if signs.thumbs == "up" else 0.0
    if signs.reward is not None:  # says more than a thumb
        terms[RATED] = float(signs.reward)
    if signs.is_json is not None:
        terms[JSON] = float(signs.is_json)
    if signs.regenerated is not None:
        terms[REGENERATED] = float(not signs.regenerated)
    if signs.edited is not None:
        terms[EDITED] = float(not signs.edited)
    if signs.copied:  # that nobody copied it says little
        terms[COPIED] = 1.0
    return terms


def with_figures(
    terms: Mapping[str, float],
    settings: RewardSettings,
    *,
    latency_ms: float | None,
    cost_usd: float | None,
) -> dict[str, float]:
    """Return `terms` with those of latency and cost, where they are known and weigh something."""
    every = dict(terms)
    if latency_ms is not None and settings.latency_weight > 0:
        every[LATENCY] = settings.latency_half_ms / (settings.latency_half_ms + latency_ms)
    if cost_usd is not None and settings.cost_weight > 0:
        every[COST] = settings.cost_half_usd / (settings.cost_half_usd + cost_usd)
    return every


def reward_of(terms: Mapping[str, float], settings: RewardSettings) -> float | None:
    """Return the weighted mean of the terms, 0 to 1; None where none has a weight.

    What is not known does not count as 0: it is left out.
    """
    weights = weights_of(settings)
    known = [(weights[name], value) for name, value in terms.items() if weights.get(name, 0) > 0]
    total = sum(weight for weight, _ in known)
    if not known or total <= 0:
        return None
    return min(1.0, max(0.0, sum(weight * value for weight, value in known) / total))


def weights_of(settings: RewardSettings) -> dict[str, float]:
    """Return the weight of each term by its name."""
    return {
        RATED: settings.rated_weight,
        JSON: settings.json_weight,
        REGENERATED: settings.regenerated_weight,
        EDITED: settings.edited_weight,
        COPIED: settings.copied_weight,
        LATENCY: settings.latency_weight,
        COST: settings.cost_weight,
    }


def _check(name: str, value: object, low: float, high: float, remedy: str) -> None:
    if value is None:
        return
    # NaN is in no range.
    if not (isinstance(value, int | float) and type(value) is not bool and low <= value <= high):
        raise Rejected(f"{name}: {value!r} cannot be: {remedy}", param=name, code="invalid_value")
