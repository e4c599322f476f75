"""`/v1/models`: what can be asked for, in the shapes of OpenAI and Anthropic at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from engine.clock import Clock
from engine.errors import Rejected
from engine.gateway.dispatching import REST
from engine.gateway.ports import Call, Handler, Result, Router
from engine.router.snapshot import ModelView, RouterSnapshot, Tier

PATH = "/v1/models"
TIER_OWNER = "tier"
"""Stands as the owner of what is no model but a name for several."""


def routes(router: Router, clock: Clock) -> Mapping[tuple[str, str], Handler]:
    """Return the handlers of this family."""
    since = clock.wall()

    async def every(call: Call) -> Result:
        data = list(_rows(await router.listed(), since))
        return _json(
            {
                "object": "list",
                "data": data,
                "has_more": False,
                "first_id": data[0]["id"] if data else None,
                "last_id": data[-1]["id"] if data else None,
            }
        )

    async def one(call: Call) -> Result:
        name = call.path.removeprefix(f"{PATH}/")
        for row in _rows(await router.listed(), since):
            if row["id"] == name:
                return _json(row)
        raise Rejected(
            f"The model '{name[:200]}' does not exist: see {PATH}",
            status=404,
            code="model_not_found",
            param="model",
        )

    return {("GET", PATH): every, ("GET", PATH + REST): one}


def _rows(seen: RouterSnapshot, since: datetime) -> Iterator[dict[str, Any]]:
    """Yield the models that somebody serves, then the tiers."""
    names = set()
    for model in seen.models:
        if model.endpoints:
            names.add(model.name)
            yield _row(model.name, model.endpoints[0], since) | _facts(model)
    for tier in seen.tiers:
        if tier.name not in names:
            yield _row(tier.name, TIER_OWNER, since) | _about(tier)


def _row(name: str, owner: str, since: datetime) -> dict[str, Any]:
    return {
        "id": name,
        "object": "model",
        "created": int(since.timestamp()),
        "owned_by": owner,
        "type": "model",
        "display_name": name,
        "created_at": since.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _facts(model: ModelView) -> dict[str, Any]:
    """Return what is known of `model` beyond what the clients' libraries read."""
    label = "" if model.entry is None else model.entry.label
    facts = {
        "display_name": label or None,
        "context_length": model.context_tokens,
        "capabilities": sorted(model.capabilities) or None,
        "endpoints": list(model.endpoints),
    }
    return {key: value for key, value in facts.items() if value is not None}


def _about(tier: Tier) -> dict[str, Any]:
    facts = {"display_name": tier.label, "description": tier.description}
    return {key: value for key, value in facts.items() if value}


def _json(value: object) -> Result:
    return Result(body=msgspec.json.encode(value))
