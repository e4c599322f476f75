"""A stream on its way to the client."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.coordinator.events import whole_events
from engine.coordinator.settings import Price
from engine.errors import Damaged, Refused, TimedOut, Unreachable
from engine.exchange import DONE, CacheWish, Usage
from tests.engine.coordinator.fake_answers import FakeAnswers
from tests.engine.coordinator.fake_provider import (
    USAGE_EVENT,
    Step,
    broken,
    event,
    stalled,
    stream,
    whole,
)
from tests.engine.coordinator.world import World, chat, endpoint, read, run

A = endpoint("a")
HI = event({"content": "grüß €😀"})
END = event({}, "stop")


def said(*pieces: bytes, each_s: float = 0.0, **more: object) -> Step:
    """Return a stream of these bytes, cut as they are here."""
    return Step(pieces=tuple((each_s, piece) for piece in pieces), **more)  # type: ignore[arg-type]


def test_a_stream_comes_through_byte_for_byte(tmp_path: Path):
    """What the server wrote is handed on, unknown fields and comments included."""

    async def work(world: World) -> None:
        async with world.opened(A):
            odd = b': hm\r\n\r\nid: 7\r\ndata: {"choices":[{"new":1}]}\r\n\r\n'
            world["a"].then(said(HI, odd, END, USAGE_EVENT, DONE))
            reply = await world.send(chat(is_stream=True))
            assert await read(reply) == HI + odd + END + USAGE_EVENT + DONE
            assert (reply.usage, reply.finish_reason) == (Usage(9, 5), "stop")
            assert (reply.problem, reply.is_over, reply.cost_usd) == ("", True, 0.0)

    run(tmp_path, work)


def test_tokens_that_only_we_asked_for_are_not_told(tmp_path: Path):
    """They are accounted for; the client gets the stream it asked for, however it is cut."""
    null = HI[:-3] + b',"usage":null}\n\n'

    async def work(world: World) -> None:
        async with world.opened(A):
            for pieces in ((null, END, USAGE_EVENT, DONE), (null + END + USAGE_EVENT + DONE,)):
                world["a"].then(said(*pieces, has_extra_usage=True))
                reply = await world.send(chat(is_stream=True))
                assert await read(reply) == null + END + DONE
                assert (reply.usage, reply.finish_reason) == (Usage(9, 5), "stop")

    run(tmp_path, work)


def test_tokens_beside_words_stay(tmp_path: Path):
    """Only an event that has nothing but the tokens is taken out."""
    last = event({"content": "!"}, "stop", usage={"prompt_tokens": 9, "completion_tokens": 5})

    async def work(world: World) -> None:
        async with world.opened(A):
            world["a"].then(said(HI, last, DONE, has_extra_usage=True))
            assert await read(await world.send(chat(is_stream=True))) == HI + last + DONE

    run(tmp_path, work)


@given(cuts=st.lists(st.integers(0, 400), max_size=20))
@settings(max_examples=60)
def test_pieces_end_where_events_end(tmp_path_factory: pytest.TempPathFactory, cuts: list[int]):
    """However the network cuts a stream, also within a character, the client gets whole events."""
    full = HI + HI + END + DONE
    edges = sorted({0, len(full), *(cut for cut in cuts if cut < len(full))})
    pieces = [full[a:b] for a, b in pairwise(edges)]

    async def work(world: World) -> None:
        async with world.opened(A):
            world["a"].then(said(*pieces))
            reply = await world.send(chat(is_stream=True))
            assert reply.stream is not None
            got = [piece async for piece in reply.stream]
            assert b"".join(got) == full
            assert all(whole_events(piece) == len(piece) for piece in got)

    run(tmp_path_factory.mktemp("cut"), work)


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (said(b"<html>", b"\n\n</html>"), Damaged),
        (said(b'{"error": "no"}'), Damaged),
        (said(), Damaged),
        (said(b": only a comment\n\n"), Damaged),
        (said(DONE), Damaged),
        (said(b"data: <html>\n\n", HI), Damaged),
        (said(b'data: {"error":{"message":"no memory"}}\n\n'), Refused),
        (said(b'event: error\ndata: {"error":{"message":"no memory"}}\n\n'), Refused),
        (said(b'error: {"message":"no memory","error":"x"}\n\n'), Refused),
        (broken(0), Unreachable),
    ],
)
def test_what_is_no_stream_never_reaches_the_client(
    tmp_path: Path, step: Step, error: type[Exception]
):
    """Anything but a first event with an answer in it is a failure of the server."""

    async def work(world: World) -> None:
        async with world.opened(A, retry_share=0):
            world["a"].usual = step
            with pytest.raises(error):
                await world.send(chat(is_stream=True))
            assert world.tried() == [("a", "failed")]
            assert world["a"].in_flight == 0

    run(tmp_path, work)


def test_comments_before_the_first_event_are_no_answer(tmp_path: Path):
    """A server that only says that it still works on it may still fail unseen."""

    async def work(world: World) -> None:
        async with world.opened(A):
            world["a"].then(said(b": processing\n\n", b": processing\n\n" + HI, END, DONE))
            assert await read(await world.send(chat(is_stream=True))) == HI + END + DONE

    run(tmp_path, work)


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (broken(2), "the connection broke"),
        (said(HI, HI), "in the middle of the answer"),
        (stalled(1), "nothing came for 60 s"),
        (said(HI, b"<html>\n\n"), "something else"),
        (said(HI, HI + b"\x00\xff oh\n\n" + HI), "something else"),
        (said(HI, HI[:-20]), "in the middle of the answer"),
        (said(HI, b'error: {"code":500,"message":"slot gone","error":1}\n\n'), "slot gone"),
    ],
)
def test_a_break_is_told_in_the_stream(tmp_path: Path, step: Step, reason: str):
    """After the first byte the client gets one event with the error, and no false [DONE]."""

    async def work(world: World) -> None:
        async with world.opened(A, stall_timeout_s=60):
            world["a"].usual = step
            reply = await world.send(chat(is_stream=True))
            got = await read(reply)
            assert got.startswith(HI[:5])
            assert DONE not in got
            last = got.split(b"\n\n")[-2]
            assert reason in msgspec.json.decode(last[6:])["error"]["message"]
            assert reason in reply.problem
            assert reply.is_over
            assert world.tried() == [("a", "failed")]
            view = world.view("a")
            assert (view.in_flight, view.failures) == (0, 1)
            assert world["a"].in_flight == 0
            assert world.coordinator.snapshot().counts["failed"] == 1

    run(tmp_path, work)


def test_a_servers_own_error_event_goes_on_as_it_is(tmp_path: Path):
    """Its code and type help the client; what follows it is left out."""
    error = b'data: {"error":{"message":"slot gone","type":"x","code":7}}\n\n'

    async def work(world: World) -> None:
        async with world.opened(A):
            world["a"].usual = said(HI + error + DONE)
            reply = await world.send(chat(is_stream=True))
            assert await read(reply) == HI + error
            assert "slot gone" in reply.problem

    run(tmp_path, work)


def test_words_about_errors_are_words(tmp_path: Path):
    """An answer that speaks of errors, or has an empty one, is none."""
    words = event({"content": '"error": {"message": "x"} [DONE] event: error'}, error=None)

    async def work(world: World) -> None:
        async with world.opened(A):
            world["a"].usual = said(words, END, DONE)
            reply = await world.send(chat(is_stream=True))
            assert await read(reply) == words + END + DONE
            assert reply.problem == ""

    run(tmp_path, work)


def test_an_end_without_done_is_an_end(tmp_path: Path):
    """Servers that only say why they ended get their [DONE] from us, as do those cut after it."""

    async def work(world: World) -> None:
        async with world.opened(A):
            for pieces in ([HI, END], [HI, END, b"data: [DONE]"], [HI, END[:-2]]):
                world["a"].then(said(*pieces))
                reply = await world.send(chat(is_stream=True))
                assert await read(reply) == HI + END + DONE
                assert reply.problem == ""

    run(tmp_path, work)


def test_a_slow_client_is_no_stall(tmp_path: Path):
    """Only the server's silence counts, and each of its words ends it."""

    async def work(world: World) -> None:
        async with world.opened(A, stall_timeout_s=60, deadline_s=10_000):
            world["a"].then(stream(each_s=50))
            reply = await world.send(chat(is_stream=True))
            assert reply.stream is not None
            async for _ in reply.stream:
                await asyncio.sleep(100)
            assert reply.problem == ""

    run(tmp_path, work)


