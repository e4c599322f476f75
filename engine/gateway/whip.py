"""`/whip`: sound over WebRTC, as RFC 9725 (WHIP) has it."""

from __future__ import annotations

from collections.abc import Mapping

from engine.errors import Rejected
from engine.gateway.ports import Call, Handler, Ingest, Result

SDP = "application/sdp"


def routes(ingest: Ingest) -> Mapping[tuple[str, str], Handler]:
    """Return the handlers of this family."""

    async def open_one(call: Call) -> Result:
        if call.headers.get("content-type", "").partition(";")[0].strip().lower() != SDP:
            raise Rejected(f"the body must be an SDP offer with Content-Type {SDP}", status=415)
        try:
            offer = call.body.decode()
        except UnicodeDecodeError as error:
            raise Rejected("the SDP offer is no UTF-8 text") from error
        made = await ingest.open(offer)
        return Result(
            status=201,
            body=made.answer.encode(),
            content_type=SDP,
            headers={"location": f"/whip/{made.id}", "etag": f'"{made.id}"'},
        )

    async def close_one(call: Call) -> Result:
        if not await ingest.close(call.path.rpartition("/")[2]):
            raise Rejected("there is no such connection: it has ended", status=404)
        return Result(content_type="text/plain")

    async def refuse_changes(call: Call) -> Result:
        raise Rejected(
            "candidates cannot be added later: send the offer once all are gathered", status=405
        )

    return {
        ("POST", "/whip"): open_one,
        ("DELETE", "/whip/*"): close_one,
        ("PATCH", "/whip/*"): refuse_changes,
    }
