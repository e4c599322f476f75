"""The search beside the studies: begun with what is written down, told what is counted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from engine.analytics.answers import WhatIf
from engine.analytics.deciding import Deciding
from engine.analytics.keeping import Keeper
from engine.analytics.observation_book import ObservationBook, StoredStudy
from engine.analytics.observations import Observation, StudyKey
from engine.analytics.ports import ENOUGH_OWN, Search, SearchOrder
from engine.analytics.search_view import SearchView
from engine.analytics.snapshot import Values
from engine.analytics.tried_values import Tried
from engine.errors import OutsideError, Rejected

_log = logging.getLogger(__name__)

MOST_OTHERS = 3
"""Types of task from which a new one learns: each is read whole, which takes up to a second."""
LOOKED_AT = 200
"""Studies, those used last, among which they are looked for."""
MOST_LOOKED_AT = 1_000
"""Newest answers among which enough of its own are looked for."""


class Searching:
    """Keeps the search up to date. For the engines' loop."""

    def __init__(
        self, *, search: Search, book: ObservationBook, keeper: Keeper, deciding: Deciding
    ) -> None:
        self._search = search
        self._book = book
        self._keeper = keeper
        self._deciding = deciding
        self._tasks: dict[StudyKey, asyncio.Task[None]] = {}
        self._borrowers: dict[StudyKey, set[StudyKey]] = {}
        """Studies that have learnt from another one, by that one."""

    def want(self, key: StudyKey) -> None:
        """Let the search begin with a study, where it is asked and does not know it yet."""
        order = self._deciding.order(key)
        if order is None or not self._deciding.is_searching:
            return
        if key not in self._tasks and not self._goes_on(order):
            self._begin(order)

    def tell(self, found: Observation) -> None:
        """Tell the search what was counted, where it knows the study."""
        order = self._deciding.order(found.key)
        if order is not None and self._goes_on(order):
            self._search.tell(order, found)

    def forget(self, key: StudyKey) -> None:
        """Let the search begin anew when it is asked next; likewise those that learnt from this."""
        for each in {key, *self._borrowers.pop(key, ())}:
            self._search.forget(each)

    async def inspect(self, key: StudyKey, pair: tuple[str, str] | None) -> SearchView:
        """Return what is believed of a study. Raises Rejected without a space or parameter."""
        await self._known(key)
        return await self._search.inspect(key, pair=pair)

    async def foresee(self, key: StudyKey, values: Values, tried: Sequence[Tried]) -> WhatIf:
        """Return what to expect of `values` in a study. Raises Rejected for values that are none.

        tried: its answers, oldest first.
        """
        order = self._deciding.order(key)
        return await self._search.foresee(key, values, tried, order.space if order else None)

    async def aclose(self) -> None:
        """End the search. Never raises; may be called twice."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self._search.aclose()

    async def _known(self, key: StudyKey) -> None:
        order = self._deciding.order(key)
        if order is None:
            raise Rejected(
                "no parameter may be chosen: switch one on under analytics.ranges in the settings"
            )
        if not self._goes_on(order):
            if key not in self._tasks:
                self._begin(order)
            await asyncio.wait([self._tasks[key]])

    def _goes_on(self, order: SearchOrder) -> bool:
        """Tell whether a study is known, perhaps with choices that have come or gone."""
        return self._search.knows(order) or self._search.adopt(order)

    def _begin(self, order: SearchOrder) -> None:
        task = asyncio.create_task(self._learn(order), name=f"search {order.key.model}")
        self._tasks[order.key] = task
        task.add_done_callback(lambda _: self._tasks.pop(order.key, None))

    async def _learn(self, order: SearchOrder) -> None:
        await self._keeper.flush()
        try:
            stored = await self._book.study(order.key)
        except OutsideError as error:
            _log.warning("the search begins without what was observed: %s", error)
            self._search.learn(order, ())
            return
        own = rated(stored)
        usable = [e for e in own[-MOST_LOOKED_AT:] if order.space.encode(e.values) is not None]
        others = await self._others(order) if len(usable) < ENOUGH_OWN else {}
        self._search.learn(order, own, others)

    async def _others(self, order: SearchOrder) -> dict[str, list[Observation]]:
        """Return what was observed of the same model at other types of task, used last."""
        found: dict[str, list[Observation]] = {}
        try:
            for key in await self._book.studies(LOOKED_AT):
                if key.model == order.key.model and key != order.key and len(found) < MOST_OTHERS:
                    observed = rated(await self._book.study(key))
                    if observed:
                        found[key.task_type] = observed
                        self._borrowers.setdefault(key, set()).add(order.key)
        except OutsideError as error:
            _log.warning("the search begins without what other tasks have taught: %s", error)
        return found


def rated(stored: StoredStudy) -> list[Observation]:
    """Return the observations whose reward has been counted, oldest first."""
    counted = [each for each in stored.observations if each.counted_s is not None]
    return [each for each in counted if each.reward is not None]