def test_a_stream_ends_by_its_deadline(tmp_path: Path):
    """A server that never stops talking is stopped."""

    async def work(world: World) -> None:
        async with world.opened(A, deadline_s=100):
            world["a"].then(stream(["word"] * 1000, each_s=1))
            reply = await world.send(chat(is_stream=True))
            await read(reply)
            assert "deadline" in reply.problem
            assert reply.ended_s == pytest.approx(100, abs=0.01)
            assert world["a"].calls[0].was_closed

    run(tmp_path, work)


@pytest.mark.parametrize("pieces", [0, 1, 3])
def test_closing_a_stream_cancels_the_server(tmp_path: Path, pieces: int):
    """Whether something of it was read or not, the server's request ends at once."""

    async def work(world: World) -> None:
        async with world.opened(A):
            world["a"].then(stream(each_s=1))
            reply = await world.send(chat(is_stream=True))
            assert reply.stream is not None
            for _ in range(pieces):
                await anext(reply.stream)
            await reply.aclose()
            await reply.aclose()
            assert world["a"].calls[0].was_closed
            assert world["a"].in_flight == 0
            assert (reply.is_over, reply.problem) == (True, "")
            assert world.tried() == [("a", "abandoned")]
            assert world.coordinator.snapshot().counts["abandoned"] == 1
            assert world.view("a").in_flight == 0

    run(tmp_path, work)


