"""Sessions that outlive Redis being away."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.cache.adapters.memory_sessions import MemorySessions
from engine.cache.session_values import Conflict, SessionGone
from engine.cache.sessions import Sessions
from engine.errors import Refused
from tests.conftest import FakeClock
from tests.engine.cache.shaky import AWAY, LATE, Shaky


@dataclass
class Bench:
    """Redis, and processes that share it."""

    clock: FakeClock
    redis: Shaky = field(init=False)
    tally: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    is_shared: bool = True

    def __post_init__(self) -> None:
        self.redis = Shaky(self.empty())

    def empty(self) -> MemorySessions:
        """Return a store with nothing in it."""
        return MemorySessions(now_ms=lambda: int(self.clock.wall_at.timestamp() * 1000))

    def process(self, knows: Callable[[], bool] = lambda: True) -> Sessions:
        """Return the sessions of one more process, which may know that Redis is away."""
        return Sessions(
            store=self.redis,
            twin=self.empty(),
            is_shared=lambda: self.is_shared and knows(),
            clock=self.clock,
            default_ttl_s=100,
            tally=self.tally,
        )

    def leave(self) -> None:
        """Let Redis be away."""
        self.redis.fault, self.redis.is_done, self.is_shared = AWAY, False, False

    async def come_back(self, *processes: Sessions, is_empty: bool = False) -> None:
        """Let Redis answer again."""
        if is_empty:
            self.redis.store = self.empty()
        self.redis.fault = None
        for process in processes:
            await process.restore(is_empty)  # before others are told that it answers
        self.is_shared = True


def run(clock: FakeClock, check: Callable[[Bench], Awaitable[None]]) -> None:
    """Run `check`."""

    async def checked() -> None:
        await check(Bench(clock))

    asyncio.run(checked())


def test_session_is_shared(clock: FakeClock):
    """What one process creates, updates and appends, another one reads."""

    async def check(bench: Bench) -> None:
        one, two = bench.process(), bench.process()
        session = await one.create("ann", {"model": "a"})
        assert await two.get(session.id) == session
        updated = await two.update(session.id, {"model": "b"}, session.version)
        assert (updated.version, updated.data, updated.owner) == (2, {"model": "b"}, "ann")
        assert await one.append(session.id, "hi", {"role": "user"}) == 2
        assert await two.append(session.id, 3) == 3
        assert await one.history(session.id) == ["hi", {"role": "user"}, 3]
        assert await one.history(session.id, -1) == [3]
        assert await two.history(session.id, 0, 1) == ["hi"]
        assert await one.get("nobody's") is None

    run(clock, check)


def test_late_update_is_a_conflict(clock: FakeClock):
    """Who updates what somebody else has updated since hears of both versions; nothing changes."""

    async def check(bench: Bench) -> None:
        one, two = bench.process(), bench.process()
        session = await one.create("ann", 1)
        await two.update(session.id, 2, 1)
        with pytest.raises(Conflict, match="version 2 by now, not at 1"):
            await one.update(session.id, 3, 1)
        bench.leave()
        with pytest.raises(Conflict):
            await one.update(session.id, 3, 1)
        found = await one.get(session.id)
        assert found is not None
        assert (found.version, found.data) == (2, 2)

    run(clock, check)


def test_session_ends(clock: FakeClock):
    """An untouched session ends after its time; touch and update count from now."""

    async def check(bench: Bench) -> None:
        one = bench.process()
        session = await one.create("ann", ttl_s=50)
        clock.advance(40)
        assert await one.touch(session.id)
        clock.advance(40)
        await one.update(session.id, 2, 1)
        clock.advance(40)
        assert await one.get(session.id) is not None
        clock.advance(20)
        assert await one.get(session.id) is None
        assert not await one.touch(session.id)
        with pytest.raises(SessionGone):
            await one.update(session.id, 3, 2)
        with pytest.raises(SessionGone):
            await one.append(session.id, "late")
        assert await one.history(session.id) == []

    run(clock, check)


def test_touch_of_another_process_counts(clock: FakeClock):
    """A session that ended by what is known here lives on where another process touched it."""

    async def check(bench: Bench) -> None:
        one, two = bench.process(), bench.process()
        for change in ("touch", "update", "append"):
            session = await one.create("ann", 0)
            clock.advance(60)
            assert await two.touch(session.id)
            clock.advance(60)
            if change == "touch":
                assert await one.touch(session.id)
            elif change == "update":
                assert (await one.update(session.id, 1, 1)).owner == "ann"
            else:
                assert await one.append(session.id, "hi") == 1
            assert await one.get(session.id) is not None
        session = await one.create("ann", 0)
        clock.advance(101)
        bench.leave()
        with pytest.raises(SessionGone):
            await one.append(session.id, "late")

    run(clock, check)


def test_removed_elsewhere_is_gone(clock: FakeClock):
    """A session that another process removed is gone here, and stays so while Redis is away."""

    async def check(bench: Bench) -> None:
        one, two = bench.process(), bench.process()
        session = await one.create("ann")
        assert await two.remove(session.id)
        assert not await two.remove(session.id)
        assert await one.get(session.id) is None
        bench.leave()
        assert await one.get(session.id) is None
        with pytest.raises(SessionGone):
            await one.append(session.id, "late")
        await bench.come_back(one)
        assert await one.list() == ()

    run(clock, check)


def test_life_goes_on_while_redis_is_away(clock: FakeClock):
    """Sessions are created, read, updated and removed here; Redis has it all after its return."""

    async def check(bench: Bench) -> None:
        one, two = bench.process(), bench.process()
        old = await one.create("ann", "old")
        dead = await one.create("ann", "dead")
        await one.append(old.id, "1")
        bench.leave()
        new = await one.create("bob", "new")
        assert await one.append(old.id, "2", "3") == 3
        assert await one.append(new.id, "x") == 1
        for version in (1, 2, 3):
            updated = await one.update(old.id, version, version)
        clock.advance(60)
        assert await one.touch(new.id)
        assert await one.remove(dead.id)
        assert await one.get(dead.id) is None
        assert [each.id for each in await one.list()] == [new.id, old.id]
        assert one.unsaved == 3
        await bench.come_back(one)
        assert one.unsaved == 0
        found = await two.get(old.id)
        assert found is not None
        assert (found.version, found.data, found.messages) == (updated.version, 3, 3)
        assert await two.history(old.id) == ["1", "2", "3"]
        assert await two.get(dead.id) is None
        clock.advance(60)
        assert [each.owner for each in await two.list("bob")] == ["bob"]
        assert await one.get(old.id) is None

    run(clock, check)


def test_emptied_redis_gets_everything_again(clock: FakeClock):
    """After Redis lost its data, each process gives what it knows; nothing is lost or doubled."""

    async def check(bench: Bench) -> None:
        one, two = bench.process(), bench.process()
        session = await one.create("ann", 1)
        await one.append(session.id, "a", "b")
        assert await two.history(session.id) == ["a", "b"]
        await two.update(session.id, 2, 1)
        await two.history(session.id)
        await two.append(session.id, "c")
        bench.leave()
        await one.append(session.id, "d")
        await bench.come_back(one, two, is_empty=True)
        found = await one.get(session.id)
        assert found is not None
        assert (found.version, found.data, found.owner) == (2, 2, "ann")
        assert sorted(await two.history(session.id)) == ["a", "b", "c", "d"]

    run(clock, check)


def test_long_gone_session_does_not_return(clock: FakeClock):
    """A session found gone long before Redis lost its data was removed, and stays removed."""

    async def check(bench: Bench) -> None:
        one, two = bench.process(), bench.process()
        session = await one.create("ann")
        await two.remove(session.id)
        assert await one.get(session.id) is None
        clock.advance(40)
        bench.leave()
        await bench.come_back(one, is_empty=True)
        assert await one.list() == ()

    run(clock, check)


def test_session_missing_just_before_the_loss_is_known_returns(clock: FakeClock):
    """Redis may be found empty before anybody knows of it: what was missed then comes back."""

    async def check(bench: Bench) -> None:
        one = bench.process()
        session = await one.create("ann", "data")
        bench.redis.store = bench.empty()
        assert await one.get(session.id) is None
        bench.leave()
        await bench.come_back(one, is_empty=True)
        assert await one.get(session.id) == session

    run(clock, check)


def test_both_sides_of_a_conflict_are_kept(clock: FakeClock):
    """Changed here while away and elsewhere too: Redis wins, ours is a session of its own."""

    async def check(bench: Bench) -> None:
        one, two = bench.process(), bench.process()
        session = await one.create("ann", 0)
        await two.get(session.id)
        bench.leave()
        await one.update(session.id, "ours", 1)
        await one.append(session.id, "said here")
        bench.redis.fault, bench.is_shared = None, True
        await two.update(session.id, "theirs", 1)
        await two.append(session.id, "said there")
        await one.restore(False)
        found = await one.get(session.id)
        assert found is not None
        assert (found.version, found.data) == (2, "theirs")
        assert await one.history(session.id) == ["said there", "said here"]
        rows = await two.list("ann")
        assert len(rows) == 2
        (other,) = [row.id for row in rows if row.id != session.id]
        kept = await two.get(other)
        assert kept is not None
        assert kept.data == "ours"
        assert bench.tally["conflicts"] == 1

    run(clock, check)


def test_lost_answers_change_nothing(clock: FakeClock):
    """What Redis did without answering is not done twice, and is no conflict."""

    async def check(bench: Bench) -> None:
        one, two = bench.process(), bench.process()
        bench.redis.fault, bench.redis.is_done = LATE, True
        session = await one.create("ann", 0)
        clock.advance(2)
        await one.append(session.id, "a")
        clock.advance(2)
        await one.update(session.id, 1, 1)
        bench.redis.fault = None
        clock.advance(2)
        await one.restore(False)
        found = await two.get(session.id)
        assert found is not None
        assert (found.version, found.data, found.messages) == (2, 1, 1)
        assert await two.history(session.id) == ["a"]
        assert bench.tally["conflicts"] == 0
        assert len(await two.list()) == 1

    run(clock, check)


def test_next_use_hands_over(clock: FakeClock):
    """Without being told that Redis is back, the next use of a session hands over what it lacks."""

    async def check(bench: Bench) -> None:
        one, two = bench.process(), bench.process()
        session = await one.create("ann", 0)
        bench.redis.fault = AWAY
        await one.append(session.id, "a")
        bench.redis.fault = None
        clock.advance(2)
        await one.append(session.id, "b")
        assert await two.history(session.id) == ["a", "b"]

    run(clock, check)


def test_callers_do_not_wait_one_after_the_other(clock: FakeClock):
    """Of many calls at once to a Redis that has just frozen, one waits for it."""

    async def check(bench: Bench) -> None:
        one = bench.process()
        session = await one.create("ann", 0)
        bench.redis.fault, before = LATE, bench.redis.asked
        await asyncio.gather(*[one.append(session.id, number) for number in range(20)])
        assert bench.redis.asked == before + 1
        assert len(await one.history(session.id)) == 20

    run(clock, check)


def test_full_redis_is_no_loss(clock: FakeClock):
    """What Redis refuses stays here and is listed; Redis gets it when it has room."""

    async def check(bench: Bench) -> None:
        one, two = bench.process(), bench.process()
        bench.redis.fault = Refused("full")
        session = await one.create("ann", 0)
        assert await one.append(session.id, "a") == 1
        bench.redis.fault = None
        await one.restore(False)
        assert await two.history(session.id) == ["a"]

    run(clock, check)


def test_unknown_session_is_written_blindly(clock: FakeClock):
    """While Redis is away, what this process never saw can be appended to and updated."""

    async def check(bench: Bench) -> None:
        one, two = bench.process(), bench.process()
        session = await one.create("ann", 0)
        await one.append(session.id, "a")
        bench.leave()
        assert await two.get(session.id) is None
        await two.append(session.id, "b")
        other = await one.create("bob", 0)
        await bench.come_back(one)
        bench.leave()
        await two.update(other.id, 1, 1)
        await bench.come_back(two)
        assert await one.history(session.id) == ["a", "b"]
        found = await two.get(session.id)
        assert found is not None
        assert (found.owner, found.version, found.messages) == ("ann", 1, 2)
        updated = await one.get(other.id)
        assert updated is not None
        assert (updated.owner, updated.version, updated.data) == ("bob", 2, 1)

    run(clock, check)


def test_damaged_data_is_a_miss(clock: FakeClock):
    """Data in Redis that is no msgpack is as if there were no session, and is counted."""

    async def check(bench: Bench) -> None:
        one, two = bench.process(), bench.process()
        session = await one.create("ann", 0)
        record = await bench.redis.store.load(session.id)
        bench.redis.store._records[session.id] = type(record)(
            **{**{name: getattr(record, name) for name in record.__slots__}, "data": b"\xc1"}
        )
        assert await two.get(session.id) is None
        assert bench.tally["damaged"] == 1

    run(clock, check)


def test_without_redis_nothing_piles_up(clock: FakeClock):
    """In a process alone, ended and removed sessions are forgotten in time."""

    async def check(bench: Bench) -> None:
        bench.leave()
        one = bench.process()
        for _ in range(10):
            for number in range(100):
                session = await one.create("ann", ttl_s=10)
                if number % 2:
                    await one.remove(session.id)
            clock.advance(101)
        assert one.alive <= 300

    run(clock, check)


def test_another_redis_gets_what_is_known(clock: FakeClock):
    """Sessions made without any Redis move to the one that is configured later, and to the next."""

    async def check(bench: Bench) -> None:
        alone = bench.empty()
        one = Sessions(
            store=alone,
            twin=alone,
            is_shared=lambda: True,
            clock=clock,
            default_ttl_s=100,
            tally=bench.tally,
        )
        session = await one.create("ann", "data")
        assert [await one.append(session.id, text) for text in ("a", "b")] == [1, 2]
        await one.update(session.id, "newer", 1)
        await one.restore(False)
        assert await one.history(session.id) == ["a", "b"]
        for store in (bench.redis, bench.empty()):
            one.attach(store)
            await one.restore(True)
            found = await store.load(session.id)
            assert (found.version, found.messages, found.owner) == (2, 2, "ann")
            assert one.unsaved == 0
        one.attach(alone)
        assert await one.append(session.id, "c") == 3

    run(clock, check)


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["append", "append", "update", "leave", "late", "back", "empty", "refuse"]),
        st.integers(0, 1),
    ),
    max_size=25,
)


@given(EVENTS)
@example([("update", 1), ("leave", 0), ("update", 0), ("back", 0), ("empty", 0)])
@example([("update", 1), ("leave", 0), *[("update", 0)] * 2, ("update", 1), ("empty", 0)])
@example([("update", 1), ("update", 1), ("empty", 0), ("update", 0)])
@example([("update", 1), ("update", 1), ("leave", 0), ("update", 0), ("empty", 0)])
def test_nothing_acknowledged_is_lost(events: list[tuple[str, int]]):
    """Whatever Redis does, each message is in the history once, in its writer's order.

    The last update is what the session holds, or what a session beside it holds.
    """

    async def check(bench: Bench) -> None:
        has_lost, is_back = [False, False], [True, True]
        processes = [bench.process(lambda: is_back[0]), bench.process(lambda: is_back[1])]

        async def come_back(who: int) -> None:
            bench.redis.fault, bench.is_shared = None, True
            await processes[who].restore(has_lost[who])
            has_lost[who], is_back[who] = False, True

        session = await processes[0].create("ann", 0)
        said: list[list[int]] = [[], []]
        last_update = 0
        await processes[1].get(session.id)
        for number, (event, who) in enumerate(events):
            bench.clock.advance(0.6)
            if event == "append":
                await processes[who].append(session.id, [who, number])
                said[who].append(number)
            elif event == "update":
                found = await processes[who].get(session.id)
                assert found is not None
                last_update = number + 1
                await processes[who].update(session.id, last_update, found.version)
            elif event == "leave":
                bench.leave()
                is_back[:] = [False, False]
            elif event in ("late", "refuse"):
                bench.redis.fault = LATE if event == "late" else Refused("full")
                bench.redis.is_done, bench.is_shared = event == "late", True
            else:
                if event == "empty":
                    for other in (0, 1):
                        if has_lost[other]:  # one loss at a time
                            await come_back(other)
                    bench.redis.store = bench.empty()
                    has_lost[:], is_back[:] = [True, True], [False, False]
                await come_back(who)
        await come_back(0)
        await come_back(1)
        history = await processes[0].history(session.id)
        for who in (0, 1):
            assert [number for writer, number in history if writer == who] == said[who]
        assert await processes[0].get(session.id) == await processes[1].get(session.id)
        kept = [await processes[0].get(row.id) for row in await processes[0].list()]
        assert last_update in [each.data for each in kept if each is not None]

    clock = FakeClock()
    run(clock, check)
