"""Who asks what was asked before gets the answer of then."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from engine.coordinator.kept_answer import may_serve
from engine.coordinator.response_cache import ResponseCache
from engine.coordinator.settings import ResponseCacheSettings
from engine.errors import Overloaded, Refused, Rejected, TimedOut, Unreachable
from engine.exchange import CacheWish, LlmRequest, Native, Reply, Task
from tests.engine.coordinator.answering import (
    EVENTS,
    TOKENS,
    Server,
    chat,
    event,
    whole,
)
from tests.engine.coordinator.fake_answers import FakeAnswers
from tests.leaping import LeapingLoop, leap

USUAL = ResponseCacheSettings()
STREAM = {"stream": True}


class World:
    """A response cache over a dictionary, and a server, in virtual time."""

    def __init__(self, loop: LeapingLoop) -> None:
        self.loop = loop
        self.settings = USUAL
        self.store = FakeAnswers(loop)
        self.server = Server()
        self.cache = ResponseCache(store=self.store, settings=lambda: self.settings, clock=loop)

    async def ask(self, request: LlmRequest | None = None) -> Reply:
        """Return the answer to `request`, or to the usual one."""
        request = request or chat()
        make = self.server.stream if request.is_stream else self.server.whole
        return await self.cache.answer(request, "m", make)

    async def read(self, request: LlmRequest | None = None) -> tuple[Reply, bytes]:
        """Return the reply to a stream, and all of it."""
        reply = await self.ask(request or chat(**STREAM))
        assert reply.stream is not None
        return reply, b"".join([piece async for piece in reply.stream])


def with_world(work: Callable[[World], Awaitable[None]]) -> None:
    """Run `work`, close the cache, and fail where a task stays."""

    async def main(loop: LeapingLoop) -> None:
        world = World(loop)
        try:
            await work(world)
        finally:
            await world.cache.aclose()

    leap(main)


@pytest.mark.parametrize(
    ("request_", "settings", "may"),
    [
        (chat(), USUAL, True),
        (chat(temperature=0.0), USUAL, True),
        (chat(temperature=0.1), USUAL, False),
        (chat(temperature=None), USUAL, False),
        (chat(temperature=False), USUAL, False),
        (chat(temperature="0"), USUAL, False),
        (chat(temperature=1), replace(USUAL, any_temperature=True), True),
        (chat(temperature=1, cache=CacheWish.ALWAYS), USUAL, True),
        (chat(cache=CacheWish.NEVER), USUAL, False),
        (chat(), replace(USUAL, is_enabled=False), False),
        (chat(cache=CacheWish.ALWAYS), replace(USUAL, is_enabled=False), False),
        (chat(temperature=None, task=Task.EMBEDDING), USUAL, True),
        (chat(task=Task.EMBEDDING, cache=CacheWish.NEVER), USUAL, False),
        (chat(web_search_options={"x": 1}), USUAL, False),
    ],
)
def test_what_may_be_given_again(request_: LlmRequest, settings: ResponseCacheSettings, may: bool):
    """Only what would be answered alike, unless somebody asks for more; never what must not."""
    assert may_serve(request_, settings) is may


def test_asked_again_it_is_not_made_again():
    """The second gets the same bytes, for nothing, under his own request's id, and at once."""

    async def work(world: World) -> None:
        first = await world.ask()
        later = replace(chat(came_s=world.loop.now()), id="r2")
        world.loop.hold_up(0.25)
        second = await world.ask(later)
        assert first is world.server.replies[0]
        assert (first.cached, second.cached) == ("", "hit")
        assert second.body == first.body
        assert (second.id, second.model, second.endpoint) == ("r2", "m", "one")
        assert (second.usage, second.cost_usd, second.finish_reason) == (TOKENS, 0.0, "stop")
        assert (second.ended_s, second.is_over) == (0.25, True)
        assert world.server.made == 1
        assert world.cache.counts["cache_hits"] == world.cache.counts["cache_stored"] == 1

    with_world(work)


