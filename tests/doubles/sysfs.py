"""A made-up /sys and /proc with graphics cards of AMD and Intel in a folder."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

VENDORS = {"amdgpu": "0x1002", "i915": "0x8086", "xe": "0x8086"}


@dataclass(frozen=True, slots=True)
class FakeTree:
    """A machine below `root`."""

    root: Path

    def write(self, path: str, value: object) -> None:
        """Write a file of one line, as the kernel would."""
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"{value}\n", encoding="utf-8")

    def add_card(self, index: int, driver: str, **files: object) -> str:
        """Plug a card in and return its PCI address; `files` lie in its device folder."""
        address = f"0000:{index + 3:02x}:00.0"
        device = self.device(index)
        self.write(f"{device}/vendor", VENDORS[driver])
        self.write(f"{device}/uevent", f"DRIVER={driver}\nPCI_SLOT_NAME={address}")
        self.write(f"{device}/power/runtime_status", "active")
        self.write(f"sys/bus/pci/devices/{address}/class", "0x030000")
        self.write(f"sys/bus/pci/devices/{address}/vendor", VENDORS[driver])
        # Sockets and render nodes look much like cards.
        self.write(f"sys/class/drm/card{index}-DP-1/device/vendor", VENDORS[driver])
        self.write(f"sys/class/drm/renderD{128 + index}/device/vendor", VENDORS[driver])
        for name, value in files.items():
            self.write(f"{device}/{name}", value)
        return address

    def sense(self, index: int, **sensors: int) -> None:
        """Set sensors of a card."""
        for name, value in sensors.items():
            self.write(f"{self.device(index)}/hwmon/hwmon4/{name}", value)

    def sleep(self, index: int) -> None:
        """Let a card sleep."""
        self.write(f"{self.device(index)}/power/runtime_status", "suspended")

    def wake(self, index: int) -> None:
        """Let it work again."""
        self.write(f"{self.device(index)}/power/runtime_status", "active")

    def pull_out(self, index: int) -> None:
        """Take a card out; `put_back` undoes it."""
        shutil.move(self.root / f"sys/class/drm/card{index}", self.root / f"card{index}")

    def put_back(self, index: int) -> None:
        """Plug it in again."""
        shutil.move(self.root / f"card{index}", self.root / f"sys/class/drm/card{index}")

    def add_process(self, pid: int, *lines: str, files: tuple[int, ...] = (9,)) -> None:
        """Start a process, each of whose files has the counters in `lines`."""
        folder = self.root / f"proc/{pid}"
        for number in (*files, 1):
            link = folder / f"fd/{number}"
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to("/dev/null" if number == 1 else "/dev/dri/renderD128")
        for number in files:
            self.write(f"proc/{pid}/fdinfo/{number}", "\n".join(lines))

    def end_process(self, pid: int) -> None:
        """End it."""
        shutil.rmtree(self.root / f"proc/{pid}")

    @staticmethod
    def device(index: int) -> str:
        """Return where a card's own files are."""
        return f"sys/class/drm/card{index}/device"


def radeon(tree: FakeTree, index: int) -> str:
    """Plug in a Radeon of 24 GiB with 6 GiB used, and return its address."""
    address = tree.add_card(
        index,
        "amdgpu",
        mem_info_vram_total=24 << 30,
        mem_info_vram_used=6 << 30,
        gpu_busy_percent=42,
        mem_busy_percent=7,
        pp_dpm_sclk="0: 500Mhz\n1: 2304Mhz *",
        pp_dpm_mclk="0: 96Mhz\n1: 1249Mhz *",
        product_name="Radeon RX 7900 XTX",
        current_link_speed="16.0 GT/s PCIe",
        current_link_width=16,
    )
    tree.write(f"{tree.device(index)}/ras/umc_err_count", "ue: 2\nce: 5")
    tree.sense(
        index,
        temp1_input=55_000,
        temp1_crit=100_000,
        power1_average=210_000_000,
        power1_cap=355_000_000,
        fan1_input=1_320,
        fan1_max=3_300,
    )
    return address


def arc(tree: FakeTree, index: int) -> str:
    """Plug in an Arc of 16 GiB, driven by xe, and return its address."""
    address = tree.add_card(
        index, "xe", device="0xe20b", current_link_speed="32.0 GT/s PCIe", current_link_width=8
    )
    device = tree.device(index)
    tree.write(f"{device}/tile0/physical_vram_size_bytes", 16 << 30)
    tree.write(f"{device}/tile0/gt0/freq0/act_freq", 2_050)
    tree.write(f"{device}/tile0/gt0/freq0/throttle/reason_pl1", 1)
    tree.write(f"{device}/tile0/gt0/freq0/throttle/reason_thermal", 0)
    tree.sense(index, temp2_input=61_000, energy1_input=5_000_000, power1_max=190_000_000)
    return address
