"""What NVML's numbers mean, in words."""

from __future__ import annotations

from functools import lru_cache

REASONS = {
    0x2: "clocks set by the user",
    0x4: "power limit",
    0x8: "hardware slowdown",
    0x10: "kept in step with other cards",
    0x20: "heat (driver)",
    0x40: "heat (hardware)",
    0x80: "power supply",
    0x100: "clocks set for the display",
    0x200: "board limit",
    0x400: "voltage limit",
}
"""Of nvmlClocksEventReasons; 0x1, idle, holds nothing back."""

NO_LIBRARY = (
    "An NVIDIA card is in this machine, but NVIDIA's driver is not installed: install it "
    "(Ubuntu: `sudo ubuntu-drivers install`; Fedora and Arch: the package of NVIDIA's driver), "
    "then start the machine anew."
)
CONTAINER = (
    "An NVIDIA card is in this machine, but this container was started without it: start it with "
    "`--gpus all` (the NVIDIA Container Toolkit must be installed outside)."
)
NOT_LOADED = (
    "NVIDIA's driver is installed, but not loaded: type `sudo modprobe nvidia`, or start the "
    "machine anew; after a new kernel, install the driver again."
)
MISMATCH = "NVIDIA's driver was updated while the old one is still loaded: start the machine anew."
NO_PERMISSION = (
    "This user may not read the NVIDIA card: allow it the files /dev/nvidia* "
    "(`sudo usermod -aG video $USER`, then log in anew)."
)
LOST = (
    "The card has fallen off the bus: it is overheated, badly powered or broken, or was pulled "
    "out. It is looked for all the time; if it does not come back, start the machine anew."
)


@lru_cache(maxsize=256)
def reasons(bits: int) -> tuple[str, ...]:
    """Return what holds the clocks back, in words; a reason that is not known by its bit."""
    known = [words for bit, words in REASONS.items() if bits & bit]
    other = bits & ~sum(REASONS) & ~0x1
    return (*known, *([f"reason {other:#x}"] if other else []))


def remedy(code: int) -> str:
    """Return what NVML's error means for the whole driver, and what helps."""
    known = {4: NO_PERMISSION, 9: NOT_LOADED, 18: MISMATCH}
    return known.get(code, f"NVIDIA's driver does not answer (NVML's error {code}).")
