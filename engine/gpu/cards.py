"""Graphics cards and what is read of them. Sizes in MiB; what a card does not tell is None."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Vendor(StrEnum):
    """Who made a card."""

    NVIDIA = "nvidia"
    AMD = "amd"
    INTEL = "intel"


class CardState(StrEnum):
    """Whether a card can be used, and read."""

    READY = "ready"
    SUSPENDED = "suspended"
    """Asleep to save power; it is not woken to be read."""
    LOST = "lost"
    """It fell off the bus, or was pulled out; it comes back by itself when it is there again."""
    SILENT = "silent"
    """Its driver has not answered for long: what is shown is old."""


class Group(StrEnum):
    """What is read together, at a rate of its own."""

    MEMORY = "memory"
    LOAD = "load"
    """Utilisation."""
    HEAT = "heat"
    """Temperature, power, clocks and reasons for throttling."""
    LINK = "link"
    """Fan, PCIe traffic, encoder and decoder."""
    PROCESSES = "processes"
    """By far the dearest."""
    LIMITS = "limits"
    """What changes rarely: limits of power, PCIe generation and width, memory errors."""


@dataclass(frozen=True, slots=True)
class Card:
    """What stays the same while a card is there."""

    id: str
    """NVML's UUID or the PCI address: the same after a restart."""
    name: str
    vendor: Vendor
    index: int | None = None
    """What CUDA_VISIBLE_DEVICES, or its like, calls it."""
    pci_address: str | None = None
    memory_total_mib: int | None = None
    driver: str | None = None


@dataclass(frozen=True, slots=True)
class CardProcess:
    """A process that holds memory of a card."""

    pid: int
    used_mib: int | None
    kind: str = "compute"
    """compute, graphics, or both."""
    busy_percent: float | None = None
    name: str | None = None
    user: str | None = None
    started_s: float | None = None
    """Wall time. With the pid it names a process for good: pids are used again."""
    lease: str | None = None
    """Id of the lease it belongs to; None for a foreign one."""


@dataclass(frozen=True, slots=True)
class ProcessFacts:
    """What the system tells of a process."""

    name: str
    user: str | None
    started_s: float
    """Wall time. With the pid it names a process for good: pids are used again."""


@dataclass(frozen=True, slots=True)
class CardReading:
    """What was last read of a card, whenever each group was due."""

    memory_used_mib: int | None = None
    memory_reserved_mib: int | None = None
    """Held by the driver itself, not part of what is used."""
    busy_percent: float | None = None
    memory_busy_percent: float | None = None
    temperature_c: float | None = None
    power_w: float | None = None
    clock_mhz: int | None = None
    memory_clock_mhz: int | None = None
    throttled_by: tuple[str, ...] | None = None
    """In words; empty where nothing holds it back."""
    fan_percent: float | None = None
    received_mib_s: float | None = None
    sent_mib_s: float | None = None
    """Over PCIe."""
    encoder_percent: float | None = None
    decoder_percent: float | None = None
    power_limit_w: float | None = None
    slowdown_c: float | None = None
    """The temperature at which it slows itself down."""
    pcie_generation: int | None = None
    pcie_width: int | None = None
    memory_errors: int | None = None
    """Uncorrected, since the driver was loaded."""
    last_xid: int | None = None
    """NVIDIA's number of the last fault that the driver reported."""
    processes: tuple[CardProcess, ...] | None = None


@dataclass(frozen=True, slots=True)
class CardNow:
    """One card at one moment."""

    card: Card
    reading: CardReading = field(default_factory=CardReading)
    state: CardState = CardState.READY
    reason: str | None = None
    """What is wrong with it and what helps."""
    age_s: float | None = None
    """How old the reading of its memory is."""
