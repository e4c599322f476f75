"""Finals are never lost and go first; of what is still growing only the newest is looked at."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.voice.decode_queue import DecodeJob, DecodeQueue, Purpose, job_of
from engine.voice.segmenter import Speech
from engine.voice.vad import WINDOW
from tests.engine.voice.doubles import PATIENCE_S, wait_until

STEPS = st.lists(st.sampled_from(["partial", "early", "final", "second look", "take"]), max_size=30)


def spoken(id: int = 1, *, windows: int = 2) -> Speech:
    """Return an utterance of `windows` windows."""
    return Speech(id, 0, [np.zeros(WINDOW, np.float32)] * windows)


def job(purpose: Purpose, id: int = 1) -> DecodeJob:
    """Return a job over utterance `id`."""
    return job_of(purpose, spoken(id), 0.0)


@contextmanager
def waiting(work: Callable[[], object]) -> Iterator[list[object]]:
    """Run `work` on another thread; its result is in the list once the block is left."""
    results: list[object] = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()
    yield results
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


@given(STEPS)
def test_every_final_is_taken_in_order(steps: list[str]):
    """Whatever happens in between, finals come all, in order and before anything else."""
    queue = DecodeQueue()
    put: list[int] = []
    taken: list[int] = []
    for number, step in enumerate(steps):
        if step == "final":
            queue.put(job(Purpose.FINAL, number))
            put.append(number)
        elif step == "second look":
            queue.put(job(Purpose.SECOND_LOOK, number))
        elif step == "take":
            got = queue.take(timeout_s=0)
            assert (got is not None and got.purpose is Purpose.FINAL) == (taken != put)
            if got is not None and got.purpose is Purpose.FINAL:
                taken.append(got.speech_id)
        else:
            purpose = Purpose.EARLY if step == "early" else Purpose.PARTIAL
            queue.ask(purpose, spoken(number), 0.0)
        assert queue.waiting_finals == len(put) - len(taken)
    while (got := queue.take(timeout_s=0)) is not None:
        taken += [got.speech_id] if got.purpose is Purpose.FINAL else []
    assert taken == put


@given(STEPS)
def test_one_growing_look_waits_at_a_time(steps: list[str]):
    """Only the newest look waits; those it replaced are counted; a final replaces it uncounted."""
    queue, growing, dropped = DecodeQueue(), None, 0
    for number, step in enumerate(steps):
        if step in ("partial", "early"):
            purpose = Purpose.EARLY if step == "early" else Purpose.PARTIAL
            queue.ask(purpose, spoken(number), 0.0)
            if growing is not None:
                dropped += 1
                purpose = min(purpose, growing[0])
            growing = (purpose, number)
        elif step == "final":
            queue.put(job(Purpose.FINAL, number))
            growing = None
        elif step == "take":
            got = queue.take(timeout_s=0)
            if got is not None and got.purpose in (Purpose.EARLY, Purpose.PARTIAL):
                assert (got.purpose, got.speech_id) == growing
                growing = None
        assert queue.dropped_partials == dropped


def test_look_is_at_all_that_was_heard_when_it_is_taken():
    """A partial waits without sound of its own: it takes what is there when the decoder is free."""
    queue, speech = DecodeQueue(), spoken(windows=2)
    queue.ask(Purpose.PARTIAL, speech, 7.0)
    speech.windows.append(np.ones(WINDOW, np.float32))
    got = queue.take(timeout_s=0)
    assert got is not None
    assert len(got.audio) == 3 * WINDOW
    assert (got.purpose, got.heard_s) == (Purpose.PARTIAL, 7.0)


def test_job_never_claims_sound_that_it_has_not():
    """The end of speech is read before the sound, which another thread may lengthen meanwhile."""

    class Growing(Speech):
        def audio(self) -> np.ndarray:
            sound = super().audio()
            self.windows.append(np.ones(WINDOW, np.float32))
            return sound

    got = job_of(Purpose.EARLY, Growing(1, 0, [np.zeros(WINDOW, np.float32)]), 0.0)
    assert got.speech_end <= got.start + len(got.audio)


def test_second_looks_wait_for_idleness_and_the_newest_four_stay():
    """Second looks come last, and only the newest four wait."""
    queue = DecodeQueue()
    for number in range(6):
        queue.put(job(Purpose.SECOND_LOOK, number))
    queue.ask(Purpose.PARTIAL, spoken(9), 0.0)
    taken = [queue.take(timeout_s=0) for _ in range(6)]
    assert [one.speech_id for one in taken if one is not None] == [9, 2, 3, 4, 5]


def test_take_waits_for_work():
    """A decoder that waits gets what comes."""
    queue = DecodeQueue()
    with waiting(lambda: queue.take(timeout_s=PATIENCE_S)) as results:
        queue.put(job(Purpose.FINAL, 3))
    (got,) = results
    assert isinstance(got, DecodeJob)
    assert got.speech_id == 3


@pytest.mark.parametrize("end", [DecodeQueue.wake, DecodeQueue.close])
def test_waiting_decoder_is_woken(end: Callable[[DecodeQueue], None]):
    """`wake` and `close` let a waiting `take` return with nothing."""
    queue = DecodeQueue()
    with waiting(lambda: queue.take(timeout_s=10 * PATIENCE_S)) as results:
        end(queue)
    assert results == [None]


def test_wake_counts_once():
    """A wake that came before the wait ends that wait only."""
    queue = DecodeQueue()
    queue.wake()
    assert queue.take(timeout_s=PATIENCE_S) is None
    with waiting(lambda: queue.take(timeout_s=PATIENCE_S)) as results:
        queue.put(job(Purpose.FINAL, 1))
    assert isinstance(results[0], DecodeJob)


def test_nothing_is_taken_after_closing():
    """A closed queue gives nothing, whatever waits in it."""
    queue = DecodeQueue()
    queue.put(job(Purpose.FINAL))
    queue.close()
    assert queue.is_closed
    assert queue.take(timeout_s=PATIENCE_S) is None


def test_drain_waits_for_the_job_in_hand_and_what_follows_from_it():
    """`drain` returns once the last job, a second look it led to included, was worked off."""
    queue = DecodeQueue()
    queue.put(job(Purpose.FINAL))
    assert not queue.drain(timeout_s=0)
    assert queue.take(timeout_s=0) is not None
    assert not queue.drain(timeout_s=0)
    with waiting(lambda: queue.drain(timeout_s=PATIENCE_S)) as results:
        queue.put(job(Purpose.SECOND_LOOK))
        assert queue.take(timeout_s=0) is not None
        assert results == []
        assert queue.take(timeout_s=0) is None
    assert results == [True]


def test_drain_ends_when_the_queue_closes():
    """Nobody waits for work that will not be done, and it does not count as done."""
    queue = DecodeQueue()
    queue.put(job(Purpose.FINAL))
    with waiting(lambda: queue.drain(timeout_s=10 * PATIENCE_S)) as results:
        queue.close()
        wait_until(lambda: results, "drain to end")
    assert results == [False]
