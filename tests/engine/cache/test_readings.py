"""Answers that were overtaken while they were on their way."""

from __future__ import annotations

from engine.cache.readings import Readings


def test_nothing_happens():
    """An answer that nobody overtook may be kept, and nothing is left afterwards."""
    readings = Readings()
    reading = readings.begin(b"k")
    readings.overtake(b"other")
    readings.end(b"k", reading)
    assert not reading.is_overtaken
    assert len(readings) == 0


def test_readers_before_and_after_a_write():
    """Who began to read before a write is overtaken, who began after it is not."""
    readings = Readings()
    before = readings.begin(b"k")
    readings.overtake(b"k")
    after = readings.begin(b"k")
    assert before.is_overtaken
    assert not after.is_overtaken
    readings.end(b"k", before)
    assert len(readings) == 1
    readings.end(b"k", after)
    assert len(readings) == 0


def test_everything_is_overtaken():
    """When any key may have been written, every reader is overtaken."""
    readings = Readings()
    a, b = readings.begin(b"a"), readings.begin(b"b")
    readings.overtake_all()
    assert a.is_overtaken
    assert b.is_overtaken
    assert len(readings) == 0
