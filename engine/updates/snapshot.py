"""What the world may see of looking for new versions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from engine.updates.release import Release


class UpdateState(StrEnum):
    """Where the looking stands."""

    OFF = "off"
    """The user has not said yes: nobody is asked."""
    NO_ADDRESS = "no_address"
    """It is on, and neither the settings nor this build say whom to ask."""
    WAITING = "waiting"
    """It has not looked yet, and soon will."""
    LOOKING = "looking"
    KNOWN = "known"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class UpdateView:
    """What is known. Fields below `host` tell of the last look, also while it looks again."""

    state: UpdateState = UpdateState.OFF
    host: str = ""
    """Who is asked."""
    latest: Release | None = None
    is_newer: bool = False
    """Whether `latest` is newer than what runs; False also where that cannot be compared."""
    looked_at: datetime | None = None
    """UTC."""
    problem: str = ""
    """Why the last look brought nothing, and what to do."""
