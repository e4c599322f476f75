"""Leases as rows of tables."""

from __future__ import annotations

import re
from collections.abc import Mapping

from app.lease_words import listed, verb
from app.ui.gpu_texts import DASH
from app.ui.quantity_texts import duration_text
from app.ui.widgets.table_model import Column, Mark, Row
from engine.gpu.lease_views import LeaseView
from engine.gpu.leases import Ending, LeaseState
from engine.gpu.waited_for import WaitedFor

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
    Column("Wants", 124, is_number=True, tooltip="On each card"),
    Column("Priority", 72),
    Column("Since", 72, is_number=True),
    Column("Its turn in", 100, is_number=True, tooltip="Estimated"),
    Column("Why it waits"),
)
ENDED_COLUMNS = (
    Column("Holder", 200),
    Column("End", 118),
    Column("Ended", 92, is_number=True),
    Column("Most in use", 104, is_number=True),
    Column("Why"),
)
HELD_WIDE, QUEUE_WIDE, ENDED_WIDE = (2, 5), (3, 4), (3,)
"""The columns for which a narrow page has no room."""
SIZE = re.compile(r"\d{4,}(?= MiB)")
WANTED = re.compile(r": [\d,]+ MiB on (?:one card|each of \d+ cards)")
WAITS = re.compile(r"^waits:? ")
OTHERS = "other hosts"
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


def queue_row(
    lease: LeaseView, now_s: float, waits: WaitedFor | None = None, where: str = ""
) -> Row:
    """Return a lease that is waited for; waits: for whom; where: the names of those cards."""
    why = why_it_waits(lease, waits, where)
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
        tooltip=_wait_words(lease, now_s, waits) or spaced(lease.reason or why),
    )


def why_it_waits(lease: LeaseView, waits: WaitedFor | None, where: str) -> str:
    """Return what has to happen for it to start."""
    if lease.state is LeaseState.PENDING:
        return lease.reason or "its place is being made free"
    reason = lease.reason or ""
    # Whose leases end here does not matter where others are waited for.
    if waits is None or not waits.leases or OTHERS in reason:
        return briefly(reason)
    names = [each.name for each in waits.leases]
    return f"until {listed(names)} {verb(names)}{f' on {where}' if where else ''}"


def briefly(reason: str) -> str:
    """Return a reason without what other columns say."""
    return WAITS.sub("", WANTED.sub("", spaced(reason)))


def spaced(words: str) -> str:
    """Return `words` with sizes as tables write them: "21,000 MiB"."""
    return SIZE.sub(lambda found: f"{int(found[0]):,}", words)


def _wait_words(lease: LeaseView, now_s: float, waits: WaitedFor | None) -> str:
    """Return the reason, and below it who has to leave, with what each holds and how long."""
    if waits is None or not waits.leases:
        return ""
    lines = [
        spaced(lease.reason or ""),
        "It starts, if all stay as long as they said, when these end:",
    ]
    for each in waits.leases:
        ends = "it waits itself" if each.position is not None else "without an end"
        if each.expires_s is not None:
            ends = f"in {duration_text(each.expires_s - now_s)}"
        lines.append(f"{each.name}, {_mib(each.vram_mib)}, {ends}")
    return "\n".join(filter(None, lines))


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
