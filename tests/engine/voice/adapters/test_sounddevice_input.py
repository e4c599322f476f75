"""PortAudio's devices are opened however they want to be, and what refuses says why."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from engine.errors import Refused, Unreachable
from engine.voice.adapters import sounddevice_input
from engine.voice.adapters.sounddevice_input import SounddeviceInput
from engine.voice.snapshot import Device

FINE = SimpleNamespace(input_overflow=False)
LATE = SimpleNamespace(input_overflow=True)


class FakePortAudio:
    """Stands in for the module `sounddevice`.

    accepts: says which rate and channel count a device takes.
    """

    class PortAudioError(Exception):
        """As PortAudio raises it."""

    def __init__(self, accepts: Callable[[int, int], bool] = lambda rate_hz, channels: True):
        self.accepts = accepts
        self.names = ["Built-in", "USB"]
        self.default: str | None = "USB"
        self.looks = 0
        self.systems = ["first"]
        self.is_broken = False
        self.streams: list[FakeStream] = []

    def query_devices(self, kind: str | None = None) -> Any:
        devices = [
            {
                "name": name,
                "max_input_channels": 2,
                "default_samplerate": 44_100.0,
                "hostapi": system,
            }
            for system in self.systems
            for name in self.names
        ]
        if kind is None:
            return [*devices, {"name": "HDMI", "max_input_channels": 0, "default_samplerate": 1.0}]
        if self.default is None:
            raise self.PortAudioError("no default input device")
        return {"name": self.default, "hostapi": self.systems[-1]}

    def InputStream(self, **options: Any) -> FakeStream:  # noqa: N802 - PortAudio's name
        if not self.accepts(options["samplerate"], options["channels"]):
            raise self.PortAudioError("Invalid sample rate")
        self.streams.append(FakeStream(options))
        return self.streams[-1]

    def _terminate(self) -> None:
        self.looks += 1

    def _initialize(self) -> None:
        if self.is_broken:
            raise self.PortAudioError("Unanticipated host error")


class FakeStream:
    """A stream that a test speaks into."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options
        self.closed = False

    def start(self) -> None: ...

    def close(self, ignore_errors: bool = True) -> None:
        self.closed = True


@pytest.fixture
def portaudio(monkeypatch: pytest.MonkeyPatch) -> FakePortAudio:
    """Let there be PortAudio and no sound server."""
    library = FakePortAudio()
    monkeypatch.setitem(sys.modules, "sounddevice", library)  # type: ignore[arg-type]
    monkeypatch.setattr(sounddevice_input, "pulse_sources", lambda: None)
    return library


def test_inputs_are_listed(portaudio: FakePortAudio):
    """Only devices that record are listed, with what they prefer."""
    assert SounddeviceInput().devices() == (
        Device("Built-in", "Built-in", 2, 44_100, False),
        Device("USB", "USB", 2, 44_100, True),
    )


def test_first_input_stands_in_for_a_missing_default(portaudio: FakePortAudio):
    """Where the system names no default, the first input is it."""
    portaudio.default = None
    assert [device.is_default for device in SounddeviceInput().devices()] == [True, False]


def test_devices_are_looked_for_again_while_none_is_open(portaudio: FakePortAudio):
    """PortAudio is asked anew each time, but never while it records."""
    source = SounddeviceInput()
    source.devices()
    source.devices()
    assert portaudio.looks == 2
    stream = source.open("USB")
    looks = portaudio.looks
    source.devices()
    assert portaudio.looks == looks
    stream.close()
    source.devices()
    assert portaudio.looks == looks + 1


@pytest.mark.parametrize(
    ("accepts", "expected"),
    [
        (lambda rate_hz, channels: True, (44_100, 2)),
        (lambda rate_hz, channels: channels == 1, (44_100, 1)),
        (lambda rate_hz, channels: rate_hz == 16_000, (16_000, 2)),
        (lambda rate_hz, channels: (rate_hz, channels) == (48_000, 1), (48_000, 1)),
    ],
)
def test_device_that_refuses_is_asked_otherwise(
    portaudio: FakePortAudio, accepts: Callable[[int, int], bool], expected: tuple[int, int]
):
    """A device that refuses its own rate or channels is tried with the common ones."""
    portaudio.accepts = accepts
    stream = SounddeviceInput().open("")
    assert (stream.sample_rate_hz, stream.channels) == expected
    assert stream.device == "USB"


def test_device_that_refuses_everything(portaudio: FakePortAudio):
    """A device that cannot be opened at all raises Refused, with the reason and a remedy."""
    portaudio.accepts = lambda rate_hz, channels: False
    with pytest.raises(Refused, match=r"Invalid sample rate.*close other programs"):
        SounddeviceInput().open("USB")


