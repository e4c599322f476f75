"""What a model must meet before anybody asks what it is worth; each with words why it is out."""

from __future__ import annotations

from engine.decimals import decimals
from engine.router.catalogue import matcher
from engine.router.needs import Needs
from engine.router.rows import Row
from engine.router.snapshot import Tier

LAST_RESORT = "the built-in model is the last resort"


def position_in(tier: Tier, row: Row) -> int | None:
    """Return which of the tier's patterns, the first being 0, means `row`; None for none of them.

    A tier without patterns means every model: 0.
    """
    if not tier.models:
        return 0
    return next((at for at, each in enumerate(tier.models) if matcher(each)(row.name)), None)


def standing_reason(row: Row, tier: Tier, *, local_only: bool) -> str:
    """Return why `row` is out of `tier` whatever is asked; "" where it is in."""
    if position_in(tier, row) is None:
        return f"not one of the tier's {len(tier.models)} models"
    if row.is_embedded and not tier.models:
        return LAST_RESORT
    if missing := frozenset(tier.requires) - row.capabilities:
        return f"not known for {_listed(missing)}, which the tier requires"
    if row.context_tokens is None and tier.least_context_tokens:
        return f"its context is not known, and the tier requires {tier.least_context_tokens:,}"
    if row.room < tier.least_context_tokens:
        return f"context {row.room:,.0f} is less than the tier's {tier.least_context_tokens:,}"
    if local_only and not row.is_local:
        return "not on a server of your own"
    return _size_reason(row, tier) or _price_reason(row, tier, local_only)


def passing_reason(row: Row, needs: Needs, cost: float | None, budget_usd: float) -> str:
    """Return why `row` cannot answer this request; "" where it can. budget_usd: 0 is no limit."""
    if missing := needs.capabilities - row.capabilities:
        return f"not known for {_listed(missing)}"
    if row.room < needs.total_tokens:
        return f"context {row.room:,.0f} is less than the {needs.total_tokens:,} needed"
    if not row.is_usable:
        return row.why_unusable
    return budget_reason(cost, budget_usd)


def budget_reason(cost: float | None, budget_usd: float) -> str:
    """Return why a request of this `cost` is not sent; "" where it may be."""
    if not budget_usd:
        return ""
    if cost is None:
        return f"its price is not known, and a request may cost {decimals(budget_usd)} USD"
    if cost > budget_usd:
        return f"would cost {decimals(cost, 4)} USD, more than the {decimals(budget_usd)} allowed"
    return ""


def _size_reason(row: Row, tier: Tier) -> str:
    size = row.parameters_b
    if size is None:  # cloud models: nobody tells
        return ""
    if tier.least_parameters_b is not None and size < tier.least_parameters_b:
        return f"{size:g} billion weights are less than the tier's {tier.least_parameters_b:g}"
    if tier.most_parameters_b is not None and size > tier.most_parameters_b:
        return f"{size:g} billion weights are more than the tier's {tier.most_parameters_b:g}"
    return ""


def _price_reason(row: Row, tier: Tier, local_only: bool) -> str:
    limit = tier.most_input_usd
    if limit is None or local_only:
        return ""
    if row.input_usd is None:
        return f"its price is not known, and the tier allows {decimals(limit)} USD a million tokens"
    if row.input_usd * 1e6 > limit:
        price = decimals(row.input_usd * 1e6)
        return f"{price} USD a million tokens is more than the tier's {decimals(limit)}"
    return ""


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))
