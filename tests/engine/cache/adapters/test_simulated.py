"""What tests may make of the simulated server, beyond the contract that real ones hold."""

from __future__ import annotations

import asyncio

import pytest

from engine.cache.adapters.simulated import SimulatedDirectory, SimulatedServer
from engine.cache.keys import VALUES
from engine.cache.ports import Put, Remove
from engine.errors import Refused, Unreachable
from tests.conftest import FakeClock

KEY = VALUES + b"n.0::=a"


def test_silence_lasts_until_the_end(clock: FakeClock):
    """A silent server answers nothing; whoever waits is freed when it ends."""

    async def scenario() -> None:
        server = SimulatedServer(clock=clock)
        directory = SimulatedDirectory(server)
        (node,) = await directory.find()
        lost: list[str] = []
        await node.open(lambda keys: None, lost.append)
        server.is_silent = True
        waiting = asyncio.ensure_future(node.read([KEY]))
        await asyncio.sleep(0)
        assert not waiting.done()
        server.stop()
        with pytest.raises(Unreachable):
            await waiting
        assert lost == ["the server has ended"]
        await directory.close()

    asyncio.run(scenario())


def test_what_somebody_else_does_is_heard(clock: FakeClock):
    """A test may write as somebody who has no node here; refusals hold for all."""

    async def scenario() -> None:
        server = SimulatedServer(clock=clock)
        (node,) = await SimulatedDirectory(server).find()
        heard: list[object] = []
        await node.open(heard.append, lambda reason: None)
        assert server.do(Put(KEY, b"1", 1000)) == 1
        assert heard == [[KEY]]
        assert KEY in server.keys()  # noqa: SIM118 - it is no dict
        server.refusal = Refused("full")
        assert await node.write([Put(KEY, b"2", 1000), Remove(KEY)]) == [server.refusal, 1]
        await node.close()

    asyncio.run(scenario())


def test_directory_names_its_server(clock: FakeClock):
    """Every key is on the one node, whose object stays the same."""

    async def scenario() -> None:
        directory = SimulatedDirectory(SimulatedServer(clock=clock, name="demo:1"))
        assert await directory.find() == await directory.find()
        assert directory.label == directory.name_for(KEY) == "demo:1"

    asyncio.run(scenario())
