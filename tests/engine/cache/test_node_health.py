from __future__ import annotations

from engine.cache.node_health import KEPT_LATENCIES, NodeHealth
from engine.cache.ports import Put, Raise, Remove
from engine.cache.snapshot import Quantiles
from engine.errors import Refused

PUT, REMOVE, RAISE = Put(b"a", b"", 1), Remove(b"a"), Raise(b"a")
FULL = Refused("it is full")


def test_refusal_lasts_until_the_same_is_taken():
    """A full server that takes removals still refuses frames."""
    health = NodeHealth()
    health.note_answer(0.0, [(PUT, FULL)])
    health.note_answer(0.0, [(REMOVE, 1)])
    health.note_answer(0.0, ())
    assert health.refused == {Put: "it is full"}
    health.note_answer(0.0, [(PUT, 1)])
    assert not health.refused


def test_taken_frame_ends_every_refusal_of_writes():
    """Where a frame is taken, removals and counts would be too."""
    health = NodeHealth()
    health.note_answer(0.0, [(REMOVE, FULL), (RAISE, FULL)])
    health.note_answer(0.0, [(RAISE, 1)])
    assert list(health.refused) == [Remove]
    health.note_answer(0.0, [(PUT, 1)])
    assert not health.refused


def test_refused_reads_last_until_one_is_answered():
    """Writes that are taken say nothing of reads."""
    health = NodeHealth()
    health.note_refused_batch(FULL)
    health.note_answer(0.0, [(PUT, 1)])
    assert health.refused == {None: "it is full"}
    health.note_answer(0.0, ())
    assert not health.refused


def test_quantiles_are_of_the_last_batches():
    """Old latencies are forgotten; the count is of all."""
    health = NodeHealth()
    assert health.quantiles() == Quantiles()
    health.note_answer(9.0, ())
    for number in range(KEPT_LATENCIES):
        health.note_answer(number / 1000, ())
    assert health.quantiles() == Quantiles(255.0, 506.0, KEPT_LATENCIES + 1)


def test_quantiles_of_one_answer():
    """One answer is its own median."""
    health = NodeHealth()
    health.note_answer(0.002, ())
    assert health.quantiles() == Quantiles(2.0, 2.0, 1)
