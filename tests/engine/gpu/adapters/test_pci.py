from __future__ import annotations

from pathlib import Path

import pytest

from engine.gpu.adapters import pci
from engine.gpu.cards import Vendor
from tests.doubles.sysfs import FakeTree, arc, radeon

IDS = """\
# a comment
1002  Advanced Micro Devices, Inc. [AMD/ATI]
\t744c  Navi 31 [Radeon RX 7900 XTX]
\t\t1002 0e3b  A subsystem
\t73bf  Navi 21
8086  Intel Corporation
\te20b  Battlemage G21 [Arc B580]
"""


def test_vendors_are_those_of_displays(tmp_path: Path):
    """Network cards of the same makers are no graphics cards."""
    tree = FakeTree(tmp_path)
    assert pci.vendors_here(tmp_path) == frozenset()
    radeon(tree, 0)
    tree.write("sys/bus/pci/devices/0000:09:00.0/class", "0x020000")
    tree.write("sys/bus/pci/devices/0000:09:00.0/vendor", "0x8086")
    assert pci.vendors_here(tmp_path) == {Vendor.AMD}


def test_cards_come_in_the_order_of_their_addresses(tmp_path: Path):
    """Sockets and render nodes are no cards; the address decides, not the number."""
    tree = FakeTree(tmp_path)
    for index in (2, 0, 11):
        radeon(tree, index)
    arc(tree, 5)
    addresses = [card.address for card in pci.drm_cards(tmp_path, Vendor.AMD)]
    assert addresses == ["0000:03:00.0", "0000:05:00.0", "0000:0e:00.0"]


@pytest.mark.parametrize(
    ("device", "name"),
    [("0x744c", "AMD Radeon RX 7900 XTX"), ("0x73bf", "AMD Navi 21"), ("0x1", "AMD graphics 1")],
)
def test_name_comes_from_the_list_of_devices(tmp_path: Path, device: str, name: str):
    """A card that does not say its name has that of the system's list, or its number."""
    tree = FakeTree(tmp_path)
    tree.write("usr/share/misc/pci.ids", IDS)
    tree.add_card(0, "amdgpu", device=device)
    (card,) = pci.drm_cards(tmp_path, Vendor.AMD)
    assert pci.card_name(tmp_path, card, "AMD") == name


def test_container_is_known(tmp_path: Path):
    """Docker and Podman leave a mark each."""
    assert not pci.is_container(tmp_path)
    FakeTree(tmp_path).write(".dockerenv", "")
    assert pci.is_container(tmp_path)
