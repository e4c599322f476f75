"""`/health`: whether somebody is there, and whether it is who one thinks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from engine.gateway.client_keys import ClientKeys
from engine.gateway.ports import Call, Handler, Result
from engine.gateway.snapshot import GatewaySnapshot, GatewayState

PRODUCT = "universal-ai-tools"
LONGEST_CHALLENGE = 128
"""Characters."""


def routes(
    snapshot: Callable[[], GatewaySnapshot], keys: ClientKeys, version: str
) -> Mapping[tuple[str, str], Handler]:
    """Return the handler of this family; it is open to everybody, and tells nothing else.

    Who asks with `?challenge=TEXT` gets a proof that the answer comes from whoever made the key
    file, and from the very address that was asked: so a key is never sent to a stranger who took
    the port.
    """

    async def health(call: Call) -> Result:
        seen = snapshot()
        is_open = seen.state is GatewayState.OPEN
        told = {"status": "ok" if is_open else str(seen.state), "product": PRODUCT}
        told["version"] = version
        challenge = call.query.get("challenge", "")
        if 0 < len(challenge) <= LONGEST_CHALLENGE and seen.url is not None:
            told["proof"] = keys.proof(f"{seen.url} {challenge}")
        return Result(status=200 if is_open else 503, body=msgspec.json.encode(told))

    return {("GET", "/health"): health}
