"""CUDA's number of a card, with a stand-in for NVIDIA's driver."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest

from engine.errors import Refused
from engine.voice.adapters.cuda_cards import ordinal_of

NO_DEVICE, INVALID_DEVICE = 100, 101


class Driver:
    """libcuda.so.1 where CUDA counts these cards, in this order."""

    def __init__(self, *addresses: bytes) -> None:
        self._addresses = addresses
        self.library = ""

    def cuInit(self, flags: int) -> int:  # noqa: N802 - NVIDIA's name
        return 0 if self._addresses else NO_DEVICE

    def cuDeviceGetByPCIBusId(self, number: Any, address: bytes) -> int:  # noqa: N802 - likewise
        if address not in self._addresses:
            return INVALID_DEVICE
        number._obj.value = self._addresses.index(address)
        return 0


def with_driver(monkeypatch: pytest.MonkeyPatch, driver: Driver) -> None:
    """Let the driver's library be this one."""

    def load(library: str) -> Driver:
        driver.library = library
        return driver

    monkeypatch.setattr(ctypes, "CDLL", load)


def test_a_card_is_found_by_where_it_is_plugged_in(monkeypatch: pytest.MonkeyPatch):
    """CUDA's order is not that of the bus: the driver says which number a card has."""
    driver = Driver(b"0000:41:00.0", b"0000:01:00.0")
    with_driver(monkeypatch, driver)
    assert [ordinal_of(each) for each in ("0000:01:00.0", "0000:41:00.0")] == [1, 0]
    assert driver.library == "libcuda.so.1"


@pytest.mark.parametrize("known", [(), (b"0000:41:00.0",)])
def test_a_card_that_cuda_cannot_use_is_refused(
    monkeypatch: pytest.MonkeyPatch, known: tuple[bytes, ...]
):
    """Hidden from this program, or another vendor's: the card is named, and what may be wrong."""
    with_driver(monkeypatch, Driver(*known))
    with pytest.raises(Refused, match=r"0000:01:00\.0 .*CUDA_VISIBLE_DEVICES"):
        ordinal_of("0000:01:00.0")


def test_no_driver_is_refused(monkeypatch: pytest.MonkeyPatch):
    """Without NVIDIA's driver there is nothing to ask."""

    def load(library: str) -> None:
        raise OSError(f"{library}: cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", load)
    with pytest.raises(Refused, match="cannot be asked"):
        ordinal_of("0000:01:00.0")
