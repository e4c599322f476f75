"""No phrase of a long sentence is lost because the model stopped before its end."""

from __future__ import annotations

import numpy as np

from engine.voice.continuation import MOST_DECODES, decode_whole
from engine.voice.ports import SAMPLE_RATE_HZ, FloatArray, Hypothesis
from tests.engine.voice.doubles import heard


class PhraseDecoder:
    """Says the next of its hypotheses and remembers how much sound it was given."""

    model, compute = "phrases", "test"

    def __init__(self, *answers: Hypothesis) -> None:
        self._answers = iter(answers)
        self.lengths_s: list[float] = []

    def decode(self, audio: FloatArray, **_: object) -> Hypothesis:
        """Return the next answer."""
        self.lengths_s.append(len(audio) / SAMPLE_RATE_HZ)
        return next(self._answers)


def whole(decoder: PhraseDecoder, *, speech_s: float = 10.0) -> Hypothesis:
    """Decode ten seconds of which `speech_s` are speech."""
    audio = np.zeros(10 * SAMPLE_RATE_HZ, np.float32)
    return decode_whole(
        decoder,  # type: ignore[arg-type]
        audio,
        speech_s=speech_s,
        language="en",
        window="short",
    )


def test_finished_sentence_is_decoded_once():
    """What ends where speech ends needs no second decode."""
    decoder = PhraseDecoder(heard("All of it.", end_s=9.6, ended_text="All of it."))
    assert whole(decoder).text == "All of it."
    assert decoder.lengths_s == [10.0]


def test_open_phrase_is_decoded_again_from_its_start():
    """An unfinished last phrase is replaced by a decode that begins where it began."""
    decoder = PhraseDecoder(
        heard("One two. Three", end_s=4.0, ended_text="One two.", is_closed=False),
        heard("Three four.", end_s=5.8, ended_text="Three four."),
    )
    found = whole(decoder)
    assert found.text == found.ended_text == "One two. Three four."
    assert (found.end_s, found.is_closed) == (9.8, True)
    assert decoder.lengths_s == [10.0, 6.0]


def test_silence_after_the_last_phrase_is_not_decoded():
    """What follows the last phrase is only decoded where somebody speaks."""
    decoder = PhraseDecoder(heard("One two.", end_s=4.0, ended_text="One two."))
    assert whole(decoder, speech_s=4.5).text == "One two."


def test_model_that_finishes_no_phrase_is_asked_once():
    """Without any end time there is nowhere to begin again."""
    decoder = PhraseDecoder(heard("And so on", is_closed=False))
    assert whole(decoder).text == "And so on"


def test_tiny_steps_come_to_an_end():
    """A model that finishes a word at a time is not asked for ever."""
    step = heard("Word. And", end_s=0.1, ended_text="Word.", is_closed=False)
    decoder = PhraseDecoder(*[step] * 100)
    whole(decoder)
    assert len(decoder.lengths_s) == MOST_DECODES


def test_nothing_heard_in_the_rest_leaves_the_first_answer():
    """When the rest turns out to be nothing, the open phrase is kept."""
    open_phrase = heard("One two. Three", end_s=4.0, ended_text="One two.", is_closed=False)
    assert whole(PhraseDecoder(open_phrase, heard(""))).text == "One two. Three"
