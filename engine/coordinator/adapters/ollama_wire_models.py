"""What Ollama tells of its models."""

from __future__ import annotations

import re
from typing import Any

from engine.coordinator.adapters.openai_chunks import Table
from engine.exchange import ServedModel

CAPABILITIES = {
    "completion": ("chat", "completion", "json"),
    "tools": ("tools",),
    "vision": ("vision",),
    "thinking": ("reasoning",),
    "embedding": ("embedding",),
}
"""Ollama's words and ours; it can hold every model that completes to a JSON schema."""
WINDOW = re.compile(r"^num_ctx\s+(\d+)", re.MULTILINE)


def tables(listing: Table) -> list[Table]:
    """Return the models of `/api/tags` or `/api/ps` that have a name."""
    found = listing.get("models")
    entries = found if isinstance(found, list) else []
    return [each for each in entries if isinstance(each, dict) and each.get("name")]


def served_model(tag: Table, shown: Table | None, running: Table | None) -> ServedModel:
    """Return one model. shown: what `/api/show` says; running: its entry of `/api/ps`."""
    details = tag.get("details") if isinstance(tag.get("details"), dict) else {}
    assert isinstance(details, dict)
    words = [details.get("parameter_size"), details.get("quantization_level")]
    return ServedModel(
        name=str(tag["name"]),
        context_tokens=_whole((running or {}).get("context_length")) or _window(shown or {}),
        capabilities=_capabilities(shown or {}),
        size_bytes=_whole(tag.get("size")),
        is_loaded=running is not None,
        details=" ".join(word for word in words if isinstance(word, str) and word),
    )


def _window(shown: Table) -> int | None:
    """Return the window that the model was set up with, or else the largest it can have."""
    parameters = shown.get("parameters")
    if isinstance(parameters, str) and (found := WINDOW.search(parameters)):
        return int(found[1])
    told = shown.get("model_info")
    told = told if isinstance(told, dict) else {}
    return _whole(told.get(f"{told.get('general.architecture')}.context_length"))


def _capabilities(shown: Table) -> frozenset[str] | None:
    """Return what it can do; None from servers too old to say."""
    told = shown.get("capabilities")
    if not isinstance(told, list):
        return None
    return frozenset(ours for each in told for ours in CAPABILITIES.get(str(each), ()))


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and value > 0 else None
