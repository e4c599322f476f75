from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.errors import Unreachable
from engine.gpu.adapters.intel_cards import IntelCards
from engine.gpu.cards import CardNow, CardProcess, CardReading, Group
from tests.doubles.sysfs import FakeTree, arc

ALL = frozenset(Group)


@pytest.fixture
def tree(tmp_path: Path) -> FakeTree:
    """Return a machine with one Arc."""
    tree = FakeTree(tmp_path)
    arc(tree, 0)
    return tree


def test_every_field_is_read(tree: FakeTree, clock: Any):
    """What xe writes arrives; power is the mean since the last reading."""
    cards = IntelCards(root=tree.root, now=clock.now)
    cards.open()
    first = cards.read(CardNow(cards.cards()[0]), ALL)
    assert (first.card.memory_total_mib, first.reading.power_w) == (16 * 1024, None)
    clock.advance(2.0)
    tree.sense(0, energy1_input=5_000_000 + 120_000_000)
    assert cards.read(first, ALL).reading == CardReading(
        temperature_c=61.0,
        power_w=60.0,
        clock_mhz=2050,
        throttled_by=("power limit",),
        power_limit_w=190.0,
        pcie_generation=5,
        pcie_width=8,
        processes=(),
    )


def test_older_driver_is_read(tmp_path: Path, clock: Any):
    """What i915 writes, in other places, arrives too."""
    tree = FakeTree(tmp_path)
    tree.add_card(0, "i915", device="0x56a0")
    tree.write("sys/class/drm/card0/gt_act_freq_mhz", 1_900)
    tree.write("sys/class/drm/card0/gt/gt0/throttle_reason_thermal", 1)
    tree.sense(0, temp1_input=50_000)
    cards = IntelCards(root=tree.root, now=clock.now)
    cards.open()
    found = cards.read(CardNow(cards.cards()[0]), ALL)
    assert (found.card.name, found.card.memory_total_mib) == ("Intel graphics 56a0", None)
    reading = found.reading
    assert (reading.clock_mhz, reading.temperature_c) == (1900, 50.0)
    assert reading.throttled_by == ("heat",)


def test_memory_and_load_are_added_up(tree: FakeTree, clock: Any):
    """The card's memory and load are the sums of what its processes have."""
    cards = IntelCards(root=tree.root, now=clock.now)
    cards.open()
    now = CardNow(cards.cards()[0])

    def run(pid: int, mib: int, busy_ns: int) -> None:
        tree.add_process(
            pid,
            "drm-pdev:\t0000:03:00.0",
            f"drm-client-id:\t{pid}",
            f"drm-total-local0:\t{mib} MiB",
            f"drm-engine-ccs:\t{busy_ns} ns",
        )

    run(11, 1000, 1)
    run(12, 500, 1)
    now = cards.read(now, ALL)
    assert (now.reading.memory_used_mib, now.reading.busy_percent) == (1500, None)
    clock.advance(1.0)
    run(11, 1000, 300_000_001)
    run(12, 500, 100_000_001)
    now = cards.read(now, ALL)
    assert now.reading.busy_percent == pytest.approx(40.0)
    assert now.reading.processes == (
        CardProcess(11, 1000, "compute", 30.0),
        CardProcess(12, 500, "compute", 10.0),
    )


def test_power_is_unknown_after_a_sleep(tree: FakeTree, clock: Any):
    """The energy of a card that slept in between makes no mean."""
    cards = IntelCards(root=tree.root, now=clock.now)
    cards.open()
    now = cards.read(CardNow(cards.cards()[0]), ALL)
    tree.sleep(0)
    clock.advance(60.0)
    now = cards.read(now, ALL)
    tree.wake(0)
    tree.sense(0, energy1_input=9_000_000)
    assert cards.read(now, ALL).reading.power_w is None


def test_card_without_a_driver_names_the_remedy(tmp_path: Path, clock: Any):
    """A card that is plugged in and that no driver shows has what helps."""
    tree = FakeTree(tmp_path)
    tree.write("sys/bus/pci/devices/0000:00:02.0/class", "0x030000")
    tree.write("sys/bus/pci/devices/0000:00:02.0/vendor", "0x8086")
    with pytest.raises(Unreachable, match="modprobe xe"):
        IntelCards(root=tmp_path, now=clock.now).open()
