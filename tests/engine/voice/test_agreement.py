"""Words that were promised are never taken back, in any script."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.voice.agreement import StablePrefix, sound_of, units_of

LATIN = st.sampled_from(["so", "So", "so,", "my", "fellow", "Americans.", "25", "don't", "–"])
CHINESE = st.sampled_from(["你", "好", "。", "模", "型", "GPT", "テ"])
KOREAN = st.sampled_from(["안녕", "하세요", "세계", "한"])


def joined(words: list[str], blank: str) -> str:
    """Return `words` as a model would write them."""
    return blank.join(words)


HYPOTHESES = st.one_of(
    st.lists(LATIN, max_size=8).map(lambda words: joined(words, " ")),
    st.lists(CHINESE, max_size=8).map(lambda words: joined(words, "")),
    st.lists(st.one_of(LATIN, CHINESE, KOREAN), max_size=8).map(lambda words: joined(words, " ")),
    st.lists(st.one_of(LATIN, CHINESE, KOREAN), max_size=8).map(lambda words: joined(words, "")),
)
GROWING = st.lists(st.tuples(HYPOTHESES, st.sampled_from([0.1, 0.4, 1.7])), min_size=1, max_size=10)


def bare(text: str) -> str:
    """Return `text` without blanks."""
    return "".join(text.split())


@given(HYPOTHESES)
def test_units_are_the_text(text: str):
    """The words with their blanks, joined, are the text again."""
    assert "".join(units_of(text)) == text.strip()


@given(GROWING)
def test_stable_words_only_grow(hypotheses: list[tuple[str, float]]):
    """Whatever is heard later, each stable part begins with the one before, word for word."""
    prefix, length_s, before = StablePrefix(), 0.0, ""
    for text, more_s in hypotheses:
        length_s += more_s
        stable = prefix.update(text, length_s=length_s).stable
        assert stable.startswith(before)
        words, words_before = stable.split(), before.split()
        assert words[: len(words_before) - 1] == words_before[:-1]
        assert prefix.text == stable
        before = stable


@given(GROWING)
def test_parts_are_the_hypothesis(hypotheses: list[tuple[str, float]]):
    """Stable and tentative words together are the hypothesis, promised words in their spelling."""
    prefix, length_s = StablePrefix(), 0.0
    for text, more_s in hypotheses:
        length_s += more_s
        split = prefix.update(text, length_s=length_s)
        promised = len(units_of(split.stable))
        rest = "".join(units_of(text)[promised:])
        assert bare(split.tentative) == bare(rest)


@given(GROWING, HYPOTHESES)
def test_last_hypothesis_keeps_the_promise_or_is_told_apart(
    hypotheses: list[tuple[str, float]], last: str
):
    """`finish` keeps every promised word as it was shown, or returns None where others came."""
    prefix, length_s = StablePrefix(), 0.0
    for text, more_s in hypotheses:
        length_s += more_s
        prefix.update(text, length_s=length_s)
    units, promised = units_of(last), units_of(prefix.text)
    keeps = [sound_of(unit) for unit in units[: len(promised)]] == [
        sound_of(unit) for unit in promised
    ]
    kept = prefix.finish(last)
    if not keeps:
        assert kept is None
    else:
        assert kept is not None
        assert kept.startswith(prefix.text)
        assert bare(kept) == bare(prefix.text) + bare("".join(units[len(promised) :]))


@given(GROWING)
def test_nothing_is_promised_early(hypotheses: list[tuple[str, float]]):
    """No word is stable before every hypothesis of the last 1.6 s of sound agreed on it."""
    prefix, length_s, first_s = StablePrefix(settled_s=1.6), 0.0, None
    for text, more_s in hypotheses:
        length_s += more_s
        first_s = length_s if first_s is None else first_s
        stable = prefix.update(text, length_s=length_s).stable
        if length_s - first_s < 1.6:
            assert stable == ""


def told(*texts: str, settled_s: float = 0.4, held_back: int = 0) -> list[tuple[str, str]]:
    """Return (stable, tentative) after each of `texts`, half a second apart."""
    prefix = StablePrefix(settled_s=settled_s, held_back=held_back)
    splits = [prefix.update(text, length_s=at / 2) for at, text in enumerate(texts)]
    return [(split.stable, split.tentative) for split in splits]


def test_two_in_a_row_agree():
    """With nothing held back, words that two hypotheses in a row begin with are stable."""
    assert told("And so", "And so my", "And so my fellow", "And no my fellow") == [
        ("", "And so"),
        ("And so", " my"),
        ("And so my", " fellow"),
        ("And so my fellow", ""),
    ]


def test_newest_words_of_an_agreement_wait():
    """The two newest words that were agreed on stay tentative: the last may be half a word."""
    words = "one two three four five"
    assert told(words, words, held_back=2)[-1] == ("one two three", " four five")


def test_disagreement_within_the_last_seconds_counts():
    """One dissenting hypothesis among those of the settling time keeps its words tentative."""
    texts = ["Please order 25", "Please 325", "Please order 25", "Please order 25 files"]
    assert told(*texts, settled_s=1.5)[-1] == ("Please", " order 25 files")


@pytest.mark.parametrize(
    ("texts", "last"),
    [
        (["我们今天", "我们今天", "我们今天去"], ("我们今天", "去")),
        (["用GPT模", "用GPT模", "用GPT模型"], ("用GPT模", "型")),
        (["用GPT", "用GPT", "用GPT模型"], ("用GPT", "模型")),
        (["안녕하", "안녕하", "안녕하세요 여러분"], ("안녕하", "세요 여러분")),
        (["Hello world", "Hello world", "Hello world again"], ("Hello world", " again")),
    ],
)
def test_scripts_with_and_without_blanks(texts: list[str], last: tuple[str, str]):
    """Scripts without blanks are promised by character, and no blank is put between."""
    assert told(*texts)[-1] == last
    prefix = StablePrefix(settled_s=0.4, held_back=0)
    for at, text in enumerate(texts):
        prefix.update(text, length_s=at / 2)
    assert prefix.finish(texts[-1]) == texts[-1]


def test_promised_spelling_stays():
    """Case and punctuation of a promised word stay as they were shown, whatever comes later."""
    prefix = StablePrefix(settled_s=0.4, held_back=0)
    prefix.update("so my fellow", length_s=0.0)
    prefix.update("so my fellow", length_s=0.5)
    assert prefix.finish("So, my fellow Americans.") == "so my fellow Americans."
    assert prefix.finish("And so my fellow Americans.") is None
    assert prefix.finish("so my") is None