def test_other_questions_have_other_answers():
    """What may not be kept, and what asks for something else, is made each time."""

    async def work(world: World) -> None:
        for request in (chat(), chat(temperature=1), chat(temperature=1), chat(seed=1)):
            assert (await world.ask(request)).cached == ""
        assert world.server.made == 4
        assert len(world.store) == 2

    with_world(work)


def test_without_a_right_to_the_cache_the_store_is_left_alone():
    """A request that may not be served from the cache does not even look there."""

    async def work(world: World) -> None:
        await world.ask(chat(temperature=1))
        assert world.store.reads == 0

    with_world(work)


def test_all_who_ask_at_once_get_one_answer():
    """It is made once; everybody but the first reads along for nothing."""

    async def work(world: World) -> None:
        replies = await asyncio.gather(*(world.ask() for _ in range(5)))
        assert [reply.cached for reply in replies] == ["", *["joined"] * 4]
        assert {reply.body for reply in replies} == {whole()}
        assert sum(reply.cost_usd or 0 for reply in replies) == 0.5
        assert world.server.made == 1
        assert world.cache.counts["cache_joined"] == 4

    with_world(work)


@pytest.mark.parametrize("error", [Rejected("no such field"), Unreachable("gone")])
def test_an_error_reaches_everybody_and_is_not_kept(error: Exception):
    """Who waits for a failed answer gets its error; the next one asks anew."""

    async def work(world: World) -> None:
        world.server.error = error
        found = await asyncio.gather(*(world.ask() for _ in range(3)), return_exceptions=True)
        assert found == [error] * 3
        world.server.error = None
        assert (await world.ask()).cached == ""
        assert world.server.made == 2

    with_world(work)


@pytest.mark.parametrize(
    "body",
    [
        whole("content_filter"),
        b'{"choices": [{"finish_reason": "stop"}, {"finish_reason": "content_filter"}]}',
        b'{"choices": [{"finish_reason": null}]}',
        b"<html>",
        b"",
        b'{"choices": []}',
    ],
)
def test_what_is_not_complete_is_not_kept(body: bytes):
    """An answer that was cut off is given to those who waited for it, and to nobody after them."""

    async def work(world: World) -> None:
        world.server.body = body
        replies = await asyncio.gather(*(world.ask() for _ in range(2)))
        assert [(reply.cached, reply.body) for reply in replies] == [("", body), ("joined", body)]
        assert (await world.ask()).cached == ""
        assert world.server.made == 2

    with_world(work)


def test_what_is_too_large_is_not_kept():
    """An answer above the limit is handed on and forgotten, whole or streamed."""

    async def work(world: World) -> None:
        world.settings = replace(USUAL, largest_kib=1)
        world.server.body = whole() + b" " * 1024
        world.server.events = (event("x" * 600), event("y" * 600), *EVENTS)
        for _ in range(2):
            assert (await world.ask()).cached == ""
            reply, text = await world.read()
            assert (reply.cached, text) == ("", b"".join(world.server.events))
        assert len(world.store) == 0

    with_world(work)


def test_who_comes_too_late_for_a_large_stream_gets_his_own():
    """Its beginning is no longer there: he does not get the rest of it."""

    async def work(world: World) -> None:
        world.settings = replace(USUAL, largest_kib=1)
        world.server.events = (event("x" * 2000), *EVENTS)
        first = asyncio.create_task(world.read())
        await asyncio.sleep(2.5)
        reply, text = await world.read()
        assert (reply.cached, text) == ("", b"".join(world.server.events))
        assert (await first)[1] == text
        assert world.server.made == 2

    with_world(work)


def test_embeddings_are_kept_although_nothing_ends_them():
    """The same text has the same vector."""

    async def work(world: World) -> None:
        world.server.body, world.server.finish_reason = b'{"data": []}', ""
        request = LlmRequest("m", {"input": "hi"}, task=Task.EMBEDDING)
        assert (await world.ask(request)).cached == ""
        assert (await world.ask(request)).cached == "hit"

    with_world(work)


