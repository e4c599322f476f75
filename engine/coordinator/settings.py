"""What the user may change about servers and how they are asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from engine.configuration import check, setting

KEY_PREFIX = "endpoint."
"""Under this and its endpoint's name a provider's key lies in the keychain."""
EMBEDDED = "built-in"
"""Name of the endpoint that is the application's own model."""


class EndpointKind(StrEnum):
    """Which API a server speaks."""

    OPENAI = "openai"
    OLLAMA = "ollama"
    ANTHROPIC = "anthropic"
    EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server that answers requests; the user's are kept in `endpoints.toml`.

    Raises SettingsError where a value cannot work.
    """

    name: str
    """Unique; what logs, snapshots and decisions call it."""
    kind: EndpointKind
    url: str = field(repr=False)
    """Base address, with `/v1` where the server has that; "" for the embedded one."""
    is_enabled: bool = True
    weight: float = 1.0
    """Twice the weight gets twice the requests, where both are as fast."""
    slots: int = 4
    """Requests it works on at once; more wait there."""
    most_in_flight: int = 64
    """Requests that are sent to it at once at most."""
    models: tuple[str, ...] = ()
    """The only models to use; empty: all that it lists."""
    is_local: bool = True
    """It runs on the user's own machines: costs nothing, and keeps prompts in memory."""
    is_discovered: bool = False
    """It was found on its usual port; not kept in the file until the user changes something."""
    may_hedge: bool | None = None
    """Ask it a second time elsewhere when it is slow; None: where it costs nothing."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Sent along with every request. Their values lie in the keychain, as a password in `url` does;
    in the file, in a snapshot, and in what was made of one, `***` stands for each."""


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs; kept in `prices.toml`. The first pattern that matches counts."""

    model: str
    """A name, or a pattern with `*`."""
    input_usd: float
    """For a million tokens."""
    output_usd: float
    endpoint: str = "*"
    cached_input_usd: float | None = None
    """None: as `input_usd`."""


@dataclass(frozen=True, slots=True)
class ResponseCacheSettings:
    """When an answer is given again."""

    is_enabled: bool = setting(True, "Answer again what was asked before with temperature 0")
    any_temperature: bool = setting(False, "Also where answers are drawn at random")
    ttl_s: float = setting(3600.0, "How long an answer serves", unit="s", low=1, high=31_536_000)
    stale_if_error_s: float = setting(
        86_400.0,
        "How much longer it serves while no server answers",
        unit="s",
        low=0,
        high=31_536_000,
    )
    largest_kib: int = setting(1024, "A larger answer is not kept", unit="KiB", low=1, high=65_536)

    def __post_init__(self) -> None:
        """Raise SettingsError where a value cannot work."""
        check(self)


@dataclass(frozen=True, slots=True)
class CoordinatorSettings:
    """Everything the user may change about how servers are asked."""

    discover: bool = setting(True, "Look for model servers on their usual ports of this machine")
    discover_every_s: float = setting(
        30.0, "How often it is looked for servers and their models", unit="s", low=5, high=3600
    )
    connect_timeout_s: float = setting(
        5.0, "Longest wait for a connection", unit="s", low=0.1, high=120
    )
    first_byte_timeout_s: float = setting(
        120.0, "Longest wait for the first byte of an answer", unit="s", low=1, high=3600
    )
    stall_timeout_s: float = setting(
        60.0, "Longest silence within an answer", unit="s", low=1, high=3600
    )
    deadline_s: float = setting(
        600.0, "Longest time for a whole answer", unit="s", low=1, high=86_400
    )
    most_attempts: int = setting(4, "Servers tried for one request at most", low=1, high=10)
    retry_share: float = setting(
        0.2, "Further tries for each request, on average at most", low=0, high=1
    )
    hedge: bool = setting(True, "Ask a second local server when the first is unusually slow")
    hedge_paid: bool = setting(False, "Ask a second server also where both cost money")
    affinity: bool = setting(True, "Send a conversation to the local server that knows it already")
    embedded: bool = setting(True, "Offer the tiny built-in model")
    embedded_idle_s: float = setting(
        300.0, "The built-in model is stopped after this long unused", unit="s", low=5, high=86_400
    )
    # One: llama.cpp's threads wait for each other by spinning. Beside one busy core of two, sixteen
    # short answers took 1 s with one thread and over 40 s with two; alone two are 1.5 times faster.
    embedded_threads: int = setting(1, "CPU threads of the built-in model", low=1, high=64)
    embedded_gpu_layers: int = setting(
        0,
        "Layers of the built-in model on a graphics card, 99 for all; needs a build of llama.cpp "
        "that can use one",
        low=0,
        high=99,
    )
    cache: ResponseCacheSettings = ResponseCacheSettings()

    def __post_init__(self) -> None:
        """Raise SettingsError where a value cannot work."""
        check(self)
