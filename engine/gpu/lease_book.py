"""The book of leases: what was asked, what is held, what was, and who is told of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from engine.gpu.hosts import HostLeases
from engine.gpu.lease_events import LeaseEvents
from engine.gpu.lease_holding import Holding
from engine.gpu.lease_views import EventKind, LeaseEvent, LeasesSnapshot, LeaseView
from engine.gpu.leases import Ending, Lease, Waiting
from engine.gpu.room import Room

MOST_ENDED = 100


class LeaseBook:
    """Keeps every lease until it is over, and the last of those that are. Decides nothing."""

    def __init__(self) -> None:
        self.events = LeaseEvents()
        self.shown = LeasesSnapshot()
        """What was last published; any thread may read it."""
        self.others: tuple[HostLeases, ...] = ()
        """Other hosts, as they are shown from the next `publish` on."""
        self._open: dict[str, Holding] = {}
        self._ended: deque[tuple[Holding, LeaseView]] = deque(maxlen=MOST_ENDED)
        self._known: dict[str, Lease | Waiting] = {}
        self._positions: dict[str, int] = {}

    def __iter__(self) -> Iterator[Holding]:
        return iter(list(self._open.values()))

    def __len__(self) -> int:
        return len(self._open)

    def get(self, lease_id: str) -> Holding | None:
        """Return a lease that is not over; None where there is none."""
        return self._open.get(lease_id)

    def view(self, lease_id: str) -> LeaseView | None:
        """Return a lease as the world sees it, also one that ended lately; None for others."""
        found = self._open.get(lease_id) or next(
            (each for each, _ in self._ended if each.request.id == lease_id), None
        )
        return None if found is None else found.view(self._known.get(lease_id))

    def add(self, holding: Holding) -> None:
        """Know of a lease that was asked for."""
        self._open[holding.request.id] = holding
        self._tell(EventKind.QUEUED, holding)

    def restore(self, holding: Holding, lease: Lease) -> None:
        """Know of a lease that was held before a restart."""
        holding.card_ids, holding.granted_s = lease.card_ids, lease.granted_s
        holding.expires_s, holding.heard_s = lease.expires_s, lease.heard_s
        holding.settled.set()
        self._open[holding.request.id] = holding

    def grant(
        self,
        holding: Holding,
        card_ids: tuple[str, ...],
        environment: Mapping[str, str],
        now_s: float,
    ) -> None:
        """Write down that the lease has these cards from now on."""
        holding.card_ids, holding.environment = card_ids, environment
        holding.granted_s = holding.heard_s = now_s
        holding.expires_s = now_s + holding.request.duration_s
        self._known.pop(holding.request.id, None)
        holding.settled.set()
        self._tell(EventKind.GRANTED, holding)

    def ask_to_leave(self, holding: Holding, leave_by_s: float, reason: str) -> None:
        """Write down that the holder should free the memory; the first time counts."""
        if holding.leave_by_s is None:
            holding.leave_by_s, holding.reason = leave_by_s, reason
            holding.leaving.set()
            self._tell(EventKind.ASKED_TO_LEAVE, holding)

    def end(self, holding: Holding, ending: Ending, reason: str, now_s: float) -> None:
        """Write down that the lease, or the wait for it, is over."""
        if self._open.pop(holding.request.id, None) is None:
            return
        holding.ending, holding.reason, holding.ended_s = ending, reason, now_s
        self._known.pop(holding.request.id, None)
        self._ended.appendleft((holding, holding.view(None)))
        holding.settled.set()
        holding.leaving.set()
        self._tell(EventKind.ENDED, holding)

    def publish(
        self,
        leases: Iterable[Lease],
        queue: Iterable[Waiting],
        rooms: Mapping[str, Room],
        problems: tuple[str, ...],
        lease_of_pid: Mapping[int, str],
    ) -> None:
        """Show the world the book as it is now; who moved in the queue is told.

        leases, queue: as the allocator knows them.
        """
        known: tuple[Lease | Waiting, ...] = (*leases, *queue)
        self._known = {each.request.id: each for each in known}
        draining = [each for each, view in self._ended if view.id in self._known]
        views = [each.view(self._known.get(each.request.id)) for each in self._open.values()]
        self.shown = LeasesSnapshot(
            held=(
                *(view for view in views if view.granted_s is not None),
                *(each.view(self._known[each.request.id]) for each in draining),
            ),
            queue=tuple(sorted((view for view in views if view.granted_s is None), key=_turn)),
            ended=tuple(view for _, view in self._ended),
            rooms=MappingProxyType(dict(rooms)),
            problems=problems,
            lease_of_pid=MappingProxyType(dict(lease_of_pid)),
            others=self.others,
        )
        self._tell_moves()

    def _tell_moves(self) -> None:
        positions = {
            view.id: view.position for view in self.shown.queue if view.position is not None
        }
        for view in self.shown.queue:
            before = self._positions.get(view.id)
            if before is not None and view.position not in (None, before):
                self.events.tell(LeaseEvent(EventKind.MOVED, view))
        self._positions = positions

    def _tell(self, kind: EventKind, holding: Holding) -> None:
        if self.events.has_listeners:
            known = self._known.get(holding.request.id)
            self.events.tell(LeaseEvent(kind, holding.view(known)))


def _turn(view: LeaseView) -> tuple[int, float]:
    """Sort those whose place is being made free before those that wait."""
    return (view.position or 0, view.asked_s)
