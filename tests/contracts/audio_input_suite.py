"""What every AudioInput does. Import all of it into a test module with a fixture `microphones`."""

from __future__ import annotations

import time

import numpy as np
import pytest

from engine.errors import Unreachable
from engine.voice.ports import AudioInput
from tests.engine.voice.doubles import PATIENCE_S, wait_until


def test_devices_are_named_and_sized(microphones: AudioInput):
    """Each device has a name of its own, a label, channels and a rate; one at most is default."""
    devices = microphones.devices()
    assert devices
    names = [device.name for device in devices]
    assert len(set(names)) == len(names)
    assert sum(device.is_default for device in devices) <= 1
    for device in devices:
        assert device.name
        assert device.label
        assert device.channels >= 1
        assert 8_000 <= device.sample_rate_hz <= 192_000


def test_every_device_can_be_opened_by_its_name(microphones: AudioInput):
    """A stream says which device it is, its rate and its channels."""
    for device in microphones.devices():
        stream = microphones.open(device.name)
        try:
            assert stream.device == device.name
            assert stream.sample_rate_hz > 0
            assert stream.channels >= 1
            assert stream.is_alive()
            assert stream.overflows >= 0
        finally:
            stream.close()


def test_no_name_is_the_default_device(microphones: AudioInput):
    """Opening no name opens the default device."""
    stream = microphones.open("")
    stream.close()
    default = [device.name for device in microphones.devices() if device.is_default]
    assert [stream.device] == default


def test_unknown_device_is_unreachable(microphones: AudioInput):
    """A name that is not there raises Unreachable, which names it."""
    with pytest.raises(Unreachable, match="no such microphone"):
        microphones.open("no such microphone")


def test_stream_delivers_frames(microphones: AudioInput):
    """Frames of float32 in [-1, 1] come steadily, about as many as the rate says."""
    stream = microphones.open("")
    try:
        wait_until(lambda: stream.ring.written > 0, "the first frames")
        began_s, first = time.monotonic(), stream.ring.written
        wait_until(
            lambda: stream.ring.written - first >= stream.sample_rate_hz // 5, "a fifth of a second"
        )
        assert time.monotonic() - began_s < PATIENCE_S
        frames = stream.ring.since(0).rows
        assert frames.dtype == np.float32
        assert frames.shape[1:] == (stream.channels,)
        assert np.isfinite(frames).all()
        assert np.abs(frames).max(initial=0.0) <= 1.0
    finally:
        stream.close()


def test_closed_stream_delivers_nothing_more(microphones: AudioInput):
    """After closing nothing comes, the stream is not alive, and closing again is harmless."""
    stream = microphones.open("")
    wait_until(lambda: stream.ring.written > 0, "the first frames")
    stream.close()
    written = stream.ring.written
    assert not stream.is_alive()
    stream.close()
    assert stream.ring.written == written


def test_two_streams_follow_each_other(microphones: AudioInput):
    """A device can be opened again once it was closed; both streams have rings of their own."""
    first = microphones.open("")
    first.close()
    second = microphones.open("")
    try:
        wait_until(lambda: second.ring.written > 0, "frames after opening again")
        assert second.ring is not first.ring
    finally:
        second.close()
