"""Removals that are taken back."""

from __future__ import annotations

from engine.cache.content import Content, Kind
from engine.cache.keys import key_of
from engine.cache.undo import KEPT, MOST_BYTES, Undo

ONE = (key_of("a", "b"), Content(b"x", Kind.BYTES, 0, 1, 1, 1))


def test_it_comes_back_once():
    """What was removed is given back under its token, once."""
    undo = Undo()
    token = undo.remember([ONE])
    assert undo.take(token) == (ONE,)
    assert undo.take(token) == ()


def test_nothing_removed():
    """Where nothing was removed there is nothing to undo."""
    assert Undo().remember([]) == ""


def test_old_removals_are_forgotten():
    """Only the last removals can be undone, each under its own token."""
    undo = Undo()
    tokens = [undo.remember([ONE]) for _ in range(KEPT + 1)]
    assert len(set(tokens)) == KEPT + 1
    assert undo.take(tokens[0]) == ()
    assert undo.take(tokens[1]) == (ONE,)


def test_large_removals_are_forgotten():
    """Removals do not keep much memory: beyond a limit only the last one can be undone."""
    undo = Undo()
    large = (ONE[0], Content(bytes(MOST_BYTES), Kind.BYTES, 0, 1, 1, 1))
    first = undo.remember([large])
    second = undo.remember([ONE])
    assert undo.take(first) == ()
    last = undo.remember([large])
    assert (undo.take(second), undo.take(last)) == ((), (large,))
