"""Which servers are tried for a request, and what its sender gets."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.circuit_breaker import BreakerState
from engine.coordinator.snapshot import EndpointState
from engine.errors import Damaged, Overloaded, Refused, Rejected, TimedOut, Unreachable
from engine.exchange import ServedModel
from tests.engine.coordinator.fake_provider import Step, broken, fails, silent, stream, whole
from tests.engine.coordinator.world import World, chat, endpoint, read, run

A, B = endpoint("a"), endpoint("b")
FAR = endpoint("far", is_local=False)


@pytest.mark.parametrize(
    "step",
    [
        fails(Unreachable("a: nobody there")),
        fails(TimedOut("a: too late")),
        fails(Refused("a: 500")),
        fails(Damaged("a: HTML")),
        Step(body=b"<html>busy</html>"),
        Step(body=b""),
        Step(body=b"{}"),
        Step(body=b'{"error":{"message":"no memory"}}'),
    ],
    ids=lambda step: (step.error and type(step.error).__name__) or step.body.decode() or "empty",
)
def test_a_failure_moves_on(tmp_path: Path, step: Step):
    """Whatever is wrong with one server, another one answers, and the trail says so."""

    async def work(world: World) -> None:
        async with world.opened(A, B):
            world["a"].usual = step
            for number in range(40):
                reply = await world.send(chat(str(number)))
                assert reply.text == "The answer is 42."
                if len(world.trail) > 1:
                    break
            assert world.tried() == [("a", "failed"), ("b", "answered")]
            assert reply.attempts == tuple(world.trail)
            assert world.coordinator.snapshot().counts["failovers"] == 1

    run(tmp_path, work)


def test_the_last_error_is_told_where_all_fail(tmp_path: Path):
    """Every server is tried once, and the sender learns what the last one said."""

    async def work(world: World) -> None:
        async with world.opened(A, B):
            world["a"].usual = fails(Refused("a: 500"))
            world["b"].usual = fails(Refused("b: 500"))
            with pytest.raises(Refused, match="500") as raised:
                await world.send(chat())
            assert [outcome for _, outcome in world.tried()] == ["failed", "failed"]
            assert str(raised.value) == f"{world.trail[-1].endpoint}: 500"
            assert world.coordinator.snapshot().counts["failed"] == 1

    run(tmp_path, work)


def test_an_old_connection_is_tried_again_where_there_is_one_server(tmp_path: Path):
    """A server may have closed a connection that was idle: once more is not too much."""

    async def work(world: World) -> None:
        async with world.opened(A):
            world["a"].then(fails(Unreachable("a: the connection was closed")))
            assert (await world.send(chat())).text
            assert world.tried() == [("a", "failed"), ("a", "answered")]
            world["a"].usual = fails(Unreachable("a: gone"))
            with pytest.raises(Unreachable):
                await world.send(chat())
            assert len(world.trail) == 2

    run(tmp_path, work)


def test_a_wrong_request_goes_back_at_once(tmp_path: Path):
    """What one server would not have no other one is asked, and nobody is ill for it."""

    async def work(world: World) -> None:
        async with world.opened(A, B):
            wrong = fails(Rejected("temperature: too hot", param="temperature", body=b"{}"))
            world["a"].usual = world["b"].usual = wrong
            for _ in range(10):
                with pytest.raises(Rejected, match="too hot"):
                    await world.send(chat())
                assert [outcome for _, outcome in world.tried()] == ["rejected"]
            for name in "ab":
                assert world.view(name).breaker is BreakerState.CLOSED
                assert world.view(name).failures == 0

    run(tmp_path, work)


def test_a_model_that_has_gone_is_looked_for_elsewhere(tmp_path: Path):
    """404 means that this server lost the model; another may have it still."""

    async def work(world: World) -> None:
        async with world.opened(A, B):
            gone = Rejected("model 'fake' not found", status=404, code="model_not_found")
            world["a"].usual = fails(gone)
            for _ in range(4):
                assert (await world.send(chat())).endpoint == "b"
            world["b"].usual = fails(gone)
            with pytest.raises(Rejected, match="not found"):
                await world.send(chat())

    run(tmp_path, work)


def test_nobody_has_the_model(tmp_path: Path):
    """An unknown model is the sender's matter, with OpenAI's word for it."""

    async def work(world: World) -> None:
        async with world.opened(A) as coordinator:
            with pytest.raises(Rejected, match="pull it") as raised:
                await coordinator.route(model="nobody", messages=[])
            assert (raised.value.status, raised.value.code) == (404, "model_not_found")
            assert coordinator.snapshot().counts["rejected"] == 1

    run(tmp_path, work)


def test_a_tag_may_be_left_out(tmp_path: Path):
    """`llama` is Ollama's `llama:latest`."""

    async def work(world: World) -> None:
        world["a"].listed = (ServedModel("llama:latest"),)
        async with world.opened(A) as coordinator:
            reply = await coordinator.route(model="llama", messages=[])
            assert (reply.model, world["a"].calls[0].model) == ("llama:latest", "llama:latest")

    run(tmp_path, work)


