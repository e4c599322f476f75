"""Between the microphone and the listener nothing is lost, whatever the microphone does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import Refused
from engine.voice.capture import BEGUN_S, Blocks, Capture
from engine.voice.meters import Meters, level_dbfs
from engine.voice.ports import SAMPLE_RATE_HZ, FloatArray
from engine.voice.settings import StageSettings
from engine.voice.stages import Pipeline
from engine.voice.vad import WINDOW
from tests.conftest import FakeClock
from tests.engine.voice.doubles import DESK, HEADSET, PushStream, tone, wait_until

RISING = np.linspace(-0.9, 0.9, 40 * WINDOW, dtype=np.float32)


class NotingListener:
    """Keeps the windows that it was given."""

    def __init__(self, *, fails_after: int | None = None) -> None:
        self.windows: list[FloatArray] = []
        self.started_s: list[float] = []
        self.is_speech = False
        self.is_stopped = False
        self._fails_after = fails_after

    def hear(self, window: FloatArray, heard_s: float) -> float:
        assert window.shape == (WINDOW,)
        if len(self.windows) == self._fails_after:
            raise RuntimeError("no detector")
        self.windows.append(window)
        return 0.5

    def begin_at(self, started_s: float) -> None:
        self.started_s.append(started_s)

    def stop(self, heard_s: float) -> None:
        self.is_stopped = True

    @property
    def sound(self) -> FloatArray:
        return np.concatenate([*self.windows, np.zeros(0, np.float32)])


@dataclass
class NotingRecording:
    """Keeps the sound it was given, until its disk is full."""

    sound: list[FloatArray] = field(default_factory=list)
    is_full: bool = False

    def write(self, audio: FloatArray) -> None:
        if self.is_full:
            raise Refused("The recording stops here (No space left on device)")
        self.sound.append(audio)


class Scene:
    """A capture, and what came of it."""

    def __init__(self, stream: PushStream, listener: NotingListener | None = None) -> None:
        self.clock = FakeClock()
        self.listener = listener or NotingListener()
        self.recording = NotingRecording()
        self.problems: list[str] = []
        self.meters = Meters()
        self.capture = Capture(
            stream,
            self.recording,  # type: ignore[arg-type]
            pipeline=Pipeline([], StageSettings()),
            listener=self.listener,  # type: ignore[arg-type]
            meters=self.meters,
            clock=self.clock,
            failed=self.problems.append,
        )

    def heard(self, samples: int) -> None:
        """Wait until the listener got `samples`."""
        wait_until(lambda: len(self.listener.sound) >= samples, f"{samples} samples to be heard")

    @property
    def recorded(self) -> FloatArray:
        return np.concatenate([*self.recording.sound, np.zeros(0, np.float32)])


@contextmanager
def recording(stream: PushStream, listener: NotingListener | None = None) -> Iterator[Scene]:
    """Capture `stream` while the block runs, then stop."""
    scene = Scene(stream, listener)
    try:
        yield scene
    finally:
        scene.capture.stop()


@given(st.lists(st.integers(0, 900), max_size=20), st.integers(1, 600))
def test_blocks_are_the_sound_in_pieces(lengths: list[int], size: int):
    """However the sound is cut, the blocks are the sound in order, filled up with silence."""
    blocks, given_, got = Blocks(size), RISING[: sum(lengths)], []
    at = 0
    for length in lengths:
        got.append(blocks.push(given_[at : at + length]))
        at += length
    got.append(blocks.flush())
    assert all(part.shape[1] == size for part in got)
    sound = np.concatenate(got).ravel()
    assert 0 <= len(sound) - len(given_) < size
    np.testing.assert_array_equal(sound[: len(given_)], given_)
    assert not sound[len(given_) :].any()
    assert len(blocks.flush()) == 0


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(1, 5000), min_size=1, max_size=8))
def test_every_sample_is_heard_and_recorded(lengths: list[int]):
    """Whatever the sizes of what the device delivers, all is heard and recorded, once."""
    stream = PushStream()
    sound = np.resize(RISING, sum(lengths))
    with recording(stream) as scene:
        for part in np.split(sound, np.cumsum(lengths)[:-1]):
            stream.push(part)
    np.testing.assert_array_equal(scene.recorded, sound)
    heard = scene.listener.sound
    np.testing.assert_array_equal(heard[: len(sound)], sound)
    assert len(heard) - len(sound) < WINDOW + 160
    assert not heard[len(sound) :].any()
    assert (scene.capture.lost_frames, scene.problems) == (0, [])


@pytest.mark.parametrize(
    ("rate_hz", "channels"), [(8000, 1), (44_100, 2), (48_000, 1), (96_000, 4)]
)
def test_any_rate_and_channel_count(rate_hz: int, channels: int):
    """A second of a tone is a second of that tone at 16 kHz, whatever the device delivers."""
    stream = PushStream(replace(DESK, sample_rate_hz=rate_hz, channels=channels))
    with recording(stream) as scene:
        for part in np.array_split(tone(400.0, 1.0, loudness=0.5, rate_hz=rate_hz), 33):
            stream.push(part)
    assert abs(len(scene.recorded) - SAMPLE_RATE_HZ) <= 2
    middle = slice(2000, 14_000)
    expected = tone(400.0, 1.0, loudness=0.5)
    np.testing.assert_allclose(scene.recorded[middle], expected[middle], atol=0.01)
    np.testing.assert_array_equal(scene.listener.sound[middle], scene.recorded[middle])


def test_numbers_that_are_none_are_silence():
    """NaN and infinity from a broken driver become silence, and only there."""
    sound = tone(400.0, 0.5, loudness=0.5)
    broken = sound.copy()
    broken[1000:1100] = np.nan
    broken[2000] = np.inf
    stream = PushStream()
    with recording(stream) as scene:
        stream.push(broken)
    expected = sound.copy()
    expected[1000:1100] = expected[2000] = 0.0
    np.testing.assert_array_equal(scene.recorded, expected)
    assert np.isfinite(scene.listener.sound).all()


def test_sound_that_was_overwritten_is_counted():
    """When the ring was overrun, the newest is heard and the loss is counted in frames."""
    stream = PushStream(ring_s=0.1)
    stream.push(RISING[:5000])
    with recording(stream) as scene:
        scene.heard(WINDOW)
    assert scene.capture.lost_frames == 5000 - 1600
    np.testing.assert_array_equal(scene.recorded, RISING[3400:5000])


def test_overflows_of_every_device_are_counted():
    """What the system lost counts for the whole recording, whatever the device."""
    first, second = PushStream(), PushStream()
    with recording(first) as scene:
        first.overflows = 2
        wait_until(lambda: scene.capture.overflows == 2, "the overflows to be seen")
        scene.capture.switch(second)
        wait_until(lambda: first.is_closed, "the old device to be closed")
        second.overflows = 1
        wait_until(lambda: scene.capture.overflows == 3, "both to be counted")
    assert scene.capture.overflows == 3


def test_callback_late_by_seconds_loses_nothing():
    """Seconds of sound that arrive at once are all heard."""
    stream = PushStream()
    sound = np.resize(RISING, 10 * SAMPLE_RATE_HZ)
    with recording(stream) as scene:
        stream.push(sound)
        scene.heard(len(sound) - WINDOW)
    np.testing.assert_array_equal(scene.recorded, sound)


def test_switching_keeps_what_both_devices_delivered():
    """Sound of the old device up to the switch and of the new one from it on is all recorded."""
    first, second = PushStream(DESK), PushStream(DESK)
    with recording(first) as scene:
        first.push(RISING[:1500])
        second.push(RISING[5000:6000])
        scene.capture.switch(second)
        wait_until(lambda: first.is_closed, "the old device to be closed")
        second.push(RISING[6000:7000])
    expected = np.concatenate([RISING[:1500], RISING[5000:7000]])
    np.testing.assert_array_equal(scene.recorded, expected)
    np.testing.assert_array_equal(scene.listener.sound[: len(expected)], expected)
    assert second.is_closed


def test_switching_to_another_rate():
    """A device of another rate goes on at 16 kHz."""
    first, second = PushStream(DESK), PushStream(HEADSET)
    with recording(first) as scene:
        first.push(tone(400.0, 0.5, loudness=0.5))
        scene.capture.switch(second)
        second.push(tone(400.0, 0.5, loudness=0.5, rate_hz=HEADSET.sample_rate_hz))
        assert scene.capture.device == "headset"
    assert abs(len(scene.recorded) - SAMPLE_RATE_HZ) <= 4
    assert level_dbfs(scene.recorded[9000:15_000]) == pytest.approx(-9.03, abs=0.1)


def test_every_stream_is_closed_however_fast_they_are_switched():
    """Streams that were switched away at once are heard and closed as well."""
    streams = [PushStream() for _ in range(6)]
    parts = np.split(RISING[:1200], 6)
    for stream, part in zip(streams, parts, strict=True):
        stream.push(part)
    with recording(streams[0]) as scene:
        for stream in streams[1:]:
            scene.capture.switch(stream)
    assert [stream.is_closed for stream in streams] == [True] * 6
    np.testing.assert_array_equal(scene.recorded, RISING[:1200])


def test_without_a_microphone_nothing_happens_until_one_comes():
    """A recording can wait without a device and goes on with the next."""
    first, second = PushStream(), PushStream()
    with recording(first) as scene:
        first.push(RISING[:800])
        scene.capture.switch(None)
        assert scene.capture.is_lost
        assert scene.capture.device is None
        wait_until(lambda: first.is_closed, "the lost device to be closed")
        scene.capture.switch(second)
        assert not scene.capture.is_lost
        second.push(RISING[800:1600])
    np.testing.assert_array_equal(scene.recorded, RISING[:1600])


def test_device_is_lost_when_it_says_so_or_says_nothing():
    """A device that ended, or delivered nothing for two seconds, has gone."""
    stream = PushStream()
    with recording(stream) as scene:
        assert not scene.capture.is_lost
        scene.clock.advance(BEGUN_S + 0.1)
        assert scene.capture.is_lost
        stream.push(RISING[:WINDOW])
        wait_until(lambda: not scene.capture.is_lost, "the device to be there again")
        stream.unplug()
        assert scene.capture.is_lost
        assert scene.capture.length_s == pytest.approx(BEGUN_S + 0.1)


def test_stop_hears_what_is_left():
    """Sound that came just before the stop is heard, and the thread and the device end."""
    stream = PushStream()
    scene = Scene(stream)
    stream.push(RISING[:777])
    scene.capture.stop()
    np.testing.assert_array_equal(scene.recorded, RISING[:777])
    np.testing.assert_array_equal(scene.listener.sound[:777], RISING[:777])
    assert scene.listener.is_stopped
    assert stream.is_closed
    assert "voice-dsp" not in {thread.name for thread in threading.enumerate()}
    scene.capture.stop()


def test_full_disk_is_told_and_listening_goes_on():
    """When the sound cannot be kept, that is told, and the words are still heard."""
    stream = PushStream()
    with recording(stream) as scene:
        scene.recording.is_full = True
        stream.push(RISING[: 4 * WINDOW])
        scene.heard(3 * WINDOW)
    assert scene.problems
    assert "No space left" in scene.problems[0]
    assert not scene.capture.is_deaf


def test_failing_listener_does_not_stop_the_recording():
    """When listening breaks down, that is told once and the sound is still recorded."""
    stream = PushStream()
    with recording(stream, NotingListener(fails_after=2)) as scene:
        stream.push(RISING[: 4 * WINDOW])
        wait_until(lambda: scene.capture.is_deaf, "listening to fail")
        stream.push(RISING[4 * WINDOW : 8 * WINDOW])
    np.testing.assert_array_equal(scene.recorded, RISING[: 8 * WINDOW])
    assert len(scene.problems) == 1
    assert "no detector" in scene.problems[0]
    assert stream.is_closed


def test_first_sample_has_its_time():
    """The recording began when its first sample was captured, told once."""
    stream = PushStream()
    stream.push(RISING[:1600])
    with recording(stream) as scene:
        scene.heard(WINDOW)
        stream.push(RISING[1600:3200])
        scene.heard(3200 - WINDOW)
    assert scene.listener.started_s == [pytest.approx(scene.clock.now() - 0.1)]


def test_levels_are_measured_window_by_window():
    """Each window that is heard is measured as well."""
    stream = PushStream()
    with recording(stream) as scene:
        stream.push(tone(400.0, 0.32, loudness=0.5))
    assert scene.meters.level.written == len(scene.listener.windows) == 10
    np.testing.assert_allclose(scene.meters.speech.latest()[:, 1], 0.5)
