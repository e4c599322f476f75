"""In whatever order callers come and go, values are made once at a time and nobody is left."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from engine.cache.freshness import Absent, Freshness
from engine.cache.stampede import Stampede
from engine.errors import OutsideError, Refused, Unreachable
from tests.engine.cache.stampede_world import World, run, settle

FRESHNESS = Freshness(ttl_s=10.0, soft_ttl_s=5.0, stale_if_error_s=20.0, negative_ttl_s=3.0)
STEPS = st.one_of(
    st.tuples(st.just("ask"), st.integers(0, 1)),
    st.tuples(st.just("leave"), st.integers(0, 30)),
    st.tuples(st.just("give"), st.sampled_from(["value", "error", "mistake", "absent"])),
    st.tuples(st.just("elapse"), st.sampled_from([0.0, 0.05, 1.0, 4.0, 12.0, 40.0])),
    st.tuples(st.just("run"), st.integers(1, 4)),
)


@dataclass
class Play:
    """Two processes, and everything that happened."""

    world: World
    processes: list[Stampede]
    asking: list[asyncio.Task[object]] = field(default_factory=list)
    left: set[int] = field(default_factory=set)
    given: list[object] = field(default_factory=list)
    made_at_s: dict[object, float] = field(default_factory=dict)
    got: list[tuple[object, float]] = field(default_factory=list)

    async def step(self, step: tuple[str, object]) -> None:
        """Do one thing."""
        match step:
            case "ask", int(number):
                self.asking.append(asyncio.create_task(self.fetch(self.processes[number])))
            case "leave", int(number) if self.asking:
                number %= len(self.asking)
                if not self.asking[number].done():
                    self.left.add(number)
                    self.asking[number].cancel()
            case "give", str(what):
                self.give(what)
            case "elapse", float(seconds):
                await self.world.hours.elapse(seconds)
            case "run", int(times):
                for _ in range(times):
                    await asyncio.sleep(0)

    async def fetch(self, process: Stampede) -> object:
        """Fetch and note when."""
        value = await self.world.fetch(process, FRESHNESS)
        self.got.append((value, self.world.hours.clock.now()))
        return value

    def give(self, what: str) -> None:
        """End the oldest call of the maker."""
        call = next((call for call in self.world.maker.calls if not call.done()), None)
        if call is None:
            return
        if what == "value":
            value = f"value {len(self.given)}"
            self.given.append(value)
            self.made_at_s[value] = self.world.hours.clock.now()
            call.set_result(value)
        else:
            errors = {"error": Unreachable, "mistake": KeyError, "absent": Absent}
            call.set_exception(errors[what](what))

    async def end(self) -> None:
        """Give whoever still waits something; then close."""
        while not all(each.done() for each in self.asking):
            self.give("value")
            await self.world.hours.elapse(0.2)


def check(play: Play) -> None:
    """Raise AssertionError where a promise was broken."""
    longest_s = FRESHNESS.ttl_s + FRESHNESS.stale_if_error_s
    for number, each in enumerate(play.asking):
        if each.cancelled():
            assert number in play.left
        elif (error := each.exception()) is not None:
            assert isinstance(error, OutsideError | KeyError)
    for value, at_s in play.got:
        assert at_s - play.made_at_s[value] <= longest_s + 0.002


@given(st.lists(STEPS, max_size=40), st.booleans())
def test_any_order(steps: list[tuple[str, object]], has_leases: bool):
    """Every caller who stays is answered, by a value of its time; one maker runs at a time.

    Without leases one runs at a time in each process.
    """

    async def work() -> None:
        world = World(has_leases=has_leases)
        play = Play(world, [world.process(), world.process()])
        for step in steps:
            await play.step(step)
        await play.end()
        check(play)
        assert world.maker.most_running <= (1 if has_leases else 2)
        assert world.tally["made"] <= len(play.given)
        for process in play.processes:
            await process.aclose()
        assert world.maker.running == 0

    run(work())


@given(st.lists(STEPS, max_size=30))
def test_closing_at_any_moment(steps: list[tuple[str, object]]):
    """Whenever a process closes, its callers end at once and nothing of it runs on."""

    async def work() -> None:
        world = World(has_leases=True)
        play = Play(world, [world.process(), world.process()])
        for step in steps:
            await play.step(step)
        for process in play.processes:
            await process.aclose()
        assert world.maker.running == 0
        await settle()
        assert all(each.done() for each in play.asking)
        check(play)
        assert all(
            isinstance(each.exception(), Refused | Unreachable | KeyError)
            for each in play.asking
            if not each.cancelled() and each.exception() is not None
        )

    run(work())
