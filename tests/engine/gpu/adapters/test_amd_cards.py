from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.errors import Unreachable
from engine.gpu.adapters.amd_cards import AmdCards
from engine.gpu.cards import CardNow, CardProcess, CardReading, Group
from tests.doubles.sysfs import FakeTree, radeon

ALL = frozenset(Group)


@pytest.fixture
def tree(tmp_path: Path) -> FakeTree:
    """Return a machine with one Radeon."""
    tree = FakeTree(tmp_path)
    radeon(tree, 0)
    return tree


def read(tree: FakeTree, clock: Any) -> CardNow:
    """Return all of the first card."""
    cards = AmdCards(root=tree.root, now=clock.now)
    cards.open()
    return cards.read(CardNow(cards.cards()[0]), ALL)


def test_every_field_is_read(tree: FakeTree, clock: Any):
    """What the kernel writes arrives in the units that the fields say."""
    found = read(tree, clock)
    assert (found.card.name, found.card.memory_total_mib) == ("Radeon RX 7900 XTX", 24 * 1024)
    assert (found.card.id, found.card.driver) == ("0000:03:00.0", "amdgpu")
    assert found.reading == CardReading(
        memory_used_mib=6 * 1024,
        busy_percent=42.0,
        memory_busy_percent=7.0,
        temperature_c=55.0,
        power_w=210.0,
        clock_mhz=2304,
        memory_clock_mhz=1249,
        fan_percent=40.0,
        power_limit_w=355.0,
        slowdown_c=100.0,
        pcie_generation=4,
        pcie_width=16,
        memory_errors=2,
        processes=(),
    )


def test_newer_card_tells_power_of_a_moment(tree: FakeTree, clock: Any):
    """Cards that have no mean power tell the present one, and pulses instead of turns."""
    sensors = tree.root / f"{tree.device(0)}/hwmon/hwmon4"
    for name in ("power1_average", "fan1_input"):
        (sensors / name).unlink()
    tree.sense(0, power1_input=99_000_000, pwm1=51)
    reading = read(tree, clock).reading
    assert (reading.power_w, reading.fan_percent) == (99.0, 20.0)


def test_damaged_files_are_unknown(tree: FakeTree, clock: Any):
    """What is no number, or is absent, is None and disturbs nothing else."""
    tree.write(f"{tree.device(0)}/gpu_busy_percent", "busy")
    tree.write(f"{tree.device(0)}/pp_dpm_sclk", "")
    (tree.root / f"{tree.device(0)}/mem_info_vram_used").unlink()
    (tree.root / f"{tree.device(0)}/ras/umc_err_count").unlink()
    reading = read(tree, clock).reading
    assert (reading.busy_percent, reading.clock_mhz, reading.memory_errors) == (None, None, None)
    assert (reading.memory_used_mib, reading.temperature_c) == (None, 55.0)


def test_card_without_sensors(tmp_path: Path, clock: Any):
    """A card without sensors tells no heat, and is read all the same."""
    tree = FakeTree(tmp_path)
    tree.add_card(0, "amdgpu", mem_info_vram_total=1 << 30, mem_info_vram_used=1 << 20)
    reading = read(tree, clock).reading
    assert (reading.memory_used_mib, reading.temperature_c, reading.fan_percent) == (1, None, None)


def test_processes_are_those_of_the_card(tree: FakeTree, clock: Any):
    """Who holds memory of this card is told, with its share of the busiest engine."""
    cards = AmdCards(root=tree.root, now=clock.now)
    cards.open()
    now = CardNow(cards.cards()[0])

    def run(compute_ns: int) -> None:
        tree.add_process(
            77,
            "drm-driver:\tamdgpu",
            "drm-pdev:\t0000:03:00.0",
            "drm-client-id:\t5",
            "drm-memory-vram:\t2048 KiB",
            f"drm-engine-compute:\t{compute_ns} ns",
            "drm-engine-gfx:\t0 ns",
        )

    run(1_000_000_000)
    assert cards.read(now, ALL).reading.processes == (CardProcess(77, 2, "compute", None),)
    clock.advance(2.0)
    run(1_500_000_000)
    assert cards.read(now, ALL).reading.processes == (CardProcess(77, 2, "compute", 25.0),)


def test_card_without_its_driver_names_the_remedy(tmp_path: Path, clock: Any):
    """A card that is plugged in and that no driver shows has what helps."""
    tree = FakeTree(tmp_path)
    tree.write("sys/bus/pci/devices/0000:03:00.0/class", "0x030000")
    tree.write("sys/bus/pci/devices/0000:03:00.0/vendor", "0x1002")
    with pytest.raises(Unreachable, match="modprobe amdgpu"):
        AmdCards(root=tmp_path, now=clock.now).open()


def test_machine_without_amd_is_no_fault(tmp_path: Path, clock: Any):
    """Where no such card is, there is none, and nothing is wrong."""
    cards = AmdCards(root=tmp_path, now=clock.now)
    cards.open()
    assert cards.cards() == ()
