"""Sentences are found in the stream of sound; nothing of them is lost or heard twice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.voice.ports import SAMPLE_RATE_HZ, FloatArray
from engine.voice.segmenter import COMPLETE_SHARE, START_WINDOWS, Segmenter, Speech
from engine.voice.settings import SegmentSettings
from engine.voice.vad import WINDOW, WINDOW_MS

SPEECH, BETWEEN, SILENCE = 0.97, 0.4, 0.02
"""Above the start, between the end and the start, below the end."""
LONGEST_S = 5.0
MARK = 1e-6
"""The number of a window is so small a sample that it changes no loudness."""
RUNS = st.lists(
    st.tuples(st.sampled_from([SPEECH, BETWEEN, SILENCE]), st.integers(1, 120)), max_size=12
)
SETTINGS = st.builds(
    SegmentSettings,
    pre_roll_ms=st.sampled_from([0, 320, 2000]),
    end_silence_ms=st.sampled_from([200, 600, 3000]),
    part_after_s=st.sampled_from([4.0, 28.0]),
    longest_s=st.sampled_from([LONGEST_S, 7.0]),
)


def window(number: int, *, loudness: float = 1.0) -> FloatArray:
    """Return a window that carries its number and has a loudness of its own."""
    numbered = np.full(WINDOW, loudness, np.float32)
    numbered[0] = number * MARK
    return numbered


def numbers(speech: Speech) -> list[int]:
    """Return which windows `speech` is made of."""
    return [round(each[0] / MARK) for each in speech.windows]


def cut_up(segmenter: Segmenter, probabilities: list[float], *, seed: int = 0) -> list[Speech]:
    """Return the utterances of numbered windows with `probabilities`, the last one closed."""
    loudness = np.random.default_rng(seed).uniform(0.1, 1.0, len(probabilities))
    closed = [
        segmenter.push(window(number, loudness=loudness[number]), probability)
        for number, probability in enumerate(probabilities)
    ]
    return [speech for speech in [*closed, segmenter.close()] if speech is not None]


def runs(*parts: tuple[float, int]) -> list[float]:
    """Return probabilities from (probability, windows)."""
    return [probability for probability, count in parts for _ in range(count)]


@given(SETTINGS, RUNS, st.integers(0, 5))
def test_windows_are_neither_lost_nor_doubled(
    settings: SegmentSettings, parts: list[tuple[float, int]], seed: int
):
    """Each utterance is a stretch of the stream; none overlap; cut ones go on without a gap."""
    end = 0
    for speech in cut_up(Segmenter(settings), runs(*parts), seed=seed):
        stretch = numbers(speech)
        assert stretch == list(range(stretch[0], stretch[0] + len(stretch)))
        assert speech.start == stretch[0] * WINDOW
        assert speech.start >= end
        assert len(speech.audio()) == speech.samples
        end = speech.start + speech.samples


@given(SETTINGS, RUNS, st.integers(0, 5))
def test_speech_is_within_its_utterance(
    settings: SegmentSettings, parts: list[tuple[float, int]], seed: int
):
    """Ids rise by one, the end of speech lies in the utterance, and no utterance is too long."""
    found = cut_up(Segmenter(settings), runs(*parts), seed=seed)
    assert [speech.id for speech in found] == list(range(1, len(found) + 1))
    for speech in found:
        assert speech.start < speech.speech_end <= speech.start + speech.samples
        assert speech.speech_ms <= len(speech.windows) * WINDOW_MS
        assert speech.samples < settings.longest_s * SAMPLE_RATE_HZ + 2 * WINDOW
        assert speech.silence_ms < settings.end_silence_ms + WINDOW_MS


@given(RUNS, st.integers(0, 5))
def test_all_speech_is_in_some_utterance(parts: list[tuple[float, int]], seed: int):
    """Every run of at least two windows above the start probability is in an utterance."""
    probabilities = runs(*parts)
    found = cut_up(Segmenter(SegmentSettings(longest_s=LONGEST_S)), probabilities, seed=seed)
    taken = {number for speech in found for number in numbers(speech)}
    for number in range(1, len(probabilities)):
        if probabilities[number - 1] == probabilities[number] == SPEECH:
            assert {number - 1, number} <= taken


@pytest.mark.parametrize("pre_roll_ms", [0, 320, 1000])
def test_pre_roll_is_kept(pre_roll_ms: int):
    """An utterance begins with the sound from before speech was noticed."""
    settings = SegmentSettings(pre_roll_ms=pre_roll_ms)
    (speech,) = cut_up(Segmenter(settings), runs((SILENCE, 60), (SPEECH, 5)))
    assert numbers(speech)[0] == 60 - round(pre_roll_ms / WINDOW_MS)
    assert speech.speech_ms == 5 * WINDOW_MS


def test_pre_roll_stops_at_the_sentence_before():
    """Sound that belonged to a closed utterance is not the pre-roll of the next."""
    settings = SegmentSettings(pre_roll_ms=2000, end_silence_ms=200)
    first, second = cut_up(Segmenter(settings), runs((SPEECH, 5), (SILENCE, 10), (SPEECH, 5)))
    assert second.start == first.start + first.samples


def test_one_window_is_a_click():
    """A single window above the start probability opens nothing, however often."""
    segmenter = Segmenter(SegmentSettings())
    assert cut_up(segmenter, runs(*[(SPEECH, 1), (BETWEEN, 1)] * 20)) == []


def test_silence_closes():
    """Speech closes with the first window that completes the end silence, and ends before it."""
    segmenter = Segmenter(SegmentSettings(end_silence_ms=640))
    for number in range(10):
        segmenter.push(window(number), SPEECH)
    closed = [segmenter.push(window(10 + number), SILENCE) for number in range(20)]
    assert closed[:-1] == [None] * 19
    speech = closed[-1]
    assert speech is not None
    assert segmenter.open is None
    assert speech.speech_end == 10 * WINDOW
    assert speech.silence_ms == 640


def test_hesitation_goes_on():
    """A window between both limits keeps an utterance open and starts its silence anew."""
    segmenter = Segmenter(SegmentSettings(end_silence_ms=640))
    found = cut_up(segmenter, runs((SPEECH, 9), (SILENCE, 19), (BETWEEN, 1), (SILENCE, 19)))
    assert len(found) == 1
    assert found[0].speech_end == (9 + 19 + 1) * WINDOW


def test_finished_sentence_closes_sooner():
    """A finished sentence needs only 0.7 of the end silence."""
    segmenter = Segmenter(SegmentSettings(end_silence_ms=640))
    for number in range(10):
        segmenter.push(window(number), SPEECH)
    count = 0
    while segmenter.open is not None:
        segmenter.push(window(10 + count), SILENCE, is_complete=True)
        count += 1
    assert (count - 1) * WINDOW_MS < COMPLETE_SHARE * 640 <= count * WINDOW_MS


def test_long_speech_is_cut_where_it_is_quiet():
    """A sentence that grows too long is cut before its quietest window; the rest goes on."""
    segmenter = Segmenter(SegmentSettings(longest_s=LONGEST_S))
    closed = None
    number = 0
    while closed is None:
        loudness = 0.01 if number == 130 else 0.5
        closed = segmenter.push(window(number, loudness=loudness), SPEECH)
        number += 1
    assert numbers(closed) == list(range(130))
    assert segmenter.open is not None
    assert segmenter.open.start == closed.start + closed.samples
    assert segmenter.open.id == closed.id + 1


def test_long_speech_is_parted_at_a_short_pause():
    """A long sentence is parted in the middle of a pause of 128 ms; the rest goes on at once."""
    settings = SegmentSettings(part_after_s=4.0, longest_s=28.0)
    found = cut_up(Segmenter(settings), runs((SPEECH, 126), (SILENCE, 4), (SPEECH, 20)))
    assert [numbers(speech) for speech in found] == [list(range(128)), list(range(128, 150))]
    assert found[0].silence_ms == found[1].start / SAMPLE_RATE_HZ * 1000 - 126 * WINDOW_MS


@pytest.mark.parametrize(("spoken", "pause"), [(100, 4), (126, 3)])
def test_speech_is_not_parted_without_need(spoken: int, pause: int):
    """A sentence that is not long, or a gap as short as inside words, is left alone."""
    settings = SegmentSettings(part_after_s=4.0, longest_s=28.0)
    found = cut_up(Segmenter(settings), runs((SPEECH, spoken), (SILENCE, pause), (SPEECH, 20)))
    assert len(found) == 1


def test_a_fading_voice_counts_as_silence_before_the_detector_says_so():
    """Far quieter than its sentence, with the detector in doubt, is silence already."""
    segmenter = Segmenter(SegmentSettings())
    for number in range(20):
        segmenter.push(window(number), SPEECH)
    segmenter.push(window(20, loudness=0.01), BETWEEN)
    assert segmenter.open is not None
    assert segmenter.open.silence_ms == WINDOW_MS


@pytest.mark.parametrize("stops", [True, False])
def test_cut_at_the_very_end(stops: bool):
    """When the newest window is the quietest, the next utterance still has sound."""
    segmenter = Segmenter(SegmentSettings(longest_s=LONGEST_S))
    closed = None
    loudness = 1.0
    while closed is None:
        loudness *= 0.99
        closed = segmenter.push(np.full(WINDOW, loudness, np.float32), SPEECH)
    if not stops:
        segmenter.push(np.zeros(WINDOW, np.float32), SILENCE)
    rest = segmenter.close()
    assert rest is not None
    assert len(rest.audio()) == rest.samples > 0
    assert rest.start == closed.start + closed.samples


def test_close_ends_the_open_utterance():
    """Closing returns what was being said, once, and what comes next is a new utterance."""
    segmenter = Segmenter(SegmentSettings())
    for number in range(START_WINDOWS):
        segmenter.push(window(number), SPEECH)
    speech = segmenter.close()
    assert speech is not None
    assert speech.id == 1
    assert segmenter.close() is None
    assert segmenter.push(window(0), SPEECH) is None
    assert segmenter.open is None


def test_new_recording_counts_from_zero_and_ids_go_on():
    """After a restart samples count from 0 again, and no number of an utterance comes twice."""
    segmenter = Segmenter(SegmentSettings())
    first = cut_up(segmenter, runs((SILENCE, 50), (SPEECH, 5)))
    segmenter.restart()
    second = cut_up(segmenter, runs((SPEECH, 5)))
    assert [speech.id for speech in first + second] == [1, 2]
    assert second[0].start == 0


def test_settings_change_while_listening():
    """A longer pre-roll counts from the next window on and keeps what is there."""
    segmenter = Segmenter(SegmentSettings(pre_roll_ms=320))
    for number in range(40):
        segmenter.push(window(number), SILENCE)
    segmenter.settings = SegmentSettings(pre_roll_ms=1600)
    for number in range(40, 60):
        segmenter.push(window(number), SILENCE)
    (speech,) = cut_up_from(segmenter, 60)
    assert numbers(speech)[0] == 28


def cut_up_from(segmenter: Segmenter, number: int) -> list[Speech]:
    """Return the utterance of two windows of speech from `number` on."""
    for at in range(number, number + START_WINDOWS):
        segmenter.push(window(at), SPEECH)
    closed = segmenter.close()
    return [closed] if closed else []
