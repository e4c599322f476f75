"""What the GPU page says of a card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from app.ui.quantity_texts import counted, duration_text
from engine.gpu.cards import Card, CardNow, CardReading, CardState, Vendor
from engine.gpu.snapshot import ResourceSnapshot

DASH = "\N{EM DASH}"
DOT = " \N{MIDDLE DOT} "
MIB_A_GIB = 1024
VENDORS = {Vendor.NVIDIA: "NVIDIA", Vendor.AMD: "AMD", Vendor.INTEL: "Intel"}
MAKERS = ("NVIDIA ", "GeForce ", "AMD ", "Intel ")
HOT_SHARE = 0.95
"""Of the temperature at which a card slows itself down: from there on it is called hot."""
FRESH_S = 5.0
"""Readings that are older are said to be old; nobody looks at cards every 2.5 s."""

Look = tuple[str, str]
"""A text, and the token of its colour."""
Figure = tuple[str, str, str, str]
"""Caption, value, what it is measured against, and the token of the value's colour."""
Fact = tuple[str, str, str]
"""Name, value, meaning."""


def state_look(now: CardNow) -> Look:
    """Return the state of a card."""
    age = "" if now.age_s is None else f" for {duration_text(now.age_s)}"
    if now.state is CardState.SILENT:
        return f"Silent{age}", "bad"
    if now.state is CardState.LOST:
        return f"Lost{age}", "bad"
    if now.state is CardState.SUSPENDED:
        return "Asleep", "mute"
    if now.age_s is None:
        return "Not read yet", "mute"
    if now.age_s > FRESH_S:
        return f"Read {duration_text(now.age_s)} ago", "warn"
    return ("Held back", "warn") if now.reading.throttled_by else ("Ready", "ok")


def state_reason(now: CardNow) -> Look:
    """Return what is wrong with a card or holds it back, and what helps; "" where all is well."""
    if now.state is not CardState.READY:
        token = "mute" if now.state is CardState.SUSPENDED else "bad"
        return now.reason or _USUAL_REASONS[now.state], token
    if now.reading.throttled_by:
        return f"Held back by {' and '.join(now.reading.throttled_by)}", "warn"
    return now.reason or "", "warn"


_USUAL_REASONS = {
    CardState.SILENT: "Its driver does not answer: what is shown is old",
    CardState.LOST: "It is not there any more; it is taken up again when it comes back",
    CardState.SUSPENDED: "It sleeps to save power, and is not woken to be read",
}


def card_line(card: Card) -> str:
    """Return the vendor, where the name does not tell it, number and driver."""
    driver = f"driver {card.driver}" if card.driver else ""
    return DOT.join(filter(None, (place_text(card), driver)))


def place_text(card: Card) -> str:
    """Return the vendor, where the name does not tell it, and the number."""
    vendor = VENDORS[card.vendor]
    parts = [] if vendor in card.name else [vendor]
    if card.index is not None:
        parts.append(f"GPU {card.index}")
    return DOT.join(parts)


def used_text(now: CardNow) -> tuple[str | None, str]:
    """Return what is used, and of how much, in GiB; (None, "") where it is not told.

    What is old says when it was read.
    """
    used_mib, total_mib = now.reading.memory_used_mib, now.card.memory_total_mib
    if used_mib is None:
        return None, ""
    unit = "GiB" if total_mib is None else f"of {total_mib / MIB_A_GIB:.1f} GiB"
    is_now = now.state is CardState.READY and now.age_s is not None and now.age_s <= FRESH_S
    when = "" if now.age_s is None else f", {duration_text(now.age_s)} ago"
    return f"{used_mib / MIB_A_GIB:.1f}", f"{unit} in use{'' if is_now else when}"


def used_briefly(now: CardNow) -> tuple[str | None, str]:
    """Return what is used, and of how much, in GiB; (None, "") where it is not told."""
    used_mib, total_mib = now.reading.memory_used_mib, now.card.memory_total_mib
    if used_mib is None:
        return None, ""
    unit = "GiB used" if total_mib is None else f"of {total_mib / MIB_A_GIB:.1f} GiB"
    return f"{used_mib / MIB_A_GIB:.1f}", unit


def card_names(cards: Sequence[Card]) -> Mapping[str, str]:
    """Return short names of cards, by id; cards of one name are told apart by their numbers."""
    short = {card.id: short_name(card.name) for card in cards}
    twice = {name for name, count in Counter(short.values()).items() if count > 1}
    return {
        card.id: f"{short[card.id]} #{number if card.index is None else card.index}"
        if short[card.id] in twice
        else short[card.id]
        for number, card in enumerate(cards)
    }


