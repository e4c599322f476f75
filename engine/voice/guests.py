"""Sound that others send, such as a browser: heard beside the microphone, as it is."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from itertools import count

import numpy as np
from numpy.typing import NDArray

from engine.errors import Overloaded
from engine.telemetry import Ring
from engine.voice.listeners import Listeners
from engine.voice.live import LiveTranscription
from engine.voice.ports import FloatArray
from engine.voice.snapshot import GuestView, VoiceEvent

MOST_GUESTS = 4
"""One model serves all of them and the microphone."""
RING_S = 20
DRAIN_S = 30.0
"""How long the last words of a guest who left may take."""


class PushedStream:
    """An `InputStream` that somebody pushes sound into, from one thread."""

    def __init__(self, device: str, sample_rate_hz: int, channels: int) -> None:
        self.device = device
        self.sample_rate_hz = sample_rate_hz
        self.channels = channels
        self.ring = Ring(RING_S * sample_rate_hz, row_shape=(channels,))
        self.overflows = 0
        self._is_closed = False

    def push(self, frames: NDArray[np.float32]) -> None:
        """Add `frames`, shape (n, channels), float32 in [-1, 1]."""
        if not self._is_closed:
            self.ring.extend(frames)

    def is_alive(self) -> bool:
        """Tell whether more sound may come."""
        return not self._is_closed

    def close(self) -> None:
        """Take no more sound; may be called twice."""
        self._is_closed = True


class Guest:
    """One sender while he sends. Made by `Guests.open`; its coroutines are the engines' loop's."""

    def __init__(
        self,
        id: int,
        stream: PushedStream,
        *,
        live: LiveTranscription,
        listeners: Listeners,
        leave: Callable[[Guest], None],
    ) -> None:
        self.id = id
        self.problem = ""
        self._stream = stream
        self._live = live
        self._listeners = listeners
        self._leave = leave
        self._last_text = ""
        self._is_over = False

    def push(self, frames: FloatArray) -> None:
        """Hear `frames`, shape (n, channels), at the rate the guest was opened with."""
        self._stream.push(frames)

    def events(self) -> AsyncIterator[VoiceEvent]:
        """Return everything the guest says from now on, until he leaves."""
        return self._listeners.subscribe()

    def keep(self, event: VoiceEvent) -> None:
        """Remember what is shown of `event`."""
        if event.event != "partial":
            self._last_text = event.text

    def view(self) -> GuestView:
        """Return the guest as he is now; from any thread."""
        level = self._live.meters.level.latest(1)
        return GuestView(
            id=self.id,
            label=self._stream.device,
            received_s=self._stream.ring.written / self._stream.sample_rate_hz,
            level_dbfs=float(level[0, 1]) if len(level) else None,
            is_speech=self._live.is_speech,
            live=self._live.live,
            last_text=self._last_text,
            problem=self.problem,
        )

    async def aclose(self) -> None:
        """Hear what was sent to its end, then forget the guest. May be called twice."""
        if self._is_over:
            return
        self._is_over = True
        try:
            await asyncio.to_thread(self._finish)
            await asyncio.sleep(0)  # what the decode thread told last is on its way to this loop
        finally:
            self._listeners.close()
            self._leave(self)

    def _finish(self) -> None:
        self._live.end()
        self._live.queue.drain(timeout_s=DRAIN_S)
        self._live.close()


Listen = Callable[[Callable[[VoiceEvent], None], Callable[[str], None]], LiveTranscription]
"""Returns a live transcription that is not started: takes who hears events, and problems."""


class Guests:
    """Everybody who sends sound now.

    listen: makes the ears of a guest. keep: hears what a guest says, with his label and number, on
    the loop.
    """

    def __init__(self, *, listen: Listen, keep: Callable[[VoiceEvent, str, int], None]) -> None:
        self._listen = listen
        self._keep = keep
        self._ids = count(1)
        self._here: dict[int, Guest] = {}
        self._lock = threading.Lock()

    def open(self, label: str, sample_rate_hz: int, channels: int) -> Guest:
        """Return a new guest, who is heard from now on. For the engines' loop.

        Raises Overloaded where there are too many, ValueError for what cannot be sound.
        """
        if not (8000 <= sample_rate_hz <= 192_000 and 1 <= channels <= 8):
            raise ValueError(f"{sample_rate_hz} Hz, {channels} channels is no sound that is sent")
        if len(self._here) >= MOST_GUESTS:
            raise Overloaded(f"{MOST_GUESTS} others send sound already: end one of them first")
        stream = PushedStream(label, sample_rate_hz, channels)

        def take(event: VoiceEvent) -> None:
            guest.keep(event)
            self._keep(event, label, guest.id)

        def show(problem: str) -> None:
            guest.problem = problem

        listeners = Listeners(take)
        listeners.bind(asyncio.get_running_loop())
        live = self._listen(listeners.tell, show)
        guest = Guest(next(self._ids), stream, live=live, listeners=listeners, leave=self._forget)
        live.start()
        live.begin(stream, None)
        with self._lock:
            self._here[guest.id] = guest
        return guest

    @property
    def has_any(self) -> bool:
        """Whether somebody sends."""
        return bool(self._here)

    def views(self) -> tuple[GuestView, ...]:
        """Return everybody who sends; from any thread."""
        with self._lock:
            here = tuple(self._here.values())
        return tuple(guest.view() for guest in here)

    async def aclose(self) -> None:
        """Say goodbye to everybody."""
        for guest in tuple(self._here.values()):
            await guest.aclose()

    def _forget(self, guest: Guest) -> None:
        with self._lock:
            self._here.pop(guest.id, None)
