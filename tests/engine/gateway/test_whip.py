"""WHIP as HTTP has it."""

from __future__ import annotations

import asyncio

import pytest

from engine.errors import Rejected
from engine.gateway.ports import Call, Ingested, Result
from engine.gateway.snapshot import IngestView
from engine.gateway.whip import routes


class FakeIngest:
    """Answers every offer with itself."""

    def __init__(self) -> None:
        self.here: set[str] = set()

    async def open(self, offer: str) -> Ingested:
        """Let everybody in."""
        self.here.add("abc")
        return Ingested("abc", f"answer to {offer}")

    async def close(self, id: str) -> bool:
        """End one."""
        if id not in self.here:
            return False
        self.here.remove(id)
        return True

    def views(self) -> tuple[IngestView, ...]:
        """Return nothing."""
        return ()

    async def aclose(self) -> None:
        """Do nothing."""


def asked(method: str, path: str, body: bytes = b"", *, kind: str = "application/sdp") -> Result:
    """Return what a fresh gateway answers, after one sender has come."""

    async def ask() -> Result:
        ingest = FakeIngest()
        ingest.here.add("abc")
        pattern = path if path == "/whip" else "/whip/*"
        call = Call(method, path, "1", "", headers={"content-type": kind}, body=body)
        return await routes(ingest)[method, pattern](call)

    return asyncio.run(ask())


def test_an_offer_is_answered_with_a_place_to_end_it():
    """201, the answer as SDP, and where DELETE goes."""
    result = asked("POST", "/whip", b"v=0")
    assert (result.status, result.content_type, result.body) == (
        201,
        "application/sdp",
        b"answer to v=0",
    )
    assert result.headers["location"] == "/whip/abc"


def test_delete_ends_a_connection():
    """The place that was told ends it."""
    assert asked("DELETE", "/whip/abc").status == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "kind", "status"),
    [
        ("POST", "/whip", b"{}", "application/json", 415),
        ("POST", "/whip", b"\xff\xfe", "application/sdp", 400),
        ("DELETE", "/whip/unknown", b"", "", 404),
        ("PATCH", "/whip/abc", b"", "application/trickle-ice-sdpfrag", 405),
    ],
)
def test_what_cannot_be_is_refused(method: str, path: str, body: bytes, kind: str, status: int):
    """Each refusal has the status that WHIP clients know."""
    with pytest.raises(Rejected) as error:
        asked(method, path, body, kind=kind)
    assert error.value.status == status
