from __future__ import annotations

from dataclasses import replace

from app.commands.doctor.cards import cards, library
from engine.errors import SettingsError
from engine.gpu.adapters.nvml_words import CONTAINER, LOST, MISMATCH, NO_LIBRARY
from engine.gpu.cards import Card, CardNow, CardReading, CardState, Vendor
from engine.gpu.snapshot import ResourceSnapshot
from engine.gpu.watch import NO_CARDS

CARD = Card("GPU-1", "NVIDIA RTX 4090", Vendor.NVIDIA, 0, "0000:01:00.0", 24_564, "575.51")
READY = CardNow(CARD, CardReading(memory_used_mib=10), age_s=0.1)


def checked(*found: CardNow, problem: str | None = None):
    return cards(lambda: ResourceSnapshot(0.0, cards=found, cards_problem=problem))


def test_cards_are_named_with_size_and_driver():
    """What works is named as it is read."""
    check = checked(READY)
    assert (check.state, check.detail) == ("ok", "NVIDIA RTX 4090 (24 GiB, driver 575.51)")


def test_no_card_is_fine():
    """Models run on the processor: nothing is missing."""
    assert checked(problem=NO_CARDS).state == "ok"
    assert checked(problem=NO_CARDS).remedy is None


def test_a_driver_that_is_missing_has_its_command():
    """The command that the words name stands as the remedy, to be typed."""
    assert checked(problem=NO_LIBRARY).remedy == "sudo ubuntu-drivers install"
    assert checked(problem=CONTAINER).remedy == "--gpus all"
    words = checked(problem=MISMATCH)
    assert (words.state, words.detail) == ("warning", MISMATCH)
    assert words.remedy


def test_a_lost_card_is_told_beside_those_that_work():
    """One card that is gone is a warning that says what helps."""
    lost = replace(READY, state=CardState.LOST, reason=LOST)
    check = checked(READY, lost)
    assert check.state == "warning"
    assert "lost" in check.detail
    assert LOST in check.detail


def test_wrong_settings_are_told_as_such():
    """Cards that could not be looked at are not said to be missing."""

    def read() -> ResourceSnapshot:
        raise SettingsError("resources.margin_share is 7")

    check = cards(read)
    assert (check.state, "margin_share" in check.detail) == ("warning", True)


def test_nvidias_library_is_looked_for():
    """It is needed for NVIDIA's cards alone, so its absence is no fault."""

    def missing(name: str) -> object:
        raise OSError(name)

    assert "is not here" in library(missing, "lib.so").detail
    assert library(lambda name: object(), "lib.so").detail == "lib.so loads"
