"""What an arm would have earned, had it always been chosen."""

from __future__ import annotations

from engine.analytics.off_policy_views import off_policy_view


def test_nothing_is_made_up():
    """Without observations there is no estimate, and that says why."""
    found = off_policy_view([], ["a", "b"], "a")
    assert (found.reward, found.observations) == (None, 0)
    assert found.refusal
