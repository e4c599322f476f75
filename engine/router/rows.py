"""The models that are served now, with the numbers that choosing among them needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from engine.exchange import ServedModel
from engine.router.catalogue import Catalogue
from engine.router.health import Health, ServerHealth
from engine.router.ports import Server
from engine.router.snapshot import ModelEntry
from engine.router.track import Track, Tracks

PriceOf = Callable[[str, str], tuple[float, float] | None]
"""USD for a million tokens in and out of (model, server)."""

EMBEDDING_NAME = re.compile(r"embed|\bbge\b|\be5\b|\bgte\b|minilm|text-?similarity", re.IGNORECASE)
"""Names of models that make vectors, where neither server nor catalogue says what they do."""
VISION_NAME = re.compile(r"llava|vision|moondream|(\b|\d)vl\b|pixtral|minicpm-v", re.IGNORECASE)
"""Names of models that see."""
SIZE = re.compile(r"(?<![\d.a-z])(\d+x)?(\d+(?:\.\d+)?)([bm])(?![a-z0-9])", re.IGNORECASE)
"""A number of weights within a name or a server's words: 8b, 0.5B, 135M, 8x7b."""
SAID_BY_SERVERS = frozenset({"chat", "completion", "embedding", "vision", "tools", "reasoning"})
"""What a server that says anything of a model would have said; of the rest it knows nothing."""


@dataclass(slots=True, eq=False)
class Row:
    """A model, as one of its servers calls it."""

    name: str
    entry: ModelEntry | None
    capabilities: frozenset[str]
    context_tokens: int | None
    parameters_b: float | None
    servers: tuple[Server, ...]
    """Those that may be asked first, the others behind."""
    homes: tuple[ServerHealth, ...]
    """The health of those that may be asked now."""
    track: Track
    input_usd: float | None
    """For one token, at the dearest server that may be asked; None where that is not known."""
    output_usd: float | None
    is_usable: bool
    is_local: bool
    """A server of the user's own has it, which may be asked now if any may."""
    is_embedded: bool
    is_loaded: bool | None
    is_unknown: bool
    """Neither server nor catalogue says what it can do: `capabilities` are a guess."""
    details: str
    room: float = field(init=False)
    """Tokens that fit; infinite where that is not known."""
    first_token_ms: float | None = field(init=False)
    """As the servers measured it, until this router has; likewise below."""
    token_ms: float | None = field(init=False)
    is_free: bool = field(init=False)

    def __post_init__(self) -> None:
        """Work out what follows from the rest."""
        self.room = float("inf") if self.context_tokens is None else self.context_tokens
        usable = [each for each in self.servers if each.is_usable]
        self.first_token_ms = _least(each.first_token_ms for each in usable)
        self.token_ms = _least(each.token_ms for each in usable)
        self.is_free = self.input_usd == self.output_usd == 0.0

    @property
    def health(self) -> float:
        """0 to 1: of its best server; 0 where none may be asked."""
        homes = self.homes
        if len(homes) == 1:
            return homes[0].value
        return max((each.value for each in homes), default=0.0)

    @property
    def why_unusable(self) -> str:
        """Why no server of it may be asked."""
        said = {each.reason or "not usable" for each in self.servers if not each.is_usable}
        return "; ".join(sorted(said)) or "no server has it"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of models and servers beside what the servers say."""

    catalogue: Catalogue
    price: PriceOf
    health: Health
    tracks: Tracks


def rows_of(servers: Sequence[Server], known: Known) -> dict[str, Row]:
    """Return every model that some server has, by name, in the order of the servers."""
    homes: dict[str, list[tuple[Server, ServedModel]]] = {}
    for server in servers:
        for model in server.models:
            homes.setdefault(model.name, []).append((server, model))
    return {name: _row(name, sorted(found, key=_is_out), known) for name, found in homes.items()}


@lru_cache(maxsize=4_096)
def size_in(text: str) -> float | None:
    """Return the billions of weights that a name or a server's words tell, or None."""
    found = SIZE.search(text)
    if found is None:
        return None
    experts, number, unit = found.groups()
    size = float(number) * (int(experts[:-1]) if experts else 1)
    return size / 1_000 if unit in "mM" else size


