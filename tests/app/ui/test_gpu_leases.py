from __future__ import annotations

from dataclasses import replace

import pytest

from app.ui.gpu_lease_rows import HELD_WIDE
from app.ui.gpu_leases import LEAST_ROWS, GpuLeases
from app.ui.widgets.table import height_of
from engine.gpu.lease_views import LeasesSnapshot
from tests.app.ui.gpu_worlds import CARD, LEASES, ROOM, WAITING, gpu_view, lease


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


def test_who_waits_is_told_for_whom(part):
    """The queue names whose lease has to end, and on which of several cards."""
    card = {CARD.id: replace(ROOM, foreign_mib=13_000, idle_mib=0)}
    waiting = replace(WAITING, vram_mib=4_000)
    part.show_gpu(gpu_view(leases=replace(LEASES, queue=(waiting,), rooms=card)))
    (row,) = part.queue.rows
    assert row.cells[6] == "until train ends on RTX 4090"


def test_tables_scroll_before_the_page_does(part, qtbot):
    """With many leases the tables share the height, and each keeps its place on the page."""
    held = tuple(lease(f"l{number}") for number in range(30))
    waiting = tuple(replace(WAITING, id=f"q{number}", wait_s=None) for number in range(30))
    part.show_gpu(gpu_view(leases=replace(LEASES, held=held, queue=waiting)))
    qtbot.waitUntil(lambda: part.verticalScrollBar().maximum() == 0)
    assert part.held.height() > part.queue.height() > height_of(LEAST_ROWS) - 1
    part.resize(1000, 300)
    qtbot.waitUntil(lambda: part.verticalScrollBar().maximum() > 0)
