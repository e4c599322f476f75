from __future__ import annotations

from dataclasses import replace

from engine.gpu.leases import LeaseState
from engine.gpu.ledger import Ledger, Pending
from tests.engine.gpu.lease_requests import idle, lease, request


def ledger(**cards: int) -> Ledger:
    made = Ledger()
    made.set_cards(cards or {"a": 10_000}, 0.0)
    return made


def test_cards_that_are_gone_are_told():
    """A card that is missing, or has another size, is gone; a new one is known."""
    book = ledger(a=10_000, b=5000)
    kept = book.rooms["a"]
    cards = {"a": 10_000, "b": 6000, "c": 1}
    assert book.gone(cards) == {"b"}
    book.set_cards(cards, 0.0)
    assert book.rooms["a"] is kept
    assert (book.total_mib, book.largest_mib) == (16_001, {"a": 10_000, "b": 6000, "c": 1})


def test_only_cards_with_room_are_places():
    """A place has the room, idle models counted as room, and knows what is warm there."""
    book = ledger(a=10_000, b=500)
    book.set_idle([idle("m", 4000), idle("n", 5000), idle("x", 5, card="gone")])
    (place,) = book.places(request("r", 8000, model="m"), 0.0)
    assert (place.card_id, place.available_mib, place.idle_mib) == ("a", 10_000, 9000)
    assert place.warm_mib == 4000


def test_a_grant_takes_the_idle_instance_over():
    """A lease of a loaded model replaces the idle instance in the account."""
    book = ledger()
    book.set_idle([idle("m", 4000)])
    book.grant(lease("x", 5000, model="m"), 0.0)
    room = book.rooms["a"]
    assert (room.idle_mib, room.leased_mib, room.empty_mib) == (0, 5000, 5000)


def test_a_place_can_be_kept_and_let_go():
    """What is promised while room is being made is counted, and its model kept."""
    book, model = ledger(), idle("m", 4000)
    book.set_idle([model])
    place = replace(lease("x", 5000, model="m"), state=LeaseState.PENDING)
    pending = Pending(place, 0.0, (model,))
    before = book.rooms["a"].snapshot(0.0)
    book.hold(pending)
    room = book.rooms["a"]
    assert (room.pending_mib, room.kept_mib, room.idle_mib) == (5000, 4000, 0)
    book.let_go(pending)
    assert book.rooms["a"].snapshot(0.0) == before


def test_a_life_leaves_no_trace():
    """Granted, asked to leave, given back and seen free, a lease leaves the account as it was."""
    book, held = ledger(), lease("x", 5000)
    before = book.rooms["a"].snapshot(0.0)
    book.grant(held, 0.0)
    book.ask_to_leave(held)
    assert book.rooms["a"].snapshot(0.0).leased_mib == 5000
    book.give_back(replace(held, state=LeaseState.DRAINING), 1.0)
    assert [each.state for each in book.draining()] == [LeaseState.DRAINING]
    book.see("a", 0, 2.0, ())
    assert book.draining() == []
    assert book.rooms["a"].snapshot(0.0) == before


def test_what_stays_loaded_becomes_idle():
    """A lease that ends and keeps its model turns into an idle model of the size it has."""
    book, held = ledger(), lease("x", 5000)
    book.grant(held, 0.0)
    book.give_back(held, 1.0, [idle("m", 4500)])
    seen = book.rooms["a"].snapshot(1.0)
    assert (seen.leased_mib, seen.idle_mib, seen.returning_mib) == (0, 4500, 0)


def test_a_reading_tells_whether_anything_changed():
    """Only a reading that changes the room is news; one of an unknown card is none."""
    book = ledger()
    assert book.see("a", 500, 1.0, ())
    assert not book.see("a", 500, 2.0, ())
    assert not book.see("gone", 500, 2.0, ())


def test_doubt_waits_for_a_reading():
    """After a holder died, its card gives nothing until it was read."""
    book, held = ledger(), lease("x", 1000)
    book.grant(held, 0.0)
    book.see("a", 1000, 0.0, ())
    book.give_back(held, 1.0)
    assert not book.has_room_now(request("r", 10), ["a"], 1.0)
    book.see("a", 0, 1.1, ())
    assert book.has_room_now(request("r", 10_000), ["a"], 1.1)
