"""AMD's cards, by what the kernel's driver amdgpu writes under /sys; no library is needed.

https://docs.kernel.org/gpu/amdgpu/driver-misc.html, https://docs.kernel.org/gpu/amdgpu/thermal.html
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.gpu.adapters import pci
from engine.gpu.adapters.drm_places import DrmPlaces
from engine.gpu.adapters.fdinfo import CardUsers
from engine.gpu.adapters.pci import DrmCard, number, scaled, text
from engine.gpu.cards import Card, CardNow, Group, Vendor

MIB = 1024**2
CURRENT_CLOCK = re.compile(r"(\d+)Mhz \*")
UNCORRECTED = re.compile(r"^ue: *(\d+)", re.MULTILINE)
NO_DRIVER = (
    "An AMD card is in this machine, but its driver amdgpu is not loaded: type "
    "`sudo modprobe amdgpu`, or install your system's firmware for AMD's cards (linux-firmware)."
)


class AmdCards:
    """AMD's cards. root: where /sys and /proc are. now: monotonic seconds."""

    def __init__(
        self, *, root: Path = Path("/"), now: Callable[[], float] = time.monotonic
    ) -> None:
        self._root = root
        self._users = CardUsers(root, now)
        self._places = DrmPlaces(root, Vendor.AMD, self._card)

    @property
    def vendor(self) -> Vendor:
        """AMD."""
        return Vendor.AMD

    def open(self) -> None:
        """Begin. Raises Unreachable where a card is here, and its driver is not."""
        self._places.open(NO_DRIVER)

    def cards(self) -> tuple[Card, ...]:
        """Return the cards that are there now."""
        return self._places.cards()

    def read(self, before: CardNow, groups: frozenset[Group]) -> CardNow:
        """Return the card with `groups` read; one that is asleep is not woken."""
        place = self._places.awake(before)
        if isinstance(place, CardNow):
            return place
        fields: dict[str, Any] = {}
        for group in groups:
            fields |= self._fields(place, group)
        return self._places.now(place, replace(before.reading, **fields))

    def close(self) -> None:
        """Forget the cards."""
        self._places.close()

    def _card(self, place: DrmCard, index: int) -> Card:
        # The memory's size is asked of a card that sleeps too: it is kept, and wakes nothing.
        total = number(place.device / "mem_info_vram_total")
        return Card(
            id=place.address,
            name=pci.card_name(self._root, place, "AMD"),
            vendor=Vendor.AMD,
            index=index,
            pci_address=place.address,
            memory_total_mib=None if total is None else total // MIB,
            driver=place.driver,
        )

    def _fields(self, place: DrmCard, group: Group) -> dict[str, Any]:
        if group is Group.MEMORY:
            used = number(place.device / "mem_info_vram_used")
            return {"memory_used_mib": None if used is None else used // MIB}
        if group is Group.LOAD:
            return {
                "busy_percent": scaled(place.device, "gpu_busy_percent", 1),
                "memory_busy_percent": scaled(place.device, "mem_busy_percent", 1),
            }
        if group is Group.HEAT:
            return _heat(place)
        if group is Group.LINK:
            return {"fan_percent": _fan_percent(place.hwmon)}
        if group is Group.PROCESSES:
            return {"processes": self._users.processes().get(place.address, ())}
        return _limits(place)


def _heat(place: DrmCard) -> dict[str, Any]:
    sensors = place.hwmon
    power_w = scaled(sensors, "power1_average", 1e6)
    if power_w is None:  # newer cards measure moments, not means
        power_w = scaled(sensors, "power1_input", 1e6)
    return {
        "temperature_c": scaled(sensors, "temp1_input", 1e3),
        "power_w": power_w,
        "clock_mhz": _current_clock(place.device / "pp_dpm_sclk"),
        "memory_clock_mhz": _current_clock(place.device / "pp_dpm_mclk"),
    }


def _limits(place: DrmCard) -> dict[str, Any]:
    sensors = place.hwmon
    generation, width = pci.link(place)
    errors = UNCORRECTED.search(text(place.device / "ras/umc_err_count") or "")
    return {
        "power_limit_w": scaled(sensors, "power1_cap", 1e6),
        "slowdown_c": scaled(sensors, "temp1_crit", 1e3),
        "pcie_generation": generation,
        "pcie_width": width,
        "memory_errors": None if errors is None else int(errors[1]),
    }


def _fan_percent(sensors: Path | None) -> float | None:
    if sensors is None:
        return None
    turns, most = number(sensors / "fan1_input"), number(sensors / "fan1_max")
    if turns is not None and most:
        return min(100.0, 100 * turns / most)
    return scaled(sensors, "pwm1", 2.55)


def _current_clock(path: Path) -> int | None:
    found = CURRENT_CLOCK.search(text(path) or "")
    return None if found is None else int(found[1])