def short_name(name: str) -> str:
    """Return the name of a card without its maker's, for tables."""
    for maker in MAKERS:
        name = name.removeprefix(maker)
    return name


def figures(reading: CardReading) -> tuple[Figure, ...]:
    """Return what counts most besides memory: load, temperature, power, clock."""
    return (
        (
            "Busy",
            number(reading.busy_percent, "%"),
            _with("memory bus", reading.memory_busy_percent, "%"),
            "text",
        ),
        (
            "Temperature",
            number(reading.temperature_c, "°C"),
            _with("slows at", reading.slowdown_c, "°C"),
            _heat_token(reading),
        ),
        (
            "Power",
            number(reading.power_w, "W"),
            _with("of", reading.power_limit_w, "W"),
            "text",
        ),
        (
            "Clock",
            clock_text(reading.clock_mhz),
            f"memory {reading.memory_clock_mhz / 1000:.1f} GHz" if reading.memory_clock_mhz else "",
            "text",
        ),
    )


def facts(now: CardNow) -> tuple[Fact, ...]:
    """Return the rest of what is known of a card, as rows."""
    card, reading = now.card, now.reading
    pcie = DASH
    if reading.pcie_generation is not None and reading.pcie_width is not None:
        pcie = f"gen {reading.pcie_generation} \N{MULTIPLICATION SIGN} {reading.pcie_width}"
    rows = (
        ("Throttle", throttle_text(reading), "What keeps the clock below what it could be"),
        ("Fan", number(reading.fan_percent, "%"), "Of its highest speed"),
        ("PCIe", pcie, "Generation and lanes of the link as it runs now; at rest it runs slower"),
        ("Received", number(reading.received_mib_s, "MiB/s"), "Over PCIe, by the card"),
        ("Sent", number(reading.sent_mib_s, "MiB/s"), "Over PCIe, by the card"),
        ("Encoder", number(reading.encoder_percent, "%"), "Load of the part that writes video"),
        ("Decoder", number(reading.decoder_percent, "%"), "Load of the part that reads video"),
        (
            "Errors",
            _count(reading.memory_errors),
            "Of its memory, not mended, since the driver runs",
        ),
        ("Last fault", _fault(reading.last_xid), "The number NVIDIA's driver gave it (Xid)"),
        ("Driver", card.driver or DASH, "Its version"),
        ("Address", card.pci_address or DASH, "Where the card is in the machine, on its PCI bus"),
    )
    return tuple(row for row in rows if row[1] != DASH)


def throttle_text(reading: CardReading) -> str:
    """Return what holds the card back, in words."""
    if reading.throttled_by is None:
        return DASH
    return ", ".join(reading.throttled_by) or "nothing"


def head_look(resources: ResourceSnapshot) -> Look:
    """Return how the cards are, in a few words."""
    cards = resources.cards
    if not cards:
        return ("No card", "mute") if resources.cards_problem else ("Looking", "mute")
    text = counted(len(cards), "card", "cards")
    bad = sum(each.state in (CardState.LOST, CardState.SILENT) for each in cards)
    if bad:
        return f"{text}, {bad} not answering", "bad"
    slow = sum(bool(each.reading.throttled_by) for each in cards)
    return (f"{text}, {slow} held back", "warn") if slow else (text, "ok")


def lease_line(resources: ResourceSnapshot) -> str:
    """Return how many hold memory and how many wait."""
    leases = resources.leases
    parts = [counted(len(leases.held), "lease", "leases")]
    if leases.queue:
        parts.append(f"{len(leases.queue)} wait")
    return DOT.join(parts)


def number(value: float | None, unit: str) -> str:
    """Return a whole number with its unit; a dash where it is unknown."""
    return DASH if value is None else f"{value:,.0f} {unit}"


def clock_text(clock_mhz: int | None) -> str:
    """Return a clock in GHz; a dash where it is unknown."""
    return DASH if clock_mhz is None else f"{clock_mhz / 1000:.2f} GHz"


def _with(word: str, value: float | None, unit: str) -> str:
    return "" if value is None else f"{word} {number(value, unit)}"


def _heat_token(reading: CardReading) -> str:
    if reading.temperature_c is None or reading.slowdown_c is None:
        return "text"
    return "warn" if reading.temperature_c >= HOT_SHARE * reading.slowdown_c else "text"


def _count(value: int | None) -> str:
    return DASH if value is None else f"{value:,}"


def _fault(xid: int | None) -> str:
    return DASH if xid is None else str(xid)