def test_local_only_stays_at_home(tmp_path: Path):
    """A request for the user's own servers reaches no other one, also where they fail."""

    async def work(world: World) -> None:
        async with world.opened(A, FAR):
            world["a"].usual = fails(Refused("a: 500"))
            for _ in range(3):
                with pytest.raises(Refused):
                    await world.send(chat(local_only=True))
            assert world["far"].calls == []
        async with world.opened(FAR):
            with pytest.raises(Rejected, match="of your own"):
                await world.send(chat(local_only=True))

    run(tmp_path, work)


def test_429_is_load_and_not_illness(tmp_path: Path):
    """A server that has too much to do is left alone as long as it says, and is not ill."""

    async def work(world: World) -> None:
        async with world.opened(A, B):
            world["a"].usual = fails(Overloaded("a: 429", retry_after_s=20))
            for number in range(40):
                assert (await world.send(chat(str(number)))).endpoint == "b"
            assert len(world["a"].calls) == 1
            view = world.view("a")
            assert (view.breaker, view.state) == (BreakerState.CLOSED, EndpointState.BUSY)
            assert (view.busy_answers, view.failures) == (1, 0)
            world["a"].usual = None
            await asyncio.sleep(21)
            assert world.view("a").state is EndpointState.READY

    run(tmp_path, work)


def test_where_all_are_busy_it_is_said_at_once(tmp_path: Path):
    """Nobody waits: the sender learns the shortest time after which it is worth asking again."""

    async def work(world: World) -> None:
        async with world.opened(A, B):
            world["a"].usual = fails(Overloaded("a: 429", retry_after_s=20))
            world["b"].usual = fails(Overloaded("b: 429", retry_after_s=8))
            began_s = world.loop.time()
            for _ in range(5):
                with pytest.raises(Overloaded) as raised:
                    await world.send(chat())
                assert raised.value.retry_after_s == pytest.approx(8)
            assert world.loop.time() == began_s
            assert len(world["a"].calls) == len(world["b"].calls) == 1

    run(tmp_path, work)


def test_what_a_quota_has_left_is_respected(tmp_path: Path):
    """A server whose headers say that nothing is left is not asked before they say so."""

    async def work(world: World) -> None:
        async with world.opened(FAR):
            headers = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "30s"}
            world["far"].then(whole(headers=headers))
            await world.send(chat())
            assert world.view("far").remaining_requests == 0
            with pytest.raises(Overloaded) as raised:
                await world.send(chat())
            assert raised.value.retry_after_s == pytest.approx(30)
            assert len(world["far"].calls) == 1
            await asyncio.sleep(30)
            assert (await world.send(chat())).text

    run(tmp_path, work)