def test_device_of_several_sound_systems_is_one(portaudio: FakePortAudio):
    """What several sound systems list is shown once, and opened by the default one's number."""
    portaudio.systems = ["MME", "DirectSound", "WASAPI"]
    source = SounddeviceInput()
    assert [device.name for device in source.devices()] == ["Built-in", "USB"]
    stream = source.open("USB")
    assert stream.device == "USB"
    assert portaudio.streams[0].options["device"] == 5


def test_portaudio_that_fails_is_refused(portaudio: FakePortAudio):
    """A sound system that cannot even be looked at says so, as an error to show."""
    portaudio.is_broken = True
    with pytest.raises(Refused, match="Unanticipated host error"):
        SounddeviceInput().devices()


def test_nobody_looks_while_a_device_is_being_opened(portaudio: FakePortAudio):
    """PortAudio is never initialised anew in the middle of an opening: that would crash."""
    is_opening, may_open = threading.Event(), threading.Event()
    looks: list[int] = []

    def slow(rate_hz: int, channels: int) -> bool:
        looks.append(portaudio.looks)
        is_opening.set()
        assert may_open.wait(10)
        looks.append(portaudio.looks)
        return True

    portaudio.accepts = slow
    source = SounddeviceInput()
    opening = threading.Thread(target=source.open, args=("USB",))
    opening.start()
    assert is_opening.wait(10)
    looking = threading.Thread(target=source.devices)
    looking.start()
    looking.join(0.05)
    may_open.set()
    opening.join()
    looking.join()
    assert looks[0] == looks[1] == portaudio.looks


def test_unknown_device(portaudio: FakePortAudio):
    """A device that is not there raises Unreachable, and so does none at all."""
    with pytest.raises(Unreachable, match=r"'webcam'.*choose one of these: Built-in; USB"):
        SounddeviceInput().open("webcam")
    portaudio.names = []
    with pytest.raises(Unreachable, match="plug one in"):
        SounddeviceInput().open("")


def test_callback_fills_the_ring_and_counts_overflows(portaudio: FakePortAudio):
    """What PortAudio hands over is in the ring; what it lost before is counted."""
    stream = SounddeviceInput().open("USB")
    callback = portaudio.streams[0].options["callback"]
    frames = np.full((882, 2), 0.25, np.float32)
    callback(frames, 882, None, FINE)
    callback(frames, 882, None, LATE)
    assert stream.ring.written == 1764
    np.testing.assert_array_equal(stream.ring.since(882).rows, frames)
    assert stream.overflows == 1


def test_stream_ends_with_its_device_and_with_closing(portaudio: FakePortAudio):
    """A stream is alive until its device ends it or somebody closes it, once or twice."""
    source = SounddeviceInput()
    first, second = source.open("USB"), source.open("Built-in")
    portaudio.streams[0].options["finished_callback"]()
    assert not first.is_alive()
    assert second.is_alive()
    second.close()
    second.close()
    assert not second.is_alive()


def test_missing_portaudio(monkeypatch: pytest.MonkeyPatch):
    """Without PortAudio nothing is listed, and opening says what to install."""

    class NoLibrary:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [NoLibrary(), *sys.meta_path])
    monkeypatch.setattr(sounddevice_input, "pulse_sources", lambda: None)
    assert SounddeviceInput().devices() == ()
    monkeypatch.setattr(
        sounddevice_input, "pulse_sources", lambda: (Device("mic", "Mic", 1, 48_000, True),)
    )
    with pytest.raises(Unreachable, match="libportaudio2"):
        SounddeviceInput().open("")


def test_sound_server_chooses_the_device(portaudio: FakePortAudio, monkeypatch: pytest.MonkeyPatch):
    """Under a sound server PortAudio's "pulse" is opened, pointed at the chosen device."""
    monkeypatch.setenv("PULSE_SOURCE", "")
    devices = (Device("usb", "USB", 1, 48_000, True), Device("jack", "Jack", 2, 48_000, False))
    monkeypatch.setattr(sounddevice_input, "pulse_sources", lambda: devices)
    portaudio.names = ["pulse"]
    source = SounddeviceInput()
    assert source.devices() == devices
    stream = source.open("jack")
    assert stream.device == "jack"
    assert portaudio.streams[0].options["device"] == "pulse"
    assert sounddevice_input.os.environ["PULSE_SOURCE"] == "jack"
    portaudio.names = ["hw:0"]
    stream.close()
    with pytest.raises(Refused, match="libasound2-plugins"):
        source.open("usb")
