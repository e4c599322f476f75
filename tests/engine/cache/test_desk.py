"""What a person does by hand: look, remove, bring back."""

from __future__ import annotations

import asyncio

import pytest

from engine.cache.freshness import Absent, Freshness
from engine.cache.service import RedisService
from engine.cache.undo import KEPT
from engine.errors import Refused
from tests.conftest import FakeClock
from tests.engine.cache.simulated_cache import HERE, Outside, run, running

URLS = pytest.mark.parametrize("url", ["", HERE], ids=["alone", "with Redis"])


@pytest.fixture
def outside(clock: FakeClock) -> Outside:
    """Return servers on a clock that moves when the test says so."""
    return Outside(clock=clock)


async def names(cache: RedisService) -> list[str]:
    """Return what keys are called."""
    return [row.key for row in (await cache.desk.keys()).rows]


@URLS
def test_looked_at(url: str, outside: Outside):
    """Keys are listed as `preview()` takes them, and one that is gone is missing."""

    async def work() -> None:
        async with running(outside, url) as cache:
            await cache.set("one", {"a": 1}, tenant="t")
            (key,) = await names(cache)
            preview = await cache.desk.preview(key)
            assert (preview.kind, preview.text) == ("json", '{\n  "a": 1\n}')
            await cache.delete("one", tenant="t")
            assert await names(cache) == []
            assert (await cache.desk.preview(key)).kind == "missing"

    run(work)


@URLS
@pytest.mark.parametrize("key", ["", "nonsense", "uat:1:c:", "uat:1:c:n.x:a:b", "\ud800", "\x00"])
def test_keys_that_are_none_of_ours(url: str, key: str, outside: Outside):
    """What is no key of ours is missing, and removing it does nothing."""

    async def work() -> None:
        async with running(outside, url) as cache:
            await cache.set("one", 1)
            assert (await cache.desk.preview(key)).kind == "missing"
            assert await cache.desk.remove_keys([key]) == ""
            assert await cache.get("one") == 1

    run(work)


@URLS
def test_removed_and_brought_back(url: str, outside: Outside, clock: FakeClock):
    """What was removed can be brought back once, with the rest of its time, everywhere."""

    async def work() -> None:
        async with running(outside, url) as cache:
            await cache.set("one", 1, 100)
            await cache.set("two", "x", 100)
            await cache.set("stays", 3, 100)
            keys = [key for key in await names(cache) if "stays" not in key]
            token = await cache.desk.remove_keys(keys)
            assert token
            assert await cache.get_many(["one", "two", "stays"]) == {"stays": 3}
            clock.advance(40)
            assert await cache.desk.undo(token) == 2
            assert await cache.desk.undo(token) == 0
            assert await cache.get_many(["one", "two", "stays"]) == {
                "one": 1,
                "two": "x",
                "stays": 3,
            }
            if url:
                async with running(outside, url) as other:
                    assert await other.get("one") == 1
            clock.advance(61)
            assert await cache.get_many(["one", "two"]) == {}

    run(work)


@URLS
def test_too_late_to_bring_back(url: str, outside: Outside, clock: FakeClock):
    """What has ended meanwhile is not brought back, nor what was removed too many times ago."""

    async def work() -> None:
        async with running(outside, url) as cache:
            await cache.set("one", 1, 10)
            token = await cache.desk.remove_keys(await names(cache))
            clock.advance(11)
            assert await cache.desk.undo(token) == 0
            tokens = []
            for number in range(KEPT + 1):
                await cache.set("one", number)
                tokens.append(await cache.desk.remove_keys(await names(cache)))
            assert await cache.desk.undo(tokens[0]) == 0
            assert await cache.desk.undo(tokens[1]) == 1
            assert await cache.get("one") == 1
            assert await cache.desk.undo("nonsense") == await cache.desk.undo("") == 0

    run(work)


@pytest.mark.parametrize("size", [1, 300_000])
def test_brought_back_after_an_outage(size: int, outside: Outside, clock: FakeClock):
    """What was removed while Redis refused is brought back for good, though it is older."""
    value = "x" * size

    async def work() -> None:
        async with running(outside) as cache, running(outside) as other:
            await cache.set("one", value)
            clock.advance(1)
            server = outside.server()
            server.refusal = Refused("the server is full: give it more memory")
            (key,) = await names(cache)
            token = await cache.desk.remove_keys([key])
            server.refusal = None
            # Another process, which has had it, and a removal that arrived.
            assert await other.get("one") is None
            clock.advance(1)
            assert await cache.desk.undo(token) == 1
            assert await other.get("one") == value

    run(work)


@URLS
def test_purged_and_brought_back(url: str, outside: Outside):
    """A purge takes all of a namespace and nothing else; what the first tier had can come back."""

    async def work() -> None:
        async with running(outside, url) as cache:
            assert await cache.clear("empty") == ""
            await cache.set("one", 1, namespace="n")
            await cache.set("one", 2, namespace="n2")
            token = await cache.clear("n")
            assert await cache.get("one", namespace="n") is None
            assert await cache.get("one", namespace="n2") == 2
            assert await cache.desk.undo(token) == 1
            assert await cache.get("one", namespace="n") == 1

    run(work)


def test_old_keys_are_swept(outside: Outside):
    """After a purge Redis is asked for the memory of the old keys; a refusal is no fault."""

    async def work() -> None:
        async with running(outside) as cache:
            inspector = outside.inspectors[HERE]
            await cache.clear("n")
            inspector.fault = Refused("NOPERM")
            await cache.clear("n")
            for _ in range(3):
                await asyncio.sleep(0)
            assert inspector.swept == [b"uat:1:c:n.0:", b"uat:1:c:n.1:"]
            await cache.clear("n")  # closing does not wait for it

    run(work)


def test_nothing_made_is_brought_back_over_what_was_removed(outside: Outside):
    """What is being made while its removal is undone does not replace what was brought back."""

    async def work() -> None:
        async with running(outside) as cache:
            await cache.set("one", "mine")
            token = await cache.desk.remove_keys(await names(cache))
            goes_on = asyncio.Event()

            async def make() -> object:
                await goes_on.wait()
                return "made"

            fetching = asyncio.ensure_future(cache.fetch("one", make, Freshness(ttl_s=9)))
            await asyncio.sleep(0.001)
            await cache.desk.undo(token)
            goes_on.set()
            assert await fetching == "made"
            assert await cache.get("one") == "mine"

    run(work)


def test_negative_entries(outside: Outside):
    """That there is nothing can be looked at, removed and brought back as well."""

    async def nothing() -> object:
        raise Absent("no such page")

    async def make() -> object:
        return "made"

    async def work() -> None:
        async with running(outside) as cache:
            fresh = Freshness(ttl_s=9)
            with pytest.raises(Absent):
                await cache.fetch("page", nothing, fresh)
            (key,) = await names(cache)
            assert (await cache.desk.preview(key)).kind == "negative"
            token = await cache.desk.remove_keys([key])
            assert await cache.desk.undo(token) == 1
            with pytest.raises(Absent):
                await cache.fetch("page", make, fresh)
            await cache.desk.remove_keys([key])
            assert await cache.fetch("page", make, fresh) == "made"

    run(work)
