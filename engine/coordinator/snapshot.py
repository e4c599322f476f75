"""What the world may see of servers and the requests to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from engine.circuit_breaker import BreakerState
from engine.coordinator.settings import Endpoint, Price
from engine.exchange import ServedModel

if TYPE_CHECKING:
    from engine.telemetry import Series


class EndpointState(StrEnum):
    """How an endpoint stands."""

    UNKNOWN = "unknown"
    """Nobody has asked it yet."""
    READY = "ready"
    BUSY = "busy"
    """It said that it has too much to do (429), or all it may take is under way."""
    ILL = "ill"
    """It failed too often: left alone until `retry_in_s` has passed."""
    DOWN = "down"
    """The last look found nobody there."""
    DISABLED = "disabled"
    """The user has switched it off."""
    ASLEEP = "asleep"
    """The built-in model, not running; it starts with the first request."""
    STARTING = "starting"
    FAILED = "failed"
    """The built-in model cannot run here; `reason` says why."""


@dataclass(frozen=True, slots=True)
class EndpointView:
    """One server now. Latencies are None before the first answer."""

    endpoint: Endpoint
    state: EndpointState = EndpointState.UNKNOWN
    reason: str = ""
    since_s: float = 0.0
    """Clock time since when it is in this state."""
    has_key: bool = False
    breaker: BreakerState = BreakerState.CLOSED
    retry_in_s: float | None = None
    models: tuple[ServedModel, ...] = ()
    models_at_s: float | None = None
    """Clock time when they were listed; None where they never were."""
    in_flight: int = 0
    first_token_ms: float | None = None
    """Peak-sensitive moving average of the time to the first token."""
    first_token_p95_ms: float | None = None
    token_ms: float | None = None
    """Moving average of the time for each further token."""
    requests: int = 0
    failures: int = 0
    busy_answers: int = 0
    """Times it said 429."""
    hedges: int = 0
    last_error: str = ""
    last_error_s: float | None = None
    remaining_requests: int | None = None
    """As its `x-ratelimit-*` headers last said."""
    remaining_tokens: int | None = None
    health: Series | None = None
    """Share of good answers in each interval, 0 to 1."""
    first_token: Series | None = None
    """Milliseconds, one reading an answer."""
    tokens_per_s: Series | None = None

    @property
    def name(self) -> str:
        """The endpoint's name."""
        return self.endpoint.name


@dataclass(frozen=True, slots=True)
class UsageRow:
    """What one client used of one model at one endpoint since the start."""

    model: str
    endpoint: str
    client: str
    requests: int
    failures: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float
    """Only what has a price."""
    mean_total_ms: float | None
    mean_first_token_ms: float | None
    estimated: int = 0
    """Of the requests, those whose tokens are estimates: their server did not come to tell them."""
    unused: int = 0
    """Tries whose answer nobody took: another server was faster, or the client left before it
    came. They used tokens all the same, which are estimates too."""


@dataclass(frozen=True, slots=True)
class CoordinatorSnapshot:
    """Servers and requests at one moment."""

    taken_s: float
    endpoints: tuple[EndpointView, ...] = ()
    prices: tuple[Price, ...] = ()
    usage: tuple[UsageRow, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    """By name: requests, answered, failed, rejected, abandoned, retries, failovers, hedges,
    hedge_wins, cache_hits, cache_stale, cache_joined, cache_stored, prompt_tokens,
    completion_tokens."""
    cost_usd: float = 0.0
    requests_per_s: Series | None = None
    first_token: Series | None = None
    """Milliseconds, over all endpoints."""
    is_looking: bool = False
    """It is being looked for servers now."""
    looked_s: float | None = None
    problem: str | None = None
    version: int = 0
    """Moves when endpoints, their states or their models change."""
    own_prices: int = 0
    """So many of `prices`, from the first on, are the user's own."""


@dataclass(frozen=True, slots=True)
class FoundServer:
    """What was found at an address."""

    url: str
    """With `/v1` where it belongs."""
    ok: bool
    message: str
    """What a person reads: what it is and has, or what is wrong and how to mend it."""
    kind: str = ""
    """An `EndpointKind`; "" where nothing that is known answered."""
    product: str = ""
    """Such as "Ollama 0.9.1", "llama.cpp", "LM Studio", "vLLM"."""
    models: tuple[ServedModel, ...] = ()
    answered_ms: float | None = None