def test_an_old_answer_is_better_than_none():
    """Past its time it is made again; where nobody can, the old one serves for a while."""

    async def work(world: World) -> None:
        for request in (chat(), chat(**STREAM)):
            await (world.read(request) if request.is_stream else world.ask(request))
            world.loop.hold_up(USUAL.ttl_s + 1)
            for error in (Unreachable("gone"), Overloaded("busy")):
                world.server.error = error
                assert (await world.ask(request)).cached == "stale"
            world.server.error = Rejected("no such field")
            with pytest.raises(Rejected):
                await world.ask(request)
            world.server.error = Unreachable("gone")
            world.loop.hold_up(USUAL.stale_if_error_s)
            with pytest.raises(Unreachable):
                await world.ask(request)
            world.server.error = None
        assert world.cache.counts["cache_stale"] == 4

    with_world(work)


def test_past_its_time_a_new_one_is_made():
    """Where the servers answer, nobody gets an old answer."""

    async def work(world: World) -> None:
        await world.ask()
        await world.read()
        world.loop.hold_up(USUAL.ttl_s + 1)
        assert (await world.ask()).cached == ""
        assert (await world.read())[0].cached == ""
        assert world.server.made == 4

    with_world(work)


def test_a_calendar_that_jumps_back_keeps_nothing_for_longer():
    """A stream kept in what is now a far future is made again, and kept anew."""

    async def work(world: World) -> None:
        await world.read()
        right = world.loop.wall
        world.loop.wall = lambda: right() - timedelta(days=400)  # type: ignore[method-assign]
        assert (await world.read())[0].cached == ""
        assert (await world.read())[0].cached == "hit"

    with_world(work)


def test_the_last_to_leave_stops_the_server():
    """While one waits the answer is made; when nobody does, it is cancelled at once."""

    async def work(world: World) -> None:
        for request in (chat(), chat(**STREAM)):
            world.server.cancelled = 0
            askers = [asyncio.create_task(world.ask(request)) for _ in range(3)]
            await asyncio.sleep(0.5)
            for asker in askers[:2]:
                asker.cancel()
            await asyncio.sleep(0.1)
            assert world.server.cancelled == 0
            askers[2].cancel()
            await asyncio.wait(askers)
            await asyncio.sleep(0.01)
            assert world.server.cancelled == 1

    with_world(work)


def test_the_first_may_leave():
    """Those who joined get the answer also when whoever asked first is gone, and one of them is
    told what it cost: else nobody would account for it.
    """

    async def work(world: World) -> None:
        for request in (chat(), chat(**STREAM)):
            first = asyncio.create_task(world.ask(request))
            await asyncio.sleep(0.5)
            others = [asyncio.create_task(world.ask(replace(request, id=id))) for id in "ab"]
            await asyncio.sleep(0.1)
            first.cancel()
            replies = await asyncio.gather(*others)
            for reply in replies:
                if reply.stream is not None:
                    assert b"".join([piece async for piece in reply.stream]) == b"".join(EVENTS)
                else:
                    assert reply.body == whole()
            assert [(reply.id, reply.cached) for reply in replies] == [("a", ""), ("b", "joined")]
            assert [reply.cost_usd for reply in replies] == [0.5, 0.0]
        assert world.server.made == 2

    with_world(work)


@pytest.mark.parametrize("fields", [{}, STREAM])
def test_the_deadline_of_whoever_asked_first_is_his_alone(fields: dict[str, bool]):
    """Who joined and has more time gets his answer all the same."""

    async def work(world: World) -> None:
        hasty = replace(chat(came_s=world.loop.now(), **fields), deadline_s=0.5)
        patient = chat(came_s=world.loop.now(), **fields)
        usual = world.server.stream if fields else world.server.whole

        async def out_of_time() -> Reply:
            await asyncio.sleep(0.5)
            raise TimedOut("not answered by its deadline")

        first = asyncio.create_task(world.cache.answer(hasty, "m", out_of_time))
        await asyncio.sleep(0.1)
        others = [asyncio.create_task(world.cache.answer(patient, "m", usual)) for _ in range(2)]
        with pytest.raises(TimedOut):
            await first
        replies = [await other for other in others]
        assert sorted(reply.cached for reply in replies) == ["", "joined"]
        assert world.server.made == 1
        for reply in replies:
            await reply.aclose()

    with_world(work)


