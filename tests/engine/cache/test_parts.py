"""What stands on one connection: told truly, restored when Redis is back, closed with it."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

import engine.cache.parts
from engine.cache.adapters.memory_backend import memory_backend
from engine.cache.adapters.simulated import SimulatedNode
from engine.cache.dictionary import shipped_dictionary
from engine.cache.freshness import Freshness
from engine.cache.holdings import Holdings
from engine.cache.keys import generation_key
from engine.cache.parts import ALONE, Parts
from engine.cache.ports import Put, Raise
from engine.cache.settings import CacheSettings
from engine.cache.shared_state import SharedState
from engine.cache.snapshot import CacheState
from engine.errors import Refused, TimedOut
from tests.engine.cache.simulated_cache import HERE, Outside, run, running, until

FRESH = Freshness(ttl_s=60)


@pytest.fixture
def outside() -> Outside:
    """Return servers that answer."""
    return Outside()


def parts_on(outside: Outside, url: str, before: Parts | None = None) -> Parts:
    """Return parts on `url`, not yet started; "" for the twins."""
    settings = CacheSettings(url=url)
    twins = memory_backend(outside.clock)
    holdings = Holdings(
        settings, dictionary=shipped_dictionary(), clock=outside.clock, random=Random(1)
    )
    return Parts(
        holdings=holdings,
        shared=SharedState(holdings=holdings, settings=settings, twins=twins),
        settings=settings,
        backend=outside.open(settings, None) if url else twins,
        before=before,
    )


def test_alone(outside: Outside):
    """Without a Redis that is the state, with what to think of it, and there is no server."""

    async def work() -> None:
        parts = parts_on(outside, "")
        await parts.start()
        snapshot = parts.complete(parts._holdings.snapshot())
        assert (snapshot.state, snapshot.reason) == (CacheState.MEMORY, ALONE)
        assert (snapshot.address, snapshot.nodes, snapshot.servers) == ("", (), ())
        await parts.ask_servers()
        await parts.catch_up()
        await parts.aclose()

    run(work)


def test_closed_before_its_start(outside: Outside):
    """Parts that were never started can be closed, and their backend is."""

    async def work() -> None:
        parts = parts_on(outside, HERE)
        await parts.aclose()
        assert outside.closed == 1

    run(work)


def test_state_follows_redis(outside: Outside):
    """The state is that of Redis: there, refusing, gone, back."""

    async def work() -> None:
        server = outside.server()
        async with running(outside) as cache:
            states = [cache.snapshot().state]
            server.refusal = Refused("the server is full: give it more memory")
            await cache.set("one", 1)
            await until(lambda: cache.snapshot().state is CacheState.DEGRADED)
            assert "full" in cache.snapshot().reason
            server.refusal = None
            server.stop()
            await until(lambda: cache.snapshot().state is CacheState.MEMORY)
            server.start()
            await cache.reconnect()
            states.append(cache.snapshot().state)
            assert states == [CacheState.REDIS] * 2

    run(work)


def test_restored_after_a_loss(outside: Outside):
    """A Redis that comes back empty gets values, sessions, counts and messages of logs."""

    async def work() -> None:
        server = outside.server()
        async with running(outside) as cache:
            await cache.set("one", 1)
            session = await cache.sessions.create("owner")
            server.stop()
            await until(lambda: cache.snapshot().state is CacheState.MEMORY)
            await cache.set("two", 2)
            assert await cache.counters.add("hits", 3) == 3
            server.start()
            await cache.reconnect()
            async with running(outside) as other:
                assert await other.get_many(["one", "two"]) == {"one": 1, "two": 2}
                assert await other.sessions.get(session.id) is not None
                assert await other.counters.read("hits") == 3
            assert cache.snapshot().sessions == 1

    run(work)


def test_a_refused_purge_is_made_up_for(outside: Outside):
    """A purge that a full Redis refuses reaches the others once there is room."""

    async def work() -> None:
        server = outside.server()
        async with running(outside) as cache, running(outside) as other:
            await cache.set("one", 1)
            assert await other.get("one") == 1
            server.refusal = Refused("it is full")
            await cache.clear("default")
            assert await cache.get("one") is None
            assert await other.get("one") == 1
            server.refusal = None
            await cache._running.catch_up()
            assert await other.get("one") is None
            assert cache.desk.unpurged() == []

    run(work)


def test_a_silent_redis_is_waited_for_once(outside: Outside, monkeypatch: pytest.MonkeyPatch):
    """Who has a value made waits for a Redis that has just frozen once: not for a lease as well."""

    async def work() -> None:
        server = outside.server()
        async with running(outside) as cache:
            await cache.get("warm")
            second, leases = cache._running.second, outside.shared[HERE].leases
            assert second is not None
            asked: list[object] = []
            read = second.read
            monkeypatch.setattr(second, "read", lambda key: asked.append(key) or read(key))

            async def acquire(*words: object) -> int | None:
                asked.append(words)
                raise TimedOut("the server is silent")

            monkeypatch.setattr(leases, "acquire", acquire)
            server.is_silent = True

            async def make() -> object:
                assert len(asked) == 1
                return "made"

            assert await cache.fetch("page", make, FRESH) == "made"
            server.is_silent = False

    run(work)


@pytest.mark.parametrize("what", ["value", "generation"])
def test_others_overtake_what_is_being_made(what: str, outside: Outside):
    """What is being made when another process writes or purges it is handed out, not kept."""

    async def work() -> None:
        async with running(outside) as cache, running(outside) as other:
            await cache.get("page")  # so that it hears of it
            goes_on = asyncio.Event()

            async def make() -> object:
                await goes_on.wait()
                return "old"

            fetching = asyncio.ensure_future(cache.fetch("page", make, FRESH))
            await asyncio.sleep(0.001)
            if what == "value":
                await other.set("page", "new")
            else:
                await other.clear("default")
            goes_on.set()
            assert await fetching == "old"
            assert await cache.get("page") == ("new" if what == "value" else None)

    run(work)


def test_foreign_invalidations(outside: Outside):
    """Keys that are none of ours, and none at all, are heard without harm."""

    async def work() -> None:
        server = outside.server()
        async with running(outside) as cache:
            await cache.set("one", 1)
            for node in list(server._nodes):
                assert isinstance(node, SimulatedNode)
                node.hear([])
                node.hear([b"", b"\xff", b"uat:1:c:", b"uat:1:g:\xff", b"foreign"])
            assert await cache.get("one") == 1
            server.do(Put(b"uat:1:c:default.0::=one", b"no frame", 1000))
            assert await cache.get("one") is None
            assert cache.snapshot().counts.damaged == 1
            await cache.set("one", 2)
            server.do(Raise(generation_key("default")))
            assert await cache.get("one") is None
            server.flush()
            assert await cache.get("one") is None
            assert await cache.set("one", 3)
            assert await cache.get("one") == 3

    run(work)


def test_servers_that_do_not_tell(outside: Outside, monkeypatch: pytest.MonkeyPatch):
    """A server that refuses to tell of itself, or does not answer, is left out."""
    monkeypatch.setattr(engine.cache.parts, "FACTS_LIMIT_S", 0.01)

    async def work() -> None:
        async with running(outside) as cache:
            await cache.refresh()
            assert len(cache.snapshot().servers) == 1
            inspector = outside.inspectors[HERE]
            inspector.fault = Refused("NOPERM")
            await cache.refresh()
            assert cache.snapshot().servers == ()
            inspector.fault = None
            await cache.refresh()
            assert len(cache.snapshot().servers) == 1

            async def hang() -> tuple[()]:
                await asyncio.Event().wait()
                return ()

            monkeypatch.setattr(inspector, "facts", hang)
            await cache.refresh()
            assert cache.snapshot().servers == ()

    run(work)
