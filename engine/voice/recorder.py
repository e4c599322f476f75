"""The life of a recording: begun, kept alive while microphones come and go, and finished."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

from engine.clock import Clock
from engine.errors import OutsideError, Refused
from engine.voice.live import LiveTranscription
from engine.voice.microphones import Microphones
from engine.voice.ports import InputStream
from engine.voice.recording import (
    Recording,
    discard,
    find_unfinished,
    finish_unfinished,
    mend,
    purge,
)
from engine.voice.snapshot import Recovered, VoiceState

DRAIN_S = 120.0
"""A slow machine may still be transcribing when the recording ends; later it is given up."""
WATCH_S = 2.0
"""A microphone that comes or goes is noticed within this time, for 6 ms of CPU a look."""
CLOSED = "Nothing can be recorded: the voice engine is not running"
LOST = "The microphone has gone: plug it in again, or choose another; recording then goes on"

_log = logging.getLogger(__name__)


class Recorder:
    """Starts and stops recordings. Its coroutines belong to the engines' loop.

    folder: where the sound lies until it is transcribed. settle: returns once all that was told
    is stored, and whether it is.
    """

    def __init__(
        self,
        *,
        live: LiveTranscription,
        microphones: Microphones,
        folder: Path,
        clock: Clock,
        settle: Callable[[], Awaitable[bool]],
    ) -> None:
        self._live = live
        self._microphones = microphones
        self._folder = folder
        self._clock = clock
        self._settle = settle
        self._recording: Recording | None = None
        self._turn = asyncio.Lock()
        self._device = ""
        self.recovered: tuple[Recovered, ...] = ()
        self.problem: str | None = None
        self.is_draining = False
        self._is_open = False

    async def open(self, *, keep_days: int) -> None:
        """Look for recordings that a crash cut off; from now on there may be new ones.

        Sound that was kept for more than `keep_days` is deleted; 0 keeps all.
        """
        if keep_days:
            before = self._clock.wall() - timedelta(days=keep_days)
            try:
                await asyncio.to_thread(purge, self._folder, before=before)
            except Refused as error:
                _log.warning("%s", error)
        await self._look_for_unfinished()
        self._is_open = True

    async def start(self, device: str) -> None:
        """Record from `device`, "" for the default; nothing happens while a recording runs.

        Raises Unreachable where there is no microphone, Refused where it will not open or the
        recorder is not open.
        """
        async with self._turn:
            if not self._is_open:
                raise Refused(CLOSED)
            if self._live.capture is not None:
                return
            self.problem = None
            self._device = device
            # Within the turn: a stop that is asked for meanwhile must find the recording.
            await self._microphones.refresh()
            self._begin(await self._microphones.open(device))

    async def stop(self, *, keep: bool) -> None:
        """End the recording; returns when its last words were told and stored.

        keep: the sound stays as a WAV file; it does anyway where it could not be transcribed.
        Who is cancelled waits no longer, but the recording still ends well. Raises Refused where
        the sound could not be finished on the disk.
        """
        await asyncio.shield(asyncio.ensure_future(self._stop(keep)))

    def close(self) -> None:
        """Begin no recording any more; a running one goes on until `stop`."""
        self._is_open = False

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
            try:
                await self._microphones.refresh()
                async with self._turn:
                    await self._mend()
            except Exception as error:  # noqa: BLE001 - a service's outer loop
                problem = f"The microphones cannot be watched ({error!r})"
                if problem != self.problem:
                    _log.exception("watching failed")
                    self.problem = problem

    async def take_up(self, name: str) -> tuple[Path, datetime]:
        """Return the cut-off recording `name` as a WAV file, and when it was begun.

        Raises Unreachable where it is gone, Refused where it cannot be written.
        """
        begun = [one.started_at for one in self.recovered if one.name == name]
        path = await asyncio.to_thread(mend, self._folder, name)
        return path, begun[0] if begun else self._clock.wall()

    async def let_go(self, name: str, *, keep: bool) -> None:
        """Offer the cut-off recording `name` no more: keep it as a finished one, or delete it.

        Raises Refused, and Unreachable where one to keep is gone.
        """
        end = finish_unfinished if keep else discard
        await asyncio.to_thread(end, self._folder, name)
        await self._look_for_unfinished()

    @property
    def state(self) -> VoiceState:
        """What the engine is doing."""
        live = self._live
        if self.is_draining:
            return VoiceState.DRAINING
        if (capture := live.capture) is not None:
            return VoiceState.DEVICE_LOST if capture.is_lost else VoiceState.RECORDING
        if not self._is_open:
            return VoiceState.STOPPED
        if live.is_loading:
            return VoiceState.LOADING
        return VoiceState.READY if live.decoder is not None else VoiceState.FAILED

    async def _look_for_unfinished(self) -> None:
        self.recovered = await asyncio.to_thread(find_unfinished, self._folder)

    def _begin(self, stream: InputStream) -> None:
        try:
            self._recording = Recording(self._folder, clock=self._clock)
        except Refused as error:
            # The words matter more than the sound: go on without it, and say so.
            self.problem = str(error)
        try:
            self._live.begin(stream, self._recording)
        except BaseException:
            stream.close()
            self._finish(keep=False, lack=None)
            raise

    async def _stop(self, keep: bool) -> None:
        async with self._turn:
            capture = self._live.capture
            if capture is None:
                return
            self.is_draining = True
            try:
                await asyncio.to_thread(self._live.end)
                is_done = await asyncio.to_thread(self._live.queue.drain, timeout_s=DRAIN_S)
                is_stored = await self._settle()
                self._forget_loss()
                is_heard = is_done and not (capture.is_deaf or self._live.has_missed)
                await asyncio.to_thread(self._finish, keep, self._lack(is_heard, is_stored))
            except asyncio.CancelledError:
                # The loop itself ends: nobody may wait for the decoder any longer.
                self._live.queue.close()
                raise
            finally:
                self.is_draining = False

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

    def _lack(self, is_heard: bool, is_stored: bool) -> str | None:
        """Return what is missing of the text, so that the sound must stay; None for nothing."""
        if self._live.decoder is None:
            return "Nothing was transcribed"
        if not is_heard:
            return "Not all of it was transcribed"
        return None if is_stored else "Not all of it is in the history"

    def _finish(self, keep: bool, lack: str | None) -> None:
        recording, self._recording = self._recording, None
        if recording is None:
            return
        kept = recording.finish(keep=keep or lack is not None)
        if kept and lack:
            self.problem = f"{lack}: the sound is kept in {kept}"
