"""The AudioInput of PortAudio, on a real sound server."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from engine.errors import Unreachable
from engine.voice.adapters.sounddevice_input import SounddeviceInput
from engine.voice.ports import InputStream
from tests.live.programs import wait_until
from tests.live.pulse import LABEL, MICROPHONE, SPEAKER, SoundServer
from tests.live.speech import Speech

pytestmark = pytest.mark.live

MONITOR = f"{SPEAKER}.monitor"
SOUND_S = 10.0
"""The first block of a sleeping virtual device takes two seconds."""


@pytest.fixture
def microphones(
    sound_server: SoundServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SounddeviceInput]:
    """Return the sound system of this process, connected to the test's server."""
    for name, value in sound_server.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PULSE_SOURCE", "")
    import sounddevice

    # It may have been loaded by an earlier test, without a server.
    sounddevice._terminate()
    sounddevice._initialize()
    return SounddeviceInput()


@pytest.fixture
def open_microphone(microphones: SounddeviceInput) -> Iterator[Callable[[str], InputStream]]:
    """Return what opens a microphone; it is closed afterwards."""
    opened: list[InputStream] = []

    def open_one(name: str) -> InputStream:
        opened.append(microphones.open(name))
        return opened[-1]

    yield open_one
    for stream in opened:
        stream.close()


def delivered(stream: InputStream) -> np.ndarray:
    """Return everything in the ring of `stream`, shape (n, channels)."""
    return stream.ring.since(0).rows


def test_devices_have_names_and_formats(microphones: SounddeviceInput):
    """Microphones come before what the loudspeakers play; one of them is the default."""
    microphone, monitor = microphones.devices()
    assert (microphone.name, microphone.label, microphone.channels) == (MICROPHONE, LABEL, 1)
    assert (microphone.sample_rate_hz, microphone.is_default) == (48_000, True)
    assert (monitor.name, monitor.channels, monitor.is_default) == (MONITOR, 2, False)


def test_loudspeakers_are_no_default(microphones: SounddeviceInput, sound_server: SoundServer):
    """Where there are loudspeakers only, they can be recorded by name but are not the default."""
    sound_server.unplug()
    assert [(one.name, one.is_default) for one in microphones.devices()] == [(MONITOR, False)]
    with pytest.raises(Unreachable, match="No microphone was found"):
        microphones.open("")


def test_server_gone(microphones: SounddeviceInput, sound_server: SoundServer):
    """Without a sound server nothing is listed, and opening says so."""
    sound_server.close()
    assert microphones.devices() == ()
    with pytest.raises(Unreachable):
        microphones.open("")


@pytest.mark.parametrize(("name", "channels"), [("", 1), (MICROPHONE, 1), (MONITOR, 2)])
def test_stream_delivers_what_is_played(
    name: str,
    channels: int,
    open_microphone: Callable[[str], InputStream],
    sound_server: SoundServer,
    speak: Callable[[str], Speech],
):
    """An open device delivers the sound that is heard, in its own rate and width."""
    stream = open_microphone(name)
    assert (stream.device, stream.sample_rate_hz) == (name or MICROPHONE, 48_000)
    wait_until(lambda: len(delivered(stream)), "the first block", within_s=SOUND_S)
    sound_server.play(speak("Good morning.").path)
    sound = delivered(stream)
    assert sound.shape[1] == stream.channels == channels
    assert sound.dtype == np.float32
    assert 0.1 < np.abs(sound).max() <= 1.0
    assert stream.overflows == 0


def test_unknown_device(microphones: SounddeviceInput):
    """A device that is not there is named in the error."""
    with pytest.raises(Unreachable, match="'moon'"):
        microphones.open("moon")


def test_two_are_open_at_once(open_microphone: Callable[[str], InputStream]):
    """A device can be opened while another still is, as happens when one is changed."""
    streams = [open_microphone(MICROPHONE), open_microphone(MONITOR)]
    for stream in streams:
        wait_until(lambda one=stream: len(delivered(one)), "the first block", within_s=SOUND_S)
    assert [stream.device for stream in streams] == [MICROPHONE, MONITOR]


def test_unplugging_is_noticed(
    microphones: SounddeviceInput,
    open_microphone: Callable[[str], InputStream],
    sound_server: SoundServer,
):
    """A microphone that was pulled out is no longer listed; once back, it opens and delivers."""
    stream = open_microphone("")
    wait_until(lambda: len(delivered(stream)), "the first block", within_s=SOUND_S)
    sound_server.unplug()
    assert MICROPHONE not in [one.name for one in microphones.devices()]
    stream.close()
    sound_server.plug()
    again = open_microphone(MICROPHONE)
    wait_until(lambda: len(delivered(again)), "the first block", within_s=SOUND_S)


def test_closing_twice(open_microphone: Callable[[str], InputStream]):
    """Closing frees the device at once, and again does nothing."""
    stream = open_microphone("")
    assert stream.is_alive()
    stream.close()
    stream.close()
    assert not stream.is_alive()


def test_server_restarts(
    microphones: SounddeviceInput,
    open_microphone: Callable[[str], InputStream],
    sound_server: SoundServer,
):
    """A stream ends with its server; when that is back, the microphone opens and delivers."""
    stream = open_microphone("")
    wait_until(lambda: len(delivered(stream)), "the first block", within_s=SOUND_S)
    sound_server.close()
    wait_until(lambda: not stream.is_alive(), "the end of the stream", within_s=SOUND_S)
    stream.close()
    assert microphones.devices() == ()
    sound_server.restart()
    again = open_microphone("")
    wait_until(lambda: len(delivered(again)), "the first block", within_s=SOUND_S)
