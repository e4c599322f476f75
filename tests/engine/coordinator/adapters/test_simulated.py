"""The model servers of a demonstration."""

from __future__ import annotations

import asyncio
import dataclasses
from random import Random

import pytest

from engine.coordinator.adapters.simulated import SimulatedProber, SimulatedProviders
from engine.coordinator.adapters.simulated_servers import SERVERS, SimulatedServer, written
from engine.coordinator.ports import Answer, Provider
from engine.coordinator.settings import CoordinatorSettings, Endpoint, EndpointKind
from engine.coordinator.snapshot import EndpointState
from engine.errors import Overloaded, Refused, Unreachable
from engine.exchange import LlmRequest
from tests.leaping import LeapingLoop, leap

STREAM = LlmRequest("m", {"messages": [], "stream": True})
FAST, SLOW, CLOUD, BUILT_IN = SERVERS


def opened(server: SimulatedServer, seed: int = 1) -> Provider:
    """Return the provider of `server`."""
    providers = SimulatedProviders(random=Random(seed), servers=[server])
    return providers.open(server.endpoint, str, CoordinatorSettings())


async def read(answer: Answer) -> int:
    """Return how many pieces a stream has."""
    assert answer.stream is not None
    return len([piece async for piece in answer.stream])


async def first_piece_s(loop: LeapingLoop, provider: Provider, model: str) -> float:
    """Return how long the first piece of a stream takes."""
    began_s = loop.time()
    answer = await provider.send(STREAM, model)
    assert answer.stream is not None
    await anext(answer.stream)
    await answer.stream.aclose()
    return loop.time() - began_s


def test_servers_are_as_fast_as_they_are_told():
    """The typical first piece of the fast server comes sooner than that of the slow one."""

    async def work(loop: LeapingLoop) -> list[float]:
        typical = []
        for server in (FAST, SLOW):
            calm = dataclasses.replace(server, failing_share=0.0, busy_share=0.0)
            provider, model = opened(calm), server.models[0].name
            took_s = sorted([await first_piece_s(loop, provider, model) for _ in range(51)])
            typical.append(took_s[25])
        return typical

    fast_s, slow_s = leap(work)
    assert fast_s == pytest.approx(0.19, rel=0.3)
    assert slow_s == pytest.approx(0.75, rel=0.3)


def test_a_crowd_waits():
    """Ten at a server with two slots wait longer for their first piece than one alone."""

    async def work(loop: LeapingLoop) -> tuple[float, float]:
        calm = dataclasses.replace(SLOW, failing_share=0.0)
        provider, model = opened(calm), SLOW.models[0].name
        alone_s = [await first_piece_s(loop, provider, model) for _ in range(20)]
        crowd_s = await asyncio.gather(*(first_piece_s(loop, provider, model) for _ in range(10)))
        return sum(alone_s) / 20, sum(crowd_s) / 10

    alone_s, crowd_s = leap(work)
    assert crowd_s > 1.5 * alone_s


def test_failures_come_as_often_as_they_are_told():
    """Shares of 429, 500 and broken streams are met; the rest is answered."""
    shaky = dataclasses.replace(
        CLOUD, busy_share=0.2, failing_share=0.1, breaking_share=0.5, token_s=0.0
    )

    async def work(loop: LeapingLoop) -> dict[str, int]:
        provider = opened(shaky)
        counts = dict.fromkeys(("busy", "failed", "broken", "good"), 0)
        for _ in range(1000):
            try:
                await read(await provider.send(STREAM, "gpt-4o"))
                counts["good"] += 1
            except Overloaded:
                counts["busy"] += 1
            except Refused:
                counts["failed"] += 1
            except Unreachable:
                counts["broken"] += 1
        return counts

    counts = leap(work)
    assert counts["busy"] == pytest.approx(200, abs=50)
    assert counts["failed"] == pytest.approx(100, abs=40)
    assert counts["broken"] == pytest.approx(350, abs=60)


def test_the_built_in_model_sleeps_until_it_is_asked():
    """Its state says so before the first request, and nothing after it."""

    async def work(loop: LeapingLoop) -> None:
        provider = opened(BUILT_IN)
        assert provider.state is not None
        assert provider.state[0] is EndpointState.ASLEEP
        await read(await provider.send(STREAM, BUILT_IN.models[0].name))
        assert provider.state is None

    leap(work)


def test_other_addresses_are_not_there():
    """An endpoint that nobody simulates is Unreachable: a demonstration asks no real server."""

    async def work(loop: LeapingLoop) -> None:
        providers = SimulatedProviders(random=Random(1))
        real = Endpoint("real", EndpointKind.OPENAI, "https://api.openai.com/v1")
        provider = providers.open(real, str, CoordinatorSettings())
        with pytest.raises(Unreachable, match="demonstration"):
            await provider.send(STREAM, "gpt-4o")
        with pytest.raises(Unreachable):
            await provider.models()
        assert provider.state is None
        await provider.aclose()
        await providers.aclose()

    leap(work)


def test_local_servers_are_found():
    """The servers of this machine are discovered; the paid one only where it is looked for."""

    async def work(loop: LeapingLoop) -> None:
        prober = SimulatedProber()
        assert [each.url for each in await prober.discover()] == [
            FAST.endpoint.url,
            SLOW.endpoint.url,
        ]
        assert (await prober.look("127.0.0.1:8080")).ok
        assert (await prober.look("https://api.example.com")).kind == EndpointKind.OPENAI
        assert not (await prober.look("http://elsewhere")).ok
        await prober.aclose()

    leap(work)


def test_the_same_seed_writes_the_same():
    """What is written depends on the seed only, and ends where it must."""
    assert written(Random(5), None) == written(Random(5), None)
    tokens, reason = written(Random(5), 3)
    assert (len(tokens), reason) == (3, "length")
    whole, _ = written(Random(5), None)
    assert "".join(whole).startswith("".join(tokens))
