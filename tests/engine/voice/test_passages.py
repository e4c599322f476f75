"""Speech is packed into passages, cut at pauses, and times find back to the file."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.voice.passages import (
    AFTER,
    BEFORE,
    EARLIEST_CUT,
    LEAST_GAP,
    LONGEST,
    WINDOW_S,
    PassagePacker,
    SpeechPassage,
)


def pack(probabilities: list[float], loudness: list[float] | None = None) -> list[SpeechPassage]:
    """Pack windows whose samples all hold their own number, or the given loudness."""
    packer = PassagePacker()
    passages = []
    for number, probability in enumerate(probabilities):
        value = loudness[number] if loudness else number
        full = packer.push(np.full(512, value, np.float32), probability)
        if full:
            passages.append(full)
    last = packer.flush()
    return [*passages, last] if last else passages


def test_silence_is_no_passage() -> None:
    """A file in which nobody speaks has no passages, and single clicks do not count."""
    assert pack([0.1] * 2000) == []
    assert pack(([0.9] + [0.1] * 50) * 20) == []
    assert pack([]) == []


def test_long_silence_is_left_out() -> None:
    """Between two stretches of speech a second of the silence stays, the rest is left out."""
    (passage,) = pack([0.0] * 100 + [0.9] * 50 + [0.0] * 1000 + [0.9] * 50 + [0.0] * 100)
    first = list(range(100 - BEFORE, 150 + AFTER))
    second = list(range(1150 - BEFORE, 1200 + AFTER))
    assert passage.numbers == first + second
    np.testing.assert_array_equal(passage.audio()[::512], passage.numbers)


@pytest.mark.parametrize("silence", [1, AFTER, AFTER + BEFORE, AFTER + BEFORE + LEAST_GAP - 2])
def test_short_silence_stays(silence: int) -> None:
    """A pause of up to two seconds is kept whole."""
    (passage,) = pack([0.9] * 20 + [0.0] * silence + [0.9] * 20)
    assert passage.numbers == list(range(40 + silence))


def test_times_find_back_to_the_file() -> None:
    """A word after a silence that was left out is moved by that silence."""
    (passage,) = pack([0.9] * 50 + [0.0] * 1000 + [0.9] * 50)
    second_s = (50 + AFTER + BEFORE) * WINDOW_S
    assert passage.in_file(0.3, 0.5) == pytest.approx((0.3, 0.5))
    moved_s = 1050 * WINDOW_S
    assert passage.in_file(second_s, second_s + 0.2) == pytest.approx((moved_s, moved_s + 0.2))
    assert passage.in_file(99.0, 99.5) == pytest.approx((1100 * WINDOW_S,) * 2)


def test_word_stretched_over_a_gap_is_where_its_speech_is() -> None:
    """A word that the model begins in the silence before a gap is put after it."""
    (passage,) = pack([0.9] * 50 + [0.0] * 1000 + [0.9] * 50)
    start_s, end_s = 52 * WINDOW_S, (50 + AFTER + BEFORE + 5) * WINDOW_S
    start_in_file_s, end_in_file_s = passage.in_file(start_s, end_s)
    assert start_in_file_s == pytest.approx((1050 - BEFORE) * WINDOW_S)
    assert end_in_file_s == pytest.approx(1055 * WINDOW_S)


def test_full_passage_is_cut_at_its_last_pause() -> None:
    """A passage that is full ends in the middle of its last pause of a third of a second."""
    pause = LONGEST - 60
    speech = [0.9] * (LONGEST + 200)
    for at in range(pause, pause + 12):
        speech[at] = 0.0
    for at in range(EARLIEST_CUT + 10, EARLIEST_CUT + 28):
        speech[at] = 0.0
    first, second = pack(speech)
    assert len(first.numbers) == pause + 6
    assert first.numbers + second.numbers == list(range(LONGEST + 200))


def test_shorter_pauses_serve_where_there_is_no_better() -> None:
    """Without a real pause the longest silence is taken."""
    speech = [0.9] * (LONGEST + 50)
    for at in (EARLIEST_CUT + 40, EARLIEST_CUT + 41, EARLIEST_CUT + 42, EARLIEST_CUT + 43):
        speech[at] = 0.0
    speech[EARLIEST_CUT + 90] = 0.0
    first, _ = pack(speech)
    assert len(first.numbers) == EARLIEST_CUT + 42


def test_endless_speech_is_cut_where_it_is_quietest() -> None:
    """Somebody who never pauses is cut at the quietest moment."""
    loudness = [0.5] * (LONGEST + 50)
    quiet = EARLIEST_CUT + 100
    loudness[quiet - 1 : quiet + 2] = [0.01] * 3
    first, _ = pack([0.9] * (LONGEST + 50), loudness)
    assert len(first.numbers) == quiet + 1


@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 0.2, 0.4, 0.6, 1.0]), st.integers(1, 400)), max_size=20
    )
)
def test_no_speech_is_lost_and_nothing_comes_twice(runs: list[tuple[float, int]]) -> None:
    """Passages are in order, at most 28 s, and hold every window of two or more of speech."""
    probabilities = [probability for probability, length in runs for _ in range(length)]
    passages = pack(probabilities)
    numbers = [number for passage in passages for number in passage.numbers]
    assert numbers == sorted(set(numbers))
    assert all(0 < len(passage.numbers) <= LONGEST for passage in passages)
    spoken = {
        number
        for number in range(1, len(probabilities))
        if probabilities[number] >= 0.5 and probabilities[number - 1] >= 0.5
    }
    assert spoken <= set(numbers)
