"""The dsp thread of one recording: from the microphone's ring to the listener."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

import numpy as np

from engine.clock import Clock
from engine.errors import EngineError
from engine.voice.listener import Listener
from engine.voice.meters import Meters
from engine.voice.ports import FloatArray, InputStream
from engine.voice.recording import Recording
from engine.voice.resample import Resampler
from engine.voice.stages import BLOCK, Pipeline
from engine.voice.vad import WINDOW

_log = logging.getLogger(__name__)

POLL_S, IDLE_POLL_S = 0.03, 0.08
"""How often the ring is read, while somebody speaks and while nobody does: the callback may not
wake anyone. Waking is most of what listening to silence costs, and the pre-roll hides the delay."""
BEGUN_S = 2.0
"""A microphone that delivers nothing for this long has gone."""


class Blocks:
    """Parts a stream of samples into blocks of one size."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._rest = np.zeros(0, np.float32)

    def push(self, sound: FloatArray) -> FloatArray:
        """Return the blocks that are full, shape (n, size), and keep the rest."""
        sound = np.concatenate([self._rest, sound])
        whole = len(sound) // self._size * self._size
        self._rest = sound[whole:]
        return sound[:whole].reshape(-1, self._size)

    def flush(self) -> FloatArray:
        """Return the rest, filled up with silence, shape (0 or 1, size)."""
        return self.push(np.zeros(-len(self._rest) % self._size, np.float32))


class Capture:
    """One recording. Starts its thread at once; `stop()` hears what is left and ends it.

    Where listening fails, the sound is still recorded. failed: hears what went wrong while the
    recording goes on, on the dsp thread.
    """

    def __init__(
        self,
        stream: InputStream,
        recording: Recording | None,
        *,
        pipeline: Pipeline,
        listener: Listener,
        meters: Meters,
        clock: Clock,
        failed: Callable[[str], None],
    ) -> None:
        self._recording = recording
        self._pipeline = pipeline
        self._listener = listener
        self._meters = meters
        self._clock = clock
        self._failed = failed
        self._blocks = Blocks(BLOCK)
        self._windows = Blocks(WINDOW)
        self._cursor = 0
        self._resampler = Resampler(stream.sample_rate_hz, stream.channels)
        self._stop = threading.Event()
        self._wanted: InputStream | None = stream
        self._coming: deque[InputStream | None] = deque([stream])
        """Streams in their order: each is heard and closed, however fast they are switched."""
        self._stream: InputStream | None = None
        self._has_begun = False
        self.is_deaf = False
        """True once listening failed: nothing is transcribed any more."""
        self.lost_frames = self._overflows = 0
        self.started_s = clock.now()
        self.heard_s = clock.now()
        """Clock time of the last sound."""
        self._thread = threading.Thread(target=self._run, name="voice-dsp", daemon=True)
        self._thread.start()

    @property
    def is_lost(self) -> bool:
        """True while there is no microphone, or it delivers nothing."""
        stream = self._wanted
        is_silent = self._clock.now() - self.heard_s > BEGUN_S
        return stream is None or not stream.is_alive() or is_silent

    @property
    def device(self) -> str | None:
        """Name of the microphone; None while there is none."""
        return self._wanted.device if self._wanted is not None else None

    @property
    def length_s(self) -> float:
        """Seconds since the recording began."""
        return self._clock.now() - self.started_s

    @property
    def overflows(self) -> int:
        """How often the system lost sound before it reached the ring, on all microphones."""
        stream = self._stream
        return self._overflows + (stream.overflows if stream is not None else 0)

    def switch(self, stream: InputStream | None) -> None:
        """Record from `stream` from now on, or from nothing; the old one is closed."""
        self.heard_s = self._clock.now()
        self._wanted = stream
        self._coming.append(stream)

    def stop(self) -> None:
        """Stop the microphone, hear what it left, end the thread. Blocks for milliseconds."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(POLL_S if self._listener.is_speech else IDLE_POLL_S):
            self._turn()
        self._turn()
        self._leave()
        self._unless_deaf(self._end)

    def _turn(self) -> None:
        while self._coming:
            self._leave()
            self._enter(self._coming.popleft())
        if self._stream is not None:
            self._read(self._stream)

    def _read(self, stream: InputStream) -> None:
        reading = stream.ring.since(self._cursor)
        self._cursor = reading.cursor
        self.lost_frames += reading.missed
        if len(reading.rows):
            self.heard_s = self._clock.now()
            if not self._has_begun:
                self._has_begun = True
                length_s = len(reading.rows) / stream.sample_rate_hz
                self._listener.begin_at(self.heard_s - length_s)
            self._take(self._resampler.process(reading.rows))

    def _enter(self, stream: InputStream | None) -> None:
        self._stream = stream
        if stream is not None:
            self._cursor = 0
            self._resampler = Resampler(stream.sample_rate_hz, stream.channels)

    def _leave(self) -> None:
        """Close the microphone and hear what it left."""
        if self._stream is None:
            return
        self._stream.close()
        self._read(self._stream)
        self._take(self._resampler.flush())
        gone, self._stream = self._stream, None
        self._overflows += gone.overflows

    def _take(self, sound: FloatArray) -> None:
        """Keep `sound`, shape (n,), 16 kHz, as it is; then let the stages and the listener."""
        if self._recording is not None and len(sound):
            try:
                self._recording.write(sound)
            except EngineError as error:
                self._failed(str(error))
        self._unless_deaf(lambda: self._hear(self._blocks.push(sound)))

    def _unless_deaf(self, listen: Callable[[], None]) -> None:
        if self.is_deaf:
            return
        try:
            listen()
        except Exception as error:  # noqa: BLE001 - the thread's outer loop; the sound is on disk
            _log.exception("listening failed")
            self.is_deaf = True
            self._failed(f"Listening failed ({error!r}), recording goes on: stop and start it")

    def _end(self) -> None:
        """Hear the rest and end the open sentence."""
        self._hear(self._blocks.flush())
        for window in self._windows.flush():
            self._measure(window)
        self._listener.stop(self._clock.now())

    def _hear(self, blocks: FloatArray) -> None:
        for block in blocks:
            for window in self._windows.push(self._pipeline.process(block)):
                self._measure(window)

    def _measure(self, window: FloatArray) -> None:
        probability = self._listener.hear(window, self.heard_s)
        self._meters.measure(window, probability, self.heard_s)
