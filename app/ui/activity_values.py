"""What the Activity page draws, and what it asks for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.activity import ActivityQuery, UnderWay


@dataclass(frozen=True, slots=True)
class ActivitySnapshot:
    """How the list of requests stands; its rows are asked for page by page."""

    version: int = 0
    """Moves with every request."""
    is_ready: bool = False
    """There is a list to ask."""
    problem: str = ""
    """Why requests are not written now."""
    keeps_texts: bool = True
    in_flight: int = 0
    """Requests under way at the gateway."""
    under_way: tuple[UnderWay, ...] = ()
    """Those that ask a model, by whatever door they came; the oldest first."""
    now_s: float = 0.0
    """When this was seen, seconds since 1970; 0 where nothing is under way."""
    address: str = ""
    """Of the gateway, such as "http://127.0.0.1:11480/v1"; "" where it is not open."""
    key_file: Path | None = None


@dataclass(frozen=True, slots=True)
class PageWish:
    """Some rows of a list, by their numbers."""

    query: ActivityQuery
    first: int
    limit: int
    before: int | None = None
    """The cursor of the list that shows; None asks for the list as it stands now."""
