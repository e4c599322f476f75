from __future__ import annotations

import json
import pickle
from dataclasses import FrozenInstanceError, asdict, fields

import pytest

from engine.gpu.cards import Card, CardNow, CardProcess, CardReading, CardState, Vendor

CARD = Card("GPU-1", "RTX 4090", Vendor.NVIDIA)


def test_nothing_is_known_before_it_is_read():
    """A reading that nobody took holds None everywhere, never a zero."""
    assert {getattr(CardReading(), field.name) for field in fields(CardReading)} == {None}
    assert CardNow(CARD).age_s is None


def test_what_was_read_does_not_change():
    """A reader on another thread never sees half a reading: values are made anew, not changed."""
    now = CardNow(CARD, CardReading(memory_used_mib=1))
    with pytest.raises(FrozenInstanceError):
        now.reading.memory_used_mib = 2  # type: ignore[misc]
    assert hash(now) == hash(CardNow(CARD, CardReading(memory_used_mib=1)))


def test_cards_travel():
    """A card with its processes goes to other processes, and to programs as JSON."""
    reading = CardReading(throttled_by=("heat",), processes=(CardProcess(7, None),))
    now = CardNow(CARD, reading, CardState.SILENT, "old", 12.5)
    assert pickle.loads(pickle.dumps(now)) == now
    told = json.loads(json.dumps(asdict(now)))
    assert (told["state"], told["card"]["vendor"]) == ("silent", "nvidia")
    assert told["reading"]["processes"][0]["used_mib"] is None
