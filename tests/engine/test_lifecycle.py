from __future__ import annotations

import asyncio

import pytest

from engine.errors import Unreachable
from engine.lifecycle import Service


class Diary(Service[tuple[str, ...]]):
    def __init__(self, *, fault: Exception | None = None) -> None:
        self._fault = fault
        self._lines: list[str] = []

    async def start(self) -> None:
        self._lines.append("start")
        if self._fault is not None:
            raise self._fault

    async def aclose(self) -> None:
        self._lines.append("close")

    def snapshot(self) -> tuple[str, ...]:
        return tuple(self._lines)


def test_service_runs_inside_async_with():
    """Entering starts the service; leaving closes it."""

    async def story() -> tuple[tuple[str, ...], tuple[str, ...]]:
        async with Diary() as diary:
            inside = diary.snapshot()
        return inside, diary.snapshot()

    assert asyncio.run(story()) == (("start",), ("start", "close"))


def test_service_that_fails_inside_is_closed():
    """An error inside the block closes the service and goes on its way."""
    diary = Diary()

    async def story() -> None:
        async with diary:
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        asyncio.run(story())
    assert diary.snapshot() == ("start", "close")


def test_service_that_cannot_start_is_closed():
    """A start that fails half-way is followed by a close, so nothing stays open."""
    diary = Diary(fault=Unreachable("no device"))

    async def story() -> None:
        async with diary:
            pass

    with pytest.raises(Unreachable, match="no device"):
        asyncio.run(story())
    assert diary.snapshot() == ("start", "close")