def test_an_ill_server_is_left_alone(tmp_path: Path):
    """After four failures in a row nobody asks it until its cooldown has passed; then one does."""

    async def work(world: World) -> None:
        async with world.opened(A, B) as coordinator:
            world["a"].usual = fails(Unreachable("a: gone"))
            for number in range(60):
                await world.send(chat(str(number)))
                await asyncio.sleep(0.05)
            calls, version = len(world["a"].calls), coordinator.version
            assert calls == 4
            assert world.view("a").state is EndpointState.ILL
            assert not next(each for each in coordinator.servers() if each.name == "a").is_usable
            for _ in range(20):
                assert (await world.send(chat())).endpoint == "b"
            assert len(world["a"].calls) == calls
            await asyncio.sleep(world.view("a").retry_in_s)
            assert coordinator.version > version
            assert next(each for each in coordinator.servers() if each.name == "a").is_usable
            world["a"].usual = None
            for number in range(40):
                await world.send(chat(str(number)))
            assert world.view("a").state is EndpointState.READY

    run(tmp_path, work)


def test_where_all_are_ill_one_request_finds_out(tmp_path: Path):
    """The server that recovers first is asked by one request at a time, the others are told."""

    async def work(world: World) -> None:
        async with world.opened(A, retry_share=0):
            world["a"].usual = fails(Refused("a: 500"))
            for _ in range(4):
                with pytest.raises(Refused):
                    await world.send(chat())
            assert world.view("a").breaker is BreakerState.OPEN
            world["a"].usual = whole(after_s=2)
            probe = asyncio.create_task(world.coordinator.send(chat(), "fake", []))
            await asyncio.sleep(1)
            assert world.view("a").breaker is BreakerState.HALF_OPEN
            with pytest.raises(Unreachable, match="a: 500"):
                await world.send(chat())
            assert (await probe).text
            assert world.view("a").breaker is BreakerState.CLOSED

    run(tmp_path, work)


def test_a_probe_that_is_given_up_leaves_the_door_open(tmp_path: Path):
    """If the client of the probe goes away, the next request is the probe."""

    async def work(world: World) -> None:
        async with world.opened(A, retry_share=0):
            world["a"].usual = fails(Refused("a: 500"))
            for _ in range(4):
                with pytest.raises(Refused):
                    await world.send(chat())
            world["a"].usual = silent()
            probe = asyncio.create_task(world.coordinator.send(chat(), "fake", []))
            await asyncio.sleep(1)
            probe.cancel()
            await asyncio.wait([probe])
            assert world["a"].calls[-1].was_cancelled
            world["a"].usual = None
            assert (await world.send(chat())).text

    run(tmp_path, work)


def test_a_model_without_a_server_takes_no_tries_from_others(tmp_path: Path):
    """Clients that insist on what is dead keep nobody else from a second server."""

    async def work(world: World) -> None:
        dead = endpoint("dead", models=("dead",))
        a, b = endpoint("a", weight=1.0), endpoint("b", weight=0.0)
        async with world.opened(dead, a, b) as coordinator:
            world["dead"].usual = fails(Refused("dead: 500"))
            world["a"].usual = fails(Refused("a: 500"))
            for _ in range(40):
                with pytest.raises((Refused, Unreachable)):
                    await coordinator.send(chat(), "dead", [])
            assert (await world.send(chat())).endpoint == "b"

    run(tmp_path, work)


def test_a_storm_is_not_answered_with_a_storm(tmp_path: Path):
    """Where everything fails, further tries stop: far fewer than one for each request."""

    async def work(world: World) -> None:
        servers = [endpoint(name) for name in "abcdefgh"]
        async with world.opened(*servers):
            for each in servers:
                world[each.name].usual = fails(Refused("500"))
            for _ in range(100):
                with pytest.raises((Refused, Unreachable)):
                    await world.send(chat())
            assert world.coordinator.snapshot().counts["retries"] <= 12

    run(tmp_path, work)


