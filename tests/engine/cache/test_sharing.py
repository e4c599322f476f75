"""When Redis is asked."""

from __future__ import annotations

from engine.cache.sharing import PAUSE_S, Sharing
from engine.errors import Refused, TimedOut, Unreachable
from tests.conftest import FakeClock


def test_others_know_it_is_away(clock: FakeClock):
    """While it is known to be away, it is not asked."""
    answers = [True, False]
    sharing = Sharing(is_shared=lambda: answers.pop(0), clock=clock)
    assert sharing.is_on
    assert not sharing.is_on


def test_one_waits_in_vain(clock: FakeClock):
    """After one caller waited in vain, the next ones go without for a second."""
    sharing = Sharing(is_shared=lambda: True, clock=clock)
    for error in (TimedOut("late"), Unreachable("away")):
        sharing.note(error)
        assert not sharing.is_on
        clock.advance(PAUSE_S)
        assert sharing.is_on


def test_refusal_is_an_answer(clock: FakeClock):
    """A server that refuses is asked again at once."""
    sharing = Sharing(is_shared=lambda: True, clock=clock)
    sharing.note(Refused("full"))
    assert sharing.is_on


def test_it_is_back(clock: FakeClock):
    """When Redis is known to answer again, the pause is over."""
    sharing = Sharing(is_shared=lambda: True, clock=clock)
    sharing.note(TimedOut("late"))
    sharing.resume()
    assert sharing.is_on
