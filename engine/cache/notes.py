"""What the holders of a lease leave for each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

NOTES_GAP_S = 5.0
"""Whoever keeps a note alive writes it more often than this."""


@dataclass(frozen=True, slots=True)
class Notes:
    """What was written down and has not ended."""

    steady_s: float
    """For so long somebody has written every `NOTES_GAP_S` at least: who writes as often as that
    has been here since then, or is not here. 0 after a pause, or a loss of data."""
    values: Mapping[str, bytes]
    """By field."""
