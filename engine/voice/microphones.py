"""Which microphones there are, and opening one without blocking anybody."""

from __future__ import annotations

import asyncio

from engine.errors import OutsideError
from engine.voice.ports import AudioInput, InputStream
from engine.voice.snapshot import Device

NONE_FOUND = "No microphone was found: plug one in, or transcribe a file"


class Microphones:
    """The sound system, asked on worker threads."""

    def __init__(self, source: AudioInput) -> None:
        self._source = source
        self.devices: tuple[Device, ...] = ()
        self.problem: str | None = None

    async def refresh(self) -> None:
        """Look again which microphones there are."""
        try:
            self.devices = await asyncio.to_thread(self._source.devices)
            self.problem = None if self.devices else NONE_FOUND
        except OutsideError as error:
            self.devices, self.problem = (), str(error)

    async def open(self, name: str) -> InputStream:
        """Return the open microphone of that name or label, "" for the default.

        One that opens when nobody waits for it any more is closed. Raises Unreachable, Refused.
        """
        found = self.chosen(name) if name else None
        wanted = found.name if found else name
        opening = asyncio.get_running_loop().run_in_executor(None, self._source.open, wanted)
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_close)
            raise

    def has(self, name: str) -> bool:
        """Tell whether `name`, or any for "", was there at the last look."""
        return any(not name or device.name == name for device in self.devices)

    def chosen(self, name: str) -> Device | None:
        """Return the device that a name, or a label, or "" for the default one, stands for."""
        for device in self.devices:
            if device.name == name or (not name and device.is_default):
                return device
        return next((device for device in self.devices if name and device.label == name), None)

    def label(self, name: str) -> str | None:
        """Return what a person reads for `name`; None where it is not there."""
        device = self.chosen(name)
        return device.label if device else (name or None)


def _close(opening: asyncio.Future[InputStream]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()
