"""What keeps answers for the coordinator, run on each store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from engine.assembly import cache_of_user
from engine.cache.settings import CacheSettings
from engine.coordinator.ports import AnswerStore
from engine.errors import Overloaded, Rejected, Unreachable
from engine.folders import Folders
from engine.joints import CachedAnswers
from tests.conftest import FakeClock
from tests.engine.coordinator.fake_answers import FakeAnswers

Work = Callable[[AnswerStore], Awaitable[None]]


@pytest.fixture(params=["fake", "cache"])
def with_store(
    request: pytest.FixtureRequest,
    folders: Folders,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[Work], None]:
    """Return what runs a test's work on one store, which goes by `clock`."""
    monkeypatch.setattr("engine.outsides.SystemClock", lambda: clock)

    @asynccontextmanager
    async def opened() -> AsyncIterator[AnswerStore]:
        if request.param == "fake":
            yield FakeAnswers(clock)
            return
        async with cache_of_user(folders, CacheSettings()) as cache:
            yield CachedAnswers(cache)

    def run(work: Work) -> None:
        async def main() -> None:
            async with opened() as store:
                await work(store)

        asyncio.run(main())

    return run


class Maker:
    """Makes answers, counts, and fails on demand."""

    def __init__(self) -> None:
        self.made = 0
        self.error: Exception | None = None
        self.go = asyncio.Event()
        self.go.set()

    async def __call__(self) -> bytes:
        self.made += 1
        await self.go.wait()
        if self.error is not None:
            raise self.error
        return b"answer"


def test_what_is_put_can_be_got(with_store: Callable[[Work], None]):
    """Any bytes, also none; what was never put is not there."""

    async def work(store: AnswerStore) -> None:
        await store.put("a", b"\x00\xff", 60)
        await store.put("b", b"", 60)
        assert [await store.get(key) for key in ("a", "b", "c")] == [b"\x00\xff", b"", None]

    with_store(work)


def test_it_is_made_once_for_all(with_store: Callable[[Work], None]):
    """Who asks while it is made, and who asks later, gets what was made first."""

    async def work(store: AnswerStore) -> None:
        maker = Maker()
        found = await asyncio.gather(*(store.fetch("k", maker, 60, 60) for _ in range(5)))
        assert found == [b"answer"] * 5
        assert await store.fetch("k", maker, 60, 60) == b"answer"
        assert await store.get("k") == b"answer"
        assert maker.made == 1

    with_store(work)


def test_who_leaves_does_not_stop_the_others(with_store: Callable[[Work], None]):
    """A caller that is cancelled goes alone."""

    async def work(store: AnswerStore) -> None:
        maker = Maker()
        maker.go.clear()
        one, two = (asyncio.ensure_future(store.fetch("k", maker, 60, 0)) for _ in range(2))
        await asyncio.sleep(0.01)
        one.cancel()
        maker.go.set()
        assert await two == b"answer"
        assert one.cancelled()
        assert maker.made == 1

    with_store(work)


class WayOut(Exception):
    """Neither an error of the outside nor of ours."""


@pytest.mark.parametrize("error", [Rejected("no"), Unreachable("gone"), WayOut("not kept")])
def test_a_failure_reaches_all_and_is_not_kept(
    with_store: Callable[[Work], None], error: Exception
):
    """Whatever `make` raises comes out as it is; the next one makes anew."""

    async def work(store: AnswerStore) -> None:
        maker = Maker()
        maker.error = error
        asking = [store.fetch("k", maker, 60, 60) for _ in range(3)]
        assert await asyncio.gather(*asking, return_exceptions=True) == [error] * 3
        assert await store.get("k") is None
        maker.error = None
        assert await store.fetch("k", maker, 60, 60) == b"answer"
        assert maker.made == 2

    with_store(work)


@pytest.mark.parametrize("error", [Unreachable("gone"), Overloaded("busy"), Rejected("no")])
def test_old_is_better_than_none(
    with_store: Callable[[Work], None], clock: FakeClock, error: Exception
):
    """Past its time it serves where the outside fails, and not where the question is wrong."""

    async def work(store: AnswerStore) -> None:
        maker = Maker()
        assert await store.fetch("k", maker, 1, 60) == b"answer"
        clock.advance(1.5)
        assert await store.get("k") is None
        maker.error = error
        if isinstance(error, Rejected):
            with pytest.raises(Rejected):
                await store.fetch("k", maker, 1, 60)
        else:
            assert await store.fetch("k", maker, 1, 60) == b"answer"
        assert maker.made == 2

    with_store(work)
