"""Notes are kept, found by what a question is about, deleted and brought back."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.router.notes import Notes
from engine.storage import Database
from tests.conftest import FakeClock
from tests.engine.router.opened import with_database

KEPT = {
    "Garage": "The door opener's code is 4711; the battery was changed in May.",
    "Wi-Fi": "Guests use the network Ostsee with the password Möwe.",
    "Recipe": "Flour, water, salt and time make a bread.",
    "東京": "来週は東京に行きます",
}


def titles(folder: Path, question: str, limit: int = 3) -> list[str]:
    """Return the titles of the notes that `question` is about."""

    async def work(database: Database) -> list[str]:
        notes = Notes(database, clock=FakeClock())
        for title, text in KEPT.items():
            await notes.put(title, text)
        return [note.title for note in await notes.matching(question, limit=limit)]

    return with_database(folder, work)


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("What is the code for the garage door?", ["Garage"]),
        ("which WI-FI password do guests get", ["Wi-Fi"]),
        ("mowe?", ["Wi-Fi"]),
        ("how do I bake a bread with flour", ["Recipe"]),
        ("いつ東京に行きますか", ["東京"]),
        ("What is the of and?", []),
        ("Tell me about volcanoes", []),
        ("", []),
        ('"; DROP TABLE note; --', []),
    ],
)
def test_a_question_finds_its_note(tmp_path: Path, question: str, found: list[str]) -> None:
    """The notes that share telling words with the question come, and no others."""
    assert titles(tmp_path, question) == found


def test_the_best_match_comes_first(tmp_path: Path) -> None:
    """A note that has more of the question's words, or has them in its title, comes first."""

    async def work(database: Database) -> list[str]:
        notes = Notes(database, clock=FakeClock())
        await notes.put("Trip", "We take the train to Lisbon in autumn.")
        await notes.put("Lisbon", "The flat is in Rua da Rosa.")
        await notes.put("Bread", "Flour and water.")
        return [note.title for note in await notes.matching("Where in Lisbon?", limit=3)]

    assert with_database(tmp_path, work) == ["Lisbon", "Trip"]


def test_a_far_worse_match_is_left_out(tmp_path: Path) -> None:
    """A note that shares one frequent word with the question does not come with one about it."""

    async def work(database: Database) -> list[str]:
        notes = Notes(database, clock=FakeClock())
        await notes.put("Heating", "Bleed the radiator valve in the cellar with the square key.")
        for number in range(6):
            await notes.put(f"Day {number}", f"Swept the cellar, {number} hours. " + "Rain. " * 30)
        question = "How do I bleed the radiator valve in the cellar?"
        return [note.title for note in await notes.matching(question, limit=5)]

    assert with_database(tmp_path, work) == ["Heating"]


def test_notes_are_listed_changed_and_searched(tmp_path: Path) -> None:
    """The note changed last comes first; a search needs every word, the last one unfinished."""

    async def work(database: Database) -> None:
        clock = FakeClock()
        notes = Notes(database, clock=clock)
        first = await notes.put("One", "an apple")
        clock.advance(1)
        second = await notes.put("Two", "a pear")
        clock.advance(1)
        assert await notes.put("One", "a red apple", id=first) == first
        assert [note.id for note in await notes.list()] == [first, second]
        assert [note.id for note in await notes.search("red app")] == [first]
        assert await notes.search("an") == await notes.search("🍎") == ()
        apple = await notes.put("", "🍎 & co")
        assert [note.id for note in await notes.search("🍎")] == [apple]
        await notes.delete([apple])
        assert [note.id for note in await notes.search("")] == [first, second]
        assert (await notes.list())[0].changed == clock.wall()

    with_database(tmp_path, work)


def test_a_deleted_note_is_nowhere_until_it_is_restored(tmp_path: Path) -> None:
    """Neither list nor search nor a question finds it; restored it is as before."""

    async def work(database: Database) -> None:
        notes = Notes(database, clock=FakeClock())
        id = await notes.put("Garage", "code 4711")
        before = await notes.list()
        await notes.delete([id])
        assert await notes.list() == await notes.search("garage") == ()
        assert await notes.matching("garage", limit=3) == ()
        await notes.restore([id])
        assert await notes.list() == before
        await notes.delete([id])
        assert await notes.purge_deleted() == 1
        await notes.restore([id])
        assert await notes.list() == ()

    with_database(tmp_path, work)