@pytest.mark.parametrize("fields", [{}, STREAM])
def test_who_joins_keeps_his_own_deadline(fields: dict[str, bool]):
    """He does not wait as long as whoever asked first; that one is not disturbed."""

    async def work(world: World) -> None:
        first = asyncio.create_task(world.ask(chat(**fields)))
        await asyncio.sleep(0.2)
        hasty = replace(chat(came_s=world.loop.now(), **fields), deadline_s=0.5)
        with pytest.raises(TimedOut, match="deadline"):
            await world.ask(hasty)
        assert world.loop.now() == pytest.approx(hasty.came_s + 0.5)
        patient = replace(hasty, came_s=world.loop.now())
        assert (await world.ask(patient)).cached == "joined"
        reply = await first
        assert reply.cached == ""
        assert world.server.made == 1
        await reply.aclose()

    with_world(work)


def test_whoever_comes_while_it_is_given_up_asks_anew():
    """A new request is not answered by the end of one that everybody has left."""

    async def work(world: World) -> None:
        first = asyncio.create_task(world.ask())
        await asyncio.sleep(0.5)
        first.cancel()
        await asyncio.sleep(0)
        assert (await world.ask()).body == whole()

    with_world(work)


def test_a_stream_is_replayed_as_a_stream():
    """The same bytes in events, whole at the end, with the tokens it took the first time."""

    async def work(world: World) -> None:
        first, text = await world.read()
        again, same = await world.read()
        assert (first.cached, again.cached) == ("", "hit")
        assert text == same == b"".join(EVENTS)
        assert first.is_over
        assert again.is_over
        assert (again.usage, again.finish_reason, again.cost_usd) == (TOKENS, "stop", 0.0)
        assert world.server.made == 1

    with_world(work)


def test_a_stream_and_a_whole_answer_are_kept_apart():
    """Who wants a stream gets no body, and the other way round."""

    async def work(world: World) -> None:
        await world.read()
        assert (await world.ask()).body == whole()
        assert world.server.made == 2

    with_world(work)


@pytest.mark.parametrize("leaves_early", [False, True])
def test_a_stream_is_over_once_its_first_reader_is_through(leaves_early: bool):
    """Whoever asked first may be slower than the server: what he reads is not over before he has
    read it, and it is never over before it is known what it cost.
    """

    async def work(world: World) -> None:
        reply, other = [await world.ask(chat(**STREAM)) for _ in range(2)]
        ends: list[tuple[bytes, object, float | None]] = []
        came = b""
        reply.when_over(lambda over: ends.append((came, over.usage, over.cost_usd)))
        assert reply.stream is not None
        if leaves_early:
            await reply.aclose()
            assert ends == []
        assert other.stream is not None
        _ = [piece async for piece in other.stream]
        await asyncio.sleep(1)
        assert ends == ([(b"", TOKENS, 0.5)] if leaves_early else [])
        if not leaves_early:
            async for piece in reply.stream:
                came += piece
            assert ends == [(b"".join(EVENTS), TOKENS, 0.5)]
        assert (reply.finish_reason, reply.is_over) == ("stop", True)

    with_world(work)


def test_who_comes_later_reads_along_from_the_start():
    """A stream under way is read by all: each gets all of it, and the late one at once."""

    async def work(world: World) -> None:
        first = asyncio.create_task(world.read())
        await asyncio.sleep(2.5)  # two events have come
        reply = await world.ask(chat(came_s=world.loop.now(), **STREAM))
        assert reply.cached == "joined"
        assert reply.stream is not None
        began_s = world.loop.now()
        assert await anext(reply.stream) == EVENTS[0] + EVENTS[1]
        assert world.loop.now() == began_s
        rest = b"".join([piece async for piece in reply.stream])
        assert rest == EVENTS[2] + EVENTS[3]
        assert (reply.usage, reply.finish_reason, reply.cost_usd) == (TOKENS, "stop", 0.0)
        assert reply.is_over
        assert (await first)[1] == b"".join(EVENTS)
        assert world.server.made == 1

    with_world(work)


