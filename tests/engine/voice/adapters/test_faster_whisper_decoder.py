"""Whisper hears words, says how sure it is, and tells damage and missing hardware apart."""

from __future__ import annotations

import gc
import shutil
import subprocess
import weakref
from pathlib import Path

import numpy as np
import pytest

from engine.errors import Damaged, Refused
from engine.model_store.store import shipped_models
from engine.voice.adapters import faster_whisper_decoder
from engine.voice.adapters.faster_whisper_decoder import FasterWhisperFactory
from engine.voice.adapters.pyav_reader import PyAvReader
from engine.voice.agreement import sound_of, units_of
from engine.voice.ports import FloatArray, SpeechDecoder

SENTENCE = "And so, my fellow Americans, ask not what your country can do for you."

QUICK = (
    "The old captain told the young sailors that the river which runs behind the village was much "
    "deeper and much colder than anybody who lived there had ever believed."
)


def spoken(folder: Path, text: str, *, voice: str = "en", words_a_minute: int = 140) -> FloatArray:
    """Return `text` as espeak-ng says it, shape (n,), 16 kHz."""
    path, rate = folder / "spoken.wav", str(words_a_minute)
    subprocess.run(["espeak-ng", "-v", voice, "-s", rate, "-w", str(path), text], check=True)
    with PyAvReader().open(path) as file:
        return np.concatenate(list(file.blocks()))


needs_espeak = pytest.mark.skipif(not shutil.which("espeak-ng"), reason="espeak-ng is missing")


@pytest.fixture
def model_copy(tmp_path: Path) -> Path:
    """Return a folder with links to the files of the shipped model, to be damaged."""
    source = shipped_models() / "base"
    if not (source / "model.bin").exists():
        pytest.skip(f"{source} holds no speech model: `make test` fetches it")
    for file in source.iterdir():
        (tmp_path / file.name).symlink_to(file)
    return tmp_path


def load(folder: Path, compute: str = "cpu") -> SpeechDecoder:
    """Return the model in `folder`."""
    return FasterWhisperFactory().load("base", folder, compute=compute, threads=1)


def words_of(text: str) -> list[str]:
    """Return what is heard of `text`."""
    return [sound_of(unit) for unit in units_of(text)]


@pytest.mark.live
@needs_espeak
@pytest.mark.parametrize("window", ["short", "full"])
def test_spoken_sentence_is_heard(whisper_base: SpeechDecoder, tmp_path: Path, window: str):
    """A spoken sentence is heard word for word, surely, with the window cut short or not."""
    sound = np.pad(spoken(tmp_path, SENTENCE), (0, 8000))
    got = whisper_base.decode(sound, language=None, window=window)  # type: ignore[arg-type]
    assert words_of(got.text) == words_of(SENTENCE)
    assert got.language == "en"
    assert got.is_closed
    assert not got.was_cut
    assert got.mean_log_probability > -0.8
    assert got.no_speech_probability < 0.6


@pytest.mark.live
@needs_espeak
@pytest.mark.parametrize("window", ["short", "full"])
def test_quick_speech_is_heard_to_its_end(whisper_base: SpeechDecoder, tmp_path: Path, window: str):
    """The cap that stops loops lets a quick talker finish: the last word comes, and its end."""
    sound = np.pad(spoken(tmp_path, QUICK, words_a_minute=260), (0, 8000))
    got = whisper_base.decode(sound, language="en", window=window)  # type: ignore[arg-type]
    assert words_of(got.text)[-1] == words_of(QUICK)[-1]
    assert got.is_closed
    assert not got.was_cut


@pytest.mark.live
@needs_espeak
def test_prefix_leads_the_decode(whisper_base: SpeechDecoder, tmp_path: Path):
    """After a prefix the rest of the sentence follows, each word once."""
    sound = np.pad(spoken(tmp_path, SENTENCE), (0, 8000))
    got = whisper_base.decode(sound, language="en", window="short", prefix="And so my fellow")
    assert words_of(got.text) == words_of(SENTENCE)


@pytest.mark.live
@needs_espeak
def test_words_of_a_passage_have_their_times(whisper_base: SpeechDecoder, tmp_path: Path):
    """Words of a passage lie where they were spoken."""
    words = spoken(tmp_path, SENTENCE)
    sound = np.concatenate([np.zeros(32_000, np.float32), words, np.zeros(8000, np.float32)])
    got = whisper_base.decode_passage(sound, language="en")
    timed = [word for segment in got.segments for word in segment.words]
    assert [sound_of(word.text) for word in timed] == words_of(SENTENCE)
    assert timed[0].start_s == pytest.approx(2.0, abs=0.5)
    assert timed[-1].end_s == pytest.approx(2.0 + len(words) / 16_000, abs=0.5)


@pytest.mark.live
@needs_espeak
def test_german_is_detected(whisper_base: SpeechDecoder, tmp_path: Path):
    """The language of a German sentence is found."""
    german = "Guten Morgen. Ich möchte gerne ein Zimmer für zwei Personen reservieren."
    sound = spoken(tmp_path, german, voice="de")
    assert whisper_base.decode(sound, language=None, window="full").language == "de"


def test_damaged_model_is_told_with_its_remedy(model_copy: Path):
    """A model with broken weights raises Damaged, which says how to fetch it again."""
    (model_copy / "model.bin").unlink()
    (model_copy / "model.bin").write_bytes(b"broken" * 100)
    with pytest.raises(Damaged, match="models fetch base"):
        load(model_copy)


