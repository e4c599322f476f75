"""Intel's cards, by what the kernel's drivers i915 and xe write under /sys and /proc.

Neither tells how much memory a card has free, nor how busy it is as a whole: both are added up from
the processes, of which only this user's are seen.
https://docs.kernel.org/gpu/drm-usage-stats.html, Documentation/ABI/testing/sysfs-driver-intel-*
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.gpu.adapters import pci
from engine.gpu.adapters.drm_places import DrmPlaces
from engine.gpu.adapters.fdinfo import CardUsers
from engine.gpu.adapters.pci import DrmCard, number, scaled
from engine.gpu.cards import Card, CardNow, CardProcess, Group, Vendor

MIB = 1024**2
CLOCKS = (
    "gt_act_freq_mhz",
    "gt_cur_freq_mhz",
    "device/tile0/gt0/freq0/act_freq",
    "device/tile0/gt0/freq0/cur_freq",
)
"""What runs, or else what was asked for: i915, then xe."""
THROTTLES = ("gt/gt0/throttle_reason_{}", "device/tile0/gt0/freq0/throttle/reason_{}")
REASONS = {
    "pl1": "power limit",
    "pl2": "power limit (short)",
    "pl4": "power limit (peak)",
    "thermal": "heat",
    "prochot": "heat (another part)",
    "ratl": "clock limit",
    "vr_thermalert": "heat (voltage regulator)",
    "vr_tdc": "current limit",
}
MEMORY_SIZES = ("device/tile0/physical_vram_size_bytes", "device/lmem_total_bytes")
NO_DRIVER = (
    "An Intel card is in this machine, but neither of its drivers i915 and xe is loaded: type "
    "`sudo modprobe xe`, or update the system's kernel."
)


class IntelCards:
    """Intel's cards. root: where /sys and /proc are. now: monotonic seconds."""

    def __init__(
        self, *, root: Path = Path("/"), now: Callable[[], float] = time.monotonic
    ) -> None:
        self._root = root
        self._now = now
        self._users = CardUsers(root, now)
        self._places = DrmPlaces(root, Vendor.INTEL, self._card)
        self._energy: dict[str, tuple[float, int]] = {}

    @property
    def vendor(self) -> Vendor:
        """Intel."""
        return Vendor.INTEL

    def open(self) -> None:
        """Begin. Raises Unreachable where a card is here, and no driver."""
        self._places.open(NO_DRIVER)

    def cards(self) -> tuple[Card, ...]:
        """Return the cards that are there now."""
        return self._places.cards()

    def read(self, before: CardNow, groups: frozenset[Group]) -> CardNow:
        """Return the card with `groups` read; one that is asleep is not woken."""
        place = self._places.awake(before)
        if isinstance(place, CardNow):
            self._energy.pop(before.card.id, None)
            return place
        fields: dict[str, Any] = {}
        if Group.HEAT in groups:
            fields |= self._heat(place)
        if Group.PROCESSES in groups:
            fields |= _use(self._users.processes().get(place.address, ()))
        if Group.LIMITS in groups:
            generation, width = pci.link(place)
            fields |= {
                "power_limit_w": scaled(place.hwmon, "power1_max", 1e6),
                "slowdown_c": scaled(place.hwmon, "temp1_crit", 1e3),
                "pcie_generation": generation,
                "pcie_width": width,
            }
        return self._places.now(place, replace(before.reading, **fields))

    def close(self) -> None:
        """Forget the cards."""
        self._places.close()

    def _card(self, place: DrmCard, index: int) -> Card:
        total = _first(place.drm, MEMORY_SIZES)
        return Card(
            id=place.address,
            name=pci.card_name(self._root, place, "Intel"),
            vendor=Vendor.INTEL,
            index=index,
            pci_address=place.address,
            memory_total_mib=total // MIB if total else None,
            driver=place.driver,
        )

    def _heat(self, place: DrmCard) -> dict[str, Any]:
        sensors = place.hwmon
        temperature_c = scaled(sensors, "temp1_input", 1e3)
        if temperature_c is None:  # xe counts from 2: the package, then its memory
            temperature_c = scaled(sensors, "temp2_input", 1e3)
        return {
            "temperature_c": temperature_c,
            "power_w": self._power_w(place),
            "clock_mhz": _first(place.drm, CLOCKS),
            "throttled_by": _reasons(place.drm),
        }

    def _power_w(self, place: DrmCard) -> float | None:
        """Return the mean since the last call: the card counts energy, not power."""
        sensors = place.hwmon
        energy_uj = None if sensors is None else number(sensors / "energy1_input")
        if energy_uj is None:
            return None
        now_s, before = self._now(), self._energy.get(place.address)
        self._energy[place.address] = (now_s, energy_uj)
        if before is None or now_s <= before[0] or energy_uj < before[1]:
            return None
        return (energy_uj - before[1]) / 1e6 / (now_s - before[0])


def _use(processes: tuple[CardProcess, ...]) -> dict[str, Any]:
    used = [each.used_mib for each in processes if each.used_mib is not None]
    busy = [each.busy_percent for each in processes if each.busy_percent is not None]
    return {
        "processes": processes,
        "memory_used_mib": sum(used) if used else None,
        "busy_percent": min(100.0, sum(busy)) if busy else None,
    }


def _reasons(drm: Path) -> tuple[str, ...] | None:
    """Return what holds the clock back, in words; None where the driver does not tell."""
    told = {
        words: _first(drm, tuple(path.format(reason) for path in THROTTLES))
        for reason, words in REASONS.items()
    }
    if all(value is None for value in told.values()):
        return None
    return tuple(words for words, value in told.items() if value)


def _first(folder: Path, names: tuple[str, ...]) -> int | None:
    """Return the number in the first of the files that has one."""
    return next((found for name in names if (found := number(folder / name)) is not None), None)
