"""What people and programs write."""

from __future__ import annotations

import pytest

from engine.errors import Rejected
from engine.gpu.lease_orders import order_of, priority_of, seconds_of
from engine.gpu.leases import Priority


def test_milliseconds_become_seconds_and_words_priorities():
    """The order says the same in the engine's units."""
    order = order_of(4096, "high", 30_000, {"gpus": 2, "name": "whisper", "preemptible": False})
    assert (order.vram_mib, order.priority, order.duration_s) == (4096, Priority.HIGH, 30.0)
    assert (order.cards, order.name, order.is_preemptible) == (2, "whisper", False)


@pytest.mark.parametrize("word", ["urgent", "URGENT", 3, Priority.URGENT])
def test_priorities_have_names_and_numbers(word: object):
    """All say the same."""
    assert priority_of(word) is Priority.URGENT


@pytest.mark.parametrize("word", ["", "highest", 4, -1, True, None, 1.5, float("nan")])
def test_other_priorities_are_refused(word: object):
    """The message lists those there are."""
    with pytest.raises(Rejected, match="low, normal, high, urgent") as error:
        priority_of(word)
    assert error.value.param == "priority"


@pytest.mark.parametrize("duration", ["1000", None, True, 10**400])
def test_durations_are_numbers(duration: object):
    """Whatever else it is, it is refused."""
    with pytest.raises(Rejected) as error:
        seconds_of(duration)
    assert error.value.param == "duration_ms"


@pytest.mark.parametrize("estimate", [0, -5, 10**30, True, "5"])
def test_estimates_make_sense(estimate: object):
    """One that does not would correct the planner by nonsense."""
    with pytest.raises(Rejected) as error:
        order_of(4096, "high", 30_000, {"estimate_mib": estimate})  # type: ignore[typeddict-item]
    assert error.value.param == "estimate_mib"
