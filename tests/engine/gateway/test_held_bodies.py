"""All requests together take no more memory than they may."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.gateway.error_bodies import Full, error_result
from engine.gateway.held_bodies import HeldBodies


def test_who_finds_no_room_is_told_when_to_come_again():
    """Up to the limit and no further; the answer is a 503 with a time."""
    held = HeldBodies()
    held.bytes = 6
    held.check(0, 4, 10)
    with pytest.raises(Full, match="most_held_mib") as raised:
        held.check(0, 5, 10)
    result = error_result(raised.value)
    assert (result.status, result.headers["retry-after"]) == (503, "1")


def test_one_alone_finds_room():
    """However small the limit is: what is largest for one request is said elsewhere."""
    held = HeldBodies()
    held.check(0, 50, 10)
    held.bytes = 50
    held.check(50, 50, 10)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 9)), max_size=60))
def test_several_never_hold_more_than_they_may(pieces: list[tuple[int, int]]):
    """Whoever sends whatever in which order, only one that is alone goes beyond the limit."""
    held, own = HeldBodies(), [0] * 4
    for who, size in pieces:
        try:
            held.check(own[who], size, 20)
        except Full:
            held.bytes -= own[who]
            own[who] = 0
            continue
        own[who] += size
        held.bytes += size
        assert held.bytes == sum(own)
        assert held.bytes <= 20 or held.bytes == own[who]
