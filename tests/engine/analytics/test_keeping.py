"""What was learnt on its way to the disk."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from math import inf

from engine.analytics.keeping import AT_ONCE, MOST_UNWRITTEN, Keeper
from engine.analytics.observation_rows import StudyNotes
from engine.analytics.observations import Observation, StudyKey
from engine.analytics.quantiles import Span
from engine.analytics.snapshot import AlarmView
from engine.errors import Refused

KEY = StudyKey("m", "chat")


@dataclass
class FakeBook:
    """Keeps what is written, or fails with `error`."""

    error: Refused | None = None
    batches: list[object] = field(default_factory=list)
    is_closed: bool = False
    prunes: int = 0
    newest: float | None = None
    limits: dict[str, float] = field(default_factory=dict)

    async def open(self):
        if self.error:
            raise self.error

    async def aclose(self):
        self.is_closed = True

    async def total(self):
        return 7

    async def newest_s(self):
        return self.newest

    async def write(self, batch):
        if self.error:
            raise self.error
        self.batches.append(batch)

    async def prune(self, **limits):
        self.prunes += 1
        self.limits = limits
        return self.prunes < 3


def keeper(clock, *, spans=list):
    book = FakeBook()
    return book, Keeper(book, clock=clock, spans=spans)  # type: ignore[arg-type]


def observation(id: str) -> Observation:
    return Observation(id, KEY, 1.0)


def test_an_observation_is_written_as_it_is_by_then(clock):
    """What changes before it is written is written once, as it has become."""

    async def work():
        book, keeping = keeper(clock, spans=lambda: [(KEY, Span(0.0, count=1))])
        await keeping.open()
        found = observation("a")
        keeping.note(found, is_new=True)
        found.arm = "precise"
        keeping.note(found)
        keeping.note_study(KEY, 5.0, StudyNotes(refused="no"))
        keeping.note_alarm(AlarmView(1.0, "m", "chat", "", "reward", 1.0, 0.0, "it fell"))
        await keeping.flush()
        await keeping.flush()
        (batch,) = book.batches
        assert [(row[0], row[4]) for row in batch.rows] == [("a", "precise")]
        assert (len(batch.spans), len(batch.notes), len(batch.alarms)) == (1, 1, 1)
        assert (keeping.total, keeping.problem) == (8, None)
        keeping.note(observation("b"))
        await keeping.aclose()
        assert (len(book.batches), book.is_closed) == (2, True)

    asyncio.run(work())


def test_a_disk_that_fails_is_told_and_tried_again(clock):
    """While the disk refuses, everything waits, and is written when it does no longer."""

    async def work():
        book, keeping = keeper(clock)
        book.error = Refused("the disk is full: free some space")
        await keeping.open()
        keeping.note(observation("a"), is_new=True)
        keeping.note_alarm(AlarmView(1.0, "m", "chat", "", "reward", 1.0, 0.0, "it fell"))
        await keeping.flush()
        assert "free some space" in (keeping.problem or "")
        book.error = None
        await keeping.flush()
        assert keeping.problem is None
        assert [len(each.rows) + len(each.alarms) for each in book.batches] == [2]
        await keeping.aclose()

    asyncio.run(work())


def test_memory_is_bounded_while_the_disk_fails(clock):
    """Beyond a number the oldest are lost, which is told; others wait."""

    async def work():
        book, keeping = keeper(clock)
        book.error = Refused("the disk is full")
        for number in range(MOST_UNWRITTEN + 5):
            keeping.note(observation(str(number)), is_new=True)
        await keeping.flush()
        assert "5 observations are lost" in (keeping.problem or "")
        book.error = None
        await keeping.flush()
        rows = [row[0] for batch in book.batches for row in batch.rows]
        assert len(rows) == MOST_UNWRITTEN
        assert rows[0] == "5"
        assert max(len(batch.rows) for batch in book.batches) == AT_ONCE
        await keeping.aclose()

    asyncio.run(work())


def test_what_was_forgotten_is_not_written(clock):
    """An observation that is forgotten before it is written never is."""

    async def work():
        book, keeping = keeper(clock)
        keeping.note(observation("a"))
        keeping.forget(["a", "b"])
        await keeping.flush()
        assert book.batches == []
        await keeping.prune(keep_days=1, most=10)
        assert (book.prunes, keeping.total) == (3, 7)
        await keeping.aclose()

    asyncio.run(work())


def test_a_calendar_that_jumps_takes_nothing_away(clock):
    """What is too old goes once a wrong date has been there for a while, and not at once."""

    async def work():
        book, keeping = keeper(clock)
        book.newest = clock.wall().timestamp() - 400 * 86_400
        await keeping.open()
        await keeping.prune(keep_days=1, most=10)
        assert (book.limits["before_s"], book.limits["forgets_before_s"]) == (-inf, -inf)
        clock.advance(3_600)
        await keeping.prune(keep_days=1, most=10)
        assert book.limits["before_s"] == clock.wall().timestamp() - 86_400
        await keeping.aclose()

    asyncio.run(work())


def test_one_odd_row_does_not_end_all_learning(clock):
    """What cannot be written at all is left out and told; what comes next is written."""

    async def work():
        book, keeping = keeper(clock)
        odd = observation("odd")
        odd.values["x"] = object()  # type: ignore[assignment]
        keeping.note(odd)
        await keeping.flush()
        assert "not written down" in (keeping.problem or "")
        keeping.note(observation("good"))
        await keeping.flush()
        assert (keeping.problem, [row[0] for row in book.batches[0].rows]) == (None, ["good"])
        await keeping.aclose()

    asyncio.run(work())
