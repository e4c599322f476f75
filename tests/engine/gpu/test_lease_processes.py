"""Whose processes are whose."""

from __future__ import annotations

from engine.gpu.lease_processes import Root, is_alive, kinship, root_of
from tests.engine.gpu.lease_world import STARTED_S, FakeBook


def test_a_number_that_is_used_again_is_another_process():
    """The start tells them apart."""
    book = FakeBook()
    book.start(50)
    root = root_of(book, 50)
    assert root == Root(50, STARTED_S)
    assert is_alive(book, root)
    book.start(50, started_s=STARTED_S + 9)
    assert not is_alive(book, root)
    del book.running[50]
    assert root_of(book, 50) is None


def test_the_nearest_ancestor_with_a_lease_counts():
    """A program that was started by one with a lease of its own uses that one's."""
    book = FakeBook()
    for pid, parent in ((10, None), (11, 10), (12, 11), (13, 12), (99, None)):
        book.start(pid, parent=parent)
    found = kinship(book, [Root(10, STARTED_S), Root(12, STARTED_S)], [10, 11, 12, 13, 99])
    assert found.root_of_pid == {10: 10, 11: 10, 12: 12, 13: 12}


def test_who_has_ended_has_no_kin():
    """Orphans of a process that ended are strangers."""
    book = FakeBook()
    book.start(11, parent=10)
    found = kinship(book, [Root(10, STARTED_S)], [11])
    assert (found.living, found.root_of_pid) == (frozenset(), {})


def test_a_circle_of_parents_is_left():
    """Parents are read one after the other: what changes meanwhile must not hold up the rest."""
    book = FakeBook()
    book.start(11, parent=12)
    book.start(12, parent=11)
    assert kinship(book, [], [11]).root_of_pid == {}