def test_what_nobody_counted_is_estimated(tmp_path: Path):
    """A stream that is left, that breaks, or whose server never tells tokens is billed as well."""

    async def work(world: World) -> None:
        far = endpoint("a", is_local=False)
        world.prices.replace((Price("fake", 1.0, 2.0),))
        async with world.opened(far) as coordinator:
            for step, pieces, tokens in (
                (stream(each_s=1), 3, 3),
                (broken(3), 99, 3),
                (stream(), 99, 5),
            ):
                world["a"].then(step)
                reply = await world.send(chat("a" * 400, is_stream=True))
                assert reply.stream is not None
                async for _ in reply.stream:
                    if (pieces := pieces - 1) == 0:
                        break
                await reply.aclose()
                assert reply.usage == Usage(104, tokens, is_estimated=True)
                assert reply.cost_usd == (104 * 1 + tokens * 2) / 1e6
            (row,) = coordinator.snapshot().usage
            assert (row.prompt_tokens, row.completion_tokens) == (3 * 104, 3 + 3 + 5)
            assert (row.requests, row.estimated) == (3, 3)

    run(tmp_path, work)


def test_a_stream_that_is_left_is_entered_also_where_answers_are_shared(tmp_path: Path):
    """Where it is read from a shared one, what it used is entered once its server was left."""

    async def work(world: World) -> None:
        world.answers = FakeAnswers(world.loop)
        async with world.opened(A) as coordinator:
            world["a"].then(stream(each_s=1))
            reply = await world.send(chat(is_stream=True, cache=CacheWish.ALWAYS))
            assert reply.stream is not None
            await anext(reply.stream)
            await reply.aclose()
            await asyncio.sleep(1)
            assert reply.is_over
            assert reply.usage is not None
            assert reply.usage.is_estimated
            (row,) = coordinator.snapshot().usage
            assert (row.requests, row.estimated) == (1, 1)
            assert row.completion_tokens >= 1

    run(tmp_path, work)


def test_what_a_left_stream_of_anthropics_told_counts(tmp_path: Path):
    """Its first event tells the prompt's tokens, which are right; those of the answer are not."""
    begin = (
        b'event: message_start\ndata: {"type":"message_start","message":{"usage":'
        b'{"input_tokens":4,"output_tokens":1}}}\n\n'
    )
    said_more = b'event: content_block_delta\ndata: {"type":"content_block_delta"}\n\n'
    told = b'event: message_delta\ndata: {"delta":{},"usage": {"output_tokens":9}}\n\n'

    async def work(world: World) -> None:
        async with world.opened(A):
            for last, usage in (
                (b": alive\n\n", Usage(4, 3, is_estimated=True)),
                (told, Usage(4, 9)),
            ):
                world["a"].then(said(begin, *[said_more] * 3, last, dialect="anthropic"))
                reply = await world.send(chat(is_stream=True))
                await read(reply)
                assert "in the middle of the answer" in reply.problem
                assert reply.usage == usage

    run(tmp_path, work)


