"""In which state the cache is, why, and since when."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from engine.cache.snapshot import CacheState
from engine.clock import Clock

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Condition:
    """One state."""

    state: CacheState
    reason: str
    since: datetime


class ConditionKeeper:
    """The state now; a change is logged in one line, a state that lasts is not logged again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.now = Condition(CacheState.STOPPED, "", clock.wall())

    def become(self, state: CacheState, reason: str) -> None:
        """Note the state now. A new reason in the same state keeps the time."""
        before = self.now
        if (state, reason) == (before.state, before.reason):
            return
        has_changed = state is not before.state
        self.now = Condition(state, reason, self._clock.wall() if has_changed else before.since)
        if has_changed:
            is_worse = state in (CacheState.DEGRADED, CacheState.MEMORY) and before.state not in (
                CacheState.STOPPED,
            )
            _log.log(logging.WARNING if is_worse else logging.INFO, "%s: %s", state, reason)
