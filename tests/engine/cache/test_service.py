"""The cache as its users see it: values that are there or not, and no other surprise."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from engine.cache.adapters.simulated import SimulatedServer
from engine.cache.freshness import Absent, Freshness
from engine.cache.keys import key_of, prefix_of
from engine.cache.service import RedisService
from engine.cache.snapshot import CacheState
from engine.cache.unix_time import LONGEST_S
from engine.errors import Refused
from tests.conftest import FakeClock
from tests.engine.cache.simulated_cache import HERE, Outside, cache_on, run, running

URLS = pytest.mark.parametrize("url", ["", HERE], ids=["alone", "with Redis"])
YEAR_S = LONGEST_S
ONE = prefix_of("default", 0) + key_of("default", "one").tail


@pytest.fixture
def outside(clock: FakeClock) -> Outside:
    """Return servers on a clock that moves when the test says so."""
    return Outside(clock=clock)


@dataclass
class Point:
    x: int
    y: int


VALUES: list[object] = [
    b"",
    b"\x00\xff",
    "",
    "text",
    "lone \ud800 surrogate",
    0,
    2**64 - 1,
    1.5,
    True,
    [],
    {"a": [1, {"b": None}]},
]


@URLS
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_value_comes_back(url: str, value: object, outside: Outside):
    """A value comes back as it was, in this process and from Redis."""

    async def work() -> None:
        async with running(outside, url) as here:
            assert await here.set("one", value) is True
            assert await here.get("one") == value
            if url:
                async with running(outside, url) as there:
                    assert await there.get("one") == value

    run(work)


@URLS
def test_types(url: str, outside: Outside):
    """A value is returned as the type that is asked for; where it is none, it is not there."""

    async def work() -> None:
        async with running(outside, url) as cache:
            await cache.set("point", Point(1, 2))
            await cache.set("at", datetime(2026, 1, 2, tzinfo=UTC))
            await cache.set("text", "five")
            assert await cache.get("point") == {"x": 1, "y": 2}
            assert await cache.get("point", kind=Point) == Point(1, 2)
            assert await cache.get("at", kind=datetime) == datetime(2026, 1, 2, tzinfo=UTC)
            assert await cache.get("text", kind=str) == "five"
            assert cache.snapshot().counts.damaged == 0
            for name, kind in [("text", int), ("point", list[int]), ("text", bytes)]:
                assert await cache.get(name, kind=kind) is None
            assert cache.snapshot().counts.damaged == 3
            assert await cache.get_many(["point", "text"], kind=Point) == {"point": Point(1, 2)}

    run(work)


@URLS
def test_none_is_as_nothing(url: str, outside: Outside):
    """None can be kept, which replaces what was there, and reads as nothing."""

    async def work() -> None:
        async with running(outside, url) as cache:
            await cache.set("one", 1)
            assert await cache.set("one", None)
            assert await cache.get("one") is None
            assert await cache.get_many(["one"]) == {}
            assert await cache.fetch("one", _never, Freshness(ttl_s=5)) is None

    run(work)


async def _never() -> object:
    raise AssertionError("it was asked to make what is there")


@URLS
def test_many(url: str, outside: Outside):
    """Many values are kept and found at once, each key once, and none is no question at all."""

    async def work() -> None:
        async with running(outside, url) as cache:
            assert await cache.set_many({}) == 0
            assert await cache.get_many([]) == {}
            assert await cache.set_many({"a": 1, "b": 2, "": 3}) == 3
            assert await cache.get_many(["b", "a", "b", "c", ""]) == {"a": 1, "b": 2, "": 3}

    run(work)


def test_only_small_enough_values_are_kept(outside: Outside):
    """A value over the limit is not kept, and what was there before is told apart from it."""

    async def work() -> None:
        async with running(outside, largest_value_mib=1) as cache:
            assert await cache.set("large", bytes(1024 * 1024))
            assert not await cache.set("larger", bytes(1024 * 1024 + 1))
            assert await cache.get("larger") is None
            assert await cache.set_many({"a": 1, "b": bytes(2_000_000)}) == 1
            assert cache.snapshot().counts.too_large == 2

    run(work)


def test_limit_lowered_while_values_are_written(outside: Outside):
    """A limit that is lowered while a value is being packed makes it too large, no error."""

    async def work() -> None:
        async with running(outside, largest_value_mib=8) as cache:
            values = [bytes([number]) * 2_000_000 for number in range(4)]
            writing = [
                asyncio.ensure_future(cache.set(f"key-{number}", value))
                for number, value in enumerate(values)
            ]
            await asyncio.sleep(0)
            await cache.change_settings(type(cache.settings)(url=HERE, largest_value_mib=1))
            kept = await asyncio.gather(*writing)
            assert not all(kept)
            for number, is_kept in enumerate(kept):
                if not is_kept:
                    assert await cache.get(f"key-{number}") is None

    run(work)


def test_limit_lowered_while_redis_is_away(outside: Outside):
    """What is remembered for Redis and is larger than what is allowed by now reads as nothing."""

    async def work() -> None:
        async with running(outside, first_tier_mib=1) as cache:
            outside.server().stop()
            await cache.set("large", bytes(3_000_000))
            assert await cache.get("large") == bytes(3_000_000)
            settings = type(cache.settings)(url=HERE, first_tier_mib=1, largest_value_mib=1)
            await cache.change_settings(settings)
            assert await cache.get("large") is None

    run(work)


@URLS
@pytest.mark.parametrize("ttl_s", [0, -1, -0.0, math.nan, math.inf, -math.inf])
def test_ttl_that_cannot_be(url: str, ttl_s: float, outside: Outside):
    """A time to live that is not above 0, or is no number, is refused with its value."""

    async def work() -> None:
        async with running(outside, url) as cache:
            await cache.set("one", 1)
            for call in (
                lambda: cache.set("one", 2, ttl_s),
                lambda: cache.set_many({"one": 2}, ttl_s),
                lambda: cache.touch("one", ttl_s),
                lambda: cache.touch("absent", ttl_s),
            ):
                with pytest.raises(ValueError, match=f"ttl_s is {ttl_s}"):
                    await call()
            assert await cache.get("one") == 1

    run(work)


@URLS
@pytest.mark.parametrize("ttl_s", [1e300, 2**63, YEAR_S * 2])
def test_ttl_without_end(url: str, ttl_s: float, outside: Outside, clock: FakeClock):
    """Whatever is to stay for more than a year stays for a year."""

    async def work() -> None:
        async with running(outside, url) as cache:
            await cache.set("one", 1, ttl_s)
            await cache.set("two", 2)
            assert await cache.touch("two", ttl_s)
            await cache.fetch("three", _three, Freshness(ttl_s=ttl_s, stale_if_error_s=ttl_s))
            assert await cache.get_many(["one", "two", "three"]) == {
                "one": 1,
                "two": 2,
                "three": 3,
            }
            clock.advance(YEAR_S + 1)
            assert await cache.get_many(["one", "two", "three"]) == {}

    run(work)


async def _three() -> object:
    return 3


@URLS
def test_shortest_ttl(url: str, outside: Outside, clock: FakeClock):
    """However short its time is, a value is there until the next millisecond."""

    async def work() -> None:
        async with running(outside, url) as cache:
            await cache.set("one", 1, 1e-9)
            assert await cache.get("one") == 1
            clock.advance(0.002)
            assert await cache.get("one") is None

    run(work)


@URLS
def test_ends(url: str, outside: Outside, clock: FakeClock):
    """A value ends after its time, by default that of the settings, unless it is touched."""

    async def work() -> None:
        async with running(outside, url, default_ttl_s=100) as cache:
            await cache.set("short", 1, 10)
            await cache.set("usual", 2)
            await cache.set("touched", 3, 10)
            assert await cache.touch("touched", 1000)
            assert not await cache.touch("absent", 10)
            clock.advance(11)
            assert not await cache.touch("short", 10)
            assert await cache.get_many(["short", "usual", "touched"]) == {"usual": 2, "touched": 3}
            clock.advance(100)
            assert await cache.get_many(["short", "usual", "touched"]) == {"touched": 3}

    run(work)


WRONG: list[tuple[type[Exception], Callable[[RedisService], Any]]] = [
    (TypeError, lambda cache: cache.set(b"bytes", 1)),  # type: ignore[arg-type]
    (TypeError, lambda cache: cache.get(7)),  # type: ignore[arg-type]
    (TypeError, lambda cache: cache.get(None)),  # type: ignore[arg-type]
    (TypeError, lambda cache: cache.set("key", object())),
    (TypeError, lambda cache: cache.set("key", {1j: "complex"})),
    (TypeError, lambda cache: cache.set("key", 2**70)),
    (TypeError, lambda cache: cache.set("key", {"lone": "\ud800"})),
    (TypeError, lambda cache: cache.set_many({"good": 1, "bad": object()})),
    (TypeError, lambda cache: cache.set("key", 1, "5")),  # type: ignore[arg-type]
    (ValueError, lambda cache: cache.get("key", namespace="")),
    (ValueError, lambda cache: cache.get("key", namespace="a:b")),
    (ValueError, lambda cache: cache.get("key", namespace="a.b")),
    (ValueError, lambda cache: cache.get("key", namespace="ä")),
    (ValueError, lambda cache: cache.set("key", 1, namespace="a" * 65)),
    (ValueError, lambda cache: cache.delete("key", namespace="line\n")),
    (ValueError, lambda cache: cache.touch("key", 1, tenant="a b")),
    (ValueError, lambda cache: cache.get_many(["a", "b"], tenant="*")),
    (ValueError, lambda cache: cache.fetch("key", _never, Freshness(ttl_s=1), namespace="*")),
    (ValueError, lambda cache: cache.clear("*")),
    (ValueError, lambda cache: cache.clear("")),
]


@URLS
@pytest.mark.parametrize("number", range(len(WRONG)))
def test_wrong_calls(url: str, number: int, outside: Outside):
    """A wrong call raises ValueError or TypeError and changes nothing."""
    kind, call = WRONG[number]

    async def work() -> None:
        async with running(outside, url) as cache:
            await cache.set_many({"key": "before", "good": "before"})
            with pytest.raises(kind):
                await call(cache)
            before = {"key": "before", "good": "before"}
            assert await cache.get_many(["key", "good"]) == before

    run(work)


@URLS
def test_unusual_keys(url: str, outside: Outside):
    """Any text is a key, and no two are the same: empty, long, with surrogates, controls, case."""
    keys = ["", " ", "\x00", "\ud800", "é", "e\u0301", "A", "a", "x" * 100_000, "=a", "#a", "a:b"]

    async def work() -> None:
        async with running(outside, url) as cache:
            await cache.set_many({key: number for number, key in enumerate(keys)})
            assert await cache.get_many(keys) == {key: number for number, key in enumerate(keys)}
            for key in keys:
                assert await cache.delete(key)
            assert await cache.get_many(keys) == {}

    run(work)


@URLS
def test_namespaces_and_tenants_are_apart(url: str, outside: Outside):
    """The same key in another namespace or of another tenant is another value."""

    async def work() -> None:
        async with running(outside, url) as cache:
            places = [{}, {"tenant": "t"}, {"namespace": "n"}, {"namespace": "n", "tenant": "t"}]
            for number, place in enumerate(places):
                await cache.set("key", number, **place)
            assert [await cache.get("key", **place) for place in places] == [0, 1, 2, 3]
            await cache.clear("n")
            assert [await cache.get("key", **place) for place in places] == [0, 1, None, None]
            assert await cache.delete("key", tenant="t")
            assert await cache.get("key") == 0

    run(work)


@URLS
def test_fetch(url: str, outside: Outside):
    """A missing value is made once for all who ask; that there is none is remembered."""
    made: list[str] = []

    async def make() -> object:
        made.append("value")
        await asyncio.sleep(0)
        return {"made": len(made)}

    async def make_nothing() -> object:
        made.append("nothing")
        raise Absent("no such page")

    async def work() -> None:
        async with running(outside, url) as cache:
            freshness = Freshness(ttl_s=60)
            asked = [cache.fetch("page", make, freshness) for _ in range(20)]
            assert await asyncio.gather(*asked) == [{"made": 1}] * 20
            assert await cache.get("page") == {"made": 1}
            for _ in range(2):
                with pytest.raises(Absent, match="no such page"):
                    await cache.fetch("gone", make_nothing, freshness)
            assert await cache.get("gone") is None
            assert not await cache.touch("gone", 100)
            assert made == ["value", "nothing"]
            assert cache.snapshot().counts.negative_hits >= 2

    run(work)


@URLS
@pytest.mark.parametrize("overtaken_by", ["set", "set_many", "delete", "clear", "remove_keys"])
def test_what_is_being_made_is_overtaken(url: str, overtaken_by: str, outside: Outside):
    """What was being made when its key was written or removed is handed out, but not kept."""

    async def work() -> None:
        async with running(outside, url) as cache:
            begun, goes_on = asyncio.Event(), asyncio.Event()

            async def make() -> object:
                begun.set()
                await goes_on.wait()
                return "old"

            fetching = asyncio.ensure_future(cache.fetch("page", make, Freshness(ttl_s=60)))
            await begun.wait()
            expected = None
            if overtaken_by == "set":
                expected = await cache.set("page", True)
            elif overtaken_by == "set_many":
                expected = bool(await cache.set_many({"page": True}))
            elif overtaken_by == "delete":
                await cache.delete("page")
            elif overtaken_by == "clear":
                await cache.clear("default")
            else:
                await cache.desk.remove_keys(["uat:1:c:default.0::=page"])
            goes_on.set()
            assert await fetching == "old"
            assert await cache.get("page") is expected

    run(work)


def test_a_wrong_set_overtakes_nothing(outside: Outside):
    """A value that cannot be kept does not keep another from being kept."""

    async def work() -> None:
        async with running(outside) as cache:
            goes_on = asyncio.Event()

            async def make() -> object:
                await goes_on.wait()
                return "made"

            fetching = asyncio.ensure_future(cache.fetch("page", make, Freshness(ttl_s=60)))
            await asyncio.sleep(0)
            with pytest.raises(TypeError):
                await cache.set("page", object())
            goes_on.set()
            assert await fetching == await cache.get("page") == "made"

    run(work)


USES: list[Callable[[RedisService], Any]] = [
    lambda cache: cache.get("a"),
    lambda cache: cache.set("a", 1),
    lambda cache: cache.delete("a"),
    lambda cache: cache.touch("a", 1),
    lambda cache: cache.get_many(["a"]),
    lambda cache: cache.set_many({"a": 1}),
    lambda cache: cache.fetch("a", _three, Freshness(ttl_s=1)),
    lambda cache: cache.clear("default"),
    lambda cache: cache.refresh(),
    lambda cache: cache.reconnect(),
]


@pytest.mark.parametrize("number", range(len(USES)))
def test_use_before_the_start_and_after_the_end(number: int, outside: Outside):
    """A cache that does not run says so, and nothing else happens."""

    async def work() -> None:
        cache = cache_on(outside)
        with pytest.raises(RuntimeError, match="start it"):
            await USES[number](cache)
        await cache.start()
        await cache.aclose()
        with pytest.raises(RuntimeError, match="start it"):
            await USES[number](cache)

    run(work)


@pytest.mark.parametrize("name", ["sessions", "messages", "log", "counters", "leases", "desk"])
def test_parts_before_the_start(name: str, outside: Outside):
    """What stands on the same ground is there while the cache runs, and the same all the time."""

    async def work() -> None:
        cache = cache_on(outside)
        with pytest.raises(RuntimeError, match="start it"):
            getattr(cache, name)
        async with cache:
            part = getattr(cache, name)
            await cache.set_password("new")
            assert (getattr(cache, name) is part) == (name != "desk")

    run(work)


def test_closing(outside: Outside):
    """A cache can be closed before it starts, twice, and twice at once."""

    async def work() -> None:
        cache = cache_on(outside)
        await cache.aclose()
        cache = cache_on(outside)
        await cache.start()
        await asyncio.gather(cache.aclose(), cache.aclose())
        await cache.aclose()
        snapshot = cache.snapshot()
        assert (snapshot.state, snapshot.nodes, snapshot.address) == (CacheState.STOPPED, (), "")
        assert outside.closed == 1

    run(work)


def test_closing_while_it_is_used(outside: Outside):
    """Calls on their way when the cache is closed end soon, with a value, nothing or a refusal."""

    async def work() -> None:
        cache = cache_on(outside)
        await cache.start()
        await cache.set("a", 1)
        server = outside.server()
        server.is_silent = True
        begun = asyncio.Event()

        async def hang() -> object:
            begun.set()
            await asyncio.Event().wait()
            return None

        calls = [asyncio.ensure_future(use(cache)) for use in USES[:8]]
        calls.append(asyncio.ensure_future(cache.fetch("b", hang, Freshness(ttl_s=1))))
        await begun.wait()
        await cache.aclose()
        for outcome in await asyncio.gather(*calls, return_exceptions=True):
            assert not isinstance(outcome, BaseException) or isinstance(outcome, Refused), outcome

    run(work)


def test_snapshot_from_another_thread(outside: Outside):
    """A snapshot can be taken from another thread at any time, also while everything changes."""
    faults: list[BaseException] = []
    is_over = threading.Event()

    async def work() -> None:
        cache = cache_on(outside)

        def look() -> None:
            try:
                while not is_over.is_set():
                    cache.snapshot()
            except BaseException as error:  # noqa: BLE001 - whatever it is, the test fails
                faults.append(error)

        thread = threading.Thread(target=look)
        thread.start()
        try:
            async with cache:
                for number in range(200):
                    namespace = f"n{number}"
                    await cache.set("key", number, namespace=namespace)
                    await cache.get("key", namespace=namespace)
                    await cache.messages.publish(f"channel-{number}", number)
                    await cache.sessions.create("owner")
        finally:
            is_over.set()
            thread.join()
        assert faults == []

    run(work)


def test_counts(outside: Outside):
    """The snapshot tells what was asked, answered and kept, by namespace too."""

    async def work() -> None:
        async with running(outside) as cache:
            await cache.set("a", "x" * 1000, namespace="n")
            await cache.get("a", namespace="n")
            await cache.get("b", namespace="n")
            await cache.delete("a", namespace="n")
            await cache.refresh()
            snapshot = cache.snapshot()
            counts = snapshot.counts
            assert (counts.writes, counts.first_hits, counts.misses, counts.deletes) == (1, 1, 1, 1)
            assert snapshot.hit_percent == 50
            assert (snapshot.compression or 0) > 1
            (row,) = snapshot.namespaces
            assert (row.name, row.first_hits, row.misses, row.writes) == ("n", 1, 1, 1)
            assert snapshot.address == "here:6379"
            assert [each.name for each in snapshot.nodes] == ["here:6379"]
            assert [each.version for each in snapshot.servers] == ["7.0"]
            assert snapshot.get.p50_ms is not None
            assert snapshot.set.p99_ms is not None

    run(work)


def _misbehave(server: SimulatedServer, how: str) -> None:
    if how == "gone":
        server.stop()
    elif how == "silent":
        server.is_silent = True
    else:
        server.refusal = Refused("the server is full: give it more memory")


@pytest.mark.parametrize("how", ["gone", "silent", "full"])
def test_whatever_redis_does(how: str):
    """No call raises for what Redis does, what is written is read, and what is gone stays gone."""
    outside = Outside()

    async def work() -> None:
        async with running(outside, loopback_deadline_ms=5) as cache:
            await cache.set_many({"before": 1, "gone": 2})
            _misbehave(outside.server(), how)
            assert await cache.set("during", 3)
            await cache.delete("gone")
            assert await cache.get_many(["before", "gone", "during"]) in (
                {"during": 3},
                {"before": 1, "during": 3},
            )
            assert await cache.touch("during", 50)
            assert await cache.fetch("three", _three, Freshness(ttl_s=5)) == 3
            await cache.clear("other")
            await cache.refresh()
            assert cache.snapshot().state in (CacheState.DEGRADED, CacheState.MEMORY)
            assert cache.snapshot().reason
        assert outside.closed == 1

    run(work)


@URLS
def test_every_read_is_timed(url: str, outside: Outside):
    """Reads are timed however they are asked: alone, many at once, or to be made if missing."""

    async def make() -> str:
        return "made"

    async def work() -> None:
        async with running(outside, url) as cache:
            await cache.get("one")
            await cache.get_many(["one", "two"])
            await cache.fetch("three", make, Freshness(ttl_s=10))
            assert cache.snapshot().get.calls == 4

    run(work)
