"""What the Playground shows and what it asks for, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from engine.exchange import Similar
from engine.router.snapshot import ModelView, Tier


class EntryState(StrEnum):
    """How far an answer is."""

    WAITING = "waiting"
    """Asked for; nothing has come yet."""
    STREAMING = "streaming"
    DONE = "done"
    STOPPED = "stopped"
    """The user has ended it; what had come is kept."""
    FAILED = "failed"


class Rating(StrEnum):
    """What the user says of an answer."""

    NONE = ""
    UP = "up"
    DOWN = "down"


UNDER_WAY = (EntryState.WAITING, EntryState.STREAMING)


@dataclass(frozen=True, slots=True)
class ChatParameters:
    """What goes with a question; None and "" leave it to the model."""

    system: str = ""
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    is_json: bool = False

    def fields(self) -> dict[str, Any]:
        """Return those that are set as a request's fields, without the system prompt."""
        named = {
            "temperature": self.temperature,
            "top_p": self.top_p,
            "max_tokens": self.max_tokens,
            "seed": self.seed,
            "response_format": {"type": "json_object"} if self.is_json else None,
        }
        return {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True, slots=True)
class ChatChoices:
    """What is set for a conversation."""

    models: tuple[str, ...] = ()
    """One, or two that are compared; none leaves it to the usual tier."""
    parameters: ChatParameters = ChatParameters()

    def for_another(self) -> ChatChoices:
        """Return what the next conversation begins with: a system prompt belongs to its own."""
        return replace(self, parameters=replace(self.parameters, system=""))


@dataclass(frozen=True, slots=True)
class Ask:
    """A question of the user, for one model or for two side by side."""

    text: str
    models: tuple[str, ...]
    parameters: ChatParameters = ChatParameters()
    replaces: int | None = None
    """Key of an earlier question that this one takes the place of, with all that followed."""


@dataclass(frozen=True, slots=True)
class ChatEntry:
    """One question or answer. `key` is the same from the first word on, whatever is stored."""

    key: int
    role: str
    """ "user" or "assistant"."""
    text: str
    at: datetime
    state: EntryState = EntryState.DONE
    asked: str = ""
    """Model or tier that was asked."""
    model: str = ""
    """The model that answered."""
    endpoint: str = ""
    reasoning: str = ""
    problem: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)
    """By name: first_token_ms, tokens_per_s, prompt_tokens, completion_tokens, total_ms,
    cost_usd, cached, stopped. What is not known is not there."""
    decision_id: str = ""
    similar: Similar | None = None
    """An earlier question like the one that is answered here."""
    message_id: int | None = None
    """None while it is not stored."""
    suggestion_id: str = ""
    """By which it can be rated; "" where parameters are not learnt."""
    rating: Rating = Rating.NONE

    @property
    def is_under_way(self) -> bool:
        """Whether more may come."""
        return self.state in UNDER_WAY


@dataclass(frozen=True, slots=True)
class ChatView:
    """The open conversation."""

    conversation: str = ""
    """"" for one that has not begun."""
    title: str = ""
    entries: tuple[ChatEntry, ...] = ()
    stored: int = 0
    """Moves whenever something about the list of conversations may have changed."""
    problem: str = ""
    """Why conversations are not kept."""

    @property
    def is_under_way(self) -> bool:
        """Whether an answer is being written."""
        return any(entry.is_under_way for entry in self.entries)


@dataclass(frozen=True, slots=True)
class PlaygroundSnapshot:
    """What the Playground draws."""

    chat: ChatView = ChatView()
    models: tuple[ModelView, ...] = ()
    tiers: tuple[Tier, ...] = ()
    default_tier: str = ""
    is_ready: bool = False
    """Whether the engines are there to be asked."""

    @property
    def offer(self) -> tuple[object, ...]:
        """What can be asked now."""
        return self.models, self.tiers, self.default_tier, self.is_ready
