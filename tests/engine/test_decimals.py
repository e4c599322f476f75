"""Numbers as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.decimals import decimals


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1e-05, "0.00001"),
        (0.0000347, "0.0000347"),
        (0.0, "0"),
        (15.0, "15"),
        (0.1 + 0.2, "0.3"),
        (1e6, "1000000"),
        (1234567.0, "1234570"),
    ],
)
def test_amounts(number: float, words: str):
    """Small amounts are written out, and the noise of sums is not."""
    assert decimals(number) == words


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_exponent(number: float):
    """Whatever the number, it is digits alone, and reads as the same in as many digits."""
    said = decimals(number, 17)
    assert "e" not in said.lower()
    assert float(said) == number
