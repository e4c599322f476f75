"""Whatever servers, clients and the user do at once, in any order, nothing stays behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from engine.circuit_breaker import BreakerState
from engine.coordinator.pace import LEAST_KEPT
from engine.coordinator.service import FastLLMCoordinator
from engine.coordinator.settings import Endpoint
from engine.coordinator.snapshot import CoordinatorSnapshot
from engine.errors import Damaged, EngineError, Overloaded, Refused, Rejected, TimedOut, Unreachable
from engine.exchange import LlmRequest
from tests.engine.coordinator.fake_answers import FakeAnswers
from tests.engine.coordinator.fake_provider import (
    Step,
    broken,
    fails,
    silent,
    stalled,
    stream,
    whole,
)
from tests.engine.coordinator.world import MODEL, World, chat, endpoint, run

NAMES = ("a", "b", "c")
CLIENTS = 25
PATIENCE = {"first_byte_timeout_s": 3.0, "stall_timeout_s": 2.0, "deadline_s": 12.0}
MISHAPS: tuple[Callable[[Random], Step], ...] = (
    lambda random: stream(
        first_s=random.choice((0.0, 0.1, 2.0, 5.0)), each_s=random.choice((0, 3))
    ),
    lambda random: stream(with_usage=True, each_s=0.1),
    lambda random: whole(after_s=random.choice((0.0, 0.3, 4.0))),
    lambda random: fails(random.choice((Refused, Unreachable, TimedOut, Damaged))("x: no")),
    lambda random: fails(Overloaded("x: busy", retry_after_s=random.choice((None, 0.5, 3.0)))),
    lambda random: fails(Rejected("x: wrong", status=random.choice((400, 404)))),
    lambda random: broken(random.choice((0, 1, 3)), each_s=0.1),
    lambda random: stalled(random.choice((1, 2))),
    lambda random: Step(body=random.choice((b"", b"<html>", b'{"error":{"message":"x"}}'))),
    lambda random: silent(),
)


def server(name: str, random: Random) -> Endpoint:
    """Return one of the servers, sometimes at another address."""
    more = {"b": {"most_in_flight": 2}, "c": {"is_local": False}}.get(name, {})
    return endpoint(name, port=random.choice((1, 2)), **more)


async def call(world: World, number: int, random: Random) -> None:
    """Ask for something at some time, and read some of it."""
    await asyncio.sleep(random.random() * 10)
    request = asked(number, random)
    try:
        reply = await world.coordinator.send(request, MODEL, [])
    except EngineError:
        return
    left = random.choice((1, 3, 99))
    try:
        while reply.stream is not None and left:
            await anext(reply.stream)
            left -= 1
            await asyncio.sleep(random.choice((0.0, 0.0, 0.5)))
    except StopAsyncIteration:
        return
    finally:
        await reply.aclose()


def asked(number: int, random: Random) -> LlmRequest:
    """Return a request like others, which may be shared, or have little time."""
    request = chat(str(random.randint(0, 3)), is_stream=random.random() < 0.7)
    if random.random() < 0.5:
        request = replace(request, body=request.body | {"temperature": 0})
    deadline_s = random.choice((None, None, 1.5, 6.0))
    return replace(request, id=str(number), deadline_s=deadline_s)


async def meddle(world: World, random: Random) -> None:
    """Change servers and settings meanwhile."""
    for _ in range(3):
        await asyncio.sleep(random.random() * 5)
        name = random.choice(NAMES)
        match random.randint(0, 2):
            case 0:
                await world.coordinator.put_endpoint(server(name, random), "sk-1")
            case 1:
                await world.coordinator.test_endpoint(name)
            case _:
                timeout_s = random.choice((3.0, 4.0))
                changed = replace(world.settings, connect_timeout_s=timeout_s)
                await world.coordinator.change_settings(changed)


async def storm(world: World, random: Random) -> None:
    """Let everything happen at once; some clients leave at any moment."""
    calls = [asyncio.create_task(call(world, number, random)) for number in range(CLIENTS)]
    meddling = asyncio.create_task(meddle(world, random))
    for _ in range(8):
        await asyncio.sleep(random.random() * 2)
        random.choice(calls).cancel()
    await asyncio.wait([*calls, meddling])
    for task in (*calls, meddling):
        if not task.cancelled():
            task.result()
    await asyncio.sleep(40)  # longer than any deadline


def hurry(coordinator: FastLLMCoordinator, name: str) -> None:
    """Let the server seem so quick that whatever is slower is asked of another one as well."""
    link = coordinator._fleet.get(name)
    assert link is not None
    for _ in range(LEAST_KEPT):
        link.seats[MODEL].pace.note_first(0.1, link.since_s)


def assert_accounts_add_up(seen: CoordinatorSnapshot) -> None:
    """Every request stands in one row, and the sums of all are the sums of the rows."""
    assert sum(row.requests for row in seen.usage) == seen.counts["requests"]
    for name in ("prompt_tokens", "completion_tokens"):
        assert sum(getattr(row, name) for row in seen.usage) == seen.counts[name]
    assert sum(row.cost_usd for row in seen.usage) == pytest.approx(seen.cost_usd)
    for row in seen.usage:
        assert row.failures + row.estimated <= 2 * row.requests
        assert row.prompt_tokens or not row.unused, "what nobody took was read all the same"


@pytest.mark.parametrize("seed", range(30))
def test_nothing_stays_behind(tmp_path: Path, seed: int):
    """No request stays under way, no server half open, and every request has ended in one way."""
    random = Random(seed)

    async def work(world: World) -> None:
        world.answers = FakeAnswers(world.loop) if seed % 2 else None
        servers = [server(name, random) for name in NAMES]
        async with world.opened(*servers, hedge_paid=True, **PATIENCE) as coordinator:
            for name in NAMES:
                hurry(coordinator, name)
                world[name].script.extend(random.choice(MISHAPS)(random) for _ in range(40))
            await storm(world, random)
            seen = coordinator.snapshot()
            assert [each.in_flight for each in seen.endpoints] == [0, 0, 0]
            assert BreakerState.HALF_OPEN not in [each.breaker for each in seen.endpoints]
            assert [world[name].in_flight for name in NAMES] == [0, 0, 0]
            ends = ("answered", "failed", "rejected", "abandoned")
            assert seen.counts["requests"] == sum(seen.counts[end] for end in ends)
            assert_accounts_add_up(seen)

    run(tmp_path, work)
