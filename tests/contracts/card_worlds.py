"""Machines with two cards of every kind that can be read, for the contract of `CardBackend`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from engine.gpu.adapters.amd_cards import AmdCards
from engine.gpu.adapters.intel_cards import IntelCards
from engine.gpu.adapters.simulated_cards import FIRST_PID, SimulatedCards
from engine.gpu.cards import Group
from engine.gpu.ports import CardBackend
from tests.conftest import FakeClock
from tests.doubles.sysfs import FakeTree, arc, radeon
from tests.live.nvml import PlayedNvidia, build

PID, HELD_MIB = 4242, 5120
SECOND = "sys/bus/pci/devices/0000:02:00.0/power"
"""Where the kernel tells whether NVIDIA's second card sleeps."""


class World(Protocol):
    """A machine with two cards; PID, or another, holds memory of the first."""

    backend: CardBackend
    pid: int
    held_mib: int | None
    """By that process; None where it changes."""
    beside: frozenset[str]
    """Fields that come with the processes."""
    can_lose: bool
    can_sleep: bool

    def pull_out(self) -> None:
        """Take the second card away."""
        ...

    def put_back(self) -> None:
        """Give it back."""
        ...

    def sleep(self) -> None:
        """Let the second card sleep."""
        ...


class Simulated:
    """A demonstration."""

    pid, held_mib, beside = FIRST_PID, None, frozenset[str]()
    can_lose = can_sleep = False

    def __init__(self) -> None:
        self.backend = SimulatedCards(clock=FakeClock())


class Tree:
    """Cards that the kernel shows in folders."""

    pid, held_mib = PID, HELD_MIB
    can_lose = can_sleep = True

    def __init__(self, folder: Path, kind: str) -> None:
        self._tree = FakeTree(folder)
        clock = FakeClock()
        if kind == "amd":
            plug, memory, self.beside = radeon, "drm-memory-vram", frozenset[str]()
            self.backend: CardBackend = AmdCards(root=folder, now=clock.now)
        else:
            plug, memory = arc, "drm-total-vram0"
            self.beside = frozenset({"memory_used_mib", "busy_percent"})
            self.backend = IntelCards(root=folder, now=clock.now)
        address, _ = plug(self._tree, 0), plug(self._tree, 1)
        lines = (f"drm-pdev:\t{address}", "drm-client-id:\t7", f"{memory}:\t{HELD_MIB} MiB")
        self._tree.add_process(PID, *lines)

    def pull_out(self) -> None:
        self._tree.pull_out(1)

    def put_back(self) -> None:
        self._tree.put_back(1)

    def sleep(self) -> None:
        self._tree.sleep(1)


class Nvidia:
    """Cards that the double of NVIDIA's library plays."""

    pid, held_mib, beside = os.getpid(), HELD_MIB, frozenset[str]()
    can_lose = can_sleep = True

    def __init__(self, library: Path, folder: Path) -> None:
        self._tree = FakeTree(folder)
        self._tree.write(f"{SECOND}/control", "auto")
        process = f"proc gpu=0 pid={os.getpid()} mem={HELD_MIB} type=C sm=30"
        self.backend = PlayedNvidia(library, folder, "gpus 2", "clock 0", process)

    def pull_out(self) -> None:
        self.backend.play("fault gpu=1 err=GPU_IS_LOST")

    def put_back(self) -> None:
        self.backend.play()

    def sleep(self) -> None:
        self._tree.write(f"{SECOND}/runtime_status", "suspended")


@pytest.fixture(scope="session")
def nvml_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the double of NVIDIA's library is."""
    return build(tmp_path_factory.mktemp("nvml"))


@pytest.fixture(
    params=["simulated", "amd", "intel", pytest.param("nvidia", marks=pytest.mark.live)]
)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Return each machine; its backend is open."""
    if request.param == "nvidia":
        nvidia = Nvidia(request.getfixturevalue("nvml_library"), tmp_path)
        nvidia.backend.open()
        yield nvidia
        nvidia.backend.end()
        return
    made = Simulated() if request.param == "simulated" else Tree(tmp_path, request.param)
    made.backend.open()
    yield made
    made.backend.close()


FIELDS = {
    Group.MEMORY: {"memory_used_mib", "memory_reserved_mib"},
    Group.LOAD: {"busy_percent", "memory_busy_percent"},
    Group.HEAT: {"temperature_c", "power_w", "clock_mhz", "memory_clock_mhz", "throttled_by"},
    Group.LINK: {
        "fan_percent",
        "received_mib_s",
        "sent_mib_s",
        "encoder_percent",
        "decoder_percent",
    },
    Group.PROCESSES: {"processes"},
    Group.LIMITS: {
        "power_limit_w",
        "slowdown_c",
        "pcie_generation",
        "pcie_width",
        "memory_errors",
    },
}
"""What each group may change."""
