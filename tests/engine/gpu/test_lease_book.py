"""The book: what is open, what was, who is told."""

from __future__ import annotations

from engine.gpu.lease_book import MOST_ENDED, LeaseBook
from engine.gpu.lease_holding import Holding
from engine.gpu.lease_views import EventKind
from engine.gpu.leases import Ending, Lease, LeaseRequest, LeaseState, Priority, Waiting
from tests.leaping import LeapingLoop, leap


def request(id: str) -> LeaseRequest:
    return LeaseRequest(id, f"name of {id}", 1_000, Priority.NORMAL, 60.0, 0.0)


def test_the_last_ones_are_kept_and_no_more():
    """Newest first; what came before is forgotten."""
    book = LeaseBook()
    for number in range(MOST_ENDED + 3):
        holding = Holding(request(str(number)))
        book.add(holding)
        book.end(holding, Ending.CANCELLED, "given up", float(number))
    book.publish((), (), {}, (), {})
    assert len(book.shown.ended) == MOST_ENDED
    assert book.shown.ended[0].id == str(MOST_ENDED + 2)
    assert book.view("0") is None
    assert len(book) == 0


def test_what_is_not_seen_free_yet_stays_among_the_held():
    """As draining, beside the entry that tells how it ended."""
    book, holding = LeaseBook(), Holding(request("a"))
    book.add(holding)
    book.grant(holding, ("card-0",), {}, 1.0)
    book.end(holding, Ending.RELEASED, "given back", 2.0)
    returning = Lease(holding.request, LeaseState.DRAINING, ("card-0",))
    book.publish((returning,), (), {}, (), {})
    assert [each.state for each in book.shown.held] == [LeaseState.DRAINING]
    assert [each.ending for each in book.shown.ended] == [Ending.RELEASED]


def test_those_whose_place_is_being_made_free_stand_first():
    """Then the queue in its order."""
    book = LeaseBook()
    for id in ("second", "first", "pending"):
        book.add(Holding(request(id)))
    book.publish(
        (Lease(request("pending"), LeaseState.PENDING, ("card-0",)),),
        (Waiting(request("first"), 1, None, "x"), Waiting(request("second"), 2, None, "x")),
        {},
        (),
        {},
    )
    assert [each.id for each in book.shown.queue] == ["pending", "first", "second"]


def test_only_moves_are_told():
    """Who stays at its place is not told of again."""

    async def work(loop: LeapingLoop) -> list[tuple[EventKind, str]]:
        book = LeaseBook()
        a, b = Holding(request("a")), Holding(request("b"))
        heard = book.events.listen()
        for holding in (a, b):
            book.add(holding)
        queue = (Waiting(a.request, 1, None, "x"), Waiting(b.request, 2, None, "x"))
        book.publish((), queue, {}, (), {})
        book.publish((), queue, {}, (), {})
        book.grant(a, ("card-0",), {}, 1.0)
        book.publish((), (Waiting(b.request, 1, None, "x"),), {}, (), {})
        book.ask_to_leave(a, 9.0, "others need it")
        book.ask_to_leave(a, 20.0, "again")
        assert a.leave_by_s == 9.0
        book.events.close()
        return [(each.kind, each.lease.id) async for each in heard]

    assert leap(work) == [
        (EventKind.QUEUED, "a"),
        (EventKind.QUEUED, "b"),
        (EventKind.GRANTED, "a"),
        (EventKind.MOVED, "b"),
        (EventKind.ASKED_TO_LEAVE, "a"),
    ]
