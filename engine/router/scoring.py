"""What a model is worth for a request: terms from 0 to 1, each with its weight."""

from __future__ import annotations

from dataclasses import dataclass
from math import log2

from engine.router.needs import Needs
from engine.router.rows import Row
from engine.router.settings import RouterSettings
from engine.router.snapshot import Tier

PREFERENCE_WEIGHT = 2.0
"""Of the order in a tier: it counts twice as much as quality, and less than quality and health."""
HALF_SPEED_S = 8.0
"""An answer that takes this long is worth half of one that takes no time: what people wait for.
The term is 1 / (1 + seconds / HALF_SPEED_S)."""
HALF_PRICE_USD = 0.01
"""A request of this price is worth half of a free one: 1 / (1 + cost / HALF_PRICE_USD)."""
SPEED_UNKNOWN = 0.5
"""A model that nobody has tried: neither fast nor slow."""
PRICE_UNKNOWN = 0.3
"""A model without a price: dearer than most, so that nobody pays by surprise."""
LARGEST_GUESS = 0.88
"""What the largest open models reach, by their makers' reports of MMLU."""
NEUTRAL_LOCAL, NEUTRAL_FOREIGN = 0.6, 0.8
"""Quality of a model of which not even the size is known."""


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each term counts."""

    preference: float
    quality: float
    speed: float
    price: float
    health: float


def weights_of(settings: RouterSettings, tier: Tier) -> Weights:
    """Return the weights of `tier`: its own where it has some, else those of the settings."""
    own = (tier.quality_weight, tier.speed_weight, tier.price_weight)
    usual = (settings.quality_weight, settings.speed_weight, settings.price_weight)
    quality, speed, price = (b if a is None else a for a, b in zip(own, usual, strict=True))
    preference = PREFERENCE_WEIGHT if tier.models else 0.0
    return Weights(preference, quality, speed, price, settings.health_weight)


def quality_value(row: Row) -> float:
    """Return the measured quality of a model; a guess by its size where nobody measured it.

    The guess follows what open models of 0.5 to 405 billion weights reach in MMLU by their makers'
    reports: 0.50 + 0.055 log2(1 + billions), within 0.06 for most.
    """
    if row.entry is not None and row.entry.quality is not None:
        return row.entry.quality
    if row.parameters_b is None:
        return NEUTRAL_LOCAL if row.is_local else NEUTRAL_FOREIGN
    return min(LARGEST_GUESS, 0.5 + 0.055 * log2(1.0 + row.parameters_b))


def cost_usd(row: Row, needs: Needs) -> float | None:
    """Return what the request would cost at the dearest server; None where no price is known."""
    answers = needs.answer_tokens * needs.answers
    if row.input_usd is None or (row.output_usd is None and answers):
        return None
    return row.input_usd * needs.prompt_tokens + (row.output_usd or 0.0) * answers


def preference_value(position: int, count: int) -> float:
    """Return 1 for the first of a tier's `count` patterns, falling evenly; 0 for none of them."""
    return max(0.0, 1.0 - position / count) if count else 0.0


def quality_note(row: Row) -> str:
    """Return where the value of the quality comes from."""
    if row.entry is not None and row.entry.quality is not None:
        return row.entry.quality_source or "catalogue"
    if row.parameters_b is None:
        return "not measured, size not known"
    return f"not measured, guessed from {row.parameters_b:g} billion weights"


def speed_note(wait_ms: float | None, token_ms: float | None) -> str:
    """Return what the speed was worked out from."""
    if wait_ms is None:
        return "not tried yet"
    rate = f", {1e3 / token_ms:.0f} tokens/s" if token_ms else ""
    return f"{wait_ms:.0f} ms to the first token{rate}"
