"""Answers that are shared, and answers that were overtaken on their way."""

from __future__ import annotations

import asyncio

from engine.cache.readings import Readings


def test_nothing_happens():
    """An answer that nobody overtook may be kept, and nothing is left afterwards."""
    readings = Readings[str]()
    reading = readings.begin(b"k")
    readings.overtake(b"other")
    assert readings.under_way(b"k") is reading
    readings.end(b"k", reading, "answer")
    assert not reading.is_overtaken
    assert len(readings) == 0


def test_everybody_gets_the_answer():
    """Who joins gets what the reader gets; who has left meanwhile does no harm."""

    async def work() -> None:
        readings = Readings[str]()
        reading = readings.begin(b"k")
        waiting = [reading.join() for _ in range(3)]
        waiting[1].cancel()
        readings.end(b"k", reading, "answer")
        assert [await waiting[0], await waiting[2]] == ["answer", "answer"]

    asyncio.run(work())


def test_a_reader_who_leaves():
    """Where the reader leaves without an answer, those who wait hear so and can read themselves."""

    async def work() -> None:
        readings = Readings[str]()
        reading = readings.begin(b"k")
        waiting = reading.join()
        readings.end(b"k", reading, None)
        assert await waiting is None
        assert readings.under_way(b"k") is None

    asyncio.run(work())


def test_readers_before_and_after_a_write():
    """Who began to read before a write is overtaken; who asks after it does not join him."""
    readings = Readings[str]()
    before = readings.begin(b"k")
    readings.overtake(b"k")
    assert readings.under_way(b"k") is None
    after = readings.begin(b"k")
    assert before.is_overtaken
    assert not after.is_overtaken
    readings.end(b"k", before, None)
    assert readings.under_way(b"k") is after
    readings.end(b"k", after, None)
    assert len(readings) == 0


def test_everything_is_overtaken():
    """When any key may have been written, every reader is overtaken."""
    readings = Readings[str]()
    a, b = readings.begin(b"a"), readings.begin(b"b")
    readings.overtake_all()
    assert a.is_overtaken
    assert b.is_overtaken
    assert len(readings) == 0
