"""Numbers as people write them."""

from __future__ import annotations

from decimal import Decimal

DIGITS = 6
"""More than anybody reads; fewer than the noise of sums in binary."""


def decimals(number: float, digits: int = DIGITS) -> str:
    """Return `number` in so many significant digits and never with an exponent, as "0.00001".

    What a request or a token costs is that small, and "1e-05" is no price.
    """
    text = f"{number:.{digits}g}"
    return f"{Decimal(text):f}" if "e" in text else text
