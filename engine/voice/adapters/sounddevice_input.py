"""Microphones through PortAudio, named by PulseAudio or PipeWire where one of them runs."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import Refused, Unreachable
from engine.telemetry import Ring
from engine.voice.adapters.pulse_sources import pulse_sources
from engine.voice.ports import InputStream
from engine.voice.snapshot import Device

if TYPE_CHECKING:
    import sounddevice

RING_S = 20
"""Sound kept while the dsp thread is late: more than a garbage collection or a busy machine."""
BLOCK_MS = 20
COMMON_RATES_HZ = (48_000, 44_100, 16_000)
"""Tried in turn where a device refuses its own rate."""
PULSE = "pulse"
"""PortAudio's name for whatever PulseAudio or PipeWire records from."""


class SounddeviceInput:
    """An AudioInput. PortAudio is loaded on first use.

    Under PulseAudio and PipeWire, PortAudio knows one device called "pulse"; the real ones are
    listed by the sound server, and one is chosen by the variable libpulse reads on connecting.
    """

    def __init__(self) -> None:
        self._streams: list[_Stream] = []
        # PortAudio crashes where it is initialised anew while a stream is being opened.
        self._lock = threading.Lock()

    def devices(self) -> tuple[Device, ...]:
        """Return what can be recorded now; () where there is no sound system.

        Raises Refused where PortAudio fails.
        """
        sources = pulse_sources()
        if sources is not None:
            return sources
        with self._lock:
            return self._portaudio_devices()

    def open(self, device: str) -> InputStream:
        """Open `device`, or the default one for "".

        Raises Unreachable where there is none of that name, Refused where it will not open.
        """
        known = self.devices()
        chosen = next((one for one in known if one.name == device), None)
        if not device:
            chosen = next((one for one in known if one.is_default), None)
        if chosen is None:
            name = f"microphone {device!r}" if device else "microphone"
            there = "; ".join(one.name for one in known)
            choice = f"choose one of these: {there}" if there else "choose another"
            raise Unreachable(f"No {name} was found: plug one in or {choice}")
        with self._lock:
            return self._opened(chosen)

    def _opened(self, device: Device) -> InputStream:
        library = _portaudio()
        is_pulse = pulse_sources() is not None
        if is_pulse:
            self._make_pulse_known(library)
        place = PULSE if is_pulse else _place_of(library, device.name)
        reasons = []
        for rate_hz in dict.fromkeys((device.sample_rate_hz, *COMMON_RATES_HZ)):
            for channels in dict.fromkeys((min(2, device.channels), device.channels, 1)):
                try:
                    if is_pulse:
                        os.environ["PULSE_SOURCE"] = device.name
                    stream = _Stream(library, place, rate_hz, channels)
                    stream.device = device.name
                    self._streams = [one for one in self._streams if not one.is_closed]
                    self._streams.append(stream)
                    return stream
                except (library.PortAudioError, ValueError) as error:
                    reasons.append(f"{rate_hz} Hz: {error}")
        raise Refused(
            f"{device.label} will not open ({reasons[-1]}): close other programs that record "
            "from it, or choose another microphone"
        )

    def _portaudio_devices(self) -> tuple[Device, ...]:
        try:
            library = _portaudio()
        except Unreachable:
            return ()
        try:
            self._look_again(library)
            found = self._inputs(library)
        except library.PortAudioError as error:
            raise Refused(f"The sound system fails ({error}): restart it") from error
        return found

    def _inputs(self, library: Any) -> tuple[Device, ...]:
        default = _default(library).get("name")
        inputs = [found for _, found in _by_name(library).values()]
        if inputs and default is None:
            default = inputs[0]["name"]
        return tuple(
            Device(
                name=found["name"],
                label=found["name"],
                channels=found["max_input_channels"],
                sample_rate_hz=int(found["default_samplerate"]),
                is_default=found["name"] == default,
            )
            for found in inputs
        )

    def _make_pulse_known(self, library: Any) -> None:
        """Let PortAudio find a sound server that was started after it. Raises Refused."""
        if not _knows_pulse(library):
            self._look_again(library)
        if not _knows_pulse(library):
            raise Refused(
                "The sound server cannot be reached through ALSA: install its plugin (Debian, "
                "Ubuntu: `apt install libasound2-plugins`; Fedora: `dnf install "
                "alsa-plugins-pulseaudio`; Arch: `pacman -S alsa-plugins`)"
            )

    def _look_again(self, library: Any) -> None:
        """Renew PortAudio's list, which it makes when it is initialised; not while one is open."""
        if all(stream.is_closed for stream in self._streams):
            library._terminate()
            library._initialize()


def _default(library: Any) -> dict[str, Any]:
    """Return what PortAudio says of the default microphone; {} where there is none."""
    try:
        return dict(library.query_devices(kind="input"))
    except (library.PortAudioError, ValueError):
        return {}


def _by_name(library: Any) -> dict[str, tuple[int, dict[str, Any]]]:
    """Return each microphone's number and description, once.

    Windows lists a device once for each of its sound systems, all under one name.
    """
    system = _default(library).get("hostapi")
    found: dict[str, tuple[int, dict[str, Any]]] = {}
    for number, one in enumerate(library.query_devices()):
        is_better = one["name"] not in found or one.get("hostapi") == system
        if one["max_input_channels"] > 0 and is_better:
            found[one["name"]] = number, one
    return found


def _place_of(library: Any, name: str) -> int | str:
    """Return the number of the microphone `name`: by a name PortAudio may find several."""
    found = _by_name(library).get(name)
    return name if found is None else found[0]


def _knows_pulse(library: Any) -> bool:
    return any(found["name"] == PULSE for found in library.query_devices())


def _portaudio() -> Any:
    try:
        import sounddevice
    except OSError as error:
        raise Unreachable(
            "The sound library PortAudio is missing: install it (Debian, Ubuntu: "
            "`apt install libportaudio2`; Fedora: `dnf install portaudio`; Arch: "
            "`pacman -S portaudio`)"
        ) from error
    return sounddevice


class _Stream:
    """An open microphone."""

    def __init__(self, library: Any, place: int | str, rate_hz: int, channels: int) -> None:
        self.device = str(place)
        self.sample_rate_hz = rate_hz
        self.channels = channels
        self.ring = Ring(RING_S * rate_hz, row_shape=(channels,))
        self.overflows = 0
        self._ended = threading.Event()
        self._stream: sounddevice.InputStream = library.InputStream(
            samplerate=rate_hz,
            blocksize=rate_hz * BLOCK_MS // 1000,
            device=place,
            channels=channels,
            dtype="float32",
            latency="low",
            callback=self._take,
            finished_callback=self._ended.set,
        )
        try:
            self._stream.start()
        except library.PortAudioError:
            self._stream.close()
            raise

    @property
    def is_closed(self) -> bool:
        """True once closed."""
        return bool(self._stream.closed)

    def is_alive(self) -> bool:
        """Tell whether the device still delivers or may; False once it has gone."""
        return not (self._ended.is_set() or self.is_closed)

    def close(self) -> None:
        """Stop at once and free the device; may be called twice."""
        if not self.is_closed:
            self._stream.close(ignore_errors=True)

    def _take(self, frames: NDArray[np.float32], count: int, times: Any, status: Any) -> None:
        # PortAudio's own thread: copy and return.
        if status.input_overflow:
            self.overflows += 1
        self.ring.extend(frames)
