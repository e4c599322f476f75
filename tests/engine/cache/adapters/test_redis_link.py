"""One connection for many callers, against a server that says what the test tells it to."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.exceptions import ResponseError

from engine.errors import Unreachable
from tests.engine.cache.adapters.scripted_redis import linked

PUSH = b">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n"
WORDS = [b"invalidate", [b"k"]]


def test_answers_go_to_who_asked_in_order():
    """Each call gets as many answers as it sent commands, in order, errors among them."""

    async def scenario() -> None:
        async with linked() as (link, server, _):
            link.start()
            first = link.ask([("GET", "a")])
            second = link.ask([("GET", "b"), ("GET", "c"), ("GET", "d")])
            await server.say(b"$1\r\n1\r\n_\r\n-OOM full\r\n*2\r\n:1\r\n$0\r\n\r\n")
            assert await first == [b"1"]
            missing, refused, some = await second
            assert missing is None
            assert isinstance(refused, ResponseError)
            assert some == [1, b""]

    asyncio.run(scenario())


def test_pushes_come_between_answers():
    """What the server says by itself is told, and is nobody's answer."""

    async def scenario() -> None:
        async with linked() as (link, server, heard):
            link.start()
            asked = link.ask([("GET", "a"), ("GET", "b")])
            await server.say(PUSH, b":1\r\n", PUSH, PUSH, b":2\r\n", PUSH)
            assert await asked == [1, 2]
            again = link.ask([("GET", "a")])
            await server.say(b">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n", b":3\r\n")
            assert await again == [3]
            assert [list(words) for words in heard.pushes] == [
                *[WORDS] * 4,
                [b"message", b"c", b"m"],
            ]

    asyncio.run(scenario())


def test_exchange_gives_the_push_that_answers():
    """Before the link starts, a subscription is answered by its push, and refusals are raised."""

    async def scenario() -> None:
        async with linked() as (link, server, _):
            await server.say(b">3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n", b"-NOPERM no\r\n")
            assert list(await link.exchange("SUBSCRIBE", "c")) == [b"subscribe", b"c", 1]
            with pytest.raises(ResponseError):
                await link.exchange("PUBLISH", "c", "m")

    asyncio.run(scenario())


def test_loss_fails_who_waits_and_is_told_once():
    """When the server hangs up, everybody who waits hears why, and nobody can ask any more."""

    async def scenario() -> None:
        async with linked() as (link, server, heard):
            link.start()
            waiting = [link.ask([("GET", "a")]) for _ in range(3)]
            waiting[1].cancel()
            server.hang_up()
            for future in (waiting[0], waiting[2]):
                with pytest.raises(Unreachable, match="it"):
                    await future
            with pytest.raises(Unreachable):
                link.ask([("GET", "a")])
            await link.close()
            assert len(heard.lost) == 1

    asyncio.run(scenario())


@pytest.mark.parametrize("words", [b":1\r\n", b"HTTP/1.1 400\r\n", b"-LOADING it loads\r\n"])
def test_unasked_or_senseless_words_end_the_connection(words: bytes):
    """An answer that nobody asked for means that all later ones would be another's."""

    async def scenario() -> None:
        async with linked() as (link, server, heard):
            link.start()
            await server.say(words)
            while not heard.lost:  # noqa: ASYNC110 - a link sets no event
                await asyncio.sleep(0.001)
            with pytest.raises(Unreachable):
                link.ask([("GET", "a")])

    asyncio.run(scenario())


def test_fault_of_the_listener_ends_the_connection():
    """A listener that fails is shown, and nobody waits for answers that are not read any more."""

    async def scenario() -> None:
        shown: list[BaseException] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: shown.append(context["exception"]))
        async with linked() as (link, server, heard):
            link._pushed = {}.__getitem__  # type: ignore[assignment]
            link.start()
            asked = link.ask([("GET", "a")])
            await server.say(PUSH)
            with pytest.raises(Unreachable):
                await asked
            assert len(heard.lost) == len(shown) == 1
            assert isinstance(shown[0], TypeError)

    asyncio.run(scenario())


BATCHES = st.lists(st.tuples(st.integers(1, 4), st.booleans()), min_size=1, max_size=12)


@settings(max_examples=40)
@given(
    batches=BATCHES,
    cuts=st.lists(st.integers(0, 400), max_size=8),
    pushes=st.sets(st.integers(0, 40)),
)
def test_no_answer_is_ever_another_s(
    batches: list[tuple[int, bool]], cuts: list[int], pushes: set[int]
):
    """Whoever leaves, wherever the stream is cut and whatever is pushed: answers stay in order."""

    async def scenario() -> None:
        async with linked() as (link, server, heard):
            link.start()
            futures = [link.ask([("GET", "a")] * count) for count, _ in batches]
            for future, (_, leaves) in zip(futures, batches, strict=True):
                if leaves:
                    future.cancel()
            total = sum(count for count, _ in batches)
            parts = [(PUSH if n in pushes else b"") + b":%d\r\n" % n for n in range(total)]
            stream = b"".join(parts)
            places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
            await server.say(*(stream[a:b] for a, b in pairwise(places)))
            first = 0
            for future, (count, leaves) in zip(futures, batches, strict=True):
                if not leaves:
                    assert await future == list(range(first, first + count))
                first += count
            last = link.ask([("PING",)])
            await server.say(b"+last\r\n")
            assert await last == [b"last"]
            assert len(heard.pushes) == len({n for n in pushes if n < total})

    asyncio.run(scenario())
