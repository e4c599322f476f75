"""Which processes belong to leases, and whether they live."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.gpu.ports import ProcessBook

DEEPEST = 64
"""Ancestors that are looked at: a shell in a shell in a job has ten."""


@dataclass(frozen=True, slots=True)
class Root:
    """The process that a lease was given to; with the start, as numbers are used again."""

    pid: int
    started_s: float
    """Wall time."""


@dataclass(frozen=True, slots=True)
class Kinship:
    """What was found."""

    living: frozenset[Root]
    root_of_pid: Mapping[int, int]
    """For processes that belong to a lease, the one that the lease was given to."""


def root_of(book: ProcessBook, pid: int) -> Root | None:
    """Return the process `pid`; None where there is none, or it hides."""
    facts = book.facts(pid)
    return None if facts is None else Root(pid, facts.started_s)


def is_alive(book: ProcessBook, root: Root) -> bool:
    """Tell whether this very process still runs."""
    return root_of(book, root.pid) == root


def kinship(book: ProcessBook, roots: Iterable[Root], pids: Iterable[int]) -> Kinship:
    """Return which of `roots` live, and whose `pids` are: children count for parents."""
    living = frozenset(root for root in roots if is_alive(book, root))
    known = {root.pid for root in living}
    found = {pid: root for pid in pids if (root := _nearest(book, pid, known)) is not None}
    return Kinship(living, found)


def _nearest(book: ProcessBook, pid: int, known: set[int]) -> int | None:
    current: int | None = pid
    for _ in range(DEEPEST):
        if current is None or current <= 0:
            return None
        if current in known:
            return current
        current = book.parent(current)
    return None
