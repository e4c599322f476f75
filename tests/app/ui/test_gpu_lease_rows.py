from __future__ import annotations

from dataclasses import replace

from app.ui.gpu_lease_rows import ended_row, held_row, queue_row, turn_text
from app.ui.widgets.table_model import Mark
from engine.gpu.leases import LeaseState
from engine.gpu.waited_for import WaitedFor
from tests.app.ui.gpu_worlds import CARD, NOW_S, OVER, WAITING, lease


def test_a_holder_tells_until_when():
    """A lease names its cards by name, and the time until it ends unless renewed."""
    row = held_row(lease(), {CARD.id: "RTX 4090"}, NOW_S)
    assert row.cells[2:] == ("RTX 4090", "8,000 MiB", "6,000 MiB", "normal", "9 min")


def test_a_holder_that_must_leave_says_by_when():
    """Who was asked to leave shows how long it may take; what drains, that it comes free."""
    leaving = held_row(lease(leave_by_s=NOW_S + 7), {}, NOW_S)
    assert leaving.cells[1] == Mark("leaves, 7 s", "warn")
    draining = held_row(lease(state=LeaseState.DRAINING), {}, NOW_S)
    assert draining.cells[1] == Mark("coming free", "mute")


def test_who_waits_tells_its_turn():
    """Place, size, estimated wait and the reason; unknown waits are a dash."""
    row = queue_row(WAITING, NOW_S)
    assert (row.cells[0], row.cells[2], row.cells[5]) == ("1", "8,000 MiB", "about 42 s")
    assert row.cells[6] == "for 4,000 MiB on RTX 4090"
    assert turn_text(lease(wait_s=None)) == "\N{EM DASH}"
    assert turn_text(lease(state=LeaseState.PENDING)) == "at once"


def test_who_waits_tells_who_has_to_leave():
    """The row names those whose end makes room, and where; the tooltip what each holds until."""
    waits = WaitedFor((CARD.id,), (lease(), replace(WAITING, name="before", expires_s=None)))
    row = queue_row(WAITING, NOW_S, waits, "RTX 4090 #1")
    assert row.cells[6] == "until train and before end on RTX 4090 #1"
    assert row.tooltip.splitlines() == [
        "waits for 4,000 MiB on RTX 4090",
        "It starts, if all stay as long as they said, when these end:",
        "train, 8,000 MiB, in 9 min",
        "before, 8,000 MiB, it waits itself",
    ]


def test_a_reason_leaves_out_what_other_columns_say():
    """The size that is wanted stands beside; the tooltip has the whole."""
    reason = "waits until other hosts hold less: 23000 MiB on each of 2 cards; they hold 6000 MiB"
    row = queue_row(replace(WAITING, reason=reason), NOW_S)
    assert row.cells[6] == "until other hosts hold less; they hold 6,000 MiB"
    assert "23,000 MiB on each of 2 cards" in row.tooltip
    ours = WaitedFor((CARD.id,), (lease(),))
    assert queue_row(replace(WAITING, reason=reason), NOW_S, ours).cells[6] == row.cells[6]


def test_a_split_lease_tells_on_how_many_cards():
    """The size of a lease over two cards counts on each of them."""
    assert queue_row(lease(cards=2), NOW_S).cells[2] == "2 \N{MULTIPLICATION SIGN} 8,000 MiB"


def test_what_is_over_tells_why():
    """The end, when it was, and the reason without the name that stands beside it."""
    row = ended_row(OVER, NOW_S)
    assert row.cells == ("notebook", Mark("expired", "warn"), "30 s ago", "\N{EM DASH}", "over")
