"""What is said where NVIDIA's library does not load; what loads is tried in tests/live."""

from __future__ import annotations

from pathlib import Path

import pynvml
import pytest

from engine.errors import Unreachable
from engine.gpu.adapters import nvml_words
from engine.gpu.adapters.nvml_cards import NvmlCards
from engine.gpu.cards import Card, CardNow, CardState, Group, Vendor
from tests.doubles.sysfs import FakeTree

NO_PERMISSION, NOT_LOADED, NO_LIBRARY, MISMATCH = 4, 9, 12, 18


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list whose last number is the error with which the library does not begin."""
    codes = [NO_LIBRARY]

    def fail() -> None:
        raise pynvml.NVMLError(codes[-1])

    monkeypatch.setattr(pynvml, "nvmlInit", fail)
    return codes


def plug_in(root: Path, vendor: str = "0x10de") -> None:
    """Make a graphics card of `vendor` stand in the list of PCI devices."""
    FakeTree(root).write("sys/bus/pci/devices/0000:01:00.0/class", "0x030200")
    FakeTree(root).write("sys/bus/pci/devices/0000:01:00.0/vendor", vendor)


def test_machine_without_nvidia_is_no_fault(tmp_path: Path, library: list[int]):
    """Without such a card and its driver there is none, and nothing is wrong."""
    cards = NvmlCards(root=tmp_path)
    cards.open()
    assert cards.cards() == ()
    stranger = CardNow(Card("GPU-1", "Gone", Vendor.NVIDIA))
    assert cards.read(stranger, frozenset(Group)).state is CardState.LOST
    cards.close()


def test_leftover_library_is_no_fault(tmp_path: Path, library: list[int]):
    """A driver without a card, beside a card of somebody else, is not complained of."""
    library.append(NOT_LOADED)
    plug_in(tmp_path, "0x1002")
    cards = NvmlCards(root=tmp_path)
    cards.open()
    assert cards.cards() == ()


def test_card_without_driver_says_what_to_install(tmp_path: Path, library: list[int]):
    """A card that is plugged in and has no driver is told with what helps."""
    plug_in(tmp_path)
    with pytest.raises(Unreachable, match="driver is not installed"):
        NvmlCards(root=tmp_path).open()


def test_container_without_the_card_says_how_to_start_it(tmp_path: Path, library: list[int]):
    """In a container, the driver is not to be installed but handed in."""
    plug_in(tmp_path)
    FakeTree(tmp_path).write("run/.containerenv", "")
    with pytest.raises(Unreachable, match="--gpus all"):
        NvmlCards(root=tmp_path).open()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (NOT_LOADED, nvml_words.NOT_LOADED),
        (MISMATCH, nvml_words.MISMATCH),
        (NO_PERMISSION, nvml_words.NO_PERMISSION),
        (999, "error 999"),
    ],
)
def test_each_fault_has_its_remedy(tmp_path: Path, library: list[int], code: int, words: str):
    """Every way in which a driver fails to begin has words of its own."""
    library.append(code)
    plug_in(tmp_path)
    with pytest.raises(Unreachable) as caught:
        NvmlCards(root=tmp_path).open()
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("bits", "words"),
    [
        (0x0, ()),
        (0x1, ()),
        (0x4 | 0x20, ("power limit", "heat (driver)")),
        (0x4 | 0x10000, ("power limit", "reason 0x10000")),
    ],
)
def test_reasons_in_words(bits: int, words: tuple[str, ...]):
    """What holds the clocks back is said in words; idling holds nothing back."""
    assert nvml_words.reasons(bits) == words
