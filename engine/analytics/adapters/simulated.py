"""A search that needs no thread: draws within the space, for demonstrations and tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from engine.analytics.answers import WhatIf
from engine.analytics.observations import Observation, StudyKey
from engine.analytics.ports import Prepared, SearchOrder
from engine.analytics.search_view import SearchView
from engine.analytics.snapshot import Estimate, Value, Values
from engine.analytics.space import Space
from engine.analytics.tried_values import Tried


class SimulatedSearch:
    """A `Search` that tries anything, and expects what was earned nearest to it."""

    def __init__(self, *, seed: int = 0) -> None:
        self._rng = np.random.default_rng(seed)
        self._orders: dict[StudyKey, SearchOrder] = {}
        self._told: dict[StudyKey, list[Observation]] = {}

    def learn(
        self,
        order: SearchOrder,
        observations: Sequence[Observation],
        others: Mapping[str, Sequence[Observation]] | None = None,
    ) -> None:
        """Begin a study anew with `observations`; others teach nothing here."""
        self._orders[order.key] = order
        self._told[order.key] = list(observations)

    def tell(self, order: SearchOrder, found: Observation) -> None:
        """Learn one observation more."""
        self._told[order.key].append(found)

    def adopt(self, order: SearchOrder) -> bool:
        """Go on with a study in a space with other choices; False where another must begin."""
        before = self._orders.get(order.key)
        if before is None or not before.is_continued_by(order):
            return False
        self._orders[order.key] = order
        return True

    def knows(self, order: SearchOrder) -> bool:
        """Tell whether the study was begun, with this space and these limits."""
        return self._orders.get(order.key) == order

    def take(self, key: StudyKey) -> Prepared | None:
        """Return what to try now."""
        order = self._orders.get(key)
        if order is None:
            return None
        unit = order.space.sample(self._rng, 1)[0]
        values = order.space.decode(unit)
        return Prepared(values, self._nearest(key, values), "anything may be tried")

    def forget(self, key: StudyKey) -> None:
        """Let go of a study."""
        self._orders.pop(key, None)
        self._told.pop(key, None)

    async def inspect(self, key: StudyKey, *, pair: tuple[str, str] | None) -> SearchView:
        """Return nothing but how much is known."""
        count = len(self._told.get(key, ()))
        return SearchView(0.0, *key, observations=count, reason="nothing is worked out here")

    async def foresee(
        self, key: StudyKey, values: Values, tried: Sequence[Tried], space: Space | None
    ) -> WhatIf:
        """Return the reward that was earned nearest to `values`, where the study was begun."""
        reward = self._nearest(key, values)
        return WhatIf(*key, values, reward, None, rated=len(tried), evidence=(), warnings=())

    async def aclose(self) -> None:
        """Nothing is open."""

    def _nearest(self, key: StudyKey, values: Mapping[str, Value]) -> Estimate | None:
        order = self._orders.get(key)
        wanted = None if order is None else order.space.encode(values)
        if order is None or wanted is None:
            return None
        best: tuple[float, float] | None = None
        for found in self._told[key]:
            unit = order.space.encode(found.values)
            if unit is not None and found.reward is not None:
                distance = float(np.abs(unit - wanted).sum())
                best = min(best or (distance, found.reward), (distance, found.reward))
        if best is None:
            return None
        return Estimate(best[1], max(0.0, best[1] - 0.2), min(1.0, best[1] + 0.2))