def test_empty_folder_is_damaged(tmp_path: Path):
    """A folder without the files of a model raises Damaged."""
    with pytest.raises(Damaged, match="models fetch base"):
        load(tmp_path)


def without_cuda(monkeypatch: pytest.MonkeyPatch, *, devices: int) -> None:
    """Let ctranslate2 find `devices` CUDA devices."""
    monkeypatch.setattr("ctranslate2.get_cuda_device_count", lambda: devices)


def test_no_cuda_is_refused_where_it_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, model_copy: Path
):
    """CUDA that is not there is refused when it was chosen, and left aside when it was not."""
    without_cuda(monkeypatch, devices=0)
    with pytest.raises(Refused, match="compute to auto"):
        load(model_copy, "cuda")
    assert load(model_copy, "auto").compute == "cpu int8 (no CUDA device found)"
    assert load(model_copy, "cpu").compute == "cpu int8 (chosen in the settings)"


def test_cuda_that_does_not_work_falls_back_and_says_why(
    monkeypatch: pytest.MonkeyPatch, model_copy: Path
):
    """A CUDA device without its libraries is told when chosen, else the CPU takes over."""
    import faster_whisper

    made = faster_whisper.WhisperModel

    def only_on_cpu(folder: str, *, device: str, **options: object) -> object:
        if device == "cuda":
            raise RuntimeError("libcublas.so.12 is not found")
        return made(folder, device=device, **options)

    without_cuda(monkeypatch, devices=1)
    monkeypatch.setattr("faster_whisper.WhisperModel", only_on_cpu)
    with pytest.raises(Refused, match=r"libcublas.*install cuBLAS"):
        load(model_copy, "cuda")
    assert load(model_copy, "auto").compute == (
        "cpu int8 (CUDA does not work: libcublas.so.12 is not found)"
    )


def test_damage_is_told_where_cuda_fails_as_well(model_copy: Path, monkeypatch: pytest.MonkeyPatch):
    """A damaged model on a machine whose CUDA does not work is told as damage."""

    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("cannot be opened")

    monkeypatch.setattr("faster_whisper.WhisperModel", refuse)
    without_cuda(monkeypatch, devices=1)
    with pytest.raises(Damaged, match="fetch it again"):
        load(model_copy, "auto")


def test_the_card_that_gave_room_is_used(model_copy: Path, monkeypatch: pytest.MonkeyPatch):
    """With several cards the model goes where it is told, and to CUDA's first where nobody says."""
    asked: list[tuple[str, int]] = []

    def note(folder: str, *, device: str, device_index: int, **_: object) -> None:
        asked.append((device, device_index))
        raise RuntimeError("that is all")

    without_cuda(monkeypatch, devices=2)
    monkeypatch.setattr("faster_whisper.WhisperModel", note)
    monkeypatch.setattr(faster_whisper_decoder, "ordinal_of", lambda address: int(address[5:7]))
    factory = FasterWhisperFactory()
    for card in ("0000:01:00.0", None):
        with pytest.raises(Refused, match="that is all"):
            factory.load("base", model_copy, compute="cuda", threads=1, card=card)
    assert asked == [("cuda", 1), ("cuda", 0)]


def test_who_wants_a_card_is_known_before_anything_is_loaded(monkeypatch: pytest.MonkeyPatch):
    """Room is asked for only where CUDA is there and the CPU was not chosen."""
    factory = FasterWhisperFactory()
    without_cuda(monkeypatch, devices=1)
    assert [factory.wants_card(each) for each in ("auto", "cuda", "cpu")] == [True, True, False]
    without_cuda(monkeypatch, devices=0)
    assert [factory.wants_card(each) for each in ("auto", "cpu")] == [False, False]
    with pytest.raises(Refused, match="no CUDA device"):
        factory.wants_card("cuda")


def test_a_closed_model_frees_its_memory(model_copy: Path):
    """The weights are gone at once, also where Python seldom looks for circles."""
    decoder = load(model_copy)
    assert isinstance(decoder, faster_whisper_decoder.FasterWhisperDecoder)
    whisper = weakref.ref(decoder._whisper)
    gc.disable()
    try:
        decoder.close()
        assert whisper() is None
    finally:
        gc.enable()
    decoder.close()


def test_nothing_is_loaded_once_it_was_stopped(tmp_path: Path):
    """Not even the files are looked for."""
    factory = FasterWhisperFactory()
    factory.stop()
    with pytest.raises(Refused, match="closing"):
        factory.load("base", tmp_path, compute="cpu", threads=1)


def test_a_load_under_way_ends_with_its_next_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Stopped while the weights are read, the model is not tried out, and goes again."""
    factory = FasterWhisperFactory()
    made: list[weakref.ref[object]] = []

    class Whisper:
        def __init__(self, *_: object, **__: object) -> None:
            made.append(weakref.ref(self))
            factory.stop()

    monkeypatch.setattr("faster_whisper.WhisperModel", Whisper)
    monkeypatch.setattr(faster_whisper_decoder, "shorten_window", lambda _: None)
    with pytest.raises(Refused, match="closing"):
        factory.load("base", tmp_path, compute="cpu", threads=1)
    gc.collect()
    assert [each() for each in made] == [None]
