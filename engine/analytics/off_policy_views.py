"""What an arm would have earned, had it always been chosen, from what was logged."""

from __future__ import annotations

from collections.abc import Sequence

from engine.analytics.answers import OffPolicyView
from engine.analytics.observations import Observation


def off_policy_view(
    observations: Sequence[Observation], arms: Sequence[str], arm: str
) -> OffPolicyView:
    """Return the estimate for `arm`, or why there is none."""
    return OffPolicyView(None, 0.0, len(observations), "SNIPS", "not worked out yet")
