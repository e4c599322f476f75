"""What waits to be decoded: finals first, only the newest partial, second looks when idle."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from enum import IntEnum

from engine.voice.ports import SAMPLE_RATE_HZ, FloatArray
from engine.voice.segmenter import Speech


class Purpose(IntEnum):
    """Why something is decoded; the lower goes first."""

    FINAL = 0
    EARLY = 1
    """A pause began: the answer is the final text if the pause lasts."""
    PARTIAL = 2
    SECOND_LOOK = 3


@dataclass(frozen=True, slots=True)
class DecodeJob:
    """The sound of one utterance, as it was when the decoder became free."""

    purpose: Purpose
    speech_id: int
    audio: FloatArray
    start: int
    """First sample, counted from the start of the recording."""
    speech_end: int
    """The sample after the last speech."""
    speech_ms: float
    heard_s: float
    """Clock time at which the last sample was heard."""
    told: str = ""
    """For a second look: the text that was told."""

    @property
    def tail_ms(self) -> float:
        """Silence after the last speech."""
        return 1000 * (self.start + len(self.audio) - self.speech_end) / SAMPLE_RATE_HZ


class DecodeQueue:
    """One waiting place for partials and early decodes, a line for finals and second looks."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._finals: deque[DecodeJob] = deque()
        self._second_looks: deque[DecodeJob] = deque(maxlen=4)
        self._growing: tuple[Purpose, Speech, float] | None = None
        self._is_closed = False
        self._is_busy = False
        self._was_woken = False
        self.dropped_partials = 0

    def ask(self, purpose: Purpose, speech: Speech, heard_s: float) -> None:
        """Ask for a look at `speech` as it will be once the decoder is free; replaces the last."""
        with self._changed:
            if self._growing is not None:
                self.dropped_partials += 1
                purpose = min(purpose, self._growing[0])
            self._growing = (purpose, speech, heard_s)
            self._changed.notify()

    def put(self, job: DecodeJob) -> None:
        """Add a final or a second look; a final ends the wait of its partials."""
        with self._changed:
            if job.purpose is Purpose.FINAL:
                self._finals.append(job)
                self._growing = None
            else:
                self._second_looks.append(job)
            self._changed.notify()

    def take(self, *, timeout_s: float) -> DecodeJob | None:
        """Return the most urgent job; None when none came in time or the queue is closed."""
        with self._changed:
            self._is_busy = False
            self._changed.notify_all()
            self._changed.wait_for(self._may_return, timeout_s)
            self._was_woken = False
            job = self._pick()
            self._is_busy = job is not None
            return job

    def wake(self) -> None:
        """Let a waiting `take` return with nothing."""
        with self._changed:
            self._was_woken = True
            self._changed.notify_all()

    def drain(self, *, timeout_s: float) -> bool:
        """Wait until everything asked for is done; second looks count.

        False on time-out, and where the queue was closed with work left.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._is_idle(), timeout_s)
            return self._is_idle()

    def close(self) -> None:
        """Wake every waiter; nothing is taken any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    @property
    def is_closed(self) -> bool:
        """True once closed."""
        return self._is_closed

    @property
    def waiting_finals(self) -> int:
        """Finished utterances that nobody has decoded yet."""
        return len(self._finals)

    def _may_return(self) -> bool:
        return self._has_work() or self._is_closed or self._was_woken

    def _is_idle(self) -> bool:
        return not (self._has_work() or self._is_busy)

    def _has_work(self) -> bool:
        return bool(self._finals or self._growing or self._second_looks)

    def _pick(self) -> DecodeJob | None:
        if self._is_closed:
            return None
        if self._finals:
            return self._finals.popleft()
        if self._growing is not None:
            (purpose, speech, heard_s), self._growing = self._growing, None
            return job_of(purpose, speech, heard_s)
        return self._second_looks.popleft() if self._second_looks else None


def job_of(purpose: Purpose, speech: Speech, heard_s: float) -> DecodeJob:
    """Return a job over `speech` as it is now."""
    # First the end, then the sound: the dsp thread may add a window in between.
    speech_end, speech_ms = speech.speech_end, speech.speech_ms
    return DecodeJob(
        purpose, speech.id, speech.audio(), speech.start, speech_end, speech_ms, heard_s
    )
