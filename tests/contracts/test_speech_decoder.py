"""Whatever turns sound into words, it behaves alike: the contract of `SpeechDecoder`."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import numpy as np
import pytest

from engine.voice.adapters.simulated import ScriptedDecoderFactory, babble
from engine.voice.ports import SAMPLE_RATE_HZ, FloatArray, SpeechDecoder
from tests.engine.voice.doubles import ListDecoder

VOICE = babble(3.0, SAMPLE_RATE_HZ)


@pytest.fixture(params=["simulated", "stand-in of the tests", "whisper"])
def decoder(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> SpeechDecoder:
    """Return a loaded model."""
    if request.param == "whisper":
        whisper: SpeechDecoder = request.getfixturevalue("whisper_base")
        return whisper
    if request.param == "simulated":
        folder = tmp_path_factory.mktemp("model")
        return ScriptedDecoderFactory(cost_s=0.0).load("base", folder, compute="cpu", threads=1)
    return ListDecoder(["hello there."])


def test_model_says_what_it_is(decoder: SpeechDecoder):
    """A model has a name, and says where it runs."""
    assert decoder.model
    assert decoder.compute


@pytest.mark.parametrize("window", ["short", "full"])
def test_hypothesis_is_complete(decoder: SpeechDecoder, window: Literal["short", "full"]):
    """Every value of a hypothesis lies in its range, with the window cut short or not."""
    got = decoder.decode(VOICE, language="en", window=window)
    assert got.text == got.text.strip()
    assert got.language == "en"
    assert got.mean_log_probability <= 0.0
    assert 0.0 <= got.no_speech_probability <= 1.0
    assert got.compression_ratio >= 0.0
    assert isinstance(got.was_cut, bool)
    assert isinstance(got.is_closed, bool)


@pytest.mark.parametrize("samples", [1, 512, 15_999, 28 * SAMPLE_RATE_HZ, 30 * SAMPLE_RATE_HZ])
def test_any_length_up_to_half_a_minute(decoder: SpeechDecoder, samples: int):
    """One sample and thirty seconds can be decoded, silent as they are."""
    got = decoder.decode(np.zeros(samples, np.float32), language="en", window="short")
    assert isinstance(got.text, str)


def test_language_is_detected_or_obeyed(decoder: SpeechDecoder):
    """Without a language one is found; with one that is it."""
    if not isinstance(decoder, ListDecoder):
        assert decoder.decode(VOICE, language="de", window="short").language == "de"
    found = decoder.decode(VOICE, language=None, window="short").language
    assert len(found) == 2
    assert found.isalpha()


def test_same_sound_gives_the_same_words(decoder: SpeechDecoder):
    """Decoding is repeatable: an early decode may stand for the final."""
    first, second = (decoder.decode(VOICE, language="en", window="short") for _ in range(2))
    assert first == second


def test_sound_stays_as_it_is(decoder: SpeechDecoder):
    """Decoding does not change the sound."""
    sound = VOICE.copy()
    decoder.decode(sound, language="en", window="short")
    decoder.decode_passage(sound, language="en")
    np.testing.assert_array_equal(sound, VOICE)


@pytest.mark.parametrize("decoder", ["simulated", "whisper"], indirect=True)
@pytest.mark.parametrize("prefix", ["Please remind", "And so my fellow"])
def test_text_begins_with_the_prefix(decoder: SpeechDecoder, prefix: str):
    """With a prefix the text begins with it, whatever the sound says."""
    got = decoder.decode(VOICE, language="en", window="short", prefix=prefix)
    assert got.text.startswith(prefix)


def is_in_order(times_s: list[float]) -> bool:
    """Tell whether no time is before the one in front of it."""
    return all(first <= second for first, second in pairwise(times_s))


def test_passage_can_be_translated_and_prompted(decoder: SpeechDecoder):
    """A passage is decoded to English and after other words just as well."""
    for task, prompt in (("translate", ""), ("transcribe", "Names: Ada, Grace.")):
        got = decoder.decode_passage(VOICE, language="de", task=task, prompt=prompt)
        assert got.language == "de"
        assert all(segment.text for segment in got.segments)


@pytest.mark.parametrize("sound", [VOICE, np.zeros(16_000, np.float32)], ids=["voice", "silence"])
def test_passage_is_timed(decoder: SpeechDecoder, sound: FloatArray):
    """Segments and words of a passage follow each other within the sound."""
    got = decoder.decode_passage(sound, language="en")
    assert got.language == "en"
    for segment in got.segments:
        assert segment.text
        assert 0.0 <= segment.start_s <= segment.end_s
        assert 0.0 <= segment.confidence <= 1.0
        assert is_in_order([word.start_s for word in segment.words])
        for word in segment.words:
            assert word.start_s <= word.end_s
            assert 0.0 <= word.confidence <= 1.0
    assert is_in_order([segment.start_s for segment in got.segments])
