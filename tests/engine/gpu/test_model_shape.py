"""What of a model decides how much memory it takes."""

from __future__ import annotations

from engine.gpu.model_shape import Heads


def test_layers_are_counted_by_their_kind():
    """Keys and values of every head count, with the layers that look as far."""
    heads = Heads([8, 2, 0], key_size=128, value_size=64, is_sliding=[False, True, False])
    assert heads.elements(sliding=False) == 8 * 192
    assert heads.elements(sliding=True) == 2 * 192