def test_no_more_servers_are_tried_than_allowed(tmp_path: Path):
    """`most_attempts` bounds what one request may cost."""

    async def work(world: World) -> None:
        servers = [endpoint(name) for name in "abcdef"]
        async with world.opened(*servers, most_attempts=3):
            for each in servers:
                world[each.name].usual = fails(Refused("500"))
            with pytest.raises(Refused):
                await world.send(chat())
            assert len(world.trail) == 3

    run(tmp_path, work)


def test_a_silent_server_is_given_up(tmp_path: Path):
    """A stream without a first byte moves on after the time that the settings say."""

    async def work(world: World) -> None:
        async with world.opened(A, B, first_byte_timeout_s=60):
            world["a"].usual = silent()
            for number in range(40):
                reply = await world.send(chat(str(number), is_stream=True))
                await read(reply)
                if len(world.trail) > 1:
                    break
            assert world.tried() == [("a", "failed"), ("b", "answered")]
            assert world.trail[0].ended_s == pytest.approx(60)
            assert "within 60 s" in world.trail[0].reason
            assert world["a"].calls[0].was_cancelled

    run(tmp_path, work)


def test_a_slow_first_token_is_waited_for(tmp_path: Path):
    """A model that is loaded first may take a minute."""

    async def work(world: World) -> None:
        async with world.opened(A):
            world["a"].then(stream(first_s=60))
            reply = await world.send(chat(is_stream=True))
            assert reply.first_byte_s == pytest.approx(60)
            assert b"42" in await read(reply)

    run(tmp_path, work)


def test_nothing_goes_on_beyond_the_deadline(tmp_path: Path):
    """A request with a deadline ends by it, however many servers could still be tried."""

    async def work(world: World) -> None:
        async with world.opened(A, B):
            world["a"].usual = world["b"].usual = silent()
            began_s = world.loop.time()
            with pytest.raises(TimedOut):
                await world.send(chat(deadline_s=5))
            assert world.loop.time() - began_s == pytest.approx(5)
            assert world["a"].in_flight == world["b"].in_flight == 0

    run(tmp_path, work)


def test_a_client_that_leaves_cancels_the_server(tmp_path: Path):
    """The request at the server ends with the one that was waiting for it, at once."""

    async def work(world: World) -> None:
        async with world.opened(A):
            world["a"].usual = silent()
            waiting = asyncio.create_task(world.send(chat()))
            await asyncio.sleep(3)
            waiting.cancel()
            await asyncio.wait([waiting])
            assert world["a"].calls[0].was_cancelled
            assert world.tried() == [("a", "abandoned")]
            view = world.view("a")
            assert (view.in_flight, view.failures) == (0, 0)
            assert world.coordinator.snapshot().counts["abandoned"] == 1
            (row,) = world.coordinator.snapshot().usage
            assert (row.endpoint, row.requests, row.unused, row.failures) == ("a", 1, 1, 0)
            assert row.prompt_tokens > 0

    run(tmp_path, work)


def test_a_server_gets_no_more_than_it_may_have(tmp_path: Path):
    """Beyond `most_in_flight` a request is refused at once, and nobody is ill."""

    async def work(world: World) -> None:
        async with world.opened(endpoint("a", most_in_flight=2)):
            world["a"].usual = whole(after_s=10)
            running = [
                asyncio.create_task(world.coordinator.send(chat(), "fake", [])) for _ in range(2)
            ]
            await asyncio.sleep(1)
            with pytest.raises(Overloaded):
                await world.send(chat())
            assert all([(await each).text for each in running])
            assert world["a"].most_in_flight == 2

    run(tmp_path, work)


def test_a_stream_that_breaks_before_its_first_event_moves_on_unseen(tmp_path: Path):
    """The client sees one whole answer, and nothing of the first try."""

    async def work(world: World) -> None:
        async with world.opened(A, B):
            world["a"].usual = broken(0)
            for number in range(3):
                reply = await world.send(chat(str(number), is_stream=True))
                assert reply.endpoint == "b"
                assert b"error" not in await read(reply)

    run(tmp_path, work)
