"""Every request that was made: the last ones in memory, all of them in SQLite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.configuration import check, setting
from engine.exchange import Attempt


@dataclass(frozen=True, slots=True)
class ActivitySettings:
    """What is remembered of requests."""

    keep_days: int = setting(
        30, "Days that requests stay in the list; 0 keeps all", unit="days", low=0, high=36_500
    )
    keep_texts: bool = setting(True, "Keep what was asked and answered beside the figures")

    def __post_init__(self) -> None:
        """Raise SettingsError where a value cannot work."""
        check(self)


@dataclass(frozen=True, slots=True)
class ActivityRecord:
    """One request. Times in ms are since it came; None where it did not get so far."""

    id: str
    at_s: float
    """When it came, seconds since 1970."""
    kind: str
    """"chat", "completion", "embedding", "messages", "responses", "transcription", ..."""
    client: str
    asked: str
    """Model, alias or tier as it was asked for."""
    model: str = ""
    endpoint: str = ""
    status: int = 200
    """As HTTP has it; 499 where the client went away."""
    problem: str = ""
    cached: str = ""
    is_stream: bool = False
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: float | None = None
    routed_ms: float | None = None
    first_byte_ms: float | None = None
    total_ms: float | None = None
    attempts: tuple[Attempt, ...] = ()
    request: Any = None
    """The body that was sent; kept only where texts are kept, and cut where it is long."""
    answer: str = ""
    """The words that came; likewise."""
    decision: Any = None
    """The router's `Decision`, or the plain value it was stored as."""
