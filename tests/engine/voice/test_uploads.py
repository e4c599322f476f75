"""Files that programs send are transcribed aside: told as they are heard, kept where asked."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.errors import Damaged, Rejected
from engine.model_store.ports import ModelEntry, ModelFile
from engine.model_store.store import ModelStore
from engine.voice.adapters.simulated import LoudnessDetector
from engine.voice.catalogue import ENGLISH, MANY
from engine.voice.file_work import FileWork
from engine.voice.files import Manner
from engine.voice.ports import FloatArray, SpeechDecoder
from engine.voice.settings import VoiceSettings
from engine.voice.snapshot import Transcript
from engine.voice.uploads import UploadOrder, Uploads
from tests.engine.voice.doubles import ListDecoder, quiet, until, voice

PATH = Path("/tmp/of-this-machine/0")
GERMAN = UploadOrder(language="de")


def model(name: str, languages: str = MANY, *files: ModelFile) -> ModelEntry:
    """Return a model; without files it is always here."""
    return ModelEntry(name, name, languages, "nobody/nothing", "0", files)


MODELS = (
    model("base"),
    model("base.en", ENGLISH),
    model("large-v3-turbo"),
    model("small", MANY, ModelFile("model.bin", "0" * 64, 3)),
)


class Minute:
    """A sound file of a minute of speech, or damage."""

    duration_s: float | None = None

    def __init__(self, damage: str) -> None:
        self._damage = damage

    def blocks(self) -> Iterator[FloatArray]:
        if self._damage:
            raise Damaged(self._damage)
        yield voice(1900)
        yield quiet(30)


class Ledger:
    """What of a Keeper is needed."""

    def __init__(self) -> None:
        self.files: list[tuple[str, str]] = []

    async def add_file(self, source: str, transcript: Transcript) -> None:
        self.files.append((source, transcript.text))


class Desk:
    """Uploads with a scripted model; `damage` is what is wrong with the files."""

    def __init__(self, folder: Path, *, settings: VoiceSettings | None = None) -> None:
        self.decoder = ListDecoder(["one.", "two.", "three."], model="base")
        self.damage = ""
        self.ledger = Ledger()
        self.loaded: list[str] = []
        self.work = FileWork(reader=self, detector=LoudnessDetector, load=self._load)
        self.uploads = Uploads(
            self.work,
            self.ledger,  # type: ignore[arg-type]  # the part of it that is needed
            ModelStore(shipped=None, own=folder, entries=MODELS),
            lambda: settings or VoiceSettings(),
        )

    @contextmanager
    def open(self, path: Path) -> Iterator[Minute]:
        """Open any file."""
        assert path == PATH
        yield Minute(self.damage)

    async def transcribe(self, order: UploadOrder = GERMAN, **options: Any) -> Transcript:
        """Transcribe a file."""
        return await self.uploads.transcribe(PATH, name="talk.mp3", order=order, **options)

    def _load(self, name: str) -> SpeechDecoder:
        self.loaded.append(name)
        self.decoder.model = name
        return self.decoder


def run(desk: Desk, scene: Coroutine[Any, Any, Any]) -> Any:
    """Return what `scene` returns; the desk is closed afterwards."""
    try:
        return asyncio.run(scene)
    finally:
        desk.work.close()


def test_segments_are_told_before_the_text_is_whole(tmp_path: Path):
    """Each segment is told on the loop as it is known; the text holds them all."""
    desk = Desk(tmp_path)
    told: list[str] = []

    async def scene() -> Transcript:
        thread = threading.current_thread()

        def heard(segment: Any) -> None:
            assert threading.current_thread() is thread
            told.append(segment.text)

        return await desk.transcribe(heard=heard)

    transcript = run(desk, scene())
    assert told == [segment.text for segment in transcript.segments]
    assert len(told) >= 2
    assert desk.work.jobs() == ()


def test_what_is_wanted_reaches_the_model(tmp_path: Path):
    """Model, language, task and prompt are those of the order; the settings fill what is open."""
    desk = Desk(tmp_path, settings=VoiceSettings(model="base", language="fr"))

    async def scene() -> None:
        await desk.transcribe(UploadOrder("base.en", "en"))
        await desk.transcribe(UploadOrder(manner=Manner("translate", "Ada")))

    run(desk, scene())
    assert desk.loaded == ["base.en", "base"]
    assert (desk.decoder.asked[0].language, desk.decoder.asked[-1].language) == ("en", "fr")
    assert (desk.decoder.manners[0], desk.decoder.manners[-1]) == (
        ("transcribe", ""),
        ("translate", "Ada"),
    )


def test_only_what_is_to_be_kept_goes_into_the_history(tmp_path: Path):
    """A program's file is nobody's business unless it says so."""
    desk = Desk(tmp_path)

    async def scene() -> None:
        await desk.transcribe()
        assert desk.ledger.files == []
        kept = await desk.transcribe(UploadOrder(is_kept=True))
        assert desk.ledger.files == [("talk.mp3", kept.text)]

    run(desk, scene())


@pytest.mark.parametrize(
    ("order", "status", "words"),
    [
        (UploadOrder("huge"), 404, "no speech model 'huge'"),
        (UploadOrder("small"), 404, "models fetch small"),
        (UploadOrder("base.en", manner=Manner("translate")), 400, "cannot translate"),
        (UploadOrder("large-v3-turbo", manner=Manner("translate")), 400, "cannot translate"),
    ],
)
def test_a_model_that_cannot_do_it_is_refused(
    tmp_path: Path, order: UploadOrder, status: int, words: str
):
    """An unknown model, one that is not here and one that cannot translate are told apart."""
    desk = Desk(tmp_path)
    with pytest.raises(Rejected, match=words) as caught:
        run(desk, desk.transcribe(order))
    assert (caught.value.status, caught.value.param) == (status, "model")
    assert desk.loaded == []


def test_a_file_that_is_no_sound_is_the_senders_fault(tmp_path: Path):
    """The message names the file as its sender does, not where it lies here."""
    desk = Desk(tmp_path)
    desk.damage = f"{PATH} is no sound or video file"
    with pytest.raises(Rejected, match=r"^talk\.mp3 is no sound") as caught:
        run(desk, desk.transcribe())
    assert caught.value.param == "file"


def test_a_damaged_model_is_not_the_senders_fault(tmp_path: Path):
    """Damage of anything but the file stays what it is."""
    desk = Desk(tmp_path)
    desk.damage = "model base is damaged"
    with pytest.raises(Damaged, match="model base"):
        run(desk, desk.transcribe())


def test_cancelling_ends_the_work(tmp_path: Path):
    """Whoever goes away has nothing transcribed any more."""
    desk = Desk(tmp_path)
    may_go_on = threading.Event()
    desk.decoder._pause = may_go_on

    async def scene() -> None:
        task = asyncio.ensure_future(desk.transcribe())
        await until(desk.decoder.is_decoding.is_set, "the decoder to begin")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        may_go_on.set()

    run(desk, scene())
    assert len(desk.decoder.asked) == 1
