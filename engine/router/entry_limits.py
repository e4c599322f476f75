"""What an entry of the catalogue or a tier may say: a mistake is told, not silently obeyed."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from engine.errors import SettingsError
from engine.router.snapshot import CAPABILITIES, ModelEntry, Tier

LIMITS = {
    "context_tokens": (1, inf),
    "parameters_b": (0, inf),
    "size_gib": (0, inf),
    "input_usd": (0, inf),
    "output_usd": (0, inf),
    "quality": (0, 1),
    "least_context_tokens": (0, inf),
    "most_input_usd": (0, inf),
    "least_parameters_b": (0, inf),
    "most_parameters_b": (0, inf),
    "quality_weight": (0, 10),
    "speed_weight": (0, 10),
    "price_weight": (0, 10),
}
"""The lowest and the highest value of each number; infinity and NaN are none."""


def check_entries(entries: Iterable[ModelEntry | Tier]) -> None:
    """Raise SettingsError naming the first entry that cannot work, or whose name comes twice."""
    seen = set()
    for entry in entries:
        check_entry(entry)
        if entry.name in seen:
            raise SettingsError(f"two entries are called {entry.name!r}: rename one")
        seen.add(entry.name)


def check_entry(entry: ModelEntry | Tier) -> None:
    """Raise SettingsError naming the entry, the key and what it may be."""
    if not entry.name.strip():
        raise SettingsError("an entry needs a name")
    _check_words(entry)
    for key, (low, high) in LIMITS.items():
        value = getattr(entry, key, None)
        if value is not None and not (low <= value <= high and value < inf):
            range_ = f"from {low} to {high}" if high < inf else f"at least {low}, and finite"
            raise SettingsError(f"{entry.name!r}: {key} = {value}: must be {range_}")


def _check_words(entry: ModelEntry | Tier) -> None:
    if isinstance(entry, ModelEntry):
        key, words = "capabilities", entry.capabilities
    else:
        key, words = "requires", entry.requires
    unknown = [word for word in words if word not in CAPABILITIES]
    if unknown:
        raise SettingsError(
            f"{entry.name!r}: {key} has {unknown[0]!r}, which is no capability; known are: "
            f"{', '.join(CAPABILITIES)}"
        )
