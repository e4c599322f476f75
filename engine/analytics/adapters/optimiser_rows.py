"""What the optimiser is told of observations."""

from __future__ import annotations

import math
from collections.abc import Sequence

from engine.analytics.measurements import Told, checked
from engine.analytics.observations import Observation
from engine.analytics.ports import SearchOrder
from engine.analytics.space import ChoiceParameter


def is_usable(order: SearchOrder, found: Observation) -> bool:
    """Tell whether the search can learn from `found`, at once or when a choice has come back."""
    if found.reward is None or order.space.encode(found.values) is not None:
        return found.reward is not None
    chosen = [each for each in order.space.parameters if isinstance(each, ChoiceParameter)]
    return any(found.values.get(each.name) not in (None, *each.choices) for each in chosen)


def told_of(order: SearchOrder, found: Observation, task: int = 0) -> Told:
    """Return what the optimiser is told of `found`, which is usable."""
    assert found.reward is not None
    return checked(found.values, found.reward, _missed(order, found), task)


def rows_of(order: SearchOrder, observations: Sequence[Observation], task: int = 0) -> list[Told]:
    """Return what the optimiser is told of `observations`, without those that teach nothing."""
    return [told_of(order, each, task) for each in observations if is_usable(order, each)]


def _missed(order: SearchOrder, found: Observation) -> list[float]:
    """Return by how much each limit was missed; it is kept where that is at most 0."""
    missed = []
    if order.max_latency_ms > 0:
        took_ms = max(found.latency_ms or order.max_latency_ms, 0.01)
        missed.append(math.log(took_ms / order.max_latency_ms))
    if order.max_cost_usd > 0:
        cost_usd = order.max_cost_usd if found.cost_usd is None else found.cost_usd
        missed.append(cost_usd / order.max_cost_usd - 1.0)
    return missed
