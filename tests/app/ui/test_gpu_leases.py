from __future__ import annotations

import pytest

from app.ui.gpu_lease_rows import HELD_WIDE
from app.ui.gpu_leases import GpuLeases
from engine.gpu.lease_views import LeasesSnapshot
from tests.app.ui.gpu_worlds import gpu_view


@pytest.fixture
def part(theme, qtbot):
    part = GpuLeases(theme)
    qtbot.addWidget(part)
    part.resize(1000, 700)
    part.show()
    part.show_gpu(gpu_view())
    return part


def test_holders_and_those_who_wait_can_be_ended(part):
    """A holder is asked to leave, and who waits is taken out of the queue; by their ids."""
    asked = []
    part.end_wanted.connect(asked.append)
    assert not part.end_button.isEnabled()
    part.held.selectRow(0)
    part.end_button.click()
    part.queue.selectRow(0)
    part.cancel_button.click()
    assert asked == ["l1", "q1"]


def test_a_choice_whose_lease_is_over_ends_nothing(part):
    """When the chosen lease has gone meanwhile, the button is off."""
    part.held.selectRow(0)
    part.show_gpu(gpu_view(leases=LeasesSnapshot()))
    assert not part.end_button.isEnabled()


def test_problems_of_leases_are_told(part):
    """What goes wrong with leases stands above them."""
    part.show_gpu(gpu_view(leases=LeasesSnapshot(problems=("train uses too much",))))
    assert part.problem.text == "train uses too much"


def test_a_narrow_page_leaves_columns_out(part, qtbot):
    """What has no room is left out, and comes back."""
    part.resize(600, 700)
    qtbot.waitUntil(lambda: all(part.held.isColumnHidden(column) for column in HELD_WIDE))
    part.resize(1000, 700)
    qtbot.waitUntil(lambda: not any(part.held.isColumnHidden(column) for column in HELD_WIDE))
