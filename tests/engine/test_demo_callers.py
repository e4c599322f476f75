"""What `--demo` shows of the way of a request."""

from __future__ import annotations

import asyncio
from random import Random

from engine.assembly import build_engines
from engine.demo_callers import DemoCallers
from engine.errors import Refused
from engine.folders import Folders
from tests.live.cache import until


def test_simulated_programs_ask_simulated_servers(folders: Folders):
    """Requests, streams and decisions appear by themselves, and end when told."""

    async def work() -> None:
        engines = build_engines(folders, demo=True)
        await engines.start()
        look = engines.coordinator.snapshot
        await until(lambda: look().counts["answered"] >= 3)
        assert engines.router.snapshot().decisions
        assert {"cloud"} <= {each.endpoint.name for each in look().endpoints}
        await engines.aclose()
        await engines.aclose()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(work())


def test_a_demonstration_that_failed_is_closed_without_an_error():
    """Where the demonstration cannot even begin, the application still ends as it should."""

    class Broken:
        def snapshot(self) -> None:
            raise Refused("the disk is full")

    async def work() -> None:
        callers = DemoCallers(Broken(), Broken(), Random(1))  # type: ignore[arg-type]
        callers.start()
        await asyncio.sleep(0)
        await callers.aclose()
        await callers.aclose()

    asyncio.run(work())
