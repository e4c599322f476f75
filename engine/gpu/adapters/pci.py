"""Which graphics cards are plugged in, whether or not a driver knows them (Linux)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.gpu.cards import Vendor

ASLEEP = "The card sleeps to save power, and wakes by itself when a program needs it."
GONE = "The card is not there any more: it was pulled out, or its driver was unloaded."

DISPLAY_CLASS = "0x03"
"""What PCI calls VGA, 3D and other display controllers."""
VENDOR_OF = {"0x10de": Vendor.NVIDIA, "0x1002": Vendor.AMD, "0x8086": Vendor.INTEL}
NAMES = ("usr/share/hwdata/pci.ids", "usr/share/misc/pci.ids")
GENERATION_OF = {"2.5": 1, "5.0": 2, "8.0": 3, "16.0": 4, "32.0": 5, "64.0": 6}
"""Of PCIe, by gigatransfers a second."""


def vendors_here(root: Path = Path("/")) -> frozenset[Vendor]:
    """Return who made the graphics cards that are plugged in; none where the system hides it."""
    found = set()
    for device in _folders(root / "sys/bus/pci/devices"):
        if (text(device / "class") or "").startswith(DISPLAY_CLASS):
            found.add(VENDOR_OF.get(text(device / "vendor") or ""))
    return frozenset(vendor for vendor in found if vendor is not None)


def is_container(root: Path = Path("/")) -> bool:
    """Tell whether this looks like the inside of a container."""
    return any((root / name).exists() for name in (".dockerenv", "run/.containerenv"))


@dataclass(frozen=True, slots=True)
class DrmCard:
    """A card as the kernel's graphics drivers show it."""

    address: str
    """Of PCI, such as 0000:03:00.0."""
    drm: Path
    """Its folder in /sys/class/drm."""
    device: Path
    """Its folder as a PCI device."""
    driver: str | None

    @property
    def hwmon(self) -> Path | None:
        """Where its sensors are; None where it has none."""
        return next(iter(sorted(_folders(self.device / "hwmon"))), None)

    @property
    def is_asleep(self) -> bool:
        """Whether it sleeps to save power; most other files would wake it."""
        return text(self.device / "power/runtime_status") == "suspended"


def drm_cards(root: Path, vendor: Vendor) -> Iterator[DrmCard]:
    """Yield the cards of `vendor` in the order of their PCI addresses."""
    found = {}
    for drm in _folders(root / "sys/class/drm"):
        device = drm / "device"
        if not drm.name.removeprefix("card").isdigit():
            continue  # card0-DP-1 is a socket of card0, and renderD128 the same card again
        if VENDOR_OF.get(text(device / "vendor") or "") is vendor:
            facts = _pairs(text(device / "uevent") or "")
            address = facts.get("PCI_SLOT_NAME", device.resolve().name)
            found[address] = DrmCard(address, drm, device, facts.get("DRIVER"))
    yield from (found[address] for address in sorted(found))


def card_name(root: Path, card: DrmCard, maker: str) -> str:
    """Return what the card says it is, or what the system's list of PCI devices calls it."""
    said = text(card.device / "product_name")
    if said:
        return said
    device = (text(card.device / "device") or "").removeprefix("0x")
    vendor = (text(card.device / "vendor") or "").removeprefix("0x")
    for names in NAMES:
        found = _listed(root / names, vendor, device)
        if found:
            return f"{maker} {found}"
    return f"{maker} graphics {device}".strip()


def link(card: DrmCard) -> tuple[int | None, int | None]:
    """Return PCIe's generation and width."""
    speed = (text(card.device / "current_link_speed") or "").split(" ")[0]
    return GENERATION_OF.get(speed), number(card.device / "current_link_width")


def text(path: Path) -> str | None:
    """Return what is in the file, stripped; None where it is absent or not to be read."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return None


def number(path: Path) -> int | None:
    """Return the whole number in the file; None where there is none."""
    try:
        return int(text(path) or "")
    except ValueError:
        return None


def scaled(path: Path | None, name: str, divisor: float) -> float | None:
    """Return the number in the file `name` of the folder `path`, divided; None where none is."""
    found = None if path is None else number(path / name)
    return None if found is None else found / divisor


def _folders(path: Path) -> list[Path]:
    try:
        return list(path.iterdir())
    except OSError:
        return []


def _pairs(lines: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in lines.splitlines() if "=" in line)


def _listed(names: Path, vendor: str, device: str) -> str | None:
    """Return the name of a device in a pci.ids: vendors at the margin, devices after one tab."""
    try:
        with names.open(encoding="utf-8", errors="replace") as file:
            is_vendor = False
            for line in file:
                if not line.startswith(("\t", "#", "\n")):
                    is_vendor = line.startswith(f"{vendor} ")
                elif is_vendor and line.startswith(f"\t{device} "):
                    name = line.split(None, 1)[1].strip()
                    return name.rpartition("[")[2].rstrip("]") if name.endswith("]") else name
    except OSError:
        return None
    return None
