"""Models are fetched and removed while everybody can see how far it is."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import Damaged, Overloaded, Refused, Unreachable
from engine.model_room import UnsharedRoom
from engine.model_store.ports import ModelEntry, ModelFile
from engine.model_store.store import ModelStore
from engine.voice.card_models import CardModels
from engine.voice.model_work import ModelWork
from engine.voice.ports import SpeechDecoder
from engine.voice.settings import VoiceSettings
from engine.voice.snapshot import ModelView
from tests.conftest import FakeClock
from tests.engine.voice.card_doubles import CardFactory, FakeRoom
from tests.engine.voice.doubles import ListDecoder, ListFactory, until

CONTENT = b"weights" * 1000
FILE = ModelFile("model.bin", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))
ENTRY = ModelEntry("tiny", "Tiny", "all", "nobody/nothing", "0", (FILE,))


class SlowSource:
    """A ModelSource that stops half-way until it may go on."""

    label = "test"

    def __init__(self) -> None:
        self.fetches = 0
        self.may_go_on = asyncio.Event()
        self.error: Unreachable | None = None

    def has(self, entry: ModelEntry) -> bool:
        return True

    async def fetch(
        self, entry: ModelEntry, folder: Path, progress: Callable[[float], None]
    ) -> None:
        self.fetches += 1
        progress(0.5)
        await self.may_go_on.wait()
        if self.error is not None:
            raise self.error
        (folder / FILE.name).write_bytes(CONTENT)


class Store:
    """Model work over a store of one model, and what it said had changed."""

    def __init__(self, folder: Path) -> None:
        self.source = SlowSource()
        self.changed: list[str] = []
        self.work = ModelWork(
            ModelStore(shipped=None, own=folder, sources=[self.source], entries=[ENTRY]),
            CardModels(ListFactory(ListDecoder(model="tiny")), UnsharedRoom(), clock=FakeClock()),
            changed=self.changed.append,
        )

    @property
    def view(self) -> ModelView:
        """What is to be seen of the model."""
        (view,) = self.work.views(None)
        return view


def run(scene: Coroutine[Any, Any, None]) -> None:
    """Run `scene` to its end."""
    asyncio.run(asyncio.wait_for(scene, 30))


def test_fetched_model_is_shown_while_and_after(tmp_path: Path):
    """A model being fetched shows its progress, then that it is here; it is told once."""

    async def scene() -> None:
        store = Store(tmp_path)
        await store.work.refresh()
        assert (store.view.is_installed, store.view.progress) == (False, None)
        fetches = [asyncio.ensure_future(store.work.fetch("tiny")) for _ in range(2)]
        await until(lambda: store.view.progress == 0.5, "progress")
        store.source.may_go_on.set()
        await asyncio.gather(*fetches)
        assert (store.view.is_installed, store.view.progress) == (True, None)
        assert (store.source.fetches, store.changed) == (1, ["tiny"])

    run(scene())


def test_failed_fetch_says_why_until_the_next(tmp_path: Path):
    """Why a model could not be fetched is shown beside it until it is tried again."""

    async def scene() -> None:
        store = Store(tmp_path)
        store.source.error = Unreachable("no network: connect first")
        store.source.may_go_on.set()
        with pytest.raises(Unreachable):
            await store.work.fetch("tiny")
        assert "connect first" in (store.view.problem or "")
        assert (store.view.progress, store.changed) == (None, [])
        store.source.error = None
        await store.work.fetch("tiny")
        assert store.view.problem is None

    run(scene())


def test_fetch_can_be_stopped(tmp_path: Path):
    """A cancelled fetch shows no progress any more, and closing stops what is left."""

    async def scene() -> None:
        store = Store(tmp_path)
        for stop in (lambda: store.work.cancel("tiny"), store.work.aclose):
            fetch = asyncio.ensure_future(store.work.fetch("tiny"))
            await until(lambda: store.view.progress == 0.5, "progress")
            stopping = stop()
            if stopping is not None:
                await stopping
            with pytest.raises(asyncio.CancelledError):
                await fetch
            await until(lambda: store.view.progress is None, "the fetch to end")
        store.work.cancel("tiny")
        assert store.changed == []

    run(scene())


def test_one_who_gives_up_stops_nobody_else(tmp_path: Path):
    """A caller that is cancelled leaves the fetch to the others that wait for it."""

    async def scene() -> None:
        store = Store(tmp_path)
        first, second = (asyncio.ensure_future(store.work.fetch("tiny")) for _ in range(2))
        await until(lambda: store.view.progress == 0.5, "progress")
        first.cancel()
        await asyncio.wait([first])
        assert not second.done()
        assert store.view.progress == 0.5
        await store.work.aclose()
        await asyncio.wait([second])

    run(scene())


def test_removed_model_is_gone(tmp_path: Path):
    """A removed model is not installed any more, and that is told."""

    async def scene() -> None:
        store = Store(tmp_path)
        store.source.may_go_on.set()
        await store.work.fetch("tiny")
        await store.work.remove("tiny")
        assert not store.view.is_installed
        assert store.changed == ["tiny", "tiny"]
        with pytest.raises((Unreachable, Refused)):
            await store.work.remove("tiny")

    run(scene())


def test_views_tell_what_is_in_use(tmp_path: Path):
    """The loaded model is marked, and sizes are in MiB."""
    work = Store(tmp_path).work
    assert [view.is_in_use for view in work.views("tiny")] == [True]
    assert [view.is_in_use for view in work.views("base")] == [False]
    assert work.views(None)[0].size_mib == len(CONTENT) >> 20


def test_only_whole_models_are_loaded(tmp_path: Path):
    """A model is loaded once its files are here, and checked first."""

    async def scene() -> None:
        store = Store(tmp_path)
        settings = VoiceSettings(model="tiny")
        with pytest.raises(Unreachable, match="models fetch tiny"):
            store.work.load(settings)
        store.source.may_go_on.set()
        await store.work.fetch("tiny")
        assert store.work.load(settings).model == "tiny"
        (tmp_path / "tiny" / FILE.name).write_bytes(b"x" * len(CONTENT))
        with pytest.raises(Damaged):
            store.work.load(settings)

    run(scene())


class OnCards:
    """Model work over two models that are loaded onto a card."""

    def __init__(self, folder: Path) -> None:
        entries = []
        for name in ("base", "small"):
            (folder / name).mkdir()
            (folder / name / FILE.name).write_bytes(CONTENT)
            entries.append(ModelEntry(name, name, "all", "nobody/nothing", "0", (FILE,)))
        self.room, self.factory, self.clock = FakeRoom(), CardFactory(), FakeClock()
        store = ModelStore(shipped=None, own=folder, entries=entries)
        cards = CardModels(self.factory, self.room, clock=self.clock)
        self.work = ModelWork(store, cards, changed=lambda name: None)

    async def load(self, model: str) -> SpeechDecoder:
        """Load the model for live speech as its thread does."""
        return await asyncio.to_thread(self.work.load_live, VoiceSettings(model=model))


def test_the_model_before_makes_room_for_the_next(tmp_path: Path):
    """Two models for live speech need no more room than the larger; live speech goes first."""

    async def scene() -> None:
        made = OnCards(tmp_path)
        await made.work.refresh()
        before = await made.load("base")
        await made.load("small")
        assert [wish.name for wish in made.room.wishes] == ["Whisper base", "Whisper small"]
        assert {wish.priority for wish in made.room.wishes} == {"high"}
        assert [stay.is_released for stay in made.room.stays] == [True, False]
        assert made.work.note is None
        heard = await asyncio.to_thread(
            before.decode, np.zeros(512, np.float32), language="en", window="full"
        )
        assert heard.text == "hello there."
        await made.work.aclose()
        assert [stay.is_released for stay in made.room.stays] == [True, True, True]

    run(scene())


def test_why_it_is_not_on_the_card_is_told(tmp_path: Path):
    """The note is the live model's; what files are transcribed with says nothing of it."""

    async def scene() -> None:
        made = OnCards(tmp_path)
        await made.work.refresh()
        assert made.work.note is None
        made.room.refusal = Overloaded("no graphics card had room")
        await made.load("base")
        assert made.work.note is not None
        assert "no graphics card had room" in made.work.note
        made.work.is_listening = lambda: True
        made.room.refusal = None
        await asyncio.to_thread(made.work.load, VoiceSettings(), ", files")
        assert made.room.wishes[-1].priority == "normal"
        assert made.work.note is not None
        await made.work.aclose()

    run(scene())


def test_live_speech_keeps_its_model_busy(tmp_path: Path):
    """While somebody is listened to the model is never idle; that of files is."""

    async def scene() -> None:
        made = OnCards(tmp_path)
        await made.work.refresh()
        await made.load("base")
        await asyncio.to_thread(made.work.load, VoiceSettings(), ", files")
        live, files = made.room.tenants
        made.work.is_listening = lambda: True
        made.clock.advance(100)
        assert (live.idle_s(), files.idle_s()) == (0.0, 100.0)
        await made.work.aclose()

    run(scene())
