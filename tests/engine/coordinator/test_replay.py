"""A stream that ran before, once more."""

from __future__ import annotations

import asyncio

import pytest

from engine.coordinator.replay import Replay


def test_it_yields_what_ran_before():
    """All pieces in order; then it has ended, which is told once."""

    async def work() -> None:
        ended: list[int] = []
        stream = Replay([b"a", b"b"], lambda: ended.append(1))
        assert [piece async for piece in stream] == [b"a", b"b"]
        await stream.aclose()
        assert ended == [1]

    asyncio.run(work())


def test_closing_ends_it_also_before_it_began():
    """Nothing more comes, and that is told."""

    async def work() -> None:
        ended: list[int] = []
        stream = Replay([b"a"], lambda: ended.append(1))
        await stream.aclose()
        assert ended == [1]
        assert [piece async for piece in stream] == []
        with pytest.raises(ZeroDivisionError):
            await Replay([b"a"], lambda: ended.append(2)).athrow(ZeroDivisionError())
        assert ended == [1, 2]

    asyncio.run(work())
