from __future__ import annotations

from typing import Any

import pytest

from engine.errors import Rejected
from engine.gpu.asking import check, impossible
from tests.engine.gpu.lease_requests import request

NAN, INFINITE = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("field", "value"),
    [("vram_mib", each) for each in (0, -1, NAN, 1.5, True, 10**12, "4096")]
    + [("duration_s", each) for each in (0, -1.0, NAN, INFINITE, 1e12, "30", None)]
    + [("cards", each) for each in (0, -1, 1.0, 1000)]
    + [("asked_s", NAN), ("name", ""), ("name", "x" * 10_000), ("id", "")]
    + [("name", "a\x1b[2J"), ("name", "a\nb"), ("name", "\ud800"), ("model", "\x00")]
    + [("model", ""), ("model", "x" * 201)],
)
def test_nonsense_is_refused_by_name(field: str, value: Any):
    """A size, time, count or name that cannot be meant is refused, and the field is named."""
    given = {"name": "whisper", "vram_mib": 1000, field: value}
    wanted = request("x")
    for key, each in given.items():
        object.__setattr__(wanted, key, each)
    with pytest.raises(Rejected, match=field) as caught:
        check(wanted)
    assert caught.value.param == field


def test_sense_is_let_through():
    """An ordinary request passes."""
    check(request("whisper", 4096, cards=2))


def test_what_never_fits_hears_the_largest_that_would():
    """The sentence says how large a lease on the cards that are there could ever be."""
    assert impossible(request("llm", 9000), {"a": 8000, "b": 9000}) is None
    assert "9000 MiB" in (impossible(request("llm", 9001), {"a": 8000, "b": 9000}) or "")


def test_split_needs_every_card_to_be_large_enough():
    """Over two cards, the smaller of the two largest decides."""
    cards = {"a": 8000, "b": 9000, "c": 100}
    assert impossible(request("llm", 8000, cards=2), cards) is None
    assert "8000 MiB" in (impossible(request("llm", 8001, cards=2), cards) or "")
    assert "only 3" in (impossible(request("llm", 1, cards=4), cards) or "")
    assert "none is" in (impossible(request("llm", 1), {}) or "")
