"""How much graphics memory a model will take."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Rejected
from engine.gpu.estimate import (
    CONTEXT_MIB,
    CacheType,
    Load,
    cache_bytes,
    estimate,
    most_context,
)
from engine.gpu.model_shape import ModelShape

MIB = 2**20
LLAMA = ModelShape(
    "Llama 3.1 8B",
    "llama",
    weights_bytes=4693 * MIB,
    layers=32,
    full_elements=32 * 8 * 256,
    embedding=4096,
    vocabulary=128256,
    context_tokens=131072,
)
GEMMA = ModelShape(
    "Gemma 3",
    "gemma3",
    weights_bytes=MIB,
    layers=12,
    full_elements=2 * 1024,
    sliding_elements=10 * 1024,
    window_tokens=1024,
)
loads = st.builds(
    Load,
    context_tokens=st.integers(1, 200_000),
    slots=st.integers(1, 8),
    cache_type=st.sampled_from(CacheType),
    micro_batch_tokens=st.integers(1, 4096),
    cards=st.integers(1, 8),
)


@pytest.mark.parametrize(
    ("load", "mib"),
    [
        (Load(8192), 6732),
        (Load(32768), 9958),
        (Load(32768, cache_type=CacheType.Q8_0), 7942),
        (Load(8192, slots=4), 9958),
    ],
)
def test_worked_examples(load: Load, mib: int):
    """An 8B model takes what the formulas, worked by hand, say."""
    assert estimate(LLAMA, load).mib == mib


def test_terms_are_told():
    """Each part is named, sized and explained."""
    terms = {term.name: term for term in estimate(LLAMA, Load(8192, slots=2)).terms}
    assert terms["weights"].mib == 4693
    assert terms["context"].mib == 2048
    assert terms["context"].why == "2 times 8192 tokens as f16"
    assert terms["working memory"].mib == math.ceil(4 * 512 * (128256 + 4096) / MIB)
    assert terms["driver"].mib == CONTEXT_MIB
    assert "5 %" in terms["spare"].why


def test_split_model():
    """Cards share weights and context; working memory and driver are on each."""
    whole, half = estimate(LLAMA, Load(8192)), estimate(LLAMA, Load(8192, cards=2))
    mib = {term.name: term.mib for term in half.terms}
    assert mib["weights"] == math.ceil(4693 / 2)
    assert mib["driver"] == CONTEXT_MIB
    assert whole.mib < 2 * half.mib < 2 * whole.mib


def test_windows_keep_less():
    """Layers that look over a window keep that and a micro-batch, in blocks of 256 tokens."""
    load = Load(65536, micro_batch_tokens=500)
    kept = 1024 + 512  # 1524, rounded up
    assert cache_bytes(GEMMA, load) == 2 * (2 * 1024 * 65536 + 10 * 1024 * kept)
    assert "some layers keep 1024" in estimate(GEMMA, load).terms[1].why


@pytest.mark.parametrize(("seen", "word"), [(0.8, "80%"), (1.25, "125%")])
def test_what_was_seen_corrects_the_formulas(seen: float, word: str):
    """A peak that was seen takes the place of the spare."""
    found = estimate(LLAMA, Load(8192), seen_share=seen)
    told = sum(term.mib for term in found.terms[:3])
    assert found.mib == pytest.approx(told * seen + CONTEXT_MIB, abs=1)
    assert word in found.terms[3].why


@given(loads, st.integers(0, 200_000))
def test_longest_context_is_the_longest(load: Load, room_mib: int):
    """What it says fits, fits; one block more does not."""
    longest = most_context(LLAMA, load, room_mib)

    def mib(tokens: int) -> int:
        return estimate(
            LLAMA,
            Load(tokens, load.slots, load.cache_type, load.micro_batch_tokens, load.cards),
        ).mib

    assert longest == 0 or mib(longest) <= room_mib
    assert longest == LLAMA.context_tokens or mib(longest + 1) > room_mib


@given(loads)
def test_more_takes_no_less(load: Load):
    """A longer context, or a wider type, never takes less."""
    wider = Load(
        load.context_tokens + 1, load.slots, CacheType.F16, load.micro_batch_tokens, load.cards
    )
    for shape in (LLAMA, GEMMA):
        assert estimate(shape, wider).mib >= estimate(shape, load).mib


@pytest.mark.parametrize(
    "wrong",
    [
        {"context_tokens": 0},
        {"context_tokens": 10**12},
        {"slots": -1},
        {"cards": 0},
        {"micro_batch_tokens": 0},
        {"context_tokens": math.nan},
    ],
)
def test_senseless_figures(wrong: dict[str, Any]):
    """Zero, negative, absurd and no numbers are refused by name."""
    with pytest.raises(Rejected, match=next(iter(wrong))):
        Load(**wrong)
