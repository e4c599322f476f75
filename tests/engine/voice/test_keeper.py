"""Sentences reach the history in order, once, and revisions take their place."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine.errors import Refused
from engine.storage import Database
from engine.voice.history import HISTORY_MIGRATIONS, History
from engine.voice.keeper import RECENT, Keeper
from engine.voice.snapshot import Segment, Transcript, Utterance, VoiceEvent
from tests.conftest import FakeClock

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class StubbornHistory(History):
    """A history whose disk is full while `is_full`."""

    is_full = False

    async def add(self, utterance: Utterance, segments: Sequence[Segment] = ()) -> int:
        if self.is_full:
            raise Refused("history.sqlite cannot be used (disk full): free some space")
        return await super().add(utterance, segments)

    async def purge_deleted(self) -> int:
        if self.is_full:
            raise Refused("history.sqlite cannot be used (disk full): free some space")
        return await super().purge_deleted()


def event(id: int, kind: str = "final", text: str = "") -> VoiceEvent:
    """Return an event of a sentence of two seconds that was known a second later."""
    said = text or f"Sentence {id}."
    return VoiceEvent(kind, id, said, said, 10.0, 12.0, 13.0, "en", 0.8)  # type: ignore[arg-type]


def keep(folder: Path, work: Callable[[Keeper, StubbornHistory], Awaitable[None]]) -> None:
    """Do `work` with a keeper whose history lies in `folder`."""

    async def scene() -> None:
        database = Database(folder / "history.sqlite", migrations=HISTORY_MIGRATIONS)
        await database.open()
        try:
            history = StubbornHistory(database, clock=FakeClock())
            await work(Keeper(history, clock=FakeClock()), history)
        finally:
            await database.aclose()

    asyncio.run(scene())


def test_finals_are_stored_in_order(tmp_path: Path):
    """Finals that come at once are stored one after the other, partials not at all."""

    async def work(keeper: Keeper, history: History) -> None:
        for id in range(1, 11):
            keeper.take(event(id, "partial", "Sent"))
            keeper.take(event(id))
        await keeper.settle()
        assert [one.text for one in keeper.recent] == [f"Sentence {id}." for id in range(1, 11)]
        stored = await history.newest()
        assert [one.text for one in reversed(stored)] == [one.text for one in keeper.recent]
        assert {(one.language, one.duration_s, one.confidence) for one in stored} == {
            ("en", 2.0, 0.8)
        }

    keep(tmp_path, work)


def test_sentence_is_dated_from_when_it_was_said(tmp_path: Path):
    """A sentence carries the time at which it began, not that at which it was understood."""

    async def work(keeper: Keeper, history: History) -> None:
        keeper.take(event(1))
        await keeper.settle()
        assert keeper.recent[0].said_at == NOON - timedelta(seconds=3)

    keep(tmp_path, work)


def test_revision_takes_the_place_of_its_final(tmp_path: Path):
    """A second look changes the text of its sentence and adds none."""

    async def work(keeper: Keeper, history: History) -> None:
        keeper.take(event(1))
        keeper.take(event(2))
        keeper.take(event(1, "revised", "Gospel."))
        await keeper.settle()
        assert [one.text for one in keeper.recent] == ["Gospel.", "Sentence 2."]

    keep(tmp_path, work)


def test_newest_sentences_are_at_hand(tmp_path: Path):
    """Only so many of the newest are at hand; the history has them all."""

    async def work(keeper: Keeper, history: History) -> None:
        for id in range(1, RECENT + 6):
            keeper.take(event(id))
        await keeper.settle()
        assert keeper.recent[0].text == "Sentence 6."
        assert len(keeper.recent) == RECENT
        assert len(await history.newest()) == RECENT + 5

    keep(tmp_path, work)


def test_full_disk_loses_no_sentence(tmp_path: Path):
    """A sentence that cannot be stored is a problem to see, and is stored before the next."""

    async def work(keeper: Keeper, history: StubbornHistory) -> None:
        history.is_full = True
        keeper.take(event(1))
        assert not await keeper.settle()
        assert keeper.problem is not None
        assert "free some space" in keeper.problem
        history.is_full = False
        keeper.take(event(2))
        assert await keeper.settle()
        assert keeper.problem is None
        assert [one.text for one in keeper.recent] == ["Sentence 1.", "Sentence 2."]

    keep(tmp_path, work)


def test_settling_tries_again(tmp_path: Path):
    """What could not be stored is tried once more at the end of a recording."""

    async def work(keeper: Keeper, history: StubbornHistory) -> None:
        history.is_full = True
        keeper.take(event(1))
        await keeper.settle()
        history.is_full = False
        assert await keeper.settle()
        assert [one.text for one in keeper.recent] == ["Sentence 1."]

    keep(tmp_path, work)


def test_history_that_cannot_forget_is_still_read(tmp_path: Path):
    """A full disk at the start is a problem to see, not a reason not to listen."""

    async def work(keeper: Keeper, history: StubbornHistory) -> None:
        keeper.take(event(1))
        await keeper.settle()
        history.is_full = True
        await keeper.load(keep_days=1)
        assert "free some space" in (keeper.problem or "")
        assert [one.text for one in keeper.recent] == ["Sentence 1."]

    keep(tmp_path, work)


def test_files_are_stored_with_their_mean_confidence(tmp_path: Path):
    """The text of a file is one sentence of the history, under its name."""
    segments = (Segment("One.", 0.0, 1.0, 0.9), Segment("Two.", 1.0, 2.0, 0.7))

    async def work(keeper: Keeper, history: History) -> None:
        await keeper.add_file("talk.mp3", Transcript(segments, "en", 2.5, "base"))
        (stored,) = keeper.recent
        assert (stored.text, stored.source, stored.duration_s) == ("One. Two.", "talk.mp3", 2.5)
        assert stored.confidence is not None
        assert round(stored.confidence, 6) == 0.8
        assert await history.segments(stored.id) == segments

    keep(tmp_path, work)


def test_recovered_recording_takes_the_place_of_its_sentences(tmp_path: Path):
    """What a cut-off recording said is in the history once, though some of it was stored before."""

    async def work(keeper: Keeper, history: History) -> None:
        # Said three seconds before noon, by the clock of the events.
        keeper.take(event(1, text="Stored before the crash."))
        await keeper.settle()
        other = Utterance(0, NOON, "From a file.", "en", 2.0, "lecture.mp4")
        await history.add(other)
        segment = Segment("Stored before the crash. And after.", 0.0, 20.0, 0.9)
        transcript = Transcript((segment,), "en", 20.0, "base")
        await keeper.add_recovered(transcript, NOON - timedelta(seconds=10))
        texts = {one.text for one in await history.newest()}
        assert texts == {"From a file.", transcript.text}

    keep(tmp_path, work)


def test_a_file_without_words_is_not_stored(tmp_path: Path):
    """Where nobody spoke, nothing is stored and nothing is replaced."""

    async def work(keeper: Keeper, history: History) -> None:
        keeper.take(event(1, text="Stored before the crash."))
        await keeper.settle()
        silence = Transcript((), None, 20.0, "base")
        await keeper.add_file("silence.mp3", silence)
        await keeper.add_recovered(silence, NOON - timedelta(seconds=10))
        assert [one.text for one in await history.newest()] == ["Stored before the crash."]

    keep(tmp_path, work)


def test_every_change_moves_the_version(tmp_path: Path):
    """Storing, deleting and restoring each move the version, so that searches are repeated."""

    async def work(keeper: Keeper, history: History) -> None:
        versions = [keeper.version]
        keeper.take(event(1))
        await keeper.settle()
        versions.append(keeper.version)
        id = keeper.recent[0].id
        await keeper.delete([id])
        versions.append(keeper.version)
        await keeper.restore([id])
        versions.append(keeper.version)
        assert versions == sorted(set(versions))

    keep(tmp_path, work)


def test_loading_forgets_what_was_deleted_or_is_old(tmp_path: Path):
    """At the start the deleted goes for good, and so does what is older than was asked for."""

    async def work(keeper: Keeper, history: History) -> None:
        old = Utterance(0, NOON - timedelta(days=40), "Old.", "en", 1.0, "microphone")
        await history.add(old)
        keeper.take(event(1))
        keeper.take(event(2))
        await keeper.settle()
        await keeper.delete([keeper.recent[-1].id])
        await keeper.load(keep_days=0)
        assert [one.text for one in keeper.recent] == ["Old.", "Sentence 1."]
        await keeper.load(keep_days=30)
        assert [one.text for one in keeper.recent] == ["Sentence 1."]

    keep(tmp_path, work)


def test_nothing_is_found_before_the_history_is_open(tmp_path: Path):
    """A search before the history is open finds nothing; when it is, the version moves."""

    async def scene() -> None:
        database = Database(tmp_path / "history.sqlite", migrations=HISTORY_MIGRATIONS)
        keeper = Keeper(History(database, clock=FakeClock()), clock=FakeClock())
        assert (await keeper.search("", limit=10), keeper.version) == ((), 0)
        await database.open()
        await keeper.load(keep_days=0)
        assert keeper.version > 0
        await keeper.add_file("a.wav", Transcript((Segment("Hello.", 0, 1, 0.9),), "en", 1, "base"))
        assert [one.text for one in await keeper.search("hello", limit=10)] == ["Hello."]
        await database.aclose()

    asyncio.run(scene())
