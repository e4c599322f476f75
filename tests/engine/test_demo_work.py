from __future__ import annotations

import asyncio

import pytest

from engine.demo_work import DemoWork
from engine.errors import Refused


def test_it_goes_on_until_it_is_closed():
    """Work begins when it is started and is over, cleaned up, when `aclose()` returns."""
    log: list[str] = []

    async def live() -> None:
        try:
            log.append("began")
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            log.append("cleaned up")

    async def story() -> None:
        work = DemoWork(live)
        await work.aclose()
        work.start()
        await asyncio.sleep(0)
        assert log == ["began"]
        await work.aclose()
        await work.aclose()
        assert log == ["began", "cleaned up"]
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(story())


@pytest.mark.parametrize("error", [Refused("the disk is full"), ValueError("a mistake")])
def test_what_failed_is_closed_without_an_error(error: Exception):
    """Where the demonstration cannot even begin, the application still ends as it should."""

    async def live() -> None:
        raise error

    async def story() -> None:
        work = DemoWork(live)
        work.start()
        await asyncio.sleep(0)
        await work.aclose()
        await work.aclose()

    asyncio.run(story())
