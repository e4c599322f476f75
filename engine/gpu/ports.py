"""What watching the machine needs from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from engine.gpu.cards import Card, CardNow, Group, ProcessFacts, Vendor
from engine.gpu.hosts import CardTold, HostPromise
from engine.gpu.leases import Lease, LeaseRequest
from engine.gpu.loaded_models import LoadedModel
from engine.gpu.placement import Place
from engine.gpu.preemption import Victims
from engine.gpu.snapshot import HostReading


class HostProbe(Protocol):
    """Reads the machine; used from one thread at a time."""

    def read(self) -> HostReading:
        """Return the load since the last call, and the state now. May block for milliseconds.

        The load is None at the first call. Raises OutsideError where the system does not answer.
        """
        ...


class CardBackend(Protocol):
    """Reads the graphics cards of one vendor; used from one thread, as any call may hang."""

    @property
    def vendor(self) -> Vendor:
        """Whose cards these are."""
        ...

    def open(self) -> None:
        """Begin; without a card of this vendor it does nothing, and `cards` returns none.

        Raises Unreachable where a card is here and its driver is not, with what mends it.
        """
        ...

    def cards(self) -> tuple[Card, ...]:
        """Return the cards that are there now; cheap where none came or went.

        Raises Unreachable where the driver has gone: `close` and `open` then begin anew.
        """
        ...

    def read(self, before: CardNow, groups: frozenset[Group]) -> CardNow:
        """Return the card with the fields of `groups` read; all others are those of `before`.

        What the card does not tell is None. A card that is lost or asleep is no error: it is the
        state of what is returned, with the reason. Raises Unreachable where the driver has gone.
        """
        ...

    def close(self) -> None:
        """Let go of the driver. Never raises; may be called twice, and without `open`."""
        ...


class ProcessBook(Protocol):
    """Knows the processes of this machine; any thread may ask."""

    def facts(self, pid: int) -> ProcessFacts | None:
        """Return what is known of the process, or None where there is none, or it hides."""
        ...

    def parent(self, pid: int) -> int | None:
        """Return the process that started `pid`; None where there is none, or it hides."""
        ...

    def end(self, pid: int, started_s: float) -> None:
        """Ask the process to end that began at `started_s`, in wall time, and is this user's.

        Returns at once. Raises Unreachable where it has ended, Refused where it may not be ended.
        """
        ...


class CardSource(Protocol):
    """Reads the cards for whoever gives out their memory; any thread may ask."""

    @property
    def has_looked(self) -> bool:
        """Whether it is known by now which cards there are."""
        ...

    def problem(self) -> str | None:
        """Return why there are no cards and what helps; None where there are some."""
        ...

    def silent_ids(self) -> frozenset[str]:
        """Return the cards whose driver does not answer."""
        ...

    def hurry(self, for_s: float) -> None:
        """Read memory often for some seconds: a model loads, or memory is awaited."""
        ...


class ModelServers(Protocol):
    """Servers on this machine that hold models; used on the engines' loop."""

    async def loaded(self) -> tuple[LoadedModel, ...]:
        """Return the models that are in memory, of every server that tells; never raises."""
        ...

    async def unload(self, model: LoadedModel) -> None:
        """Ask for `model` to be unloaded, and return when the server has agreed.

        Its memory may come free seconds later. Raises Unreachable, Refused.
        """
        ...

    async def aclose(self) -> None:
        """Close every connection. May be called twice."""
        ...


class CardTurn(Protocol):
    """The right to change who was promised what of one card; of all hosts, one has it."""

    @property
    def is_held(self) -> bool:
        """False once it was lost, or its time ran out."""
        ...

    async def read(self) -> CardTold:
        """Return what all hosts wrote. Raises OutsideError."""
        ...

    async def write(self, promise: HostPromise | None, ttl_s: float) -> bool:
        """Let `promise` be what this host has given out, for `ttl_s`; None for nothing.

        False, and nothing is written, where the turn was lost. Raises OutsideError: nobody knows
        then whether it was written.
        """
        ...


class LeaseShare(Protocol):
    """Other hosts on which this application runs too; used on the engines' loop."""

    @property
    def is_there(self) -> bool:
        """Whether a place is configured where hosts meet, be it reachable or not."""
        ...

    @property
    def host_id(self) -> str:
        """A random word, this host's for as long as the application runs."""
        ...

    @property
    def host_name(self) -> str:
        """What people call this host."""
        ...

    def turn(self, card_id: str) -> AbstractAsyncContextManager[CardTurn]:
        """Wait for a turn at a card and give it back after the block.

        Raises OutsideError where nobody can be asked, Overloaded where others do not let go.
        """
        ...

    async def show(self, card_id: str, promise: HostPromise, ttl_s: float) -> CardTold:
        """Write down again what this host has promised, never more; return what all wrote.

        That needs no turn: it must come in time, whatever others do. Raises OutsideError.
        """
        ...

    async def call(self) -> None:
        """Let the other hosts look at once; whoever does not hear it looks later. Never raises."""
        ...

    async def hear_calls(self, hear: Callable[[], None]) -> None:
        """Call `hear` whenever another host calls, until cancelled."""
        ...

    async def tell(self, message: dict[str, Any]) -> None:
        """Tell the other hosts; whoever does not listen misses it. Never raises."""
        ...

    async def listen(self, hear: Callable[[dict[str, Any]], None]) -> None:
        """Call `hear` with what other hosts tell until cancelled."""
        ...


class Policy(Protocol):
    """Decides who is served first, where, and at whose cost; pure, so that it can be replaced."""

    @property
    def reservations(self) -> int:
        """How many of those that wait longest have a place kept for them."""
        ...

    def order(self, request: LeaseRequest, total_mib: int) -> float:
        """Return the key of `request`, the lowest goes first. total_mib: of all cards.

        It is asked once, and again when cards come or go: it must not depend on the time.
        """
        ...

    def place(self, request: LeaseRequest, places: Sequence[Place]) -> Sequence[Place] | None:
        """Return the cards for `request` out of those with room; None to let it wait."""
        ...

    def victims(
        self, request: LeaseRequest, leases: Iterable[Lease], missing_mib: int, now_s: float
    ) -> Victims | None:
        """Return who is asked to leave one card so that so much comes free; None for nobody."""
        ...

    def make_way(self, leases: Iterable[Lease], missing_mib: int, now_s: float) -> Victims | None:
        """Return who is asked to leave a card that foreign programs fill; None for nobody."""
        ...

    def may_backfill(self, request: LeaseRequest, *, delays: bool) -> bool:
        """Tell whether `request` may overtake those that have a place kept for them.

        delays: one of them would then start later than planned.
        """
        ...
