"""What processes share moves from one backend to the next and loses nothing on the way."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from random import Random

import pytest

from engine.cache.adapters.memory_backend import memory_backend
from engine.cache.dictionary import shipped_dictionary
from engine.cache.holdings import Holdings
from engine.cache.settings import CacheSettings
from engine.cache.shared_state import SharedState
from engine.cache.snapshot import CacheState
from engine.cache.unix_time import LONGEST_S
from tests.conftest import FakeClock
from tests.engine.cache.simulated_cache import HERE, THERE, Outside, run

ALONE, AT_HERE, AT_THERE = CacheSettings(), CacheSettings(url=HERE), CacheSettings(url=THERE)


class World:
    """Shared state of one process, and servers."""

    def __init__(self, clock: FakeClock) -> None:
        self.outside = Outside(clock=clock)
        self.twins = memory_backend(clock)
        self.holdings = Holdings(
            ALONE, dictionary=shipped_dictionary(), clock=clock, random=Random(1)
        )
        self.shared = SharedState(holdings=self.holdings, settings=ALONE, twins=self.twins)

    async def attach(self, settings: CacheSettings, *, answers: bool = True) -> None:
        """Use what `settings` say; Redis answers or does not."""
        backend = self.outside.open(settings, None) if settings.url else self.twins
        is_there = bool(settings.url) and answers
        self.holdings.condition.become(CacheState.REDIS if is_there else CacheState.MEMORY, "")
        await self.shared.attach(backend, settings)
        if answers:
            await self.shared.restore(has_lost_data=False)


@pytest.fixture
def world(clock: FakeClock) -> World:
    """Return shared state that stands on nothing but its twins."""
    return World(clock)


def test_counted_while_away(world: World):
    """What is counted while Redis is away is added to what the next connection has."""

    async def work() -> None:
        await world.attach(AT_HERE)
        await world.shared.counters.add("hits", 5)
        await world.attach(AT_HERE, answers=False)
        await world.shared.counters.add("hits", 2)
        await world.attach(AT_HERE)
        assert await world.shared.counters.read("hits") == 7
        assert await world.outside.shared[HERE].counters.read("hits") == 7

    run(work)


def test_catching_up(world: World):
    """What Redis did not answer is handed over later, without anybody asking for it again."""

    async def work() -> None:
        await world.attach(AT_HERE)
        world.holdings.condition.become(CacheState.MEMORY, "")
        await world.shared.counters.add("hits", 2)
        session = await world.shared.sessions.create("anna")
        world.holdings.condition.become(CacheState.REDIS, "")
        await world.shared.catch_up()
        stored = world.outside.shared[HERE]
        assert await stored.counters.read("hits") == 2
        assert await stored.sessions.load(session.id) is not None

    run(work)


def test_alone_counters_end(world: World, clock: FakeClock):
    """Without a Redis counters count and end all the same."""

    async def work() -> None:
        await world.attach(ALONE)
        assert await world.shared.counters.add("hits", 1, ttl_s=10) == 1
        assert await world.shared.counters.add("hits", 1, ttl_s=10) == 2
        clock.advance(11)
        assert await world.shared.counters.read("hits") == 0

    run(work)


@pytest.mark.parametrize("to", [AT_HERE, AT_THERE], ids=["the same Redis", "another Redis"])
def test_sessions_of_before(to: CacheSettings, world: World):
    """Sessions made in a Redis, while it was away, and alone are all in the next one."""

    async def work() -> None:
        await world.attach(AT_HERE)
        made = [await world.shared.sessions.create("there")]
        await world.attach(AT_HERE, answers=False)
        made.append(await world.shared.sessions.create("away"))
        await world.attach(ALONE)
        made.append(await world.shared.sessions.create("alone"))
        assert len(await world.shared.sessions.list()) == 3
        await world.attach(to)
        stored = await world.outside.shared[to.url].sessions.list(None, 10)
        assert {each.id for each in stored} == {each.id for each in made}
        assert world.shared.sessions.unsaved == 0

    run(work)


def test_sessions_removed_elsewhere_stay_removed(world: World):
    """A new connection to the same Redis brings back no session that somebody removed there."""

    async def work() -> None:
        await world.attach(AT_HERE)
        session = await world.shared.sessions.create("owner")
        await world.outside.shared[HERE].sessions.remove(session.id)
        await world.attach(AT_HERE)
        assert await world.shared.sessions.get(session.id) is None
        assert await world.outside.shared[HERE].sessions.load(session.id) is None

    run(work)


def test_session_time_follows_the_settings(world: World):
    """A new session lasts as long as the settings say now."""

    async def work() -> None:
        await world.attach(ALONE)
        world.shared.use(CacheSettings(session_ttl_s=120))
        session = await world.shared.sessions.create("owner")
        assert (session.expires_at - session.created_at).total_seconds() == 120

    run(work)


def test_logs_and_leases(world: World):
    """Logs and leases use the backend of now; a lease of before is lost when it is renewed."""

    async def work() -> None:
        await world.attach(ALONE)
        lease = await world.shared.leases.acquire("job", 30)
        assert lease is not None
        await world.attach(AT_HERE)
        assert not await world.shared.leases.renew(lease, 30)
        assert await world.shared.leases.acquire("job", 30) is not None
        await world.shared.log.append("log", "there")
        assert len(await world.outside.shared[HERE].streams.read("log", "", 10)) == 1

    run(work)


@pytest.mark.parametrize("settings", [ALONE, AT_HERE], ids=["alone", "with Redis"])
def test_wrong_calls_leave_nothing_behind(settings: CacheSettings, world: World):
    """What could never reach Redis is refused at once, and holds up nothing that comes after."""
    lone = "\ud800"

    async def work() -> None:
        await world.attach(settings, answers=False)
        shared = world.shared
        wrong: list[Callable[[], Awaitable[object]]] = [
            lambda: shared.sessions.create(lone),
            lambda: shared.sessions.create("owner", None, 0),
            lambda: shared.sessions.create("owner", None, math.nan),
            lambda: shared.sessions.create("owner", None, math.inf),
            lambda: shared.sessions.remove(lone),
            lambda: shared.sessions.touch(lone),
            lambda: shared.sessions.append(lone, "message"),
            lambda: shared.counters.add(lone),
            lambda: shared.counters.add("hits", 2**63),
            lambda: shared.counters.add("hits", 1, math.nan),
            lambda: shared.counters.add("hits", 1, 0),
            lambda: shared.log.append(lone, 1),
            lambda: shared.messages.publish(lone, 1),
            lambda: shared.leases.acquire("job", math.nan),
            lambda: shared.leases.acquire("job", 0),
        ]
        for call in wrong:
            with pytest.raises(ValueError, match=r"ttl_s|surrogates|64 bits"):
                await call()
        with pytest.raises(ValueError, match="surrogates"):
            shared.messages.subscribe("fine", lone)
        unsaved = (shared.sessions.unsaved, shared.counters.unsaved, shared.log.unsaved)
        assert unsaved == (0, 0, 0)
        assert shared.messages.channels() == ()
        await world.attach(AT_HERE)
        assert await shared.sessions.list() == ()

    run(work)


def test_what_would_stay_too_long(world: World, clock: FakeClock):
    """What is to stay for more than a year stays for a year."""

    async def work() -> None:
        await world.attach(AT_HERE)
        session = await world.shared.sessions.create("owner", None, 1e300)
        lease = await world.shared.leases.acquire("job", 1e300)
        assert lease is not None
        await world.shared.counters.add("hits", 1, 1e300)
        clock.advance(LONGEST_S - 1)
        assert lease.is_held
        assert await world.shared.sessions.get(session.id) is not None
        assert await world.shared.counters.read("hits") == 1
        clock.advance(2)
        assert not lease.is_held
        assert await world.shared.sessions.get(session.id) is None
        assert await world.shared.counters.read("hits") == 0

    run(work)


def test_who_listens(world: World):
    """A subscription lives through every change, is told of each, and ends when it is closed."""

    async def work() -> None:
        await world.attach(ALONE)
        news = world.shared.messages.subscribe("news")
        for settings in (AT_HERE, AT_THERE, ALONE):
            await asyncio.sleep(0)
            await world.attach(settings)
            assert (await anext(news)).is_gap
            await world.shared.messages.publish("news", settings.url)
            assert (await anext(news)).value == settings.url
        await world.shared.aclose()
        await world.shared.aclose()
        assert [each async for each in news] == []

    run(work)


def test_closed_while_it_moves(world: World):
    """A subscription that is closed while the connection changes stays closed."""

    async def work() -> None:
        await world.attach(ALONE)
        news = world.shared.messages.subscribe("news")
        await asyncio.gather(world.attach(AT_HERE), news.aclose())
        assert world.shared.messages.channels()[0].subscribers == 0

    run(work)
