"""The variables with which a program sees some of the machine's cards, and no others.

Sources: CUDA's programming guide (CUDA_VISIBLE_DEVICES, CUDA_DEVICE_ORDER), ROCm's "GPU isolation
techniques" (ROCR_VISIBLE_DEVICES hides cards from the runtime, HIP counts what is left from 0),
Level Zero's specification (ZE_AFFINITY_MASK).
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.gpu.cards import Card, Vendor


def environment_of(cards: Sequence[Card]) -> dict[str, str]:
    """Return the variables; those of vendors without one of `cards` are left alone.

    NVIDIA's numbers are those of the bus, which NVML counts by and CUDA when it is told to.
    """
    found: dict[str, str] = {}
    nvidia = [card for card in cards if card.vendor is Vendor.NVIDIA]
    if nvidia:
        found["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
        found["CUDA_VISIBLE_DEVICES"] = _names(nvidia)
    amd = [card for card in cards if card.vendor is Vendor.AMD]
    if amd:
        found["ROCR_VISIBLE_DEVICES"] = _names(amd)
        found["HIP_VISIBLE_DEVICES"] = ",".join(str(number) for number in range(len(amd)))
    intel = [card for card in cards if card.vendor is Vendor.INTEL]
    if intel:
        found["ZE_AFFINITY_MASK"] = _names(intel)
    return found


def _names(cards: Sequence[Card]) -> str:
    return ",".join(card.id if card.index is None else str(card.index) for card in cards)
