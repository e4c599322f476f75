"""What the user may change about the choice of models."""

from __future__ import annotations

from dataclasses import dataclass

from engine.configuration import check, setting


@dataclass(frozen=True, slots=True)
class ContextSettings:
    """What is added to a request before it is sent, unless the request says otherwise."""

    system_prompt: bool = setting(False, "Add the system prompt below where a request has none")
    system_prompt_text: str = setting("", "Such as: Answer briefly, in British English.")
    date: bool = setting(False, "Tell the model the date, the time and the time zone")
    place: str = setting("", 'Tell the model where you are, such as "Lisbon"; empty tells nothing')
    memory: bool = setting(True, "Send along the earlier messages of a session, newest first")
    memory_share: float = setting(
        0.5, "Share of the model's window that earlier messages may fill", low=0.05, high=0.95
    )
    notes: bool = setting(False, "Add your own notes that match the question")
    most_notes: int = setting(3, "Notes added at most", low=1, high=20)

    def __post_init__(self) -> None:
        """Raise SettingsError where a value cannot work."""
        check(self)


@dataclass(frozen=True, slots=True)
class RouterSettings:
    """Everything the user may change about the choice of models."""

    default_tier: str = setting("balanced", "Tier for requests that name no model")
    local_only: bool = setting(False, "Never send a request to a paid or foreign server")
    budget_usd: float = setting(
        0.0,
        "A request that would cost more is not sent; 0 is no limit",
        unit="USD",
        low=0,
        high=1e6,
    )
    quality_weight: float = setting(1.0, "How much measured quality counts", low=0, high=10)
    speed_weight: float = setting(0.6, "How much speed counts", low=0, high=10)
    price_weight: float = setting(0.4, "How much the price counts", low=0, high=10)
    health_weight: float = setting(1.0, "How much reliability counts", low=0, high=10)
    probe_every_s: float = setting(
        20.0, "How often silent servers are asked whether they live", unit="s", low=5, high=3600
    )
    health_half_life_s: float = setting(
        120.0, "After this long an observation counts half", unit="s", low=1, high=86_400
    )
    share_health: bool = setting(True, "Share health with other hosts on the same Redis")
    suggest_similar: bool = setting(
        False, "Point to an earlier answer where a question like this one was asked before"
    )
    similar_likeness: float = setting(
        0.7, "Share of their telling words that two such questions have", low=0.3, high=1
    )
    context: ContextSettings = ContextSettings()

    def __post_init__(self) -> None:
        """Raise SettingsError where a value cannot work."""
        check(self)
