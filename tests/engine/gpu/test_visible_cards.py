"""Which variables hide all other cards from a program."""

from __future__ import annotations

import pytest

from engine.gpu.cards import Card, Vendor
from engine.gpu.visible_cards import environment_of


def card(vendor: Vendor, index: int | None, id: str = "x") -> Card:
    return Card(id, "Fake", vendor, index)


@pytest.mark.parametrize(
    ("cards", "wanted"),
    [
        ([], {}),
        (
            [card(Vendor.NVIDIA, 2), card(Vendor.NVIDIA, 0)],
            {"CUDA_VISIBLE_DEVICES": "2,0", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"},
        ),
        (
            [card(Vendor.NVIDIA, None, "GPU-1234")],
            {"CUDA_VISIBLE_DEVICES": "GPU-1234", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"},
        ),
        (
            [card(Vendor.AMD, 1), card(Vendor.AMD, 3)],
            {"ROCR_VISIBLE_DEVICES": "1,3", "HIP_VISIBLE_DEVICES": "0,1"},
        ),
        ([card(Vendor.INTEL, 0)], {"ZE_AFFINITY_MASK": "0"}),
    ],
)
def test_a_program_sees_its_cards_alone(cards: list[Card], wanted: dict[str, str]):
    """Each vendor's runtime has its own variables; HIP counts what ROCr has left from 0."""
    assert environment_of(cards) == wanted
