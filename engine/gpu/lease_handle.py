"""What somebody in this process holds who has a lease, or waits for one."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Mapping
from types import TracebackType
from typing import Any, Protocol, Self

from engine.gpu.lease_holding import Holding
from engine.gpu.lease_orders import seconds_of
from engine.gpu.lease_views import LeaseView


class Desk(Protocol):
    """Where leases are renewed and given back; `LeaseDesk` is it."""

    def view(self, lease_id: str) -> LeaseView | None:
        """Return the lease; None where nothing is known of it."""
        ...

    def heartbeat(self, lease_id: str) -> LeaseView:
        """Take a sign of life. Raises Rejected where nothing is held."""
        ...

    def renew(self, lease_id: str, duration_s: float) -> LeaseView:
        """Let it last so long from now. Raises Rejected where it may not."""
        ...

    def release(self, lease_id: str) -> LeaseView | None:
        """End it; None where nothing is known of it."""
        ...


class LeaseHandle:
    """A lease of graphics memory. It gives signs of life by itself for as long as it exists.

    After its duration it ends, unless it is renewed. `async with` releases it.
    """

    def __init__(self, *, desk: Desk, holding: Holding) -> None:
        self._desk = desk
        self._holding = holding

    @property
    def id(self) -> str:
        """What it is called at `/leases` and in logs."""
        return self._holding.request.id

    @property
    def card_ids(self) -> tuple[str, ...]:
        """The cards whose memory it may use."""
        return self._holding.card_ids

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables with which a program that is started sees these cards alone."""
        return self._holding.environment

    @property
    def view(self) -> LeaseView | None:
        """The lease as the world sees it; None long after its end."""
        return self._desk.view(self.id)

    @property
    def is_held(self) -> bool:
        """Whether its memory may still be used."""
        return self._holding.is_held

    @property
    def is_asked_to_leave(self) -> bool:
        """Whether the memory should be freed and the lease released, or is over."""
        return self._holding.leaving.is_set()

    @property
    def may_stay(self) -> bool:
        """Whether its model should stay loaded, idle, when the lease is released.

        False where somebody waits who wants another one: unload it before you release.
        """
        return self.is_held and bool(self._holding.may_stay)

    async def until_asked_to_leave(self) -> str:
        """Wait until the memory should be freed, or the lease is over; return why."""
        await self._holding.leaving.wait()
        return self._holding.reason or ""

    async def heartbeat(self) -> None:
        """Give a sign of life; done by itself too. Raises Rejected where it is over."""
        self._desk.heartbeat(self.id)

    async def renew(self, duration: float) -> None:
        """Let it last `duration` milliseconds from now.

        Raises Rejected where it is over, or was asked to leave.
        """
        self._desk.renew(self.id, seconds_of(duration))

    async def release(self) -> None:
        """End it. May be called twice."""
        self._desk.release(self.id)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.release()


class Allocation:
    """A lease that is asked for: `await` it, or enter it by `async with`."""

    def __init__(self, ask: Callable[[], Coroutine[Any, Any, LeaseHandle]]) -> None:
        self._ask = ask
        self._handle: LeaseHandle | None = None

    def __await__(self) -> Generator[Any, None, LeaseHandle]:
        return self._ask().__await__()

    async def __aenter__(self) -> LeaseHandle:
        self._handle = await self._ask()
        return self._handle

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._handle is not None:
            await self._handle.release()
