"""What `--demo` shows of leases."""

from __future__ import annotations

import asyncio
from random import Random

from engine.demo_holders import JOBS, DemoHolders
from engine.demo_work import DemoWork
from engine.gpu.settings import ResourceSettings
from engine.outsides import demo_machine, demo_programs
from tests.live.cache import until


def test_simulated_programs_hold_simulated_memory():
    """Leases come by themselves, with a queue, for there is less memory than is asked for."""

    async def work() -> None:
        programs = demo_programs()
        resources = demo_machine(ResourceSettings(), programs)
        holders = DemoWork(DemoHolders(resources, programs, Random(1)).live)
        async with resources:
            holders.start()
            await until(lambda: len(resources.leases.snapshot().held) >= 3)
            await until(lambda: bool(resources.leases.snapshot().queue))
            names = {each.name for each in resources.leases.snapshot().held}
            assert names <= {job.name for job in JOBS}
            await until(
                lambda: any(programs.on(card.card.id) for card in resources.snapshot().cards)
            )
            await holders.aclose()
            await holders.aclose()
            await until(lambda: not resources.leases.snapshot().held)
        assert not any(programs.on(f"simulated-{number}") for number in range(2))
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(work())
