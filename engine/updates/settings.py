"""What the user may change about looking for new versions."""

from __future__ import annotations

from dataclasses import dataclass

from engine.configuration import check, setting
from engine.errors import SettingsError
from engine.updates.address import wrong_with


@dataclass(frozen=True, slots=True)
class UpdateSettings:
    """Everything the user may change about looking for new versions."""

    check: bool = setting(False, "Ask once a day which version is out; never fetches it")
    url: str = setting(
        "", "Where to ask: https://, or http:// on this machine; empty asks where this build says"
    )

    def __post_init__(self) -> None:
        """Raise SettingsError where a value cannot work."""
        check(self)
        if self.url and (wrong := wrong_with(self.url)):
            raise SettingsError(f"updates.url = {self.url!r}: {wrong}")
