"""What of a model decides how much memory it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelShape:
    """A model as its file describes it. None where the file does not tell."""

    name: str
    kind: str
    """The architecture, such as "llama" or "gemma3"."""
    weights_bytes: int
    layers: int
    full_elements: int
    """Numbers kept for each token of the context, over all layers that look at all of it."""
    sliding_elements: int = 0
    """The same over the layers that look back `window_tokens` only."""
    window_tokens: int | None = None
    embedding: int = 0
    vocabulary: int = 0
    context_tokens: int | None = None
    """The longest context it was trained for."""


@dataclass(frozen=True, slots=True)
class Heads:
    """The attention of a model, a layer each.

    kv_heads: key and value heads by layer; 0 where a layer keeps no tokens, as recurrent ones do.
    is_sliding: whether a layer looks back over a window only.
    """

    kv_heads: Sequence[int]
    key_size: int
    value_size: int
    is_sliding: Sequence[bool]

    def elements(self, *, sliding: bool) -> int:
        """Return the numbers kept for each token over the layers of that kind."""
        heads = sum(
            heads
            for heads, slides in zip(self.kv_heads, self.is_sliding, strict=True)
            if slides == sliding
        )
        return heads * (self.key_size + self.value_size)
