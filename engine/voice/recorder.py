"""The life of a recording: begun, kept alive while microphones come and go, and finished."""

from __future__ import annotations

import asyncio
from pathlib import Path

from engine.clock import Clock
from engine.errors import OutsideError, Refused
from engine.voice.live import LiveTranscription
from engine.voice.microphones import Microphones
from engine.voice.recording import Recording, discard, find_unfinished
from engine.voice.snapshot import Recovered, VoiceState

DRAIN_S = 120.0
"""A slow machine may still be transcribing when the recording ends; later it is given up."""
WATCH_S = 2.0
"""A microphone that comes or goes is noticed within this time, for 6 ms of CPU a look."""
LOST = "The microphone has gone: plug it in again, or choose another; recording then goes on"


class Recorder:
    """Starts and stops recordings. Its coroutines belong to the engines' loop.

    folder: where the sound lies until it is transcribed.
    """

    def __init__(
        self, *, live: LiveTranscription, microphones: Microphones, folder: Path, clock: Clock
    ) -> None:
        self._live = live
        self._microphones = microphones
        self._folder = folder
        self._clock = clock
        self._recording: Recording | None = None
        self._turn = asyncio.Lock()
        self._device = ""
        self.recovered: tuple[Recovered, ...] = ()
        self.problem: str | None = None
        self.is_draining = False

    async def start(self, device: str) -> None:
        """Record from `device`, "" for the default; nothing happens while a recording runs.

        Raises Unreachable where there is no microphone, Refused where it will not open.
        """
        async with self._turn:
            if self._live.capture is not None:
                return
            self.problem = None
            self._device = device
            stream = await self._microphones.open(device)
            try:
                self._recording = Recording(self._folder, clock=self._clock)
            except Refused as error:
                # The words matter more than the sound: go on without it, and say so.
                self.problem = str(error)
            self._live.begin(stream, self._recording)

    async def stop(self, *, keep: bool) -> None:
        """End the recording; returns when its last words were told.

        keep: the sound stays as a WAV file; it does anyway where it could not be transcribed.
        Raises Refused where the sound could not be finished on the disk.
        """
        async with self._turn:
            capture = self._live.capture
            if capture is None:
                return
            self.is_draining = True
            try:
                await asyncio.to_thread(self._live.end)
                is_done = await asyncio.to_thread(self._live.queue.drain, timeout_s=DRAIN_S)
                self._forget_loss()
                is_heard = is_done and not (capture.is_deaf or self._live.has_missed)
                await asyncio.to_thread(self._finish, keep, is_heard)
            finally:
                self.is_draining = False

    async def choose(self, device: str) -> None:
        """Record from `device` from now on; at once, if recording.

        Raises Unreachable, Refused; the recording then goes on with the old one.
        """
        async with self._turn:
            if self._live.capture is not None:
                self._live.capture.switch(await self._microphones.open(device))
            self._device = device

    async def watch(self) -> None:
        """Look for microphones that come and go, for ever; a lost one is taken up again."""
        while True:
            await asyncio.sleep(WATCH_S)
            await self._microphones.refresh()
            async with self._turn:
                await self._mend()

    async def look_for_unfinished(self) -> None:
        """Look again for recordings that a crash cut off."""
        self.recovered = await asyncio.to_thread(find_unfinished, self._folder)

    async def discard(self, name: str) -> None:
        """Delete the cut-off recording `name`. Raises Refused."""
        await asyncio.to_thread(discard, self._folder, name)
        await self.look_for_unfinished()

    @property
    def state(self) -> VoiceState:
        """What the engine is doing."""
        live = self._live
        if self.is_draining:
            return VoiceState.DRAINING
        if live.capture is not None:
            return VoiceState.DEVICE_LOST if live.capture.is_lost else VoiceState.RECORDING
        if live.is_loading:
            return VoiceState.LOADING
        return VoiceState.READY if live.decoder is not None else VoiceState.FAILED

    async def _mend(self) -> None:
        """Open the microphone again where it has gone."""
        capture = self._live.capture
        if capture is None:
            return
        is_there = capture.device is not None and self._microphones.has(capture.device)
        if is_there and not capture.is_lost:
            return
        self.problem = LOST
        try:
            capture.switch(await self._microphones.open(self._device))
        except OutsideError:
            capture.switch(None)
        else:
            self.problem = None

    def _forget_loss(self) -> None:
        if self.problem == LOST:
            self.problem = None

    def _finish(self, keep: bool, is_heard: bool) -> None:
        recording, self._recording = self._recording, None
        if recording is None:
            return
        has_model = self._live.decoder is not None
        kept = recording.finish(keep=keep or not (is_heard and has_model))
        if kept and not has_model:
            self.problem = f"Nothing was transcribed: the sound is kept in {kept}"
        elif kept and not is_heard:
            self.problem = f"Not all of it was transcribed: the sound is kept in {kept}"
