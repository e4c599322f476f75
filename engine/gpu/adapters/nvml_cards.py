"""NVIDIA's cards, by NVML: the library of the driver that nvidia-smi asks too."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.errors import Unreachable
from engine.gpu.adapters import nvml_words, pci
from engine.gpu.adapters.nvml_reader import CARD_LOST, CardLost, DriverGone, NvmlReader
from engine.gpu.cards import Card, CardNow, CardReading, CardState, Group, Vendor

NO_PERMISSION, LIBRARY_NOT_FOUND = 4, 12
LOOK_AGAIN_S = 10.0
"""How long after a card was lost the driver is opened anew: only that finds one that came back."""
MOST_EVENTS = 16
"""Of faults, read at once: a broken card may report without end."""


@dataclass(slots=True)
class _Known:
    """A card that is there."""

    card: Card
    reader: NvmlReader
    handle: Any
    power: Path | None = None
    """Where the kernel tells whether it sleeps; None where it never does."""
    xid: int | None = None

    @property
    def is_asleep(self) -> bool:
        """Whether it sleeps, and asking NVML would wake it: so it is with laptops' cards."""
        return self.power is not None and pci.text(self.power / "runtime_status") == "suspended"


class NvmlCards:
    """NVIDIA's cards.

    root: where /sys and /proc are. now: monotonic seconds.
    """

    def __init__(
        self, *, root: Path = Path("/"), now: Callable[[], float] = time.monotonic
    ) -> None:
        self._root = root
        self._now = now
        self._nvml: Any = None
        self._known: dict[str, _Known] = {}
        self._count = 0
        self._plugged: tuple[str, ...] = ()
        self._faults: Any = None
        self._look_again_s: float | None = None

    @property
    def vendor(self) -> Vendor:
        """NVIDIA."""
        return Vendor.NVIDIA

    def open(self) -> None:
        """Load the driver's library. Raises Unreachable where a card is here, its driver not."""
        import pynvml

        try:
            pynvml.nvmlInit()
        except pynvml.NVMLError as error:
            self._explain(error.value)
            return
        self._nvml = pynvml
        with self._driver():
            self._list()
            self._hear_faults()

    def cards(self) -> tuple[Card, ...]:
        """Return the cards that are there now. Raises Unreachable where the driver has gone."""
        if self._nvml is None:
            return ()
        with self._driver():
            has_changed = self._nvml.nvmlDeviceGetCount() != self._count
        is_time = self._look_again_s is not None and self._now() >= self._look_again_s
        if has_changed or is_time or self._plugged != self._plugged_now():
            self.close()
            self.open()
        self._read_faults()
        return tuple(each.card for each in self._known.values())

    def read(self, before: CardNow, groups: frozenset[Group]) -> CardNow:
        """Return the card with `groups` read. Raises Unreachable where the driver has gone."""
        known = self._known.get(before.card.id)
        if self._nvml is None or known is None:
            return replace(before, state=CardState.LOST, reason=nvml_words.LOST)
        if known.is_asleep:
            return CardNow(known.card, CardReading(), CardState.SUSPENDED, pci.ASLEEP)
        try:
            reading = known.reader.read(groups, before.reading, known.xid)
        except DriverGone as error:
            raise Unreachable(nvml_words.remedy(error.code)) from error
        except CardLost:
            self._miss()
            reading = replace(before.reading, last_xid=known.xid)
            return CardNow(known.card, reading, CardState.LOST, nvml_words.LOST)
        return CardNow(known.card, reading)

    def close(self) -> None:
        """Let go of the library. Never raises; may be called twice."""
        nvml, faults = self._nvml, self._faults
        self._nvml = self._faults = self._look_again_s = None
        if nvml is None:
            return
        with suppress(nvml.NVMLError):
            if faults is not None:
                nvml.nvmlEventSetFree(faults)
        with suppress(nvml.NVMLError):
            nvml.nvmlShutdown()

    def _miss(self) -> None:
        """Remember that a card is lost."""
        if self._look_again_s is None:
            self._look_again_s = self._now() + LOOK_AGAIN_S

    # --- which cards there are ---

    def _list(self) -> None:
        nvml, before = self._nvml, self._known
        self._count, self._plugged, self._known = nvml.nvmlDeviceGetCount(), self._plugged_now(), {}
        driver = nvml.nvmlSystemGetDriverVersion()
        for index in range(self._count):
            try:
                handle = nvml.nvmlDeviceGetHandleByIndex(index)
                reader = NvmlReader(nvml, handle)
                card = self._card(reader, index, driver)
            except CardLost:
                self._miss()  # who shows it as lost goes on doing so
                continue
            except nvml.NVMLError as error:
                if error.value in CARD_LOST:
                    self._miss()
                elif error.value != NO_PERMISSION:
                    raise
                continue
            known = _Known(card, reader, handle, self._power(card))
            if card.id in before:
                known.xid = before[card.id].xid
            self._known[card.id] = known
        if self._count and not self._known and self._look_again_s is None:
            raise Unreachable(nvml_words.NO_PERMISSION)

    def _card(self, reader: NvmlReader, index: int, driver: str) -> Card:
        pci_info = reader.ask("nvmlDeviceGetPciInfo")
        name = reader.ask("nvmlDeviceGetName")
        return Card(
            id=reader.ask("nvmlDeviceGetUUID") or f"nvidia-{index}",
            name=name or "NVIDIA card",
            vendor=Vendor.NVIDIA,
            index=index,
            pci_address=None if pci_info is None else _address(pci_info.busId),
            memory_total_mib=reader.memory_total_mib(),
            driver=driver,
        )

    def _power(self, card: Card) -> Path | None:
        folder = self._root / f"sys/bus/pci/devices/{card.pci_address}/power"
        return folder if pci.text(folder / "control") == "auto" else None

    def _plugged_now(self) -> tuple[str, ...]:
        """Return the cards that the kernel's module knows: the library may count but once."""
        with suppress(OSError):
            folder = self._root / "proc/driver/nvidia/gpus"
            return tuple(sorted(each.name for each in folder.iterdir()))
        return ()

    # --- faults that the driver reports: Xid ---

    def _hear_faults(self) -> None:
        """Ask to be told of faults; in containers and on WSL nobody tells."""
        nvml = self._nvml
        with suppress(nvml.NVMLError):
            self._faults = nvml.nvmlEventSetCreate()
        for known in self._known.values() if self._faults is not None else ():
            with suppress(nvml.NVMLError):
                nvml.nvmlDeviceRegisterEvents(
                    known.handle, nvml.nvmlEventTypeXidCriticalError, self._faults
                )

    def _read_faults(self) -> None:
        if self._nvml is None or self._faults is None:
            return
        places = {_place(each.handle): each for each in self._known.values()}
        with suppress(self._nvml.NVMLError):  # none, or none any more
            for _ in range(MOST_EVENTS):
                event = self._nvml.nvmlEventSetWait_v2(self._faults, 0)
                if _place(event.device) in places:
                    places[_place(event.device)].xid = int(event.eventData)

    # --- what is wrong ---

    @contextmanager
    def _driver(self) -> Iterator[None]:
        """Turn the driver's going, in whichever words, into Unreachable."""
        try:
            yield
        except DriverGone as error:
            raise Unreachable(nvml_words.remedy(error.code)) from error
        except self._nvml.NVMLError as error:
            raise Unreachable(nvml_words.remedy(error.value)) from error

    def _explain(self, code: int) -> None:
        """Raise Unreachable with what helps, unless there is just no card."""
        vendors = pci.vendors_here(self._root)
        if code == LIBRARY_NOT_FOUND and Vendor.NVIDIA in vendors:
            outside = pci.is_container(self._root)
            raise Unreachable(nvml_words.CONTAINER if outside else nvml_words.NO_LIBRARY)
        # Where no card at all is listed, the list is hidden rather than empty.
        if code != LIBRARY_NOT_FOUND and (Vendor.NVIDIA in vendors or not vendors):
            raise Unreachable(nvml_words.remedy(code))


def _address(bus_id: str) -> str:
    """Return the address as the kernel writes it: NVML gives the domain eight digits."""
    domain, _, rest = bus_id.partition(":")
    return f"{domain[-4:]}:{rest}".lower()


def _place(handle: Any) -> int | None:
    return ctypes.cast(handle, ctypes.c_void_p).value
