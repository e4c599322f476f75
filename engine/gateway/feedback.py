"""`/v1/feedback`: what an answer was worth to whoever got it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from engine.analytics.rewards import Signs
from engine.gateway.asking import Malformed, json_of
from engine.gateway.client_keys import DEFAULT
from engine.gateway.fields import text, wrong
from engine.gateway.ports import Call, FeedbackTaker, Handler, Result

IDS = ("suggestion_id", "request_id")
SWITCHES = ("edited", "copied", "regenerated")
SAID = ("reward", "thumbs", *SWITCHES)


def routes(taker: FeedbackTaker) -> Mapping[tuple[str, str], Handler]:
    """Return the handler of this endpoint."""

    async def take(call: Call) -> Result:
        body = json_of(call)
        ids = {name: text(body[name], name) for name in IDS if body.get(name) is not None}
        if not any(ids.values()):
            raise Malformed(
                "'suggestion_id' is required: take it from the header x-suggestion-id of the answer"
                ", or send 'request_id' from x-request-id",
                param="suggestion_id",
                code="missing_required_parameter",
            )
        client = "" if call.client in ("", DEFAULT) else call.client
        noted = await taker.feedback(_signs(body), client=client, **ids)
        told = {
            "object": "feedback",
            "suggestion_id": noted.id,
            "state": noted.state,
            "reward": noted.reward,
            "terms": noted.terms,
        }
        return Result(body=msgspec.json.encode(told))

    return {("POST", "/v1/feedback"): take}


def _signs(body: Mapping[str, Any]) -> Signs:
    """Return what is said of the answer. Raises Malformed, Rejected for what cannot be."""
    said = {name: body[name] for name in SAID if body.get(name) is not None}
    if not said:
        raise Malformed(
            f"nothing is said of the answer: send one of {', '.join(SAID)}",
            param="reward",
            code="missing_required_parameter",
        )
    for name in SWITCHES:
        if not isinstance(said.get(name, True), bool):
            raise wrong(name, said[name], "true or false")
    if type(said.get("reward", 0.0)) not in (int, float):
        raise wrong("reward", said["reward"], "a number from 0 to 1")
    if not isinstance(said.get("thumbs", ""), str):
        raise wrong("thumbs", said["thumbs"], '"up" or "down"')
    return Signs(**said)
