"""What is decoded when: words while they are said, the final as soon as the pause lasts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.voice.adapters.simulated import LoudnessDetector
from engine.voice.decode_queue import DecodeJob, DecodeQueue, Purpose
from engine.voice.listener import BUSY_SHARE, EARLY_SILENCE_MS, FULL_TAIL_MS, Listener
from engine.voice.ports import SAMPLE_RATE_HZ, FloatArray
from engine.voice.segmenter import COMPLETE_SHARE
from engine.voice.settings import SegmentSettings, VoiceSettings
from engine.voice.transcriber import Transcriber
from engine.voice.vad import WINDOW, WINDOW_MS, VoiceActivity
from tests.conftest import FakeClock
from tests.engine.voice.doubles import Ear, ListDecoder, heard, quiet, voice

EARLY_WINDOWS = int(EARLY_SILENCE_MS / WINDOW_MS)
SETTINGS = VoiceSettings(partial_every_ms=320)


@pytest.fixture
def queue() -> DecodeQueue:
    """Return a queue that nobody decodes from but the test."""
    return DecodeQueue()


@pytest.fixture
def transcriber(queue: DecodeQueue, clock: FakeClock) -> Transcriber:
    """Return a transcriber that is never asked to work, but about what it knows."""
    return Transcriber(queue=queue, clock=clock, tell=lambda event, lag_s: None)


@pytest.fixture
def listener(queue: DecodeQueue, transcriber: Transcriber) -> Listener:
    """Return a listener that takes everything loud for speech."""
    loudness = LoudnessDetector()
    return Listener(
        settings=SETTINGS,
        activity=VoiceActivity(gate=loudness, detector=loudness),
        queue=queue,
        transcriber=transcriber,
    )


def asked(listener: Listener, queue: DecodeQueue, *sounds: FloatArray) -> list[tuple[int, Purpose]]:
    """Return what was asked for after which window of `sounds`, each taken at once."""
    found = []
    for number, window in enumerate(np.concatenate(sounds).reshape(-1, WINDOW), 1):
        listener.hear(window, 0.0)
        job = queue.take(timeout_s=0)
        if job is not None:
            found.append((number, job.purpose))
    return found


def test_silence_costs_nothing(listener: Listener, queue: DecodeQueue):
    """Nothing is decoded while nobody speaks."""
    assert asked(listener, queue, quiet(300)) == []
    assert not listener.is_speech


def test_words_are_refreshed_while_somebody_speaks(listener: Listener, queue: DecodeQueue):
    """Each refresh time, of sound, a partial is asked for."""
    found = asked(listener, queue, voice(60))
    assert {purpose for _, purpose in found} == {Purpose.PARTIAL}
    gaps = np.diff([number for number, _ in found])
    assert gaps.tolist() == [10] * (len(found) - 1)
    assert listener.is_speech


def test_expensive_partials_come_less_often(
    listener: Listener, queue: DecodeQueue, transcriber: Transcriber
):
    """Partials leave the decoder some of its time: a slow one is asked less often."""
    transcriber.partial_cost_s = 0.64
    gaps = np.diff([number for number, _ in asked(listener, queue, voice(200))])
    assert set(gaps.tolist()) == {int(np.ceil(640 / BUSY_SHARE / WINDOW_MS))}


def test_pause_asks_early_and_its_end_asks_for_the_final(listener: Listener, queue: DecodeQueue):
    """At the first sign of a pause an early decode is asked for, at its end the final."""
    found = [
        (number - 40, purpose)
        for number, purpose in asked(listener, queue, voice(40), quiet(40))
        if number > 40 and purpose is not Purpose.PARTIAL
    ]
    end = int(np.ceil(SETTINGS.segment.end_silence_ms / WINDOW_MS))
    assert found == [(EARLY_WINDOWS, Purpose.EARLY), (end, Purpose.FINAL)]
    assert not listener.is_speech


def test_short_pause_is_no_end(listener: Listener, queue: DecodeQueue):
    """Speech that goes on after a short pause asks for no final."""
    found = asked(listener, queue, voice(40), quiet(EARLY_WINDOWS), voice(20))
    assert Purpose.FINAL not in {purpose for _, purpose in found}
    assert Purpose.PARTIAL in {purpose for number, purpose in found if number > 40 + EARLY_WINDOWS}


def test_silence_is_decoded_once(clock: FakeClock):
    """After a good early decode the pause costs no second one, and the final is that one."""
    decoder = ListDecoder(["one", "one two", "one two three."])
    ear = Ear(decoder, clock)
    ear.hear(voice(60))
    before = len(decoder.asked)
    ear.hear(quiet(40))
    assert len(decoder.asked) == before + 1
    assert [event.text for event in ear.events("final")] == ["one two three."]


def test_unsettled_words_are_heard_again_with_more_silence(clock: FakeClock):
    """An early decode that broke off within a word is repeated once more of the pause is there."""
    decoder = ListDecoder([heard("one two thr", is_closed=False)])
    ear = Ear(decoder, clock)
    ear.hear(voice(60))
    before = len(decoder.asked)
    ear.hear(quiet(int(FULL_TAIL_MS / WINDOW_MS)))
    lengths = [one.samples for one in decoder.asked[before:]]
    assert len(lengths) == 2
    assert lengths[1] - lengths[0] == (FULL_TAIL_MS - EARLY_SILENCE_MS) * SAMPLE_RATE_HZ / 1000


def test_early_decode_that_is_not_back_is_waited_for(clock: FakeClock):
    """While the first early decode is still running nothing is asked again."""
    ear = Ear(ListDecoder([heard("one two thr", is_closed=False)]), clock)
    ear.hear(voice(60))
    ear.hear(quiet(EARLY_WINDOWS), decodes=False)
    job = ear.queue.take(timeout_s=0)
    assert job is not None
    ear.hear(quiet(6), decodes=False)
    assert ear.queue.take(timeout_s=0) is None
    ear.transcriber.work(job)
    ear.hear(quiet(1), decodes=False)
    again = ear.queue.take(timeout_s=0)
    assert again is not None
    assert again.purpose is Purpose.EARLY


def test_finished_sentence_is_final_sooner(clock: FakeClock):
    """A sentence that ended with a full stop is final after a shorter silence."""
    settings = VoiceSettings(segment=SegmentSettings(end_silence_ms=960))
    lags_s = []
    for text in ("one two three", "one two three."):
        ear = Ear(ListDecoder([text]), clock, settings)
        ear.hear(voice(60), quiet(60))
        lags_s.append(ear.lags_s[-1])
    assert lags_s[1] <= COMPLETE_SHARE * 0.96 + WINDOW_MS / 1000 < lags_s[0]


def test_slow_decoder_loses_partials_and_no_final(listener: Listener, queue: DecodeQueue):
    """While nothing is decoded, partials are dropped and every sentence waits as a final."""
    for sound in [voice(60), quiet(30)] * 4:
        for window in sound.reshape(-1, WINDOW):
            listener.hear(window, 0.0)
    assert queue.waiting_finals == 4
    assert queue.dropped_partials > 0


def test_stop_makes_the_open_sentence_final(listener: Listener, queue: DecodeQueue):
    """What was being said when the recording stops is decoded as a final, with all its sound."""
    asked(listener, queue, voice(9))
    listener.stop(5.0)
    job = queue.take(timeout_s=0)
    assert isinstance(job, DecodeJob)
    assert (job.purpose, len(job.audio), job.heard_s) == (Purpose.FINAL, 9 * WINDOW, 5.0)
    listener.stop(6.0)
    assert queue.take(timeout_s=0) is None


def test_new_recording_begins_anew(listener: Listener, queue: DecodeQueue):
    """After a restart nothing of the old recording is left, and its numbers are not used again."""
    asked(listener, queue, voice(9))
    listener.restart()
    listener.stop(0.0)
    assert queue.take(timeout_s=0) is None
    asked(listener, queue, voice(5))
    listener.stop(0.0)
    job = queue.take(timeout_s=0)
    assert job is not None
    assert (job.speech_id, job.start) == (2, 0)


def test_settings_count_from_the_next_window(listener: Listener, queue: DecodeQueue):
    """A new refresh time and a new end of sentence count at once."""
    asked(listener, queue, voice(20))
    segment = SegmentSettings(end_silence_ms=200)
    listener.change_settings(replace(SETTINGS, partial_every_ms=640, segment=segment))
    found = asked(listener, queue, voice(60), quiet(20))
    gaps = np.diff([number for number, purpose in found if purpose is Purpose.PARTIAL])
    assert set(gaps.tolist()) == {20}
    assert (67, Purpose.FINAL) in found


def test_probability_is_told(listener: Listener):
    """Each window's speech probability comes back to whoever draws it."""
    assert listener.hear(voice(1), 0.0) > 0.9
    assert listener.hear(quiet(1), 0.0) < 0.1
