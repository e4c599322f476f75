"""How much graphics memory a model will take, and why.

Formulas: the cache of keys and values and its padding are llama.cpp's (llama-kv-cache.cpp,
llama-kv-cache-iswa.cpp); the working memory is its buffer for the logits of one micro-batch, by
far the largest with flash attention; what a CUDA context takes is what Ollama reckons with.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum

from engine.errors import Rejected
from engine.gpu.model_shape import ModelShape

MIB = 2**20
CONTEXT_MIB = 457
"""Of the driver and its kernels, on each card."""
SPARE_SHARE = 0.05
"""For what no formula knows. Peaks that were seen take its place."""
PADDING_TOKENS = 256
FLOAT_BYTES = 4
MOST_TOKENS = 100_000_000
MOST_SLOTS = 1024


class CacheType(StrEnum):
    """How keys and values are kept."""

    F16 = "f16"
    Q8_0 = "q8_0"
    Q4_0 = "q4_0"

    @property
    def bytes_each(self) -> float:
        """Bytes a number: blocks of 32 share a scale of two bytes."""
        return {"f16": 2.0, "q8_0": 34 / 32, "q4_0": 18 / 32}[self.value]


@dataclass(frozen=True, slots=True)
class Load:
    """How a model is to be loaded."""

    context_tokens: int = 8192
    """Of each slot."""
    slots: int = 1
    """How many requests are answered at once."""
    cache_type: CacheType = CacheType.F16
    micro_batch_tokens: int = 512
    cards: int = 1

    def __post_init__(self) -> None:
        """Raise Rejected where a figure makes no sense; `param` names it."""
        for name, most in (
            ("context_tokens", MOST_TOKENS),
            ("slots", MOST_SLOTS),
            ("micro_batch_tokens", MOST_TOKENS),
            ("cards", MOST_SLOTS),
        ):
            value = getattr(self, name)
            if not isinstance(value, int) or not 1 <= value <= most:
                raise Rejected(f"{name} is {value}: choose 1 to {most}", param=name)


@dataclass(frozen=True, slots=True)
class Term:
    """One part of an estimate."""

    name: str
    mib: int
    """On each card."""
    why: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a model takes on each of its cards, and the terms it is made of."""

    terms: tuple[Term, ...]

    @property
    def mib(self) -> int:
        """All terms together, on each card."""
        return sum(term.mib for term in self.terms)


def estimate(shape: ModelShape, load: Load, *, seen_share: float | None = None) -> Estimate:
    """Return what `shape` takes when it is loaded so.

    seen_share: peak that was seen of this model, over what the formulas said; None before it ran.
    """
    weights_mib = _mib(shape.weights_bytes / load.cards)
    cache_mib = _mib(cache_bytes(shape, load) / load.cards)
    work_mib = _mib(_work_bytes(shape, load))
    told_mib = weights_mib + cache_mib + work_mib
    share = SPARE_SHARE if seen_share is None else seen_share - 1
    parts = f"1/{load.cards} of " if load.cards > 1 else ""
    return Estimate(
        (
            Term("weights", weights_mib, f"{parts}the model file"),
            Term("context", cache_mib, f"{parts}{_context_words(shape, load)}"),
            Term("working memory", work_mib, f"a micro-batch of {load.micro_batch_tokens} tokens"),
            Term(
                "spare" if seen_share is None else "seen before",
                max(math.ceil(told_mib * share), -told_mib),
                "5 % for what no formula knows"
                if seen_share is None
                else f"its peak was {seen_share:.0%} of what the formulas say",
            ),
            Term("driver", CONTEXT_MIB, "a context on the card"),
        )
    )


def cache_bytes(shape: ModelShape, load: Load) -> float:
    """Return the bytes of keys and values on all cards together."""
    each = load.cache_type.bytes_each
    tokens = _padded(load.context_tokens * load.slots)
    full = shape.full_elements * tokens * each
    if shape.window_tokens is None:
        return full + shape.sliding_elements * tokens * each
    kept = _padded(min(tokens, shape.window_tokens * load.slots + load.micro_batch_tokens))
    return full + shape.sliding_elements * kept * each


def most_context(
    shape: ModelShape, load: Load, room_mib: int, *, seen_share: float | None = None
) -> int:
    """Return the longest context of each slot with which it fits in `room_mib`; 0 for none."""

    def fits(tokens: int) -> bool:
        wanted = replace(load, context_tokens=tokens)
        return estimate(shape, wanted, seen_share=seen_share).mib <= room_mib

    low, high = 0, shape.context_tokens or MOST_TOKENS
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


def _work_bytes(shape: ModelShape, load: Load) -> int:
    return FLOAT_BYTES * load.micro_batch_tokens * (shape.vocabulary + shape.embedding)


def _padded(tokens: int) -> int:
    return -(-tokens // PADDING_TOKENS) * PADDING_TOKENS


def _mib(size_bytes: float) -> int:
    return math.ceil(size_bytes / MIB)


def _context_words(shape: ModelShape, load: Load) -> str:
    slots = f"{load.slots} times " if load.slots > 1 else ""
    window = (
        f"; some layers keep {shape.window_tokens}"
        if shape.window_tokens and shape.sliding_elements
        else ""
    )
    return f"{slots}{load.context_tokens} tokens as {load.cache_type}{window}"
