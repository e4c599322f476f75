"""The words of leases."""

from __future__ import annotations

from engine.gpu.leases import IdleModel, Priority


def test_priorities_can_be_compared():
    """What goes first is the larger."""
    assert sorted([Priority.HIGH, Priority.LOW, Priority.URGENT, Priority.NORMAL]) == [
        Priority.LOW,
        Priority.NORMAL,
        Priority.HIGH,
        Priority.URGENT,
    ]


def test_a_model_is_known_by_where_it_is():
    """The same name on another card, or at another server, is another model."""
    here = IdleModel("llama", "card-0", 5, "http://a", 0.0)
    later = IdleModel("llama", "card-0", 9, "http://a", 7.0, 3)
    there = IdleModel("llama", "card-1", 5, "http://a", 0.0)
    assert here.key == later.key
    assert here.key != there.key
