"""What the user may change about watching the machine."""

from __future__ import annotations

from dataclasses import dataclass

from engine.configuration import check, setting


@dataclass(frozen=True, slots=True)
class ResourceSettings:
    """Everything the user may change about watching the machine."""

    sample_period_s: float = setting(
        1.0, "How often the machine is read", unit="s", low=0.2, high=60
    )

    def __post_init__(self) -> None:
        """Raise SettingsError where a value cannot work."""
        check(self)
