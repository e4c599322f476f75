"""A Redis in this process that can be looked into."""

from __future__ import annotations

import asyncio

from engine.cache.adapters.simulated import SimulatedServer
from engine.cache.adapters.simulated_backend import SimulatedInspector
from engine.cache.ports import Put
from tests.conftest import FakeClock


def test_looking_and_removing(clock: FakeClock):
    """Keys under a prefix are listed up to a limit, and removed; the others stay."""
    server = SimulatedServer(clock=clock)
    for name in (b"a:1", b"a:2", b"b:1"):
        server.do(Put(name, b"frame", 60_000))
    inspector = SimulatedInspector(server, clock)

    async def work() -> None:
        clock.advance(20)
        assert await inspector.scan(b"a:", 1) == [(b"a:1", 40.0, len(b"frame"))]
        assert await inspector.remove_under(b"a:") == 2
        assert server.keys() == [b"b:1"]
        (facts,) = await inspector.facts()
        assert facts.keys == 1

    asyncio.run(work())