def test_a_reader_that_leaves_disturbs_nobody():
    """The server goes on for the others; when the last reader leaves, it is stopped."""

    async def work(world: World) -> None:
        replies = [await world.ask(chat(**STREAM)) for _ in range(2)]
        await replies[0].aclose()
        assert replies[1].stream is not None
        assert await anext(replies[1].stream) == EVENTS[0]
        assert world.server.closed == 0
        await replies[1].aclose()
        await asyncio.sleep(0.01)
        assert world.server.closed == 1
        assert [reply.is_over for reply in replies] == [True, True]
        assert len(world.store) == 0

    with_world(work)


@pytest.mark.parametrize(
    ("events", "finish_reason", "problem", "fields"),
    [
        (EVENTS[:2], "", "the connection broke", {}),
        (EVENTS[:3], "stop", "", {}),
        (EVENTS, "content_filter", "", {}),
        ((event("a", "content_filter"), *EVENTS), "stop", "", {"n": 2}),
        ((), "stop", "", {}),
    ],
)
def test_a_stream_that_broke_is_not_kept(
    events: tuple[bytes, ...], finish_reason: str, problem: str, fields: dict[str, int]
):
    """Without an end, with a bad one, or with a problem it is nobody else's answer."""

    async def work(world: World) -> None:
        world.server.events, world.server.finish_reason = events, finish_reason
        world.server.problem = problem
        replies = await asyncio.gather(*(world.read(chat(**STREAM, **fields)) for _ in range(2)))
        assert {reply.problem for reply, _ in replies} == {problem}
        assert {text for _, text in replies} == {b"".join(events)}
        assert len(world.store) == 0

    with_world(work)


def test_several_choices_are_kept_when_all_are_complete():
    """With n above 1 every choice counts."""

    async def work(world: World) -> None:
        await world.read(chat(n=2, **STREAM))
        assert (await world.read(chat(n=2, **STREAM)))[0].cached == "hit"

    with_world(work)


def test_another_dialect_is_kept_as_it_came():
    """What an Anthropic server wrote comes back in its own words, and to its own askers only."""

    async def work(world: World) -> None:
        native = Native("anthropic", {"messages": [], "temperature": 0, "stream": True})
        world.server.events = (b"event: message_start\ndata: {}\n\n",)
        world.server.finish_reason = "end_turn"

        async def make() -> Reply:
            reply = await world.server.stream()
            reply.dialect = "anthropic"
            return reply

        request = chat(native=native, **STREAM)
        for cached in ("", "hit"):
            reply = await world.cache.answer(request, "m", make)
            assert (reply.cached, reply.dialect) == (cached, "anthropic")
            assert reply.stream is not None
            assert [piece async for piece in reply.stream] == list(world.server.events)
        world.server.events = EVENTS
        assert (await world.read())[0].cached == ""

    with_world(work)


def test_a_server_may_answer_a_stream_whole():
    """Where a server does not stream, the whole answer is kept and handed out as one."""

    async def work(world: World) -> None:
        for cached in ("", "hit"):
            reply = await world.cache.answer(chat(**STREAM), "m", world.server.whole)
            assert (reply.cached, reply.stream, reply.body) == (cached, None, whole())

    with_world(work)


def test_closing_ends_what_is_under_way():
    """Nothing is left behind, and who still waits is told."""

    async def work(world: World) -> None:
        askers = [asyncio.create_task(world.ask()), asyncio.create_task(world.read())]
        await asyncio.sleep(0.5)
        await world.cache.aclose()
        found = await asyncio.gather(*askers, return_exceptions=True)
        assert [type(each) for each in found] == [Refused, Refused]
        assert world.server.cancelled == 2

    with_world(work)


def test_named_keys_share_answers_unless_one_wants_none():
    """What one key asked answers another at no cost; who says no-store neither gets nor gives."""

    async def work(world: World) -> None:
        shy, one, other = (
            replace(chat(), client=name, cache=cache)
            for name, cache in (
                ("shy", CacheWish.NEVER),
                ("one", CacheWish.USUAL),
                ("other", CacheWish.USUAL),
            )
        )
        assert (await world.ask(shy)).cached == ""
        assert (await world.ask(one)).cached == ""
        found = await world.ask(other)
        assert (found.cached, found.cost_usd) == ("hit", 0.0)
        assert (await world.ask(shy)).cached == ""

    with_world(work)
