"""Round by round, what the allocator decides is carried out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from engine.clock import Clock
from engine.gpu.allocator import Allocator
from engine.gpu.card_feed import CardFeed
from engine.gpu.lease_book import LeaseBook
from engine.gpu.lease_holding import Holding
from engine.gpu.lease_journal import KeptLease
from engine.gpu.lease_notes import LeaseNotes
from engine.gpu.leases import Decision, End, Ending, Grant, IdleModel, Preempt, Unload
from engine.gpu.neighbours import Neighbours
from engine.gpu.outside import LeaseOutside, Lending
from engine.gpu.room import Room
from engine.gpu.settings import ResourceSettings
from engine.gpu.unloading import Unloading

_log = logging.getLogger(__name__)

FIRST_LOOK_LIMIT_S = 10.0
"""How long requests wait for the first reading of the cards: a driver may hang."""
FIRST_LOOK_S = 0.1
HURRY_S = 3.0
"""How long memory is read often after somebody freed some, or was asked to."""
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.001, 30.0
SHOW_AGAIN_S = 0.05
"""What is shown costs more than a grant: with hundreds of leases, milliseconds."""
DRIVER_SILENT = (
    "The driver of graphics cards does not answer: nothing is granted there meanwhile. If that "
    "stays so, start the machine anew."
)
ROUND_LIMIT_S = 1.0
"""At the start, and where nothing can be decided, nobody is kept waiting for it."""


class LeaseRounds:
    """Decides and carries out, as soon as something happens or is due."""

    def __init__(self, *, settings: Callable[[], ResourceSettings], outside: LeaseOutside) -> None:
        self.settings, self.clock, lending = settings, outside.clock, outside.lending
        self.allocator = Allocator(
            policy=lending.policy,
            margin_share=settings().margin_share,
            silence_limit_s=settings().heartbeat_ttl_s,
        )
        self.book = LeaseBook()
        self.feed = CardFeed(allocator=self.allocator, book=self.book)
        self.notes = LeaseNotes(
            database=lending.database, book=outside.processes, clock=outside.clock
        )
        self.unloading = _unloading(lending, settings(), outside.clock)
        self.neighbours = Neighbours(
            outside=outside,
            is_wanted=lambda: settings().share_leases,
            allocator=self.allocator,
            book=self.book,
            feed=self.feed,
            carry_out=self._grant,
            changed=self.wake,
        )
        self._source = outside.source
        self.problems: tuple[str, ...] = ()
        """What upkeep found to be wrong."""
        self._wake = asyncio.Event()
        self._done = asyncio.Event()
        self._unloads: set[asyncio.Task[None]] = set()
        self._failure: str | None = None
        self._published_s = float("-inf")
        self._is_stale = False

    def wake(self) -> None:
        """Let the next round begin now: something has changed."""
        self._is_stale = True
        self._wake.set()

    async def next_round(self) -> None:
        """Return after the next round, or after a while where none comes."""
        done = self._done
        self.wake()
        try:
            async with asyncio.timeout(ROUND_LIMIT_S):
                await done.wait()
        except TimeoutError:
            pass

    async def run(self) -> None:
        """Make rounds until cancelled."""
        await self._look_first()
        await self._restore()
        while True:
            try:
                wait_s = self.round()
            except Exception as error:  # noqa: BLE001 - a service's outer loop
                _log.exception("leases could not be given out")
                self._failure = f"Leases could not be given out ({error!r}): please report it."
                wait_s = 1.0
            self._done.set()
            self._done = asyncio.Event()
            await self._pause(wait_s)

    async def aclose(self) -> None:
        """Give up what is being unloaded. May be called twice."""
        for task in self._unloads:
            task.cancel()
        if self._unloads:
            await asyncio.wait(self._unloads)

    def round(self) -> float:
        """Decide and carry out; return the seconds until something is due."""
        now_s = self.clock.now()
        self._end_overdue(now_s)
        self.allocator.hold_back(self._source.silent_ids())
        self.neighbours.sharing.prepare()
        for decision in self.allocator.decide(now_s):
            self._carry_out(decision, now_s)
        self.neighbours.sharing.notice()
        self._failure, self._is_stale = None, True
        dues = [each.leave_by_s for each in self.book if each.leave_by_s is not None]
        look_s = self.allocator.next_look_s(now_s)
        if look_s is not None:
            dues.append(look_s)
        show_s = self._published_s + SHOW_AGAIN_S
        if now_s >= show_s:
            self.publish()
        else:
            dues.append(show_s)
        return max(SHORTEST_PAUSE_S, min(dues, default=now_s + LONGEST_PAUSE_S) - now_s)

    def refresh(self) -> None:
        """Show the world how things stand, where that has changed."""
        if self._is_stale:
            self.publish()

    def publish(self) -> None:
        """Show the world how things stand."""
        now_s, pids = self.clock.now(), self.feed.kin.root_of_pid
        self._published_s, self._is_stale = now_s, False
        for each in self.book:
            if each.request.model is not None:
                each.may_stay = self.allocator.may_stay(each.request.id)
        first = {each.root.pid: each.request.id for each in reversed(list(self.book)) if each.root}
        told = (self._failure, self.notes.problem, self._silence(), *self.problems)
        self.book.others = self.neighbours.others()
        self.book.publish(
            self.neighbours.seen_leases(self.allocator.leases()),
            self.neighbours.seen_queue(self.allocator.queue(now_s)),
            self.rooms(),
            tuple(filter(None, told)),
            {pid: first[root] for pid, root in pids.items() if root in first},
        )

    def rooms(self) -> dict[str, Room]:
        """Return the account of each card now."""
        now_s = self.clock.now()
        return {card_id: self.allocator.room(card_id, now_s) for card_id in self.feed.usable_mib}

    def end(self, holding: Holding, ending: Ending, reason: str) -> None:
        """End a lease, or the wait for one; its memory counts until it is seen free."""
        now_s, lease_id = self.clock.now(), holding.request.id
        if holding.is_held:
            self.allocator.release(lease_id, now_s)
            self._source.hurry(HURRY_S)
        elif self.neighbours.sharing.forget(lease_id):
            self.allocator.freed(lease_id, now_s)
        else:
            self.allocator.cancel(lease_id, now_s)
        self._write_end(holding, ending, reason, now_s)
        self.wake()

    def ask_to_leave(self, holding: Holding, reason: str) -> None:
        """Let who holds a lease know that its memory should be freed within the grace."""
        leave_by_s = self.clock.now() + self.settings().grace_s
        self.book.ask_to_leave(holding, leave_by_s, reason)
        self.wake()

    # --- inside ---

    def _silence(self) -> str | None:
        return DRIVER_SILENT if self._source.silent_ids() else None

    def _carry_out(self, decision: Decision, now_s: float) -> None:
        if isinstance(decision, Unload):
            self._unload(decision.model)
            return
        holding = self.book.get(decision.request_id)
        if holding is None:
            return
        match decision:
            case Grant():
                if not self.neighbours.sharing.takes(decision):
                    self._grant(decision)
            case Preempt() if self.neighbours.sharing.forget(decision.request_id):
                self.allocator.take_back(decision.request_id)
            case Preempt():
                self._source.hurry(self.settings().grace_s + HURRY_S)
                self.ask_to_leave(holding, self._preempted_for(decision))
            case End():
                self.neighbours.sharing.forget(decision.request_id)
                reason = decision.reason
                if decision.ending is Ending.REJECTED and not self.feed.usable_mib:
                    why = self._source.problem() or "None that tells the size of its memory."
                    reason = (
                        f"{holding.request.name} wants a graphics card, and there is none. {why}"
                    )
                self._write_end(holding, decision.ending, reason, now_s)

    def _grant(self, grant: Grant) -> None:
        holding = self.book.get(grant.request_id)
        if holding is not None:
            environment = self.feed.environment(grant.card_ids)
            self.book.grant(holding, grant.card_ids, environment, self.clock.now())
            self._is_stale = True
            self.notes.keep(holding)

    def _preempted_for(self, decision: Preempt) -> str:
        other = None if decision.for_id is None else self.book.get(decision.for_id)
        name = "another program" if other is None else other.request.name
        return f"asked to leave for {name}"

    def _write_end(self, holding: Holding, ending: Ending, reason: str, now_s: float) -> None:
        self.book.end(holding, ending, reason, now_s)
        self.notes.forget(holding)

    def _end_overdue(self, now_s: float) -> None:
        """End who was asked to leave and did not: what it still uses then counts as foreign."""
        for holding in self.book:
            if holding.leave_by_s is not None and holding.leave_by_s <= now_s:
                reason = f"{holding.request.name}: {holding.reason}, and did not within the grace"
                self.end(holding, Ending.PREEMPTED, reason)

    def _unload(self, model: IdleModel) -> None:
        if self.unloading is not None:
            self._source.hurry(HURRY_S)
            task = asyncio.ensure_future(self._unloaded(self.unloading, model))
            self._unloads.add(task)
            task.add_done_callback(self._unloads.discard)

    async def _unloaded(self, unloading: Unloading, model: IdleModel) -> None:
        await unloading.unload(model)
        self._source.hurry(HURRY_S)
        self.wake()

    async def _pause(self, wait_s: float) -> None:
        try:
            async with asyncio.timeout(wait_s):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    async def _look_first(self) -> None:
        """Wait until it is known which cards there are."""
        end_s = self.clock.now() + FIRST_LOOK_LIMIT_S
        while not self._source.has_looked and self.clock.now() < end_s:
            await self._pause(FIRST_LOOK_S)
        await asyncio.sleep(0)  # what was seen then comes from another thread

    async def _restore(self) -> None:
        """Know the leases again that were held when the application ended."""
        kept = await self.notes.load()
        roots = frozenset(each.root for each in kept if each.root is not None)
        living = await self.notes.still_alive(roots)
        for each in kept:
            holding = Holding(each.request, each.root, each.estimate_mib)
            lease = self.notes.restored(each, self.clock.now())
            self.book.restore(holding, lease)
            over = self._over(each, each.root is None or each.root in living)
            if over is None:
                holding.environment = self.feed.environment(each.card_ids)
                self.allocator.restore([lease], self.clock.now())
            else:
                self._write_end(holding, *over, self.clock.now())

    def _over(self, kept: KeptLease, is_alive: bool) -> tuple[Ending, str] | None:
        name = kept.request.name
        if not is_alive:
            return Ending.LOST, f"{name}: its process ended while this application did not run"
        if kept.expires_at <= self.clock.wall():
            return Ending.EXPIRED, f"{name}: its time ran out while this application did not run"
        return None


def _unloading(lending: Lending, settings: ResourceSettings, clock: Clock) -> Unloading | None:
    if lending.servers is None:
        return None
    return Unloading(
        servers=lending.servers,
        clock=clock,
        rest_s=settings.idle_after_s,
        is_busy=lending.is_busy,
    )
