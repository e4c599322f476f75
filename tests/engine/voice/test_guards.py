"""Text that nobody said is seen for what it is."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.voice.guards import (
    compression_ratio,
    cut_repeats,
    is_echo,
    is_invented,
    is_squeezed,
    needs_second_look,
)
from engine.voice.ports import Hypothesis
from engine.voice.snapshot import Segment, Word
from tests.engine.voice.doubles import heard

WORDS = st.lists(st.sampled_from(["a", "b", "c"]), max_size=24)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("it is very very good", "it is very very good"),
        ("no no no no no", "no"),
        ("thank you thank you", "thank you thank you"),
        ("thank you thank you thank you", "thank you"),
        ("and so my fellow and so my fellow", "and so my fellow"),
        ("we go on and on and on and on and then", "we go on and"),
        ("", ""),
    ],
)
def test_loops_are_cut(said: str, kept: str):
    """A phrase of one or two words may be said twice, a longer one once; the rest is cut."""
    assert cut_repeats(said.split()) == kept.split()


@given(WORDS)
def test_what_is_kept_was_said(words: list[str]):
    """What is kept is the beginning of what was said."""
    kept = cut_repeats(words)
    assert kept == words[: len(kept)]


@given(st.permutations("abcdefghijklmnop"))
def test_text_without_repeats_is_kept(words: list[str]):
    """Words that all differ are kept, whatever their number."""
    assert cut_repeats(words) == words


@given(st.lists(st.sampled_from("abcdefghijklmnopqrst"), min_size=3, max_size=20, unique=True))
def test_endless_phrase_is_kept_once(phrase: list[str]):
    """However often a phrase of three to twenty words loops, it is kept once."""
    assert cut_repeats(phrase * 9) == phrase


def timed(text: str, *, word_s: float) -> Segment:
    """Return `text` with so much time for each word."""
    words = tuple(
        Word(word, n * word_s, (n + 1) * word_s, 0.9) for n, word in enumerate(text.split())
    )
    return Segment(text, 0.0, word_s * len(words), 0.7, words)


@pytest.mark.parametrize(("word_s", "expected"), [(0.0, True), (0.05, True), (0.1, False)])
def test_words_need_time(word_s: float, expected: bool):
    """Words of which more than ten come in a second were not said."""
    assert is_squeezed(timed("we will meet again", word_s=word_s).words) is expected


@pytest.mark.parametrize(
    ("text", "word_s", "expected"),
    [
        ("We will meet again.", 0.01, True),
        ("we will meet again", 0.01, True),
        ("We will meet again.", 0.3, False),
        ("We will meet today.", 0.01, False),
    ],
)
def test_echoes(text: str, word_s: float, expected: bool):
    """An echo sounds like the segment before it, in less time than saying it takes."""
    before = timed("We will meet again.", word_s=0.3)
    assert is_echo(timed(text, word_s=word_s), of=before) is expected


def test_short_and_untimed_words_are_no_echoes():
    """Two words may be said twice quickly, and words without times may have been said."""
    assert not is_echo(timed("No, no.", word_s=0.01), of=timed("No, no.", word_s=0.3))
    untimed = Segment("We will meet again.", 0.0, 0.1, 0.7)
    assert not is_echo(untimed, of=untimed)


def test_compression_ratio_tells_loops_from_speech():
    """Ordinary words stay below Whisper's limit of 2.4, a loop is far above, no text gives 0."""
    rng = random.Random(1)
    letters = "abcdefghijklmnopqrstuvwxyz"
    text = " ".join("".join(rng.choices(letters, k=rng.randint(2, 9))) for _ in range(60))
    assert 1.0 < compression_ratio(text) < 2.4
    assert compression_ratio("Beep. " * 60) > 10
    assert compression_ratio("") == 0.0


@pytest.mark.parametrize(
    ("hypothesis", "speech_ms", "expected"),
    [
        (heard("Hello."), 500.0, False),
        (heard("Hello."), 96.0, False),
        (heard("Hello."), 64.0, True),
        (heard(""), 500.0, True),
        (heard("Beep.", compression_ratio=2.5), 500.0, True),
        (heard("You", no_speech_probability=0.9, mean_log_probability=-1.2), 500.0, True),
        (heard("You", no_speech_probability=0.9, mean_log_probability=-0.3), 500.0, False),
        (heard("You", no_speech_probability=0.1, mean_log_probability=-1.2), 500.0, False),
    ],
)
def test_inventions(hypothesis: Hypothesis, speech_ms: float, expected: bool):
    """A click, silence, a loop, and unsure words over noise are inventions; other text is not."""
    assert is_invented(hypothesis, speech_ms=speech_ms) is expected


@pytest.mark.parametrize(
    ("hypothesis", "shown_words", "expected"),
    [
        (heard("one two three"), 3, False),
        (heard("one two three"), 4, False),
        (heard("one two three"), 5, True),
        (heard("我们今天去学校。"), 8, False),
        (heard("我们今天"), 8, True),
        (heard("one two three", was_cut=True), 3, True),
        (heard("one two three", is_closed=False), 3, True),
        (heard("one two three", mean_log_probability=-0.9), 3, True),
        (heard("one two three", compression_ratio=2.5), 3, True),
    ],
)
def test_second_looks(hypothesis: Hypothesis, shown_words: int, expected: bool):
    """A decode that looped, broke off, was unsure or lost words is looked at again."""
    assert needs_second_look(hypothesis, shown_words=shown_words) is expected