def _row(name: str, found: list[tuple[Server, ServedModel]], known: Known) -> Row:
    entry = known.catalogue.find(name)
    usable = [(server, model) for server, model in found if server.is_usable]
    counted = usable or found
    prices = [_price(name, server, entry, known.price) for server, _ in counted]
    loaded = [model.is_loaded for _, model in counted if model.is_loaded is not None]
    details = next((model.details for _, model in counted if model.details), "")
    return Row(
        name=name,
        entry=entry,
        capabilities=_capabilities(name, [model for _, model in counted], entry),
        context_tokens=_context([model for _, model in counted], entry),
        parameters_b=_parameters(name, details, entry),
        servers=tuple(server for server, _ in found),
        homes=tuple(known.health.of(server.name) for server, _ in usable),
        track=known.tracks.of(name),
        input_usd=_dearest([each[0] if each else None for each in prices]),
        output_usd=_dearest([each[1] if each else None for each in prices]),
        is_usable=bool(usable),
        is_local=any(server.is_local for server, _ in counted),
        is_embedded=all(server.is_embedded for server, _ in counted),
        is_loaded=any(loaded) if loaded else None,
        is_unknown=_is_unknown([model for _, model in counted], entry),
        details=details,
    )


def _is_out(pair: tuple[Server, ServedModel]) -> bool:
    return not pair[0].is_usable


def _is_unknown(models: list[ServedModel], entry: ModelEntry | None) -> bool:
    if entry is not None and entry.capabilities:
        return False
    return all(model.capabilities is None for model in models)


def _capabilities(name: str, models: list[ServedModel], entry: ModelEntry | None) -> frozenset[str]:
    """Return what a model can do: the server knows its build, the catalogue the rest."""
    said = [model.capabilities for model in models if model.capabilities is not None]
    listed = frozenset(entry.capabilities) if entry is not None else frozenset()
    if said:
        found = frozenset().union(*said) | (listed - SAID_BY_SERVERS)
    elif listed:
        found = listed
    else:
        found = _guessed(name)
    # Whoever chats also writes JSON: servers force the form where a model would not keep it.
    return found | {"json", "completion"} if "chat" in found else found


@lru_cache(maxsize=4_096)
def _guessed(name: str) -> frozenset[str]:
    if EMBEDDING_NAME.search(name):
        return frozenset({"embedding"})
    return frozenset({"chat", "vision"} if VISION_NAME.search(name) else {"chat"})


def _context(models: list[ServedModel], entry: ModelEntry | None) -> int | None:
    said = [model.context_tokens for model in models if model.context_tokens]
    if said:
        return max(said)
    return entry.context_tokens if entry is not None else None


def _parameters(name: str, details: str, entry: ModelEntry | None) -> float | None:
    # The server's own words first: an entry may stand for a whole family.
    found = size_in(details)
    if found is None and entry is not None and entry.parameters_b is not None:
        return entry.parameters_b
    return size_in(name) if found is None else found


def _price(
    name: str, server: Server, entry: ModelEntry | None, price: PriceOf
) -> tuple[float, float | None] | None:
    """Return USD for one token in and out, or None where no price is known."""
    if server.is_local:
        return 0.0, 0.0
    found: tuple[float, float | None] | None = price(name, server.name)
    if found is None and entry is not None and entry.input_usd is not None:
        found = entry.input_usd, entry.output_usd
    if found is None:
        return None
    return found[0] / 1e6, None if found[1] is None else found[1] / 1e6


def _dearest(prices: list[float | None]) -> float | None:
    known = [each for each in prices if each is not None]
    return max(known) if len(known) == len(prices) and known else None


def _least(values: Iterable[float | None]) -> float | None:
    return min((each for each in values if each is not None), default=None)
