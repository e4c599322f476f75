"""What a study may learn from the same model's other types of task, while it has little of its own.

For policies that look at contexts: what a type of task changes is an entry of theirs, so that such
answers count as far as types are believed to be alike. The search does the same in its own way.
"""

from __future__ import annotations

import logging

from engine.analytics.observation_book import ObservationBook, StoredStudy
from engine.analytics.observations import Observation, StudyKey
from engine.analytics.ports import ENOUGH_OWN
from engine.analytics.request_context import place_of
from engine.errors import OutsideError

_log = logging.getLogger(__name__)

MOST_TASKS = 3
"""Types of task, those used last."""
MOST_EACH = 80
"""Their newest rated answers, as many as the search takes."""
READ_EACH = 400
"""Newest answers among which these are looked for."""
LOOKED_AT = 200
"""Studies, those used last, among which types of task are looked for."""


class OtherTasks:
    """Reads what other types of task have taught. For the engines' loop."""

    def __init__(self, book: ObservationBook) -> None:
        self._book = book
        self._borrowers: dict[StudyKey, set[StudyKey]] = {}

    def borrowers(self, key: StudyKey) -> tuple[StudyKey, ...]:
        """Return the studies that have learnt from `key`: where it changes, they do."""
        return tuple(self._borrowers.get(key, ()))

    async def of(self, key: StudyKey, stored: StoredStudy) -> tuple[Observation, ...]:
        """Return rated answers of other types of task, oldest first of each; never raises.

        Nothing once `stored`, the study's own, has ENOUGH_OWN; nothing of a type that has the same
        place in contexts, since nobody could tell the two apart.
        """
        for borrowers in self._borrowers.values():
            borrowers.discard(key)
        if sum(counted for _, counted in stored.pulls.values()) >= ENOUGH_OWN:
            return ()
        found: list[Observation] = []
        try:
            lenders = [each for each in await self._book.studies(LOOKED_AT) if _may_lend(each, key)]
            for each in lenders[:MOST_TASKS]:
                self._borrowers.setdefault(each, set()).add(key)
                read = (await self._book.study(each, READ_EACH)).observations
                found += [one for one in read if one.counted_s is not None][-MOST_EACH:]
        except OutsideError as error:
            _log.warning("a study begins without what other tasks have taught: %s", error)
        return tuple(found)


def _may_lend(lender: StudyKey, borrower: StudyKey) -> bool:
    is_same_model = lender.model == borrower.model
    return is_same_model and place_of(lender.task_type) != place_of(borrower.task_type)
