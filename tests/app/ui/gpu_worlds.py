"""Cards, leases and histories for tests of the GPU page."""

from __future__ import annotations

import numpy as np

from app.ui.gpu_values import GpuView
from engine.gpu.cards import Card, CardNow, CardProcess, CardReading, Vendor
from engine.gpu.history import Gauge, Span
from engine.gpu.lease_views import LeasesSnapshot, LeaseView
from engine.gpu.leases import Ending, LeaseState, Priority
from engine.gpu.room import Room
from engine.gpu.snapshot import HostReading, ResourceSnapshot

NOW_S = 1000.0
CARD = Card(
    id="GPU-1",
    name="RTX 4090",
    vendor=Vendor.NVIDIA,
    index=0,
    pci_address="0000:01:00.0",
    memory_total_mib=24_564,
    driver="575.51",
)
OTHER = Card(id="GPU-2", name="RX 7900", vendor=Vendor.AMD, index=1, memory_total_mib=20_464)
PROCESSES = (
    CardProcess(101, 6000, busy_percent=40.0, name="train", user="ada", started_s=5.0, lease="l1"),
    CardProcess(102, 3000, busy_percent=9.0, name="blender", user="bob", started_s=6.0),
)
READING = CardReading(
    memory_used_mib=9200,
    busy_percent=64.0,
    memory_busy_percent=31.0,
    temperature_c=71.0,
    slowdown_c=90.0,
    power_w=310.0,
    power_limit_w=450.0,
    clock_mhz=2520,
    throttled_by=(),
    pcie_generation=4,
    pcie_width=16,
    processes=PROCESSES,
)
READY = CardNow(CARD, READING, age_s=0.2)
PLAIN = CardNow(OTHER, CardReading(memory_used_mib=512), age_s=0.3)
ROOM = Room(
    capacity_mib=24_198,
    margin_mib=725,
    foreign_mib=3200,
    leased_mib=8000,
    pending_mib=0,
    idle_mib=1480,
    returning_mib=0,
    reserve_mib=0,
)


def lease(lease_id: str = "l1", name: str = "train", **told: object) -> LeaseView:
    """Return a lease that is held on the first card, unless `told` otherwise."""
    usual: dict[str, object] = {
        "state": LeaseState.ACTIVE,
        "vram_mib": 8000,
        "priority": Priority.NORMAL,
        "duration_s": 600.0,
        "asked_s": NOW_S - 90,
        "card_ids": (CARD.id,),
        "granted_s": NOW_S - 60,
        "expires_s": NOW_S + 540,
        "used_mib": 6000,
    }
    return LeaseView(id=lease_id, name=name, **(usual | told))  # type: ignore[arg-type]


WAITING = lease(
    "q1",
    "finetune",
    state=LeaseState.QUEUED,
    card_ids=(),
    granted_s=None,
    expires_s=None,
    used_mib=None,
    position=1,
    wait_s=42.0,
    reason="waits for 4,000 MiB on RTX 4090",
)
OVER = lease("e1", "notebook", ending=Ending.EXPIRED, ended_s=NOW_S - 30, reason="notebook: over")
LEASES = LeasesSnapshot(
    held=(lease(),),
    queue=(WAITING,),
    ended=(OVER,),
    rooms={CARD.id: ROOM},
    lease_of_pid={101: "l1"},
)
HOST = HostReading(20.0, 8, 8000, 32_000, 100.0, 500.0, 3.0, 300)


def history(value: float = 50.0) -> np.ndarray:
    """Return a minute of a gauge about `value`."""
    seconds = np.arange(NOW_S - 59, NOW_S + 1)
    return np.column_stack((seconds, *(np.full(60, value + step) for step in (-5, 0, 5))))


def gpu_view(
    *cards: CardNow, leases: LeasesSnapshot = LEASES, problem: str | None = None
) -> GpuView:
    """Return the page's view of `cards`, both usual ones where none are given."""
    shown = cards or (() if problem else (READY, PLAIN))
    return GpuView(
        resources=ResourceSnapshot(
            taken_s=NOW_S, host=HOST, age_s=0.5, cards=shown, cards_problem=problem, leases=leases
        ),
        histories={(CARD.id, gauge): history() for gauge in Gauge},
        span=Span.MINUTE,
        user="ada",
        is_ready=True,
    )
