"""What a person sees of both tiers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.cache.browser import SPARE_KEYS, Browser, first_matching
from engine.cache.codec import Codec
from engine.cache.content import Kind
from engine.cache.dictionary import shipped_dictionary
from engine.cache.journal import Journal
from engine.cache.keys import VALUES, key_of
from engine.cache.snapshot import KeyPage, ServerFacts
from engine.cache.tiers import MIB
from engine.errors import TimedOut
from tests.conftest import FakeClock
from tests.engine.cache.redis_twin import RedisTwin
from tests.engine.cache.world import World

CODEC = Codec(dictionary=shipped_dictionary(), largest_bytes=8 * MIB)
ONE, TWO, SPOKEN = key_of("answers", "one"), key_of("answers", "Two", "anna"), key_of("voice", "1")


@dataclass
class TwinInspector:
    """Looks into a RedisTwin."""

    redis: RedisTwin
    left_s: dict[bytes, float] = field(default_factory=dict)

    async def facts(self) -> Sequence[ServerFacts]:
        """Nothing."""
        return ()

    async def scan(self, prefix: bytes, limit: int) -> Sequence[tuple[bytes, float | None, int]]:
        """Return keys in no order."""
        if self.redis.is_away:
            raise TimedOut("Redis did not answer in time")
        keys = [key for key in reversed(self.redis.stored) if key.startswith(prefix)]
        return [(key, self.left_s.get(key), len(self.redis.stored[key])) for key in keys[:limit]]

    async def remove_under(self, prefix: bytes) -> int:
        """Not asked here."""
        raise NotImplementedError


def journal_of(world: World) -> Journal:
    """Return what a process remembers of its own writes."""
    return Journal(limit_bytes=MIB) if world.tiers.own is None else world.tiers.own.journal


def browser_of(world: World) -> Browser:
    """Return a browser of a process."""
    return Browser(
        first=world.tiers.first,
        second=world.redis,
        inspector=None if world.redis is None else TwinInspector(world.redis),
        generations=world.tiers.generations,
        journal=journal_of(world),
        codec=CODEC,
        time=world.time,
    )


def names(page: KeyPage) -> list[tuple[str, str, str, str]]:
    """Return what the rows of a page say."""
    return [(row.namespace, row.tenant, row.name, row.tier) for row in page.rows]


@pytest.fixture
def world(clock: FakeClock) -> World:
    """Return a process with two tiers."""
    return World(clock)


def test_both_tiers_are_merged(world: World, clock: FakeClock):
    """Each key is one row, whether one tier has it, or the other, or both."""

    async def work() -> None:
        await world.keep("1", ONE)
        await world.keep("2", TWO)
        await World(clock, world.redis).keep("3", SPOKEN)
        world.tiers.first.remove(world.tiers.generations.guess(TWO))
        page = await browser_of(world).keys()
        assert names(page) == [
            ("answers", "", "one", "both"),
            ("answers", "anna", "Two", "redis"),
            ("voice", "", "1", "redis"),
        ]
        assert page.is_complete
        assert page.rows[0].key == "uat:1:c:answers.0::=one"
        assert page.rows[0].ttl_s == 3600.0
        assert page.rows[0].size_bytes == len(world.redis.stored[page.rows[0].key.encode()])

    asyncio.run(work())


def test_without_redis(clock: FakeClock):
    """Without a second tier the first one is all there is."""

    async def work() -> None:
        world = World(clock, None)
        await world.keep("one", ONE)
        page = await browser_of(world).keys()
        assert names(page) == [("answers", "", "one", "memory")]
        assert page.is_complete
        assert (page.rows[0].size_bytes, page.rows[0].ttl_s) == (3, 3600.0)
        clock.advance(3600.0)
        assert names(await browser_of(world).keys()) == []

    asyncio.run(work())


@pytest.mark.parametrize(
    ("namespace", "text", "found"),
    [
        ("answers", "", ["one", "Two"]),
        ("voice", "", ["1"]),
        ("nothing", "", []),
        (None, "TWO", ["Two"]),
        (None, "anna:t", ["Two"]),
        (None, "o", ["one", "Two"]),
        ("voice", "o", []),
        (None, "answers", []),
    ],
)
def test_search(world: World, namespace: str | None, text: str, found: list[str]):
    """Keys are found by namespace and by a part of tenant and name, in any case of letters."""

    async def work() -> None:
        for key in (ONE, TWO, SPOKEN):
            await world.keep("value", key)
        page = await browser_of(world).keys(namespace, text)
        assert [row.name for row in page.rows] == found
        assert page.is_complete

    asyncio.run(work())


@pytest.mark.parametrize("text", ["", "k"])
def test_page_is_limited(world: World, text: str):
    """No more rows come than were asked for, the first by name, and it is said that more are."""

    async def work() -> None:
        for number in range(9):
            await world.keep("value", key_of("answers", f"k{number}"))
        page = await browser_of(world).keys(text=text, limit=4)
        assert len(page.rows) == 4
        assert not page.is_complete
        if text:
            assert [row.name for row in page.rows] == ["k0", "k1", "k2", "k3"]
        whole = await browser_of(world).keys(text=text, limit=9)
        assert (len(whole.rows), whole.is_complete) == (9, True)

    asyncio.run(work())


def test_redis_that_is_away(world: World):
    """While Redis does not answer, what this process has is shown, and that it is not all."""

    async def work() -> None:
        await world.keep("one", ONE)
        await world.keep("two", TWO)
        world.tiers.first.clear()
        world.redis.is_away = True
        await world.keep("three", SPOKEN)
        page = await browser_of(world).keys()
        assert [row.name for row in page.rows] == ["one", "Two", "1"]
        assert {row.tier for row in page.rows} == {"memory"}
        assert page.rows[0].ttl_s == 3600.0
        assert not page.is_complete

    asyncio.run(work())


def test_own_writes_before_redis_has_them(world: World):
    """What was written and removed while Redis was away counts before Redis knows of it."""

    async def work() -> None:
        await world.keep("one", ONE)
        await world.keep("two", TWO)
        world.redis.is_away = True
        await world.tiers.drop(ONE)
        await world.keep("newer", TWO)
        world.tiers.first.clear()
        world.redis.is_away = False
        browser = browser_of(world)
        page = await browser.keys()
        assert names(page) == [("answers", "anna", "Two", "both")]
        assert (await browser.preview(page.rows[0].key)).text == "newer"
        assert (await browser.preview("uat:1:c:answers.0::=one")).kind == "missing"

    asyncio.run(work())


def test_removed_keys_are_not_shown(world: World):
    """A removal that stands in Redis in place of its key is no key; an empty value is one."""

    async def work() -> None:
        for key in (ONE, TWO):
            await world.keep("", key)
        removal = CODEC.encode(replace(world.content(""), kind=Kind.REMOVED))
        world.redis.stored[VALUES + b"answers.0::=removed"] = removal
        world.redis.stored[VALUES + b"answers.0::=foreign"] = b"x"
        page = await browser_of(world).keys()
        assert [row.name for row in page.rows] == ["foreign", "one", "Two"]

    asyncio.run(work())


def test_purged_keys_are_not_shown(world: World, clock: FakeClock):
    """What a purge has left in Redis until it ends is not shown, here or in another process."""

    async def work() -> None:
        await world.keep("old", ONE)
        await world.tiers.purge("answers")
        await world.keep("new", TWO)
        for each in (world, World(clock, world.redis)):
            assert [row.name for row in (await browser_of(each).keys()).rows] == ["Two"]
            rows = (await browser_of(each).keys("answers")).rows
            assert [row.name for row in rows] == ["Two"]

    asyncio.run(work())


def test_keys_of_others(world: World):
    """Keys that are no names of ours are left out, and strange bytes in names are shown."""

    async def work() -> None:
        world.redis.stored[VALUES + b"garbage"] = b"x" * 99
        world.redis.stored[VALUES + b"answers.0::=\xff\xe9"] = b"x" * 99
        browser = browser_of(world)
        page = await browser.keys()
        assert [row.name for row in page.rows] == ["\\xff\\xe9"]
        assert (await browser.preview(page.rows[0].key)).kind == "missing"
        assert (await browser.preview("\ud800")).kind == "missing"

    asyncio.run(work())


def test_preview_asks_redis_first(world: World, clock: FakeClock):
    """What lies in Redis counts; the first tier is shown where Redis does not answer."""

    async def work() -> None:
        await world.keep("here", ONE)
        await World(clock, world.redis).keep('{"a":1}', ONE)
        browser = browser_of(world)
        name = "uat:1:c:answers.0::=one"
        shown = await browser.preview(name)
        assert (shown.kind, shown.text) == ("json", '{\n  "a": 1\n}')
        world.redis.is_away = True
        journal_of(world).forget(ONE)
        shown = await browser.preview(name, most_chars=3)
        assert (shown.kind, shown.text, shown.codec, shown.is_cut) == ("text", "her", "none", True)

    asyncio.run(work())


def test_preview_without_redis(clock: FakeClock):
    """Without a second tier the first one answers."""

    async def work() -> None:
        world = World(clock, None)
        await world.keep("value", ONE)
        assert (await browser_of(world).preview("uat:1:c:answers.0::=one")).text == "value"
        assert (await browser_of(world).preview("uat:1:c:answers.0::=two")).kind == "missing"

    asyncio.run(work())


@pytest.mark.parametrize("redis", [RedisTwin(), None])
def test_large_value_is_decoded_elsewhere(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch, redis: RedisTwin | None
):
    """A value that takes its time to decode does not hold up the loop."""

    async def work() -> None:
        world = World(clock, redis)
        moved: list[object] = []
        in_thread = asyncio.to_thread

        async def watched(work, *details):
            moved.append(work)
            return await in_thread(work, *details)

        await world.keep("[" + ", ".join(map(str, range(100_000))) + "]", ONE)
        monkeypatch.setattr(asyncio, "to_thread", watched)
        shown = await browser_of(world).preview("uat:1:c:answers.0::=one", most_chars=12)
        assert (shown.text, shown.is_cut) == ("[\n  0,\n  1,\n", True)
        assert len(moved) == 1

    asyncio.run(work())


@given(
    st.sets(st.from_regex(r"[a-cA-C]{0,3}", fullmatch=True)),
    st.from_regex(r"[a-c]{0,2}", fullmatch=True),
    st.integers(1, 5),
)
def test_first_matching(words: set[str], wanted: str, most: int):
    """Of the keys that hold the text the first ones are found, as sorting all of them does."""
    keys = {VALUES + f"answers.0:{word}:={word}".encode() for word in words}
    keys |= {VALUES + b"others.0::=" + word.encode() for word in words}
    found = first_matching(keys, VALUES + b"answers.0:", wanted.encode(), most)
    expected = sorted(
        key for key in keys if key.startswith(VALUES + b"a") and wanted.encode() in
        key.partition(b".0:")[2].replace(b":=", b":").lower()
    )  # fmt: skip
    assert found == expected[:most]


def test_many_that_have_ended(clock: FakeClock):
    """Where more keys have ended than are looked at, the page says that it is not all."""

    async def work() -> None:
        world = World(clock, None)
        for number in range(SPARE_KEYS + 300):
            key = key_of("answers", f"a{number}")
            await world.tiers.keep(key, world.content("", 1000))
        await world.keep("value", key_of("answers", "b"))
        clock.advance(2.0)
        page = await browser_of(world).keys(limit=10)
        assert (len(page.rows), page.is_complete) == (0, False)
        page = await browser_of(world).keys(text="b", limit=10)
        assert ([row.name for row in page.rows], page.is_complete) == (["b"], True)

    asyncio.run(work())
