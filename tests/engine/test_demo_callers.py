"""What `--demo` shows of the way of a request."""

from __future__ import annotations

import asyncio

from engine.assembly import build_engines
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
