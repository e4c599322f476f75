"""What a page's signals tell, kept for a test."""

from __future__ import annotations

from typing import Any


def heard(signal: Any) -> list[tuple[Any, ...]]:
    """Return a list to which everything that `signal` carries is added."""
    told: list[tuple[Any, ...]] = []
    signal.connect(lambda *values: told.append(values))
    return told
