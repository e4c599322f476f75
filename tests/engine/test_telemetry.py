from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.telemetry import Journal, Ring, Series

capacities = st.integers(1, 12)
batches = st.lists(st.integers(0, 30), max_size=20)


def filled(capacity: int, sizes: list[int]) -> tuple[Ring, list[int]]:
    """Return a ring written in batches of `sizes`, and all that was written to it."""
    ring, everything = Ring(capacity, dtype=np.int64), list(range(sum(sizes)))
    at = 0
    for size in sizes:
        ring.extend(np.array(everything[at : at + size], np.int64))
        at += size
    return ring, everything


@given(capacities, batches, st.integers(0, 700))
def test_ring_tells_what_a_list_would(capacity: int, sizes: list[int], cursor: int):
    """A reader gets the rows after its cursor that still exist, and a count of the others."""
    ring, everything = filled(capacity, sizes)
    cursor = min(cursor, len(everything))
    reading = ring.since(cursor)
    expected = everything[max(cursor, len(everything) - capacity) :]
    assert reading.rows.tolist() == expected
    assert reading.missed == len(everything) - cursor - len(expected)
    assert reading.cursor == ring.written == len(everything)


@given(capacities, batches, st.integers(0, 20))
def test_latest_is_the_end_of_the_list(capacity: int, sizes: list[int], count: int):
    """`latest(n)` gives the newest n rows, or as many as the ring has."""
    ring, everything = filled(capacity, sizes)
    kept = everything[-capacity:]
    assert ring.latest(count).tolist() == kept[max(0, len(kept) - count) :]


@given(capacities, st.lists(st.integers(-100, 100), max_size=40))
def test_rows_one_by_one_equal_a_batch(capacity: int, values: list[int]):
    """Appending row by row leaves the same ring as writing them at once."""
    single, batch = Ring(capacity, dtype=np.int64), Ring(capacity, dtype=np.int64)
    for value in values:
        single.append(value)
    batch.extend(np.array(values, np.int64))
    assert single.since(0).rows.tolist() == batch.since(0).rows.tolist()


def test_reading_is_a_copy():
    """What a reader got does not change when more is written."""
    ring = Ring(2)
    ring.extend(np.array([1, 2], np.float32))
    before = ring.since(0)
    ring.extend(np.array([3, 4], np.float32))
    assert before.rows.tolist() == [1, 2]


def test_cursor_from_the_future_reads_nothing():
    """A cursor beyond the newest row gives no rows and counts none as missed."""
    ring = Ring(4)
    ring.append(1.0)
    reading = ring.since(100)
    assert (len(reading.rows), reading.cursor, reading.missed) == (0, 1, 0)


def test_ring_needs_room():
    """A ring of no rows is a mistake."""
    with pytest.raises(ValueError, match="capacity is 0"):
        Ring(0)


@pytest.fixture
def eager_threads() -> Iterator[None]:
    """Let threads take turns as often as the interpreter can."""
    interval_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval_s)


@pytest.mark.usefixtures("eager_threads")
def test_readers_never_see_torn_rows():
    """While one thread writes and laps its readers, every row they get is whole and in order."""
    ring = Ring(32, dtype=np.int64, row_shape=(64,))
    is_over = threading.Event()
    faults: list[str] = []

    def read() -> None:
        cursor = 0
        while not is_over.is_set():
            reading = ring.since(cursor)
            numbers = np.arange(reading.cursor - len(reading.rows), reading.cursor)
            if not np.array_equal(reading.rows, np.repeat(numbers[:, None], 64, axis=1)):
                faults.append(f"rows up to {reading.cursor} are not what was written")
            if len(reading.rows) + reading.missed != reading.cursor - cursor:
                faults.append(f"rows between {cursor} and {reading.cursor} are unaccounted for")
            cursor = reading.cursor

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    number = 0
    for turn in range(6000):
        size = turn % 41  # also batches larger than the ring
        rows = np.arange(number, number + size)
        ring.extend(np.repeat(rows[:, None], 64, axis=1))
        number += size
    is_over.set()
    for reader in readers:
        reader.join()
    assert faults == []


def test_overwritten_rows_are_left_out_while_being_written():
    """Rows that the writer has announced to overwrite are not handed out any more."""

    class Peeking(Ring):
        seen: list[int]

        def look(self) -> None:
            self.seen = self.since(0).rows.tolist()

    ring = Peeking(4, dtype=np.int64)
    ring.extend(np.arange(4))

    class Tattling:
        """A row that looks at the ring while it is being written to it."""

        def __int__(self) -> int:
            ring.look()
            return 4

    ring.append(Tattling())
    assert ring.seen == [1, 2, 3]


def test_series_knows_name_and_unit():
    """A series says what it is, and gives pairs of seconds and value, oldest first."""
    series = Series("cpu", "%", capacity=2)
    for at_s in (1.0, 2.0, 3.0):
        series.append(at_s, 10 * at_s)
    assert (series.name, series.unit, series.written) == ("cpu", "%", 3)
    assert series.latest().tolist() == [[2, 20], [3, 30]]
    assert series.latest(1).tolist() == [[3, 30]]


def test_empty_series_has_the_shape_of_a_full_one():
    """Before the first reading there are no rows, of two columns."""
    assert Series("cpu", "%").latest().shape == (0, 2)


@given(capacities, st.lists(st.integers(0, 8), max_size=12))
def test_journal_reader_that_keeps_up_sees_all(capacity: int, sizes: list[int]):
    """Reading in turns yields every entry once, in order, apart from those counted as dropped."""
    journal: Journal[int] = Journal(capacity)
    seen: list[int] = []
    cursor = added = dropped = 0
    for size in sizes:
        for _ in range(size):
            journal.add(added)
            added += 1
        page = journal.since(cursor)
        assert list(page.entries) == list(range(page.cursor - len(page.entries), page.cursor))
        assert page.dropped == max(0, size - capacity)
        seen.extend(page.entries)
        cursor, dropped = page.cursor, dropped + page.dropped
    assert seen == sorted(set(seen))
    assert len(seen) + dropped == added


def test_journal_loses_nothing_from_many_threads():
    """Entries added from several threads all arrive."""
    journal: Journal[tuple[int, int]] = Journal(4000)

    def add(writer: int) -> None:
        for number in range(1000):
            journal.add((writer, number))

    writers = [threading.Thread(target=add, args=(writer,)) for writer in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(journal.since(0).entries) == [(w, n) for w in range(4) for n in range(1000)]
