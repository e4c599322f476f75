"""What a study may learn from the same model's other types of task."""

from __future__ import annotations

import asyncio

from engine.analytics.observation_book import Batch, ObservationBook, StoredStudy
from engine.analytics.observation_rows import StudyNotes
from engine.analytics.observations import Observation, StudyKey
from engine.analytics.other_tasks import MOST_EACH, MOST_TASKS, OtherTasks
from engine.analytics.ports import ENOUGH_OWN

CHAT = StudyKey("m", "chat")
NOTHING = StoredStudy((), {}, (), StudyNotes())


def with_others(folder, counts, work):
    """Run `work(others, book)` where each study of `counts` has so many rated answers."""

    async def run():
        book = ObservationBook(folder)
        await book.open()
        try:
            batch = Batch()
            for used, (key, count) in enumerate(counts.items()):
                batch.add_notes(key, float(used), StudyNotes())
                for n in range(count):
                    batch.add(Observation(f"{key}{n}", key, float(n), terms={"rated": 1.0},
                                          counted_s=1.0 if n % 2 else None))  # fmt: skip
            await book.write(batch)
            await work(OtherTasks(book), book)
        finally:
            await book.aclose()

    asyncio.run(run())


def test_the_newest_of_the_same_model_are_lent(tmp_path):
    """Rated answers of the types of task used last, of this model alone, not of its own kind."""
    tasks = ("summary", "reasoning", "translation", "vision")
    counts = {StudyKey("m", each): 300 for each in tasks}
    counts |= {StudyKey("n", "extraction"): 10, CHAT: 10}

    async def work(others, _):
        found = await others.of(CHAT, NOTHING)
        assert [each.key.task_type for each in found[::MOST_EACH]] == list(tasks[:0:-1])
        assert len(found) == MOST_TASKS * MOST_EACH
        assert all(each.counted_s is not None for each in found)
        assert [each.made_s for each in found[:MOST_EACH]] == list(range(141, 300, 2))
        assert others.borrowers(StudyKey("m", "vision")) == (CHAT,)
        assert others.borrowers(StudyKey("m", "summary")) == ()

    with_others(tmp_path, counts, work)


def test_who_knows_enough_borrows_nothing(tmp_path):
    """From so many own answers on others do not count, nor do changes of theirs."""

    async def work(others, _):
        assert await others.of(CHAT, NOTHING)
        enough = StoredStudy((), {"a": (80, 60), "b": (90, 40)}, (), StudyNotes())
        assert ENOUGH_OWN == 60 + 40
        assert await others.of(CHAT, enough) == ()
        assert others.borrowers(StudyKey("m", "summary")) == ()

    with_others(tmp_path, {StudyKey("m", "summary"): 10}, work)


def test_types_that_share_a_place_lend_each_other_nothing(tmp_path):
    """Two custom types of task look the same in a context: one would count as the other."""

    async def work(others, _):
        assert await others.of(StudyKey("m", "letters"), NOTHING) == ()
        assert len(await others.of(CHAT, NOTHING)) == 5

    with_others(tmp_path, {StudyKey("m", "contracts"): 10}, work)


def test_a_disk_that_fails_lends_nothing(tmp_path):
    """Where nothing can be read the study begins without."""

    async def run():
        never_opened = ObservationBook(tmp_path)
        assert await OtherTasks(never_opened).of(CHAT, NOTHING) == ()
        await never_opened.aclose()

    asyncio.run(run())