def test_a_cancelled_reader_cancels_the_server(tmp_path: Path):
    """A client that leaves while it waits for the next word ends the request there too."""

    async def work(world: World) -> None:
        async with world.opened(A):
            world["a"].then(stalled(1))
            reply = await world.send(chat(is_stream=True))
            reading = asyncio.create_task(read(reply))
            await asyncio.sleep(5)
            reading.cancel()
            await asyncio.wait([reading])
            assert reading.cancelled()
            assert world["a"].calls[0].was_closed
            assert world.tried() == [("a", "abandoned")]

    run(tmp_path, work)


def test_a_server_that_does_not_hang_up_keeps_nobody(tmp_path: Path):
    """After [DONE] the client waits a quarter of a second at most for the connection's end."""

    async def work(world: World) -> None:
        async with world.opened(A):
            world["a"].then(Step(pieces=((0, HI), (0, END), (0, DONE), (1e6, b"data: more\n\n"))))
            began_s = world.loop.time()
            reply = await world.send(chat(is_stream=True))
            assert await read(reply) == HI + END + DONE
            assert world.loop.time() - began_s == pytest.approx(0.25)
            assert reply.problem == ""

    run(tmp_path, work)


def test_a_whole_answer_becomes_the_stream_that_was_asked_for(tmp_path: Path):
    """Servers that cannot stream are of use to clients that do."""

    async def work(world: World) -> None:
        async with world.opened(A):
            world["a"].then(whole("hello"))
            reply = await world.send(chat(is_stream=True))
            got = await read(reply)
            assert b'"content":"hello"' in got
            assert got.endswith(DONE)
            assert reply.usage == Usage(9, 5)

    run(tmp_path, work)


def test_a_stream_of_anthropics_goes_on_untouched(tmp_path: Path):
    """It ends with `message_stop`, has its tokens in two events, and no [DONE] is added."""
    begin = b'event: message_start\ndata: {"message":{"usage":{"input_tokens":4}}}\n\n'
    ping = b'event: ping\ndata: {"type": "ping"}\n\n'
    delta = (
        b'event: message_delta\ndata: {"delta":{"stop_reason":"end_turn"},'
        b'"usage":{"output_tokens":6}}\n\n'
    )
    stop = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'

    async def work(world: World) -> None:
        async with world.opened(A):
            world["a"].then(said(begin, ping, delta, stop, dialect="anthropic"))
            reply = await world.send(chat(is_stream=True))
            assert await read(reply) == begin + ping + delta + stop
            assert (reply.usage, reply.finish_reason) == (Usage(4, 6), "end_turn")
            assert reply.dialect == "anthropic"
            world["a"].then(said(begin, ping, dialect="anthropic"))
            reply = await world.send(chat(is_stream=True))
            assert (await read(reply)).endswith(b"}\n\n")
            assert reply.problem

    run(tmp_path, work)


def test_a_key_in_an_error_is_left_out(tmp_path: Path):
    """A server that repeats the key in its words puts it into no log, snapshot or trail."""

    async def work(world: World) -> None:
        world.secrets.kept["endpoint.a"] = "sk-secret"
        async with world.opened(A):
            world["a"].usual = broken(1, Unreachable("a: bad key sk-secret"))
            reply = await world.send(chat(is_stream=True))
            got = await read(reply)
            assert b"sk-secret" not in got
            assert "sk-secret" not in reply.problem + repr(world.coordinator.snapshot())
            assert "sk-secret" not in repr(world.trail)
            world["a"].usual = Step(error=TimedOut("a: sk-secret"))
            with pytest.raises(TimedOut) as raised:
                await world.send(chat())
            assert str(raised.value) == "a: [key]"
            assert "sk-secret" not in repr(world.coordinator.snapshot()) + repr(world.trail)

    run(tmp_path, work)
