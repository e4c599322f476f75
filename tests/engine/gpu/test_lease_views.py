"""What the world sees."""

from __future__ import annotations

import pytest

from engine.gpu.lease_views import LeaseView
from engine.gpu.leases import Ending, LeaseState, Priority


@pytest.mark.parametrize(
    ("state", "granted_s", "ending", "is_held"),
    [
        (LeaseState.QUEUED, None, None, False),
        (LeaseState.PENDING, None, None, False),
        (LeaseState.ACTIVE, 1.0, None, True),
        (LeaseState.DRAINING, 1.0, None, True),
        (LeaseState.DRAINING, 1.0, Ending.RELEASED, False),
        (LeaseState.ENDED, 1.0, Ending.EXPIRED, False),
    ],
)
def test_memory_may_be_used_from_the_grant_to_the_end(
    state: LeaseState, granted_s: float | None, ending: Ending | None, is_held: bool
):
    """Being asked to leave is no end yet; memory that is not seen free yet is."""
    view = LeaseView(
        "a", "tester", state, 1, Priority.LOW, 1.0, 0.0, granted_s=granted_s, ending=ending
    )
    assert view.is_held is is_held
    assert view.is_over is (ending is not None)
