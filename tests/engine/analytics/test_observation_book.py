"""Every observation in SQLite."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest

from engine.analytics.observation_book import FILE, MOST_ALARMS, SLICE, Batch, ObservationBook
from engine.analytics.observation_rows import COLUMNS, MIGRATIONS, StudyNotes, row_of
from engine.analytics.observations import Observation, StudyKey
from engine.analytics.quantiles import Span
from engine.analytics.request_context import RequestContext
from engine.analytics.snapshot import AlarmView
from engine.errors import Damaged, Refused, Rejected

CHAT, CODE = StudyKey("m", "chat"), StudyKey("m", "code-generation")


def with_book(folder, work):
    """Run `work(book)` on an open book."""

    async def run():
        book = ObservationBook(folder)
        try:
            await book.open()
            return await work(book)
        finally:
            await book.aclose()

    return asyncio.run(run())


def batch_of(*found):
    batch = Batch()
    for each in found:
        batch.add(each)
    return batch


def some(count, key=CHAT, *, first=0):
    return [
        Observation(f"{key.task_type}-{number}", key, float(number), arm="a" if number % 2 else "b",
                    request_id=f"req-{number}", counted_s=1.0 if number % 4 else None)
        for number in range(first, first + count)
    ]  # fmt: skip


def test_what_is_written_is_there_after_a_restart(tmp_path):
    """Observations, hours, notes and alarms survive; written again they change, not double."""
    alarm = AlarmView(5.0, "m", "chat", "", "reward", 0.8, 0.4, "it fell")

    async def write(book):
        found = some(4)
        await book.write(batch_of(*found))
        found[3].reward, found[3].counted_s = 0.75, 9.0
        batch = batch_of(found[3])
        batch.add_span(CHAT, Span(0.0, count=4))
        batch.add_notes(CHAT, 7.0, StudyNotes(refused="no"))
        batch.add_alarm(alarm)
        assert not batch.is_empty
        await book.write(batch)

    async def read(book):
        stored = await book.study(CHAT)
        assert [each.id for each in stored.observations] == [f"chat-{n}" for n in range(4)]
        assert stored.observations[3].reward == 0.75
        assert stored.pulls == {"a": (2, 2), "b": (2, 1)}
        assert stored.spans == (Span(0.0, count=4),)
        assert stored.notes.refused == "no"
        assert await book.alarms() == [alarm]
        assert await book.total() == 4
        assert await book.studies(10) == [CHAT]
        assert (await book.find(id="chat-2")).request_id == "req-2"
        assert (await book.find(request_id="req-1")).id == "chat-1"
        assert await book.find(id="none") is None
        assert await book.find() is None

    with_book(tmp_path, write)
    with_book(tmp_path, read)


def test_rows_of_the_first_schema_are_taken_over(tmp_path):
    """What a version without contexts has written counts as before; new rows have one."""
    found = some(3)
    columns = COLUMNS[: COLUMNS.index("context")]
    connection = sqlite3.connect(tmp_path / FILE)
    connection.executescript(f"BEGIN; {MIGRATIONS[0]}; PRAGMA user_version = 1; COMMIT;")
    sql = (
        f"INSERT INTO observations ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    )
    with connection:
        connection.executemany(sql, [row_of(each)[: len(columns)] for each in found])
    connection.close()

    async def work(book):
        newer = Observation("newer", CHAT, 9.0, context=RequestContext({"tools": 0.5}))
        await book.write(batch_of(newer, found[1]))
        stored = (await book.study(CHAT)).observations
        assert [each.id for each in stored] == ["chat-0", "chat-1", "chat-2", "newer"]
        assert [each.context for each in stored] == [None, None, None, newer.context]
        assert [row_of(each) for each in stored[:3]] == [row_of(each) for each in found]
        assert [each.id for each in (await book.study(CHAT, 2)).observations] == ["chat-2", "newer"]

    with_book(tmp_path, work)
    with_book(tmp_path, work)


def test_what_is_forgotten_can_be_brought_back(tmp_path):
    """Forgotten observations are out of everything until they are brought back, once."""

    async def work(book):
        await book.write(batch_of(*some(4), *some(3, CODE)))
        assert await book.forget("t1", 1.0, {"task_type": "chat", "before_s": 2.0}) == {CHAT: 2}
        assert await book.total() == 5
        assert await book.find(id="chat-0") is None
        assert len((await book.study(CHAT)).observations) == 2
        assert await book.forget("t2", 1.0, {"model": None}) == {CHAT: 2, CODE: 3}
        assert await book.total() == 0
        assert await book.recall("t1") == {CHAT: 2}
        assert await book.total() == 2
        with pytest.raises(Rejected, match="gone for good"):
            await book.recall("t1")

    with_book(tmp_path, work)


def test_what_is_too_old_or_too_much_leaves(tmp_path):
    """Old observations leave by their age, by their number, and when they were forgotten."""

    async def pruned(book, **limits):
        usual = {"before_s": -1.0, "most": 10**9, "forgets_before_s": -1.0}
        while await book.prune(**(usual | limits)):
            pass
        return await book.total()

    async def work(book):
        await book.write(batch_of(*some(2 * SLICE + 10)))
        assert await pruned(book) == 2 * SLICE + 10
        assert await pruned(book, before_s=5.0) == 2 * SLICE + 5
        assert await pruned(book, most=100) == 100
        newest = (await book.study(CHAT)).observations[-1]
        assert newest.id == f"chat-{2 * SLICE + 9}"
        await book.forget("t1", 50.0, {})
        assert await pruned(book, forgets_before_s=50.0) == 0
        assert await book.recall("t1") == {CHAT: 100}
        await book.forget("t2", 50.0, {})
        await pruned(book, forgets_before_s=51.0)
        with pytest.raises(Rejected):
            await book.recall("t2")

    with_book(tmp_path, work)


def test_a_transaction_is_all_or_nothing(tmp_path):
    """Where one row cannot be written, none of its batch is."""

    async def work(book):
        batch = batch_of(*some(3))
        batch.rows.append((*batch.rows[0][:-1], None))  # no details: the column may not be empty
        with pytest.raises(sqlite3.IntegrityError):
            await book.write(batch)
        assert await book.total() == 0

    with_book(tmp_path, work)


def test_alarms_are_bounded(tmp_path):
    """The last hundred alarms stay."""

    async def work(book):
        for number in range(MOST_ALARMS + 5):
            batch = Batch()
            batch.add_alarm(AlarmView(float(number), "m", "chat", "", "reward", 0.0, 1.0, "rose"))
            await book.write(batch)
        found = await book.alarms()
        assert len(found) == MOST_ALARMS
        assert found[0].at_s == MOST_ALARMS + 4

    with_book(tmp_path, work)


def test_a_damaged_file_is_told(tmp_path):
    """A file that is no database says so, with what to do."""
    (tmp_path / FILE).write_bytes(b"no database" * 100)

    async def work():
        book = ObservationBook(tmp_path)
        with pytest.raises(Damaged, match="move it away"):
            await book.open()
        with pytest.raises(Refused):
            await book.total()
        await book.aclose()

    asyncio.run(work())
