"""Leases as rows of tables."""

from __future__ import annotations

from collections.abc import Mapping

from app.ui.gpu_texts import DASH
from app.ui.quantity_texts import duration_text
from app.ui.widgets.table_model import Column, Mark, Row
from engine.gpu.lease_views import LeaseView
from engine.gpu.leases import Ending, LeaseState

HELD_COLUMNS = (
    Column("Holder"),
    Column("State", 118),
    Column("Cards", 176),
    Column("Promised", 104, is_number=True, tooltip="On each card"),
    Column("In use", 92, is_number=True, tooltip="By its processes, on the card where it is most"),
    Column("Priority", 72),
    Column("Ends in", 92, is_number=True, tooltip="Unless it is renewed"),
)
QUEUE_COLUMNS = (
    Column("", 36, is_number=True, tooltip="Place in the queue"),
    Column("Waits", 160),
    Column("Wants", 104, is_number=True, tooltip="On each card"),
    Column("Priority", 72),
    Column("Since", 84, is_number=True),
    Column("Its turn in", 100, is_number=True, tooltip="Estimated"),
    Column("Why it waits"),
)
ENDED_COLUMNS = (
    Column("Holder", 160),
    Column("End", 118),
    Column("Ended", 92, is_number=True),
    Column("Most in use", 104, is_number=True),
    Column("Why"),
)
HELD_WIDE, QUEUE_WIDE, ENDED_WIDE = (2, 5), (3, 4), (3,)
"""The columns for which a narrow page has no room."""
ENDINGS = {
    Ending.RELEASED: "ok",
    Ending.EXPIRED: "warn",
    Ending.LOST: "bad",
    Ending.PREEMPTED: "warn",
    Ending.REJECTED: "bad",
    Ending.CANCELLED: "mute",
    Ending.CARD_GONE: "bad",
}


def held_row(lease: LeaseView, names: Mapping[str, str], now_s: float) -> Row:
    """Return a lease that is held; names: of the cards, by id."""
    cards = ", ".join(names.get(each, each) for each in lease.card_ids)
    left_s = None if lease.expires_s is None else lease.expires_s - now_s
    return Row(
        id=lease.id,
        cells=(
            lease.name,
            _state(lease, now_s),
            cards,
            _mib(lease.vram_mib),
            _mib(lease.used_mib),
            lease.priority.name.lower(),
            DASH if left_s is None else duration_text(left_s),
        ),
        order=(
            lease.name.lower(),
            lease.state,
            cards,
            lease.vram_mib,
            lease.used_mib or 0,
            lease.priority,
            left_s or 0,
        ),
        tooltip=lease.reason or (f"{lease.name}: {lease.model}" if lease.model else lease.name),
    )


def queue_row(lease: LeaseView, now_s: float) -> Row:
    """Return a lease that is waited for."""
    is_pending = lease.state is LeaseState.PENDING
    why = lease.reason or ("its place is being made free" if is_pending else "")
    wants = f"{lease.cards} \N{MULTIPLICATION SIGN} " if lease.cards > 1 else ""
    return Row(
        id=lease.id,
        cells=(
            "" if lease.position is None else str(lease.position),
            lease.name,
            f"{wants}{_mib(lease.vram_mib)}",
            lease.priority.name.lower(),
            duration_text(now_s - lease.asked_s),
            turn_text(lease),
            why,
        ),
        order=(
            lease.position or 0,
            lease.name.lower(),
            lease.vram_mib,
            lease.priority,
            -lease.asked_s,
            float("inf") if lease.wait_s is None else lease.wait_s,
            why,
        ),
        tooltip=why,
    )


def ended_row(lease: LeaseView, now_s: float) -> Row:
    """Return a lease that is over."""
    ending, reason = lease.ending or Ending.RELEASED, lease.reason or ""
    return Row(
        id=lease.id,
        cells=(
            lease.name,
            Mark(ending.value, ENDINGS[ending]),
            DASH if lease.ended_s is None else f"{duration_text(now_s - lease.ended_s)} ago",
            _mib(lease.peak_mib),
            reason.removeprefix(f"{lease.name}: "),
        ),
        tooltip=reason,
    )


def turn_text(lease: LeaseView) -> str:
    """Return when it is granted, as far as that can be said."""
    if lease.state is LeaseState.PENDING:
        return "at once"
    if lease.wait_s is None:
        return DASH
    return f"about {duration_text(lease.wait_s)}" if lease.wait_s >= 1 else "now"


def _state(lease: LeaseView, now_s: float) -> Mark:
    if lease.leave_by_s is not None:
        return Mark(f"leaves, {duration_text(lease.leave_by_s - now_s)}", "warn")
    if lease.state is LeaseState.DRAINING:
        return Mark("coming free", "mute")
    return Mark("holds", "ok")


def _mib(size_mib: int | None) -> str:
    return DASH if size_mib is None else f"{size_mib:,} MiB"
