"""What the GPU page says of other hosts."""

from __future__ import annotations

from collections.abc import Iterable

from app.ui.gpu_lease_rows import briefly, spaced
from app.ui.gpu_texts import DASH, DOT, MIB_A_GIB, Look, short_name
from app.ui.quantity_texts import counted, duration_text
from app.ui.widgets.memory_bar import BarPart
from app.ui.widgets.table_model import Column, Mark, Row
from engine.gpu.hosts import HostCard, HostLease, HostLeases
from engine.gpu.snapshot import ResourceSnapshot

COLUMNS = (
    Column("Host", 116),
    Column("Holder", 150),
    Column("State", 100),
    Column("Card", 180),
    Column("Size", 116, is_number=True, tooltip="Promised, or wanted, on each card"),
    Column("In use", 92, is_number=True, tooltip="By its processes, on the card where it is most"),
    Column("Why"),
)
WORLDWIDE = ("GPU-", "MIG-")
"""Ids of cards that begin so are the same nowhere else."""
WIDE = (3, 5)
"""The columns for which a narrow page has no room."""
LATE_S = 6.0
"""Hosts tell every two seconds: who has not for so long has trouble."""
STATES = {
    "queued": ("waits", "warn"),
    "pending": ("gets a place", "warn"),
    "active": ("holds", "ok"),
    "draining": ("coming free", "mute"),
    "ended": ("ended", "mute"),
}


def heard_look(host: HostLeases, now_s: float) -> Look:
    """Return how fresh what a host told is."""
    age_s = max(0.0, now_s - host.heard_s)
    if age_s < 1:
        return "Heard just now", "ok"
    return f"Heard {duration_text(age_s)} ago", "warn" if age_s >= LATE_S else "ok"


def host_line(host: HostLeases) -> str:
    """Return how many cards, holders and waiting programs a host has."""
    parts = [
        counted(len(host.cards), "card", "cards") if host.cards else "no card",
        counted(len(host.leases), "lease", "leases"),
    ]
    if host.queue:
        parts.append(f"{len(host.queue)} waiting")
    return DOT.join(parts)


def shared_ids(resources: ResourceSnapshot) -> frozenset[str]:
    """Return the cards of this host that others may name too.

    What is a place on a bus is another card on another machine: such a one counts once another
    host has promised something of it.
    """
    rooms = resources.leases.rooms
    return frozenset(
        each.card.id
        for each in resources.cards
        if each.card.id.startswith(WORLDWIDE)
        or ((room := rooms.get(each.card.id)) is not None and room.elsewhere_whole_mib > 0)
    )


def card_line(card: HostCard, shared: frozenset[str]) -> str:
    """Return the name of a card, and whether this host sees it too."""
    return f"{card.name}{DOT}this host has it too" if card.id in shared else card.name


def memory_text(card: HostCard) -> str:
    """Return what is in use of a card; a dash where that is not told."""
    if card.used_mib is None:
        return DASH
    used = f"{card.used_mib / MIB_A_GIB:.1f}"
    if card.total_mib is None:
        return f"{used} GiB in use"
    return f"{used} of {card.total_mib / MIB_A_GIB:.1f} GiB in use"


def parts_of(card: HostCard, host: HostLeases) -> tuple[BarPart, ...]:
    """Return the stretches of a card's memory, as far as its host tells."""
    if card.total_mib is None:
        return ()
    here = [each for each in host.leases if card.id in each.card_ids]
    parts = [
        BarPart(each.name, max(each.vram_mib, each.used_mib or 0), str(number), each.used_mib)
        for number, each in enumerate(here)
    ]
    held_mib = sum(part.mib for part in parts)
    # More than the list names: a host tells of its first leases only.
    parts.append(BarPart("Other leases", card.leased_mib - held_mib, "rest"))
    leased_mib = max(held_mib, card.leased_mib)
    # A promise whose use is not told is taken to be used: else it would count twice.
    used_by_leases_mib = sum(
        part.mib if part.used_mib is None else part.used_mib for part in parts if part.mib > 0
    )
    foreign_mib = max(0, (card.used_mib or 0) - used_by_leases_mib)
    parts.append(BarPart("Other programs", foreign_mib, "foreign"))
    parts.append(BarPart("Free", max(0, card.total_mib - leased_mib - foreign_mib), "free"))
    return tuple(part for part in parts if part.mib > 0 or part.look == "free")


def host_rows(others: Iterable[HostLeases]) -> list[Row]:
    """Return who holds memory and who waits, of each host."""
    return [
        _row(host, lease, number)
        for host in others
        for number, lease in enumerate((*host.leases, *host.queue))
    ]


def _row(host: HostLeases, lease: HostLease, number: int) -> Row:
    names = {each.id: short_name(each.name) for each in host.cards}
    cards = ", ".join(names.get(each, each) for each in lease.card_ids) or DASH
    several = f"{lease.cards} \N{MULTIPLICATION SIGN} " if lease.cards > 1 else ""
    state, token = STATES.get(lease.state, (lease.state, "mute"))
    return Row(
        id=f"{host.id} {number} {lease.name}",
        cells=(
            host.name,
            lease.name,
            Mark(state, token),
            cards,
            f"{several}{lease.vram_mib:,} MiB",
            DASH if lease.used_mib is None else f"{lease.used_mib:,} MiB",
            briefly(lease.reason or ""),
        ),
        order=(
            host.name.lower(),
            lease.name.lower(),
            state,
            cards,
            lease.vram_mib * lease.cards,
            lease.used_mib or 0,
            lease.reason or "",
        ),
        tooltip=spaced(lease.reason or "") or f"{lease.name} on {host.name}",
    )
