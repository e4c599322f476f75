"""What tells one question from another: a short name for everything that shapes the answer."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import msgspec

from engine.exchange import LlmRequest

UNIMPORTANT = frozenset(
    {
        "model",  # an alias of the model that is named beside it
        "user",
        "metadata",
        "store",
        "safety_identifier",
        "prompt_cache_key",
        "prompt_cache_retention",
        "service_tier",
        "keep_alive",
    }
)
"""Fields that say who asks, what is noted and how fast it goes. Every other field counts, those
that nobody here knows too: one that is new may change the answer."""
FORMAT = "1"
"""Another one, and everything that was kept before is found no more."""
DIGEST_BYTES = 20

_encoder = msgspec.json.Encoder(order="deterministic")


def fingerprint(request: LlmRequest, model: str) -> str:
    """Return a name for what `request` asks of `model`: equal for equal questions only.

    The order of fields does not count, the order of messages does; numbers count as they are
    written. Raises TypeError for a body that is no JSON.
    """
    native = request.native
    told: list[Any] = [FORMAT, request.task, model, _important(request.body)]
    if native is not None:
        told += [native.dialect, _important(native.body), sorted(native.headers)]
    return blake2b(_encoder.encode(told), digest_size=DIGEST_BYTES).hexdigest()


def _important(body: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in body.items() if name not in UNIMPORTANT}
    if not kept.get("stream", True):
        del kept["stream"]  # said or left out, it is the same
    return kept
