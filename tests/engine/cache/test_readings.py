"""Answers that were overtaken while they were on their way."""

from __future__ import annotations

from engine.cache.readings import Readings


def test_nothing_happens():
    """An answer that nobody overtook may be kept, and nothing is left afterwards."""
    readings = Readings()
    with readings.watch(b"k") as reading:
        readings.overtake(b"other")
        assert not reading.is_overtaken
    assert len(readings) == 0


def test_readers_before_and_after_a_write():
    """Who began to read before a write is overtaken, who began after it is not."""
    readings = Readings()
    with readings.watch(b"k") as before:
        readings.overtake(b"k")
        with readings.watch(b"k") as after:
            assert before.is_overtaken
            assert not after.is_overtaken
        assert len(readings) == 0
    assert len(readings) == 0


def test_everything_is_overtaken():
    """When any key may have been written, every reader is overtaken."""
    readings = Readings()
    with readings.watch(b"a") as a, readings.watch(b"b") as b:
        readings.overtake_all()
        assert a.is_overtaken
        assert b.is_overtaken
