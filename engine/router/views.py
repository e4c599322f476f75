"""Models as panels and clients see them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.router.rows import Row
from engine.router.snapshot import ModelEntry, ModelView


def served(rows: Iterable[Row]) -> Iterator[ModelView]:
    """Yield a view of each model that is served."""
    for row in rows:
        track = row.track
        first_token_ms = track.first_token_ms.value
        token_ms = track.token_ms.value or row.token_ms
        yield ModelView(
            name=row.name,
            entry=row.entry,
            capabilities=row.capabilities,
            context_tokens=row.context_tokens,
            endpoints=tuple(server.name for server in row.servers),
            is_local=row.is_local,
            is_embedded=row.is_embedded,
            is_loaded=row.is_loaded,
            health=row.health if row.is_usable else 0.0,
            first_token_ms=row.first_token_ms if first_token_ms is None else first_token_ms,
            tokens_per_s=1e3 / token_ms if token_ms else None,
            reliability=track.reliability,
            requests=track.requests,
            details=row.details,
        )


def unserved(entries: Iterable[ModelEntry], rows: Iterable[Row]) -> tuple[ModelView, ...]:
    """Return a view of each entry of the catalogue that no server has."""
    found = {row.entry.name for row in rows if row.entry is not None}
    return tuple(
        ModelView(
            name=entry.name,
            entry=entry,
            capabilities=frozenset(entry.capabilities),
            context_tokens=entry.context_tokens,
        )
        for entry in entries
        if entry.name not in found
    )
