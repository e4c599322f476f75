"""The connection can change at any time, and callers notice nothing but a miss."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import pytest

import engine.cache.attachment
from engine.cache.freshness import Freshness
from engine.cache.service import RedisService
from engine.cache.settings import PASSWORD, CacheSettings, TlsSettings
from engine.cache.snapshot import CacheState
from engine.errors import Damaged, Refused, SettingsError
from tests.conftest import FakeClock
from tests.engine.cache.simulated_cache import (
    HERE,
    THERE,
    Outside,
    Secrets,
    cache_on,
    run,
    running,
    until,
)

LOCKED = Refused("the keyring is locked: unlock it")
FRESH = Freshness(ttl_s=60)


@pytest.fixture
def outside() -> Outside:
    """Return servers that answer."""
    return Outside()


async def change(cache: RedisService, **settings: object) -> None:
    """Use other settings."""
    await cache.change_settings(CacheSettings(**settings))  # type: ignore[arg-type]


def test_password_is_handed_over(outside: Outside):
    """The password comes from the keychain, and a new one is kept there and used at once."""
    secrets = Secrets(**{PASSWORD: "old"})

    async def work() -> None:
        async with running(outside, secrets=secrets) as cache:
            await cache.set_password("new")
            await cache.set_password("")
            assert [password for _, password in outside.opened] == ["old", "new", None]
            assert secrets.kept == {}
            assert outside.closed == 2
        assert outside.closed == 3

    run(work)


@pytest.mark.parametrize("fault", [LOCKED, Damaged("the secrets are damaged: remove them")])
def test_keyring_that_cannot_be_read(fault: Refused | Damaged, outside: Outside):
    """Without the keyring the cache works in this process, says why, and comes back with it."""
    secrets = Secrets()
    secrets.fault = fault

    async def work() -> None:
        cache = cache_on(outside, secrets=secrets)
        with pytest.raises(type(fault)):
            await cache.start()
        assert cache.snapshot().state is CacheState.MEMORY
        assert cache.snapshot().reason == str(fault)
        await cache.set("one", 1)
        assert await cache.get("one") == 1
        with pytest.raises(type(fault)):
            await cache.set_password("new")
        assert await cache.get("one") == 1
        secrets.fault = None
        await cache.set_password("new")
        assert cache.snapshot().state is CacheState.REDIS
        await cache.aclose()

    run(work)


def test_backend_that_cannot_be_made(outside: Outside):
    """A certificate that cannot be read is told; other settings are used when it is mended."""

    async def work() -> None:
        async with running(outside) as cache:
            outside.fault = SettingsError('cache.tls.ca_file is "x": it cannot be read')
            with pytest.raises(SettingsError, match="ca_file"):
                await change(cache, url=HERE, tls=TlsSettings(ca_file="x"))
            snapshot = cache.snapshot()
            assert (snapshot.state, snapshot.address) == (CacheState.MEMORY, "")
            assert "ca_file" in snapshot.reason
            assert await cache.set("one", 1)
            assert await cache.get("one") == 1
            with pytest.raises(SettingsError, match="ca_file"):
                await cache.reconnect()
            outside.fault = None
            await cache.reconnect()
            assert cache.snapshot().state is CacheState.REDIS

    run(work)


def test_a_mistake_leaves_what_there_was(outside: Outside, monkeypatch: pytest.MonkeyPatch):
    """When opening fails by a mistake, the connection before goes on, and the next change works."""

    async def work() -> None:
        async with running(outside) as cache:
            await cache.set("one", 1)
            with monkeypatch.context() as patch:
                patch.setattr(cache._attachment, "_open_backend", lambda *_: 1 / 0)
                with pytest.raises(ZeroDivisionError):
                    await cache.set_password("x")
            assert cache.snapshot().address == "here:6379"
            assert await cache.get("one") == 1
            await change(cache, url=THERE)
            assert cache.snapshot().address == "there:6379"

    run(work)


def test_what_needs_no_other_connection(outside: Outside):
    """Sizes and compression change on the connection that is there; what is kept stays."""

    async def work() -> None:
        async with running(outside) as cache:
            await cache.set("one", 1)
            await change(
                cache,
                url=HERE,
                first_tier_mib=2,
                journal_mib=3,
                enable_compression=False,
                default_ttl_s=5,
                session_ttl_s=60,
                first_tier_stay_s=2,
                largest_value_mib=1,
            )
            assert len(outside.opened) == 1
            snapshot = cache.snapshot()
            assert snapshot.first_tier.limit_bytes == 2 * 2**20
            assert snapshot.journal.limit_bytes == 3 * 2**20
            assert await cache.get("one") == 1
            assert cache.snapshot().counts.first_hits == 1
            await cache.set("two", "x" * 1000)
            assert (cache.snapshot().compression or 9) < 1
            assert not await cache.set("three", bytes(2_000_000))
            session = await cache.sessions.create("owner")
            assert (session.expires_at - session.touched_at).total_seconds() == 60

    run(work)


def test_alone_nothing_is_connected(outside: Outside):
    """Without an address, what is about connections changes nothing, and what is kept stays."""

    async def work() -> None:
        async with running(outside, "") as cache:
            await cache.set("one", 1)
            await change(cache, url="", max_connections=5, username="me")
            await cache.set_password("x")
            assert await cache.get("one") == 1
            assert outside.opened == []

    run(work)


def test_settings_before_the_start_and_after_the_end(outside: Outside):
    """Settings that change while the cache does not run are used when it starts, and not after."""

    async def work() -> None:
        cache = cache_on(outside, HERE)
        await change(cache, url=THERE)
        await cache.set_password("x")
        assert outside.opened == []
        await cache.start()
        assert cache.snapshot().address == "there:6379"
        assert [password for _, password in outside.opened] == ["x"]
        await cache.aclose()
        await change(cache, url=HERE)
        await cache.set_password("y")
        assert len(outside.opened) == 1
        assert cache.snapshot().state is CacheState.STOPPED

    run(work)


def test_changes_at_once(outside: Outside):
    """Of many changes at once the last one counts, and every other connection is closed again."""

    async def work() -> None:
        async with running(outside, "") as cache:
            urls = [HERE, THERE, "", HERE, THERE]
            await asyncio.gather(
                *[change(cache, url=url) for url in urls],
                cache.set_password("secret"),
            )
            await asyncio.gather(*[change(cache, url=url) for url in (HERE, "", THERE)])
            assert cache.snapshot().address == "there:6379"
            assert cache.snapshot().state is CacheState.REDIS
            assert await cache.set("one", 1)
            assert outside.server(THERE).keys()
        assert outside.closed == len(outside.opened)

    run(work)


def test_a_cancelled_change_is_finished(outside: Outside):
    """A caller that leaves does not leave a half connection: the change is made all the same."""
    secrets = Secrets()

    async def work() -> None:
        async with running(outside, secrets=secrets) as cache:
            secrets.may_read.clear()
            changing = asyncio.ensure_future(change(cache, url=THERE))
            await asyncio.sleep(0)
            changing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await changing
            assert await cache.set("one", 1)
            secrets.may_read.set()
            await until(lambda: cache.snapshot().address == "there:6379")
            await until(lambda: cache.snapshot().state is CacheState.REDIS)

    run(work)


@pytest.mark.parametrize("is_first", [True, False], ids=["start", "change"])
def test_closing_in_the_middle(is_first: bool, outside: Outside):
    """Closing while a connection is being made closes that too, and leaves nothing behind."""
    secrets = Secrets()

    async def work() -> None:
        cache = cache_on(outside, secrets=secrets)
        if not is_first:
            await cache.start()
        secrets.may_read.clear()
        beginning = asyncio.ensure_future(cache.start() if is_first else change(cache, url=THERE))
        await asyncio.sleep(0.01)
        closing = asyncio.ensure_future(cache.aclose())
        await asyncio.sleep(0.01)
        secrets.may_read.set()
        await asyncio.gather(beginning, closing)
        assert cache.snapshot().state is CacheState.STOPPED
        assert outside.closed == len(outside.opened)
        with pytest.raises(RuntimeError):
            await cache.get("one")

    run(work)


def test_a_start_that_is_cancelled(outside: Outside):
    """A start that is cancelled leaves nothing behind."""
    secrets = Secrets()

    async def work() -> None:
        secrets.may_read.clear()

        async def use() -> None:
            async with running(outside, secrets=secrets):
                raise AssertionError("it was cancelled")

        using = asyncio.ensure_future(use())
        await asyncio.sleep(0.01)
        using.cancel()
        await asyncio.sleep(0.01)
        secrets.may_read.set()
        with pytest.raises(asyncio.CancelledError):
            await using
        assert outside.closed == len(outside.opened)

    run(work)


def test_callers_notice_nothing(outside: Outside):
    """Whatever is asked while the connection changes is answered: no call fails."""
    asked = {"calls": 0}
    is_over = asyncio.Event()

    async def make() -> object:
        await asyncio.sleep(0)
        return "made"

    async def ask(cache: RedisService, seed: int) -> None:
        random = Random(seed)
        while not is_over.is_set():
            key = f"key-{random.randrange(5)}"
            calls: list[Callable[[], Awaitable[Any]]] = [
                lambda key=key: cache.set(key, random.random()),  # type: ignore[misc]
                lambda key=key: cache.get(key),  # type: ignore[misc]
                lambda key=key: cache.delete(key),  # type: ignore[misc]
                lambda key=key: cache.touch(key, 10),  # type: ignore[misc]
                lambda key=key: cache.fetch(f"f{key}", make, FRESH),  # type: ignore[misc]
                lambda: cache.get_many(["a", "b", "a"]),
                lambda: cache.set_many({"a": 1, "b": 2}),
                lambda: cache.clear("default"),
                lambda: cache.counters.add("hits"),
                lambda: cache.messages.publish("news", 1),
                lambda: cache.sessions.create("owner", {"a": 1}),
                lambda: cache.log.append("log", 1),
                cache.refresh,
                cache.reconnect,
                lambda: cache.desk.keys("default"),
            ]
            await random.choice(calls)()
            cache.snapshot()
            asked["calls"] += 1

    async def work() -> None:
        async with running(outside) as cache:
            asking = [asyncio.ensure_future(ask(cache, seed)) for seed in range(8)]
            for url in [THERE, "", HERE, THERE, "", HERE] * 3:
                await change(cache, url=url)
                await cache.set_password(url)
            is_over.set()
            await asyncio.gather(*asking)
            assert asked["calls"] > 500
            assert await cache.set("last", "word")
            assert await cache.get("last") == "word"
            assert cache.snapshot().state is CacheState.REDIS

    run(work)


def test_another_redis_has_its_own_values(outside: Outside):
    """After a change of address nothing is answered of what the Redis before had."""

    async def work() -> None:
        async with running(outside, THERE) as there, running(outside) as cache:
            await there.set("one", "there")
            await cache.set("one", "here")
            await change(cache, url=THERE)
            assert await cache.get("one") == "there"
            await change(cache, url="")
            assert await cache.get("one") is None
            await change(cache, url=HERE)
            assert await cache.get("one") == "here"

    run(work)


def test_purged_values_stay_gone(outside: Outside):
    """A value that was purged does not come back when the connection changes and changes again."""

    async def work() -> None:
        async with running(outside, "") as cache:
            await cache.clear("default")
            await cache.set("one", "old")
            await change(cache, url=HERE)
            await change(cache, url="")
            assert await cache.get("one") is None
            await cache.clear("default")
            assert await cache.get("one") is None

    run(work)


def test_purge_that_redis_missed(outside: Outside):
    """A purge while Redis is away counts after a new connection, by another password say."""

    async def work() -> None:
        async with running(outside) as cache, running(outside) as other:
            await cache.set("one", 1)
            await cache.set("one", 1, namespace="other")
            refusing = outside.server()
            refusing.refusal = Refused("NOPERM")
            await cache.clear("default")
            await cache.set_password("right")
            assert await cache.get("one") is None
            refusing.refusal = None
            await cache.set_password("right")
            await until(lambda: cache.snapshot().state is CacheState.REDIS)
            assert await cache.get("one") is None
            assert await other.get("one") is None
            assert await other.get("one", namespace="other") == 1

    run(work)


def test_own_writes_reach_the_next_connection(outside: Outside):
    """What Redis refused over one connection it gets over the next."""

    async def work() -> None:
        async with running(outside) as cache, running(outside) as other:
            await cache.set("gone", 1)
            outside.server().refusal = Refused("NOPERM")
            await cache.set("one", 1)
            await cache.delete("gone")
            assert cache.snapshot().journal.pending >= 1
            outside.server().refusal = None
            await cache.set_password("right")
            assert cache.snapshot().journal.pending == 0
            assert await other.get_many(["one", "gone"]) == {"one": 1}

    run(work)


@pytest.mark.parametrize("begin", ["", HERE], ids=["alone", "another Redis"])
def test_sessions_move_along(begin: str, outside: Outside):
    """A session with its history is there after a change of address, and in the new Redis."""

    async def work() -> None:
        async with running(outside, begin) as cache:
            session = await cache.sessions.create("owner", {"step": 1})
            await cache.sessions.append(session.id, "hello")
            await change(cache, url=THERE)
            found = await cache.sessions.get(session.id)
            assert found is not None
            assert (found.owner, found.data) == ("owner", {"step": 1})
            async with running(outside, THERE) as other:
                assert await other.sessions.history(session.id) == ["hello"]
                assert [each.id for each in await other.sessions.list()] == [session.id]
            await cache.sessions.update(session.id, {"step": 2}, found.version)
            await change(cache, url="")
            found = await cache.sessions.get(session.id)
            assert found is not None
            assert found.data == {"step": 2}
            assert await cache.sessions.history(session.id) == ["hello"]

    run(work)


def test_subscriptions_go_on(outside: Outside):
    """Who listens goes on listening over the next connection, after a gap."""

    async def work() -> None:
        async with (
            running(outside, "") as cache,
            running(outside, THERE) as other,
            cache.messages.subscribe("news") as news,
        ):
            await cache.messages.publish("news", "alone")
            assert (await anext(news)).value == "alone"
            await change(cache, url=THERE)
            gap = await anext(news)
            assert gap.is_gap
            await other.messages.publish("news", "from there")
            assert (await anext(news)).value == "from there"
            await cache.messages.publish("news", "own")
            assert (await anext(news)).value == "own"

    run(work)


def test_making_outlives_a_change(outside: Outside):
    """A value that is being made while the connection changes reaches who asked, and is kept."""

    async def work() -> None:
        goes_on = asyncio.Event()

        async def make() -> object:
            await goes_on.wait()
            return "made"

        async with running(outside) as cache:
            fetching = [asyncio.ensure_future(cache.fetch("page", make, FRESH)) for _ in range(3)]
            await asyncio.sleep(0.01)
            await change(cache, url=THERE)
            goes_on.set()
            assert await asyncio.gather(*fetching) == ["made"] * 3
            assert await cache.get("page") == "made"
            async with running(outside, THERE) as other:
                assert await other.get("page") == "made"

    run(work)


def test_looked_after(
    outside: Outside, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """Once a tick series grow and servers are asked; after a mistake the next tick comes."""
    monkeypatch.setattr(engine.cache.attachment, "TICK_S", 0.001)
    monkeypatch.setattr(engine.cache.attachment, "FACTS_TICKS", 1)

    async def work() -> None:
        async with running(outside) as cache:
            await until(lambda: cache.snapshot().servers != ())
            await until(lambda: len(cache.snapshot().used_mib) >= 2)
            with monkeypatch.context() as patch:
                patch.setattr(cache._holdings, "look_after", lambda _: 1 / 0)
                with caplog.at_level(logging.ERROR):
                    await until(lambda: "could not be looked after" in caplog.text)
            before = len(cache.snapshot().used_mib)
            await until(lambda: len(cache.snapshot().used_mib) > before)
            outside.inspectors[HERE].fault = Refused("NOPERM")
            await until(lambda: cache.snapshot().servers == ())

    run(work)


def test_caught_up(outside: Outside, monkeypatch: pytest.MonkeyPatch):
    """What Redis refused while it answered it gets by itself, once it takes it."""
    monkeypatch.setattr(engine.cache.attachment, "TICK_S", 0.001)

    async def work() -> None:
        async with running(outside) as cache:
            outside.server().refusal = Refused("the server is full: give it more memory")
            await cache.set_many({f"key-{number}": number for number in range(300)})
            assert cache.snapshot().journal.pending == 300
            assert cache.snapshot().state is CacheState.DEGRADED
            outside.server().refusal = None
            await until(lambda: cache.snapshot().journal.pending == 0)
            await until(lambda: cache.snapshot().state is CacheState.REDIS)

    run(work)


def test_ended_values_leave(clock: FakeClock, monkeypatch: pytest.MonkeyPatch):
    """Values that have ended leave the first tier although nobody asks for them."""
    monkeypatch.setattr(engine.cache.attachment, "TICK_S", 0.001)
    outside = Outside(clock=clock)

    async def work() -> None:
        async with running(outside, "") as cache:
            await cache.set_many({f"key-{number}": number for number in range(100)}, 5)
            assert cache.snapshot().first_tier.entries == 100
            clock.advance(6)
            await until(lambda: cache.snapshot().first_tier.entries == 0)

    run(work)


def test_password_is_told_nobody(outside: Outside, caplog: pytest.LogCaptureFixture):
    """The password is in no snapshot, setting, log, error or `repr`."""
    secret = "hunter2-correct-horse"
    secrets = Secrets(**{PASSWORD: secret})
    caplog.set_level(logging.DEBUG)
    told: list[str] = []

    async def work() -> None:
        async with running(outside, secrets=secrets) as cache:
            await cache.refresh()
            outside.server().stop()
            await cache.set("one", 1)
            await until(lambda: cache.snapshot().state is CacheState.MEMORY)
            told.append(repr(cache.snapshot()))
            told.append(f"{cache!r} {vars(cache)!r} {cache.settings!r}")
            told.append(repr(await cache.test_connection(HERE, "me", secret)))
            told.append(repr(await cache.test_connection(f"redis://me:{secret}@x", "", secret)))
            outside.fault = SettingsError("the certificate cannot be read: give another")
            with pytest.raises(SettingsError) as caught:
                await cache.set_password(secret)
            told.append(repr(caught.value) + str(caught.value))

    run(work)
    assert secret not in "".join(told) + caplog.text
