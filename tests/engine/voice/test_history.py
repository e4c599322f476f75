"""What was said is kept, found again, deleted and brought back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.storage import Database
from engine.voice.history import HISTORY_MIGRATIONS, History
from engine.voice.snapshot import Segment, Utterance, Word

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ResultT = TypeVar("ResultT")


class FixedClock:
    def now(self) -> float:
        return 0.0

    def wall(self) -> datetime:
        return NOW


def said(text: str, *, minutes_ago: float = 0.0) -> Utterance:
    return Utterance(0, NOW - timedelta(minutes=minutes_ago), text, "en", 1.5, "microphone", 0.9)


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[History]:
    database = Database(path, migrations=HISTORY_MIGRATIONS)
    await database.open()
    try:
        yield History(database, clock=FixedClock())
    finally:
        await database.aclose()


def with_history(folder: Path, work: Callable[[History], Awaitable[ResultT]]) -> ResultT:
    async def inside() -> ResultT:
        async with opened(folder / "history.sqlite") as history:
            return await work(history)

    return asyncio.run(inside())


def found(folder: Path, texts: list[str], query: str) -> list[str]:
    async def work(history: History) -> list[str]:
        for number, text in enumerate(texts):
            await history.add(said(text, minutes_ago=len(texts) - number))
        return [utterance.text for utterance in await history.search(query)]

    return with_history(folder, work)


def test_utterance_comes_back_as_it_was(tmp_path: Path) -> None:
    """Every field of an utterance survives a new start of the program."""
    utterance = Utterance(0, NOW + timedelta(microseconds=7), 'Straße "ok"', None, 2.25, "talk.mp3")
    id = with_history(tmp_path, lambda history: history.add(utterance))
    (got,) = with_history(tmp_path, lambda history: history.newest())
    assert got == Utterance(
        id,
        *[
            getattr(utterance, name)
            for name in ("said_at", "text", "language", "duration_s", "source", "confidence")
        ],
    )


def test_segments_come_back(tmp_path: Path) -> None:
    """Segments and their timed words are stored with the utterance."""
    segments = (Segment("Ask not.", 0.5, 1.5, 0.8, (Word("Ask", 0.5, 0.9, 0.7),)),)

    async def work(history: History) -> tuple[Segment, ...]:
        id = await history.add(said("Ask not."), segments)
        assert await history.segments(id + 1) == ()
        return await history.segments(id)

    assert with_history(tmp_path, work) == segments


def test_newest_comes_first_and_limit_holds(tmp_path: Path) -> None:
    """The newest utterances come first, by when they were said, not by when they were stored."""

    async def work(history: History) -> list[str]:
        for minutes in (5, 1, 3):
            await history.add(said(f"{minutes} ago", minutes_ago=minutes))
        return [utterance.text for utterance in await history.newest(limit=2)]

    assert with_history(tmp_path, work) == ["1 ago", "3 ago"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("country", ["Ask what you can do for your country."]),
        ("COUNTR", ["Ask what you can do for your country."]),
        ("country ask", ["Ask what you can do for your country."]),
        ("country never", []),
        ("cafe", ["Im Café gibt's Kuchen"]),
        ("gibt's", ["Im Café gibt's Kuchen"]),
        ("", ["Im Café gibt's Kuchen", "100% sure", "Ask what you can do for your country."]),
        ("  ", ["Im Café gibt's Kuchen", "100% sure", "Ask what you can do for your country."]),
        ("OR", []),
        ("NOT country", []),
        ('"', []),
        ("***", []),
        ("100%", ["100% sure"]),
        ("text:country", []),
        ("can - do", ["Ask what you can do for your country."]),
        ("you\0can", ["Ask what you can do for your country."]),
    ],
)
def test_search_finds_words(tmp_path: Path, query: str, expected: list[str]) -> None:
    """All words must occur, the last may be unfinished, and no character is an operator."""
    texts = ["Ask what you can do for your country.", "100% sure", "Im Café gibt's Kuchen"]
    assert found(tmp_path, texts, query) == expected


@pytest.mark.parametrize(
    ("query", "expected"), [("天气", ["今天天气很好"]), ("100%天", ["100%天然"]), ("雨", [])]
)
def test_search_finds_inside_unspaced_scripts(
    tmp_path: Path, query: str, expected: list[str]
) -> None:
    """Chinese is found by any part of a sentence, and "%" stands for itself."""
    assert found(tmp_path, ["今天天气很好", "100%天然", "1000天"], query) == expected


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.text(
            st.characters(exclude_categories=["Cs"]) | st.sampled_from('"*():^-+{}\0'), max_size=30
        ),
        min_size=1,
        max_size=20,
    )
)
def test_no_query_is_an_error(tmp_path: Path, queries: list[str]) -> None:
    """Whatever a person types, search answers."""

    async def work(history: History) -> None:
        for query in queries:
            await history.search(query)

    with_history(tmp_path, work)


def test_deleted_is_hidden_until_restored(tmp_path: Path) -> None:
    """A deleted utterance is found neither by time nor by word, and restoring brings it back."""

    async def work(history: History) -> None:
        keep = await history.add(said("keep this", minutes_ago=1))
        gone = await history.add(said("delete this"))
        await history.delete([gone])
        assert [utterance.id for utterance in await history.newest()] == [keep]
        assert await history.search("delete") == ()
        await history.restore([gone])
        assert [utterance.id for utterance in await history.search("this")] == [gone, keep]

    with_history(tmp_path, work)


def test_purge_is_final_and_ids_are_not_used_again(tmp_path: Path) -> None:
    """After a purge nothing can be restored, and a new utterance never takes an old id."""

    async def work(history: History) -> None:
        gone = await history.add(said("delete this"))
        await history.delete([gone])
        assert await history.purge_deleted() == 1
        await history.restore([gone])
        assert await history.newest() == ()
        assert await history.add(said("new")) > gone

    with_history(tmp_path, work)


def test_old_utterances_leave(tmp_path: Path) -> None:
    """Retention removes what is older than the given days, and its words from the index."""

    async def work(history: History) -> None:
        await history.add(said("old words", minutes_ago=60 * 24 * 30 + 1))
        await history.add(said("young words", minutes_ago=60 * 24 * 30 - 1))
        assert await history.purge_older_than(30) == 1
        assert [utterance.text for utterance in await history.search("words")] == ["young words"]

    with_history(tmp_path, work)


def test_second_look_replaces_text(tmp_path: Path) -> None:
    """A revision is found by its new words and no longer by the old ones."""

    async def work(history: History) -> None:
        id = await history.add(said("welcome his gossip"))
        await history.replace_text(id, "welcome his gospel", 0.95)
        assert await history.search("gossip") == ()
        (got,) = await history.search("gospel")
        assert (got.id, got.confidence) == (id, 0.95)

    with_history(tmp_path, work)


def test_index_stays_sound(tmp_path: Path) -> None:
    """After adding, changing, deleting and purging, the index still matches the table."""

    async def work(history: History) -> None:
        ids = [await history.add(said(f"sentence number {n}")) for n in range(20)]
        for id in ids[::2]:
            await history.replace_text(id, f"changed {id}", None)
        await history.delete(ids[::3])
        await history.purge_deleted()
        check = "INSERT INTO utterance_words (utterance_words, rank) VALUES ('integrity-check', 1)"
        await history._database.run(lambda connection: connection.execute(check))

    with_history(tmp_path, work)
