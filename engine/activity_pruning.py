"""What is too old or too much leaves the activity list."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from math import inf

from engine.activity_table import ActivityTable
from engine.clock import Clock
from engine.errors import EngineError
from engine.steady_time import SteadyTime
from engine.storage import Database

_log = logging.getLogger(__name__)


class ActivityPruning:
    """Removes requests from the list, in slices between which others get their turn."""

    def __init__(self, *, database: Database, table: ActivityTable, clock: Clock) -> None:
        self._database = database
        self._table = table
        self._time = SteadyTime(clock=clock)

    async def look(self) -> float | None:
        """Return the time by which requests are old, seconds since 1970; None while the calendar
        may be wrong. Raises Refused, Damaged.
        """
        return self._time.believed_s(await self._database.run(self._table.last_at_s))

    async def run(self, keep_days: int, removed: Callable[[], None]) -> None:
        """Remove what is older than `keep_days`, where that is not 0, and what is too much.

        removed: called after each slice of requests. Never raises: what stays goes next time.
        """
        try:
            now_s = await self.look()
            limit_s = now_s - keep_days * 86_400 if keep_days and now_s is not None else -inf
            while await self._database.run(partial(self._table.prune, limit_s=limit_s)):
                removed()
            while await self._database.run(self._table.prune_texts):
                pass
        except EngineError as error:
            _log.warning("Old requests stay in the activity list: %s", error)
