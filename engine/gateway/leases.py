"""`/leases`: any program, in any language, can hold graphics memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Protocol

import msgspec

from engine.clock import Clock
from engine.errors import Rejected
from engine.gateway.lease_bodies import duration_in, lease_body, order_in, snapshot_body, wait_in
from engine.gateway.ports import Call, Handler, Result
from engine.gateway.sse import event
from engine.gpu.lease_orders import LeaseOrder
from engine.gpu.lease_views import LeaseEvent, LeasesSnapshot, LeaseView
from engine.gpu.leases import Ending

PATH = "/leases"
EVENTS = "text/event-stream"
SIGN_OF_LIFE_S = 15.0
"""How often a stream without events says that it is still there: proxies close silent ones."""
LONGEST_WATCH_S = 10.0
"""Well below the time after which a silent holder is taken for dead."""
CREATED, ACCEPTED = 201, 202
FIELDS = {"cards": "gpus", "duration_s": "duration_ms"}
"""What clients call the fields that are called otherwise inside."""


class LeaseCounter(Protocol):
    """Where graphics memory is asked for; `LeaseDesk` of the engine for the cards is one."""

    async def ask(self, order: LeaseOrder) -> LeaseView:
        """Let somebody wait for a lease, and return it as it stands after the first look.

        Raises Rejected where it makes no sense, Overloaded where too many ask, Refused where the
        application closes.
        """
        ...

    async def wait(self, lease_id: str, wait_s: float) -> LeaseView | None:
        """Return the lease when it is granted or over, at the latest after `wait_s`.

        None where nothing is known of it.
        """
        ...

    def snapshot(self) -> LeasesSnapshot:
        """Return all leases."""
        ...

    async def watch(self, lease_id: str, wait_s: float) -> LeaseView:
        """Take a sign of life; return the lease when it must leave, at the latest after `wait_s`.

        Raises Rejected: 404 for an unknown lease, 409 for one over.
        """
        ...

    def renew(self, lease_id: str, duration_s: float) -> LeaseView:
        """Let a lease last so long from now. Raises as `watch`, 409 too where it may not."""
        ...

    def release(self, lease_id: str) -> LeaseView | None:
        """End a lease, or the wait for one; None where nothing is known of it."""
        ...

    def events(self) -> AsyncGenerator[LeaseEvent, None]:
        """Return all that becomes of leases from now on."""
        ...


def routes(leases: LeaseCounter, clock: Clock) -> Mapping[tuple[str, str], Handler]:
    """Return the handlers of this family."""
    family = _Leases(leases, clock)
    return {
        ("POST", PATH): family.ask,
        ("GET", PATH): family.all,
        ("GET", f"{PATH}/events"): family.events,
        ("GET", f"{PATH}/*"): family.one,
        ("POST", f"{PATH}/*"): family.act,
        ("DELETE", f"{PATH}/*"): family.release,
    }


class _Leases:
    def __init__(self, leases: LeaseCounter, clock: Clock) -> None:
        self._leases = leases
        self._clock = clock

    async def ask(self, call: Call) -> Result:
        """Wait for a lease: 201 where it is granted, 202 where it still waits."""
        order, wait_s = order_in(call)
        try:
            lease = await self._leases.ask(order)
        except Rejected as error:
            raise _renamed(error) from error
        try:
            found = await self._leases.wait(lease.id, wait_s) or lease
        except asyncio.CancelledError:
            self._leases.release(lease.id)  # nobody ever learns its id
            raise
        if found.is_over:
            raise _refusal(found)
        status = CREATED if found.is_held else ACCEPTED
        return self._told(found, status, {"location": f"{PATH}/{found.id}"})

    async def all(self, call: Call) -> Result:
        """Tell of all leases."""
        return _json(snapshot_body(self._leases.snapshot(), self._clock.now()))

    async def one(self, call: Call) -> Result:
        """Tell of one lease, at once or when it is granted."""
        return self._told(await self._leases.wait(_id_in(call), wait_in(call)))

    async def act(self, call: Call) -> Result:
        """Take a sign of life, or renew."""
        lease_id, _, action = call.path.removeprefix(f"{PATH}/").rstrip("/").partition("/")
        match action:
            case "heartbeat":
                return self._told(await self._leases.watch(lease_id, _watch_s(call)))
            case "renew":
                try:
                    return self._told(self._leases.renew(lease_id, duration_in(call)))
                except Rejected as error:
                    raise _renamed(error) from error
        raise Rejected(
            "a lease takes POST at /heartbeat and /renew", status=404, code="unknown_url"
        )

    async def release(self, call: Call) -> Result:
        """End a lease, or the wait for it."""
        return self._told(self._leases.release(_id_in(call)))

    async def events(self, call: Call) -> Result:
        """Tell of all that becomes of leases, as it happens."""
        return Result(stream=self._stream(), content_type=EVENTS)

    async def _stream(self) -> AsyncGenerator[bytes, None]:
        heard = self._leases.events()
        following = asyncio.ensure_future(anext(heard, None))
        yield b": leases\n\n"
        try:
            while True:
                done, _ = await asyncio.wait([following], timeout=SIGN_OF_LIFE_S)
                if not done:
                    yield b": still here\n\n"
                    continue
                told: LeaseEvent | None = following.result()
                if told is None:
                    return
                following = asyncio.ensure_future(anext(heard, None))
                yield event(told.kind, lease_body(told.lease, self._clock.now()))
        finally:
            following.cancel()
            await asyncio.wait([following])
            await heard.aclose()

    def _told(
        self, lease: LeaseView | None, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> Result:
        if lease is None:
            raise Rejected(
                "there is no such lease: it ended long ago, or never was",
                status=404,
                code="no_such_lease",
            )
        return _json(lease_body(lease, self._clock.now()), status, headers)


def _watch_s(call: Call) -> float:
    """Return how long a sign of life may wait for news: it is no sign any more if for too long."""
    return min(wait_in(call), LONGEST_WATCH_S)


def _id_in(call: Call) -> str:
    return call.path.removeprefix(f"{PATH}/").rstrip("/")


def _json(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Result:
    return Result(status=status, body=msgspec.json.encode(body), headers=headers or {})


def _refusal(lease: LeaseView) -> Rejected:
    is_hopeless = lease.ending is Ending.REJECTED
    code = "never_fits" if is_hopeless else "lease_over"
    param = "vram_mib" if is_hopeless else None
    return Rejected(lease.reason or "it is over", status=409, code=code, param=param)


def _renamed(error: Rejected) -> Rejected:
    """Return `error` with the name that clients give to the field."""
    name = FIELDS.get(error.param or "")
    if name is None:
        return error
    words = str(error).replace(str(error.param), name, 1)
    return Rejected(words, status=error.status, code=error.code, param=name)
