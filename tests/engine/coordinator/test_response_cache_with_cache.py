"""The response cache over the cache engine, as in the application."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from engine.assembly import cache_of_user
from engine.cache.settings import CacheSettings
from engine.clock import SystemClock
from engine.coordinator.response_cache import ResponseCache
from engine.coordinator.settings import ResponseCacheSettings
from engine.exchange import Reply
from engine.folders import Folders
from engine.joints import CachedAnswers
from tests.engine.coordinator.answering import EVENTS, Server, chat, whole


class Quick(Server):
    """A server that answers once it may, and then at once."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()
        self.asked = asyncio.Event()

    async def whole(self) -> Reply:
        """Make a whole answer."""
        self.made += 1
        self.asked.set()
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        reply = self._reply()
        reply.body = self.body
        self._end(reply)
        return reply


@pytest.fixture
def with_cache(folders: Folders) -> Callable[..., None]:
    """Return what runs a test's work with a response cache and a server."""

    def run(work: Callable[[ResponseCache, Quick], Awaitable[None]]) -> None:
        async def main() -> None:
            async with cache_of_user(folders, CacheSettings()) as store:
                settings = ResponseCacheSettings()
                cache = ResponseCache(
                    store=CachedAnswers(store), settings=lambda: settings, clock=SystemClock()
                )
                await work(cache, Quick())
                await cache.aclose()

        asyncio.run(main())

    return run


def test_whole_answers_are_shared_and_kept(with_cache: Callable[..., None]):
    """Made once for all who ask at once, then found."""

    async def work(cache: ResponseCache, server: Quick) -> None:
        server.go.set()
        asking = (cache.answer(chat(), "m", server.whole) for _ in range(4))
        replies = await asyncio.gather(*asking)
        assert sorted(reply.cached for reply in replies) == ["", "joined", "joined", "joined"]
        assert (await cache.answer(chat(), "m", server.whole)).cached == "hit"
        assert server.made == 1

    with_cache(work)


def test_giving_up_is_no_failure(with_cache: Callable[..., None], caplog: pytest.LogCaptureFixture):
    """When the last caller goes, the server is stopped; nothing is logged, and the next one who
    asks gets an answer of his own.
    """

    async def work(cache: ResponseCache, server: Quick) -> None:
        asking = [asyncio.create_task(cache.answer(chat(), "m", server.whole)) for _ in range(2)]
        await server.asked.wait()
        for each in asking:
            each.cancel()
        await asyncio.wait(asking)
        next_one = asyncio.create_task(cache.answer(chat(), "m", server.whole))
        await asyncio.sleep(0.01)
        assert server.cancelled == 1
        server.go.set()
        assert (await next_one).body == whole()
        assert server.made == 2

    with caplog.at_level(logging.INFO):
        with_cache(work)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_what_is_not_complete_is_no_failure_either(
    with_cache: Callable[..., None], caplog: pytest.LogCaptureFixture
):
    """An answer that a filter cut goes to those who wait, is kept by nobody, and is not logged."""

    async def work(cache: ResponseCache, server: Quick) -> None:
        server.go.set()
        server.body = whole("content_filter")
        for _ in range(2):
            asking = (cache.answer(chat(), "m", server.whole) for _ in range(2))
            replies = await asyncio.gather(*asking)
            assert {reply.body for reply in replies} == {server.body}
        assert server.made == 2

    with caplog.at_level(logging.INFO):
        with_cache(work)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_streams_are_kept_in_the_same_store(with_cache: Callable[..., None]):
    """A stream goes in and comes out again, byte for byte."""

    async def work(cache: ResponseCache, server: Quick) -> None:
        async def make() -> Reply:
            reply = server._reply()

            async def pieces():
                for event in EVENTS:
                    yield event
                server._end(reply)

            reply.stream = pieces()
            return reply

        for cached in ("", "hit", "hit"):
            reply = await cache.answer(chat(stream=True), "m", make)
            assert reply.stream is not None
            assert b"".join([piece async for piece in reply.stream]) == b"".join(EVENTS)
            assert reply.cached == cached

    with_cache(work)
