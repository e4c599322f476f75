"""Whatever Redis and two processes do, both find what was written last."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from engine.cache.keys import GENERATIONS, key_of
from tests.conftest import FakeClock
from tests.engine.cache.redis_twin import RedisTwin
from tests.engine.cache.world import World

NAMES = st.sampled_from("abcd")
NAMESPACE = "answers"


class TwoProcesses(RuleBasedStateMachine):
    """`here` writes at any time, `there` only while Redis answers; Redis comes and goes."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.redis = RedisTwin()
        self.here, self.there = (World(self.clock, self.redis) for _ in range(2))
        self.last: dict[str, str] = {}
        self.runner = asyncio.Runner()
        self.count = 0

    @rule(name=NAMES)
    def keep(self, name: str) -> None:
        """Keep a new value here."""
        self._keep(self.here, name)
        self._tell(self.there, name)

    @precondition(lambda self: not self.redis.is_away)
    @rule(name=NAMES)
    def keep_there(self, name: str) -> None:
        """Keep a new value in the other process."""
        self._keep(self.there, name)
        self._tell(self.here, name)

    @rule(name=NAMES)
    def drop(self, name: str) -> None:
        """Remove a value here."""
        self._run(self.here.tiers.drop(key_of(NAMESPACE, name)))
        self._tell(self.there, name)
        self.last.pop(name, None)

    @rule()
    def purge(self) -> None:
        """Purge here; the other process hears of it where Redis is there to tell."""
        self._run(self.here.tiers.purge(NAMESPACE))
        if not self.redis.is_away:
            self.there.tiers.invalidated([GENERATIONS + NAMESPACE.encode()])
        self.last.clear()

    @rule(name=NAMES)
    def look(self, name: str) -> None:
        """This process finds what is true, or nothing where it cannot know what others wrote."""
        known = {self.last.get(name), None} if self.redis.is_away else {self.last.get(name)}
        assert self._look(self.here, name) in known

    @precondition(lambda self: not self.redis.is_away)
    @rule()
    def go_away(self) -> None:
        """Redis goes, and with it what it would have told."""
        self.redis.is_away = True
        for process in (self.here, self.there):
            process.tiers.invalidated(None)

    @precondition(lambda self: self.redis.is_away)
    @rule(is_empty=st.booleans())
    def come_back(self, is_empty: bool) -> None:
        """Redis comes back, perhaps empty."""
        if is_empty:
            self.redis.stored.clear()
        self.redis.is_away = False
        for process in (self.here, self.there):
            self._run(process.tiers.restored(is_empty))
        for process in (self.here, self.there):
            process.tiers.invalidated(None)  # of what the other one sent

    def teardown(self) -> None:
        """In the end both processes agree on every value."""
        try:
            if self.redis.is_away:
                self.come_back(is_empty=False)
            found = [
                [self._look(process, name) for process in (self.here, self.there)]
                for name in "abcd"
            ]
            assert found == [[self.last.get(name)] * 2 for name in "abcd"]
        finally:
            self.runner.close()

    def _keep(self, process: World, name: str) -> None:
        self.count += 1
        self.clock.advance(0.01)
        self.last[name] = f"value {self.count}"
        self._run(process.keep(self.last[name], key_of(NAMESPACE, name)))

    def _tell(self, process: World, name: str) -> None:
        if not self.redis.is_away:
            process.tiers.invalidated([process.tiers.generations.guess(key_of(NAMESPACE, name))])

    def _look(self, process: World, name: str) -> str | None:
        found: str | None = self._run(process.look(key_of(NAMESPACE, name)))
        return found

    def _run(self, work: Any) -> Any:
        return self.runner.run(work)


TestTwoProcesses = TwoProcesses.TestCase
TestTwoProcesses.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
