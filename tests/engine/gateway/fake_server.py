"""A server without a network, and keys without files, for tests of the gateway itself."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.activity import ActivityRecord
from engine.errors import Refused
from engine.gateway.ports import Bound, Call, Door, Head, Result

FREE_PORT = 40_000
HOST = "127.0.0.1:11480"


@dataclass
class Written:
    """Keeps what a gateway writes down."""

    records: list[ActivityRecord] = field(default_factory=list)

    def add(self, record: ActivityRecord) -> None:
        """Keep `record`."""
        self.records.append(record)


class FakeServer:
    """Notes what the gateway wants of it, and lets a test come through the door."""

    def __init__(self, door: Door, taken: frozenset[int] = frozenset()) -> None:
        self.door = door
        self.connections = 0
        self.did: list[str] = []
        self.hold: asyncio.Event | None = None
        self._taken = taken

    async def start(self, host: str, port: int) -> Bound:
        """Listen, unless the port is taken."""
        self.did.append(f"start {port}")
        if port in self._taken:
            raise Refused(f"{host}:{port} cannot be listened at (Address already in use)")
        return Bound(host, port or FREE_PORT)

    async def drain(self, timeout_s: float) -> None:
        """Wait as a test says."""
        self.did.append(f"drain {timeout_s:g}")
        if self.hold is not None:
            await self.hold.wait()

    async def aclose(self) -> None:
        """Note it."""
        self.did.append("aclose")


async def visit(
    door: Door, method: str, path: str, headers: Mapping[str, str], body: bytes = b""
) -> Result:
    """Go through `door` as a server does, and return the answer with all its headers."""
    seen, result = door.admit(Head(method, path, {"host": HOST, **headers}))
    if result is None:
        call = Call(method, path, seen.id, seen.client, headers, body=body, at_s=seen.at_s)
        result = await door.answer(seen, call)
    door.leave(seen, result.status)
    result.headers = {**seen.headers, **result.headers}
    return result
