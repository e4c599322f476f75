"""What the world may see of models, tiers and decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from engine.exchange import Attempt, Similar
from engine.telemetry import Series

CAPABILITIES = (
    "chat",
    "completion",
    "embedding",
    "vision",
    "tools",
    "json",
    "reasoning",
    "code",
    "audio",
)


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model of the catalogue: what is known of it wherever it runs. None is "not known"."""

    name: str
    """A name, or a pattern with `*` that stands for every tag, such as "llama3.2*"."""
    label: str = ""
    capabilities: tuple[str, ...] = ()
    context_tokens: int | None = None
    parameters_b: float | None = None
    """Billions of weights."""
    size_gib: float | None = None
    licence: str = ""
    input_usd: float | None = None
    """For a million tokens, where it is paid for."""
    output_usd: float | None = None
    quality: float | None = None
    """0 to 1; where from says `quality_source`."""
    quality_source: str = ""
    is_users: bool = False
    """The user has written or changed it."""


class ParameterMode(StrEnum):
    """Whether parameters that a request leaves open are chosen by what was learnt."""

    AS_SET = ""
    """As the settings of parameter analytics say."""
    OFF = "off"
    SUGGEST = "suggest"
    """Chosen and shown, not used."""
    AUTOMATIC = "automatic"


@dataclass(frozen=True, slots=True)
class Tier:
    """A name that stands for a kind of model; `expert-reasoning` as well as `fast`."""

    name: str
    label: str = ""
    description: str = ""
    models: tuple[str, ...] = ()
    """Patterns, the preferred first; empty: every model that meets the constraints."""
    requires: tuple[str, ...] = ()
    """Capabilities that a model must have."""
    least_context_tokens: int = 0
    most_input_usd: float | None = None
    """For a million tokens."""
    local_only: bool = False
    least_parameters_b: float | None = None
    most_parameters_b: float | None = None
    next_tier: str = ""
    """Where to go on when no model of this tier can answer."""
    quality_weight: float | None = None
    """None: as in the settings; likewise below."""
    speed_weight: float | None = None
    price_weight: float | None = None
    parameters: ParameterMode = ParameterMode.AS_SET
    is_users: bool = False


@dataclass(frozen=True, slots=True)
class ModelView:
    """A model that can be asked for, or that the catalogue knows."""

    name: str
    """What a client writes."""
    entry: ModelEntry | None = None
    """None where the catalogue does not know it."""
    capabilities: frozenset[str] = frozenset()
    context_tokens: int | None = None
    endpoints: tuple[str, ...] = ()
    """Names of the endpoints that serve it; empty where nobody does."""
    is_local: bool = False
    is_embedded: bool = False
    is_loaded: bool | None = None
    health: float | None = None
    """0 to 1: the best of its endpoints."""
    first_token_ms: float | None = None
    tokens_per_s: float | None = None
    reliability: float | None = None
    """Share of its requests that were answered."""
    requests: int = 0
    details: str = ""


@dataclass(frozen=True, slots=True)
class Term:
    """One summand of a score."""

    name: str
    """ "preference", "quality", "speed", "price", "health", ..."""
    value: float
    """0 to 1; what it is worth by itself."""
    weight: float
    note: str = ""
    """Where it comes from, such as "210 ms to the first token"."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that was thought of."""

    model: str
    excluded: str = ""
    """Why it is out, such as "context 4,096 is less than the 9,300 needed"; "" where it is in."""
    score: float = 0.0
    terms: tuple[Term, ...] = ()
    tier: str = ""


@dataclass(frozen=True, slots=True)
class ContextStep:
    """Something that may be added to a request."""

    name: str
    """ "system prompt", "date and place", "memory", "notes"."""
    is_on: bool
    detail: str = ""
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class ParameterChoice:
    """Parameters that were chosen for a request by what was learnt."""

    id: str
    """By which the answer can be rated."""
    mode: str
    """ "suggest" or "automatic"."""
    task_type: str
    values: Mapping[str, float | int | str | bool] = field(default_factory=dict)
    """Empty where the request goes as it came."""
    is_applied: bool = False
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """Why a request went where it went."""

    id: str
    at: datetime
    asked: str
    task: str
    tier: str = ""
    """"" where a model was named."""
    client: str = ""
    needs: tuple[str, ...] = ()
    """Capabilities that the request needs."""
    prompt_tokens: int = 0
    """Counted before it was sent."""
    answer_tokens: int = 0
    """What the answer may take: `max_tokens`, or what is usual."""
    candidates: tuple[Candidate, ...] = ()
    plan: tuple[str, ...] = ()
    """Models in the order in which they are tried."""
    context: tuple[ContextStep, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    chosen: str = ""
    """The model that answered; "" where none has."""
    endpoint: str = ""
    outcome: str = ""
    """"" while it is under way or only explained; "answered", "failed: ..." """
    routed_ms: float = 0.0
    """What choosing took."""
    similar: Similar | None = None
    """A question like it that was answered before."""
    parameters: ParameterChoice | None = None
    """None where parameters are not learnt."""


@dataclass(frozen=True, slots=True)
class NoteView:
    """A note of the user that may be added to requests."""

    id: int
    title: str
    text: str
    changed: datetime


@dataclass(frozen=True, slots=True)
class ConversationView:
    """A conversation that is kept."""

    id: str
    title: str
    changed: datetime
    messages: int
    model: str = ""
    """Model or tier that was last asked."""


@dataclass(frozen=True, slots=True)
class MessageView:
    """One message of a conversation."""

    id: int
    role: str
    content: str
    at: datetime
    model: str = ""
    reasoning: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)
    """Such as first_token_ms, tokens_per_s, completion_tokens, cost_usd."""
    decision_id: str = ""


@dataclass(frozen=True, slots=True)
class HealthView:
    """How one endpoint has been, by probes and by traffic."""

    endpoint: str
    score: float | None
    """0 to 1; None where nothing is known."""
    by_probes: float | None = None
    by_traffic: float | None = None
    by_others: float | None = None
    """What other hosts say, where Redis is shared."""
    probed_s: float | None = None
    """Clock time of the last probe."""
    history: Series | None = None


@dataclass(frozen=True, slots=True)
class RouterSnapshot:
    """Models, tiers and the last decisions."""

    taken_s: float
    models: tuple[ModelView, ...] = ()
    """Those that are served first, then the rest of the catalogue."""
    tiers: tuple[Tier, ...] = ()
    health: tuple[HealthView, ...] = ()
    decisions: tuple[Decision, ...] = ()
    """The last hundred, newest first."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """By name: decisions, answered, failed, moved_model, moved_tier."""
    problem: str | None = None
    version: int = 0
    """Moves when models, tiers or their availability change."""
