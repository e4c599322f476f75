"""Every request that was made, and how the list of them is asked; `activity_log` keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

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
    """The router's `Decision`, a function that returns it (from any thread), or the plain value it
    was stored as."""
    question: str = ""
    """The beginning of what was asked, filled in by the log where texts are kept."""
    is_estimated: bool = False
    """The tokens, and with them the cost, are about right: the server did not come to tell them."""


@dataclass(frozen=True, slots=True)
class ActivityTotals:
    """All requests that a query finds in a few figures; None is "not known"."""

    found: int = 0
    failed: int = 0
    cached: int = 0
    """Answered from the response cache."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None
    first_byte_ms: float | None = None
    """Median, of those where a first byte came."""
    total_ms: float | None = None
    """Likewise, until the end."""
    estimated: int = 0
    """Requests whose tokens are estimates."""


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A request that is not over yet."""

    id: str
    at_s: float
    """When it came, seconds since 1970."""
    kind: str
    client: str
    asked: str
    model: str = ""
    """Who answers; "" while nobody does."""
    endpoint: str = ""


Outcome = Literal["", "ok", "failed", "cached"]
Sort = Literal[
    "newest", "oldest", "slowest", "slowest_first_byte", "costliest", "most_tokens", "model"
]


@dataclass(frozen=True, slots=True)
class ActivityQuery:
    """Which requests are looked for; what is empty does not count."""

    text: str = ""
    """Words, all of which stand in what was asked or answered, the last perhaps unfinished; or
    a part of the id, a name or the problem."""
    kind: str = ""
    model: str = ""
    endpoint: str = ""
    client: str = ""
    outcome: Outcome = ""
    since_s: float | None = None
    """Seconds since 1970; likewise below."""
    until_s: float | None = None
    sort: Sort = "newest"
    """"newest" is the one that ended last."""


@dataclass(frozen=True, slots=True)
class ActivityPage:
    """Some rows of the list, without what was asked and answered and the decision."""

    rows: tuple[ActivityRecord, ...]
    first: int
    """The number of the first row in the whole list, from 0."""
    total: int
    """Rows of the whole list."""
    cursor: int
    """Give this as `before` to see the same list again, without what was added since."""
