from __future__ import annotations

import pytest

from engine.gpu.room import (
    BLIND_RETURN_S,
    LOADING_S,
    RETURN_LIMIT_S,
    STALE_READING_S,
    CardRoom,
    Returning,
)
from tests.engine.gpu.lease_requests import idle, lease


@pytest.fixture
def room() -> CardRoom:
    return CardRoom(card_id="a", capacity_mib=10_000, margin_share=0.1)


def test_room_is_what_the_terms_leave(room: CardRoom):
    """Capacity less margin, foreign use, leases, pending, idle and returning memory is free."""
    room.grant(1000, 0.0)
    room.see(1500, 0.0)
    room.pending_mib = 200
    room.add_idle(idle("m", 300))
    room.give_back(Returning(400, 0.0, idle("n", 400)))
    seen = room.snapshot(0.0)
    assert (seen.foreign_mib, seen.leased_mib, seen.pending_mib) == (500, 1000, 200)
    assert (seen.idle_mib, seen.returning_mib) == (300, 400)
    assert seen.free_mib == 10_000 - 1000 - 500 - 1000 - 200 - 300 - 400


def test_idle_and_returning_memory_can_be_promised_but_is_not_empty(room: CardRoom):
    """What will come free counts as available, and not as empty."""
    room.add_idle(idle("m", 300))
    room.give_back(Returning(400, 0.0, idle("n", 400)))
    assert (room.available_mib, room.empty_mib) == (9000, 8300)


def test_memory_returns_when_a_reading_shows_it(room: CardRoom):
    """Given up memory counts until a reading shows so much less, part by part."""
    room.grant(2000, -LOADING_S)
    room.give_back(Returning(4000, 0.0, lease("x")))
    room.see(6000, 0.1)
    assert (room.returning_mib, room.foreign.now_mib) == (4000, 0)
    room.see(3500, 0.6)
    assert room.returning_mib == 1500
    room.see(2000, 1.0)
    assert (room.returning_mib, room.foreign.now_mib) == (0, 0)


def test_memory_that_does_not_return_is_foreign(room: CardRoom):
    """After the limit, what is still used is somebody's without a lease."""
    room.give_back(Returning(4000, 0.0, lease("x")))
    room.see(4000, 0.1)
    assert not room.settle(RETURN_LIMIT_S - 0.01)
    assert room.settle(RETURN_LIMIT_S)
    assert (room.returning_mib, room.foreign.now_mib) == (0, 4000)


def test_a_card_that_does_not_tell_is_waited_for_a_fixed_time(room: CardRoom):
    """Without readings, or with old ones only, returning memory is free after a while."""
    room.give_back(Returning(4000, 0.0, lease("x")))
    assert not room.settle(BLIND_RETURN_S - 0.01)
    assert room.settle(BLIND_RETURN_S)
    assert room.foreign.now_mib == 0


def test_a_reading_from_before_proves_nothing(room: CardRoom):
    """A reading taken before memory was given up does not show that it is back."""
    room.give_back(Returning(4000, 5.0, lease("x")))
    room.see(0, 4.9)
    assert room.returning_mib == 4000


def test_foreign_use_does_not_fall_while_a_lease_loads(room: CardRoom):
    """Just after a grant, a low reading does not mean that foreign programs have left."""
    room.see(5000, 0.0)
    room.grant(3000, 0.0)
    room.see(5000, LOADING_S / 2)
    assert room.foreign.now_mib == 5000
    room.see(8000, LOADING_S)
    assert room.foreign.now_mib == 5000


def test_known_use_of_a_lease_shows_foreign_use_and_overuse(room: CardRoom):
    """Where a lease's own use is known, more than promised is held, less hides nothing."""
    room.grant(3000, -LOADING_S)
    room.see(3000, 0.0, beyond_promise=[-2000])
    assert room.foreign.now_mib == 2000
    room.see(4000, 60.0, beyond_promise=[1000])
    assert room.foreign.now_mib == 0
    assert room.available_mib == 9000 - 3000 - 1000


def test_after_an_unexpected_end_a_reading_comes_first(room: CardRoom):
    """A holder that ends unasked casts doubt until the next reading, or where there are none."""
    room.doubt()
    assert not room.is_unsure(0.0)
    room.see(0, 0.0)
    room.doubt()
    assert room.is_unsure(1.0)
    assert not room.is_unsure(STALE_READING_S + 1.0)
    room.see(0, 2.0)
    assert not room.is_unsure(2.0)


def test_the_reserve_is_left_alone_by_who_fits_beside_it(room: CardRoom):
    """What a game used is kept for it, save from who could otherwise never be served."""
    room.see(4000, 0.0)
    room.see(0, 30.0)
    room.see(0, 60.0)
    reserve_mib = room.foreign.reserve_mib(60.0)
    assert reserve_mib > 1000
    assert room.available_to(1000, 60.0) == 9000 - reserve_mib
    assert room.available_to(8900, 60.0) == 9000


def test_kept_models_are_not_idle(room: CardRoom):
    """A model that waits to be taken over is listed by its server, and counted once."""
    model = idle("m", 300)
    room.add_idle(model)
    room.keep(model)
    room.set_idle([idle("m", 310)])
    assert (room.idle_mib, room.kept_mib) == (0, 300)
    room.stop_keeping(model)
    assert (room.idle_mib, room.kept_mib) == (300, 0)


def test_the_warm_instance_is_the_one_used_last(room: CardRoom):
    """Of several instances of a model, the newest is taken over."""
    old, new = idle("m", 300), idle("m", 310)
    room.set_idle([old, new, idle("n", 50)])
    assert room.warm("m") is new
    assert room.warm(None) is None
    assert room.warm("other") is None


def test_it_is_overfull_only_by_what_will_not_leave_anyway(room: CardRoom):
    """Where foreign use fills the card, what is about to come free is taken off first."""
    room.grant(6000, 0.0)
    room.add_idle(idle("m", 1000))
    room.see(9800, 0.0)
    assert room.overfull_mib == 0
    room.take_idle(room.idle[0])
    room.see(9800, 10.0)
    assert room.overfull_mib == 300


def test_an_idle_model_was_no_foreign_program(room: CardRoom):
    """Memory that turns out to be its is not kept empty for a program that may come back."""
    room.see(6_000, 0.0)
    room.set_idle([idle("m", 6_000)])
    room.see(6_000, 0.5)
    assert (room.foreign.now_mib, room.foreign.reserve_mib(0.5)) == (0, 0)
    room.set_idle([idle("m", 6_000)])
    room.see(9_000, 1.0)
    room.set_idle([idle("m", 6_000)])
    assert room.foreign.now_mib == 3_000
