from __future__ import annotations

from dataclasses import replace

import pytest

from engine.gpu.leases import Lease, Priority
from engine.gpu.preemption import PreemptionRules, may_leave, victims
from tests.engine.gpu.lease_requests import lease, request

RULES = PreemptionRules()
HIGH = request("h", priority=Priority.HIGH)


@pytest.mark.parametrize(
    "spared",
    [
        lease("same priority", priority=Priority.HIGH),
        lease("not preemptible", is_preemptible=False),
        lease("often asked", preemptions=RULES.most_preemptions),
        replace(lease("just begun"), granted_s=100.0 - RULES.shortest_run_s / 2),
        replace(lease("not begun"), granted_s=None),
    ],
    ids=lambda each: each.request.name,
)
def test_who_is_spared(spared: Lease):
    """Equals, those who said so, those who were asked often and those who just began stay."""
    assert may_leave(lease("ordinary"), HIGH, RULES, 100.0)
    assert not may_leave(spared, HIGH, RULES, 100.0)


def test_the_least_important_and_latest_leave():
    """Lower priority goes first, then who began last, and no more than is needed."""
    low = lease("low", 1000, priority=Priority.LOW)
    old = replace(lease("old", 1000), granted_s=1.0)
    new = replace(lease("new", 1000), granted_s=2.0)
    found = victims([old, new, low], 2000, 100.0)
    assert found is not None
    assert [each.request.id for each in found.leases] == ["low", "new"]


def test_nobody_leaves_in_vain():
    """Where all together are too small, nobody is asked; who is not needed after all stays."""
    small, large = lease("small", 100, priority=Priority.LOW), lease("large", 5000)
    assert victims([small], 4000, 100.0) is None
    assert victims([], 4000, 100.0) is None
    found = victims([small, large], 5000, 100.0)
    assert found is not None
    assert found.leases == (large,)


def test_long_work_costs_more():
    """Of two alike, to stop who has worked longer is dearer."""
    began_late = victims([replace(lease("x"), granted_s=90.0)], 500, 100.0)
    began_soon = victims([replace(lease("x"), granted_s=1.0)], 500, 100.0)
    assert began_late is not None
    assert began_soon is not None
    assert began_late.cost < began_soon.cost
