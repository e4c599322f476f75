"""A file becomes text with times of the file, whatever its length and content."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from engine.errors import Damaged
from engine.model_store.store import shipped_models
from engine.voice.files import FileTranscriber, Manner
from engine.voice.ports import Hypothesis, Passage
from engine.voice.snapshot import Segment, Transcript, Word

RATE = 16_000
LOUD = np.float32(0.5)


class LoudnessDetector:
    """Takes loud windows for speech."""

    def __init__(self) -> None:
        self.was_reset = False

    def reset(self) -> None:
        self.was_reset = True

    def probabilities(self, windows: np.ndarray) -> np.ndarray:
        return (np.abs(windows).max(axis=1) > 0.1).astype(np.float32)


class ScriptedDecoder:
    """Hears what `hear` makes of each passage, and notes what it was asked."""

    model = "scripted"
    compute = "cpu"

    def __init__(
        self, hear: Callable[[np.ndarray], tuple[Segment, ...]], language: str = "en"
    ) -> None:
        self._hear = hear
        self._language = language
        self.asked: list[tuple[float, str | None]] = []
        self.manners: list[tuple[str, str]] = []

    def decode(self, audio: np.ndarray, **_: object) -> Hypothesis:
        raise AssertionError("files are decoded by passage")

    def decode_passage(
        self, audio: np.ndarray, *, language: str | None, task: str, prompt: str
    ) -> Passage:
        self.manners.append((task, prompt))
        self.asked.append((len(audio) / RATE, language))
        return Passage(self._hear(audio), language or self._language)

    def close(self) -> None:
        pass


class FakeFile:
    def __init__(self, sound: np.ndarray, damaged_after: int | None) -> None:
        self.duration_s = len(sound) / RATE
        self._sound = sound
        self._damaged_after = damaged_after

    def blocks(self) -> Iterator[np.ndarray]:
        for number, start in enumerate(range(0, len(self._sound), RATE)):
            if number == self._damaged_after:
                raise Damaged("talk.mp3 cannot be decoded any further")
            yield self._sound[start : start + RATE]


class FakeReader:
    def __init__(self, sound: np.ndarray, *, damaged_after: int | None = None) -> None:
        self._sound = sound
        self._damaged_after = damaged_after

    @contextmanager
    def open(self, path: Path) -> Iterator[FakeFile]:
        yield FakeFile(self._sound, self._damaged_after)


def sound(*parts: tuple[float, float]) -> np.ndarray:
    """Sound of (loudness, seconds)."""
    return np.concatenate([np.full(int(RATE * s), level, np.float32) for level, s in parts])


def runs(audio: np.ndarray) -> list[tuple[float, float]]:
    """Return (start, end) in seconds of the loud stretches of `audio`."""
    loud = np.concatenate([[0], (np.abs(audio) > 0.1).astype(int), [0]])
    edges = np.flatnonzero(np.diff(loud)) / RATE
    return list(zip(edges[::2], edges[1::2], strict=True))


def one_segment(audio: np.ndarray) -> tuple[Segment, ...]:
    """Hear one word, "word.", in each loud stretch, all in one segment."""
    words = tuple(Word("word.", start, end, 0.9) for start, end in runs(audio))
    if not words:
        return ()
    text = " ".join(word.text for word in words)
    return (Segment(text, words[0].start_s, words[-1].end_s, 0.8, words),)


def transcribe(audio: np.ndarray, decoder: ScriptedDecoder, **options: object) -> Transcript:
    transcriber = FileTranscriber(
        reader=FakeReader(audio), detector=LoudnessDetector(), decoder=decoder
    )
    got = transcriber.transcribe(Path("talk.mp3"), **options)  # type: ignore[arg-type]
    assert got is not None
    return got


def test_times_are_those_of_the_file() -> None:
    """Words after silence that was left out keep their time in the file, each its own segment."""
    audio = sound((0, 5.0), (LOUD, 1.0), (0, 60.0), (LOUD, 2.0), (0, 9.0))
    decoder = ScriptedDecoder(one_segment)
    got = transcribe(audio, decoder)
    assert [segment.text for segment in got.segments] == ["word.", "word."]
    first, second = got.segments
    assert (first.start_s, first.end_s) == pytest.approx((5.0, 6.0), abs=0.04)
    assert (second.start_s, second.end_s) == pytest.approx((66.0, 68.0), abs=0.04)
    assert second.words[0].start_s == pytest.approx(66.0, abs=0.04)
    assert got.duration_s == 77.0
    assert got.model == "scripted"
    ((length_s, _),) = decoder.asked
    assert length_s < 6.0


def test_silence_is_never_decoded() -> None:
    """A file without speech costs no decode and has no text and no language."""
    decoder = ScriptedDecoder(one_segment)
    got = transcribe(sound((0, 30.0)), decoder)
    assert (got.segments, got.language, got.text, decoder.asked) == ((), None, "", [])


def test_long_speech_is_cut_at_pauses() -> None:
    """Passages are at most 28 s and every word of a long talk is heard once, in order."""
    audio = sound(*[(LOUD, 1.5), (0, 0.5)] * 100)

    def hear(passage: np.ndarray) -> tuple[Segment, ...]:
        return tuple(
            Segment(f"From {start}", start, end, 0.8, (Word(f"From {start}", start, end, 0.9),))
            for start, end in runs(passage)
        )

    decoder = ScriptedDecoder(hear)
    got = transcribe(audio, decoder)
    words = [word for segment in got.segments for word in segment.words]
    assert len(words) == 100
    np.testing.assert_allclose([word.start_s for word in words], np.arange(100) * 2.0, atol=0.04)
    assert max(length_s for length_s, _ in decoder.asked) <= 28.0
    assert len(decoder.asked) <= 9


def test_language_is_detected_once() -> None:
    """The language of the first passage with enough speech holds for the rest of the file."""
    decoder = ScriptedDecoder(one_segment, language="de")
    got = transcribe(sound(*[(LOUD, 1.5), (0, 0.5)] * 30), decoder, language="auto")
    assert [language for _, language in decoder.asked] == [None, "de", "de"]
    assert got.language == "de"


def test_too_little_speech_does_not_settle_the_language() -> None:
    """A single short word is no ground for the language of a whole file."""
    decoder = ScriptedDecoder(one_segment, language="cy")
    assert transcribe(sound((LOUD, 0.5), (0, 2.0)), decoder).language == "cy"
    assert decoder.asked[0][1] is None


def test_chosen_language_is_used() -> None:
    """A fixed language is handed to the decoder from the first passage on."""
    decoder = ScriptedDecoder(one_segment)
    assert transcribe(sound((LOUD, 3.0)), decoder, language="fr").language == "fr"
    assert decoder.asked[0][1] == "fr"


def test_words_in_silence_are_dropped() -> None:
    """What the model writes where nobody speaks does not appear."""

    def hear(audio: np.ndarray) -> tuple[Segment, ...]:
        end_s = len(audio) / RATE
        return (*one_segment(audio), Segment("Thank you.", end_s - 0.3, end_s, 0.4))

    got = transcribe(sound((LOUD, 3.0), (0, 3.0)), ScriptedDecoder(hear))
    assert got.text == "word."


def test_broken_record_is_stopped() -> None:
    """A segment that repeats itself is cut after the first time, its times with it."""
    loop = " ".join(["and so on again"] * 40)
    words = tuple(Word(word, n * 0.1, n * 0.1 + 0.1, 0.5) for n, word in enumerate(loop.split()))

    def hear(audio: np.ndarray) -> tuple[Segment, ...]:
        return (Segment(loop, 0.0, 16.0, 0.5, words),)

    (segment,) = transcribe(sound((LOUD, 16.0)), ScriptedDecoder(hear)).segments
    assert segment.text == "and so on again"
    assert segment.end_s == pytest.approx(0.4)


def test_echoes_are_dropped() -> None:
    """The same segment over and over is kept twice."""

    def hear(audio: np.ndarray) -> tuple[Segment, ...]:
        return tuple(Segment("You know.", n * 1.0, n + 0.9, 0.5) for n in range(9))

    got = transcribe(sound((LOUD, 10.0)), ScriptedDecoder(hear))
    assert [segment.text for segment in got.segments] == ["You know."] * 2


def said(text: str, start_s: float, word_s: float) -> Segment:
    """Return `text` said from `start_s` on, with so much time for each word."""
    words = tuple(
        Word(word, start_s + n * word_s, start_s + (n + 1) * word_s, 0.9)
        for n, word in enumerate(text.split())
    )
    return Segment(text, start_s, words[-1].end_s, 0.7, words)


GARDEN = "The children are playing football in the garden."


@pytest.mark.parametrize(("word_s", "times"), [(0.008, 1), (0.3, 2)])
def test_sentence_written_twice_is_kept_once(word_s: float, times: int) -> None:
    """A second time that nobody could say in its time is dropped; one that was said is kept."""
    first = said(GARDEN, 0.0, 0.3)
    second = said(GARDEN, first.end_s, word_s)
    decoder = ScriptedDecoder(lambda _: (first, second))
    got = transcribe(sound((LOUD, second.end_s)), decoder)
    assert [segment.text for segment in got.segments] == [GARDEN] * times


@pytest.mark.parametrize(("word_s", "times"), [(0.008, 1), (0.3, 2)])
def test_sentence_written_twice_within_a_segment_is_kept_once(word_s: float, times: int) -> None:
    """The same holds where the model makes one segment of both times."""
    first = said(GARDEN, 0.0, 0.3)
    second = said(GARDEN, first.end_s, word_s)
    both = Segment(f"{GARDEN} {GARDEN}", 0.0, second.end_s, 0.7, (*first.words, *second.words))
    got = transcribe(sound((LOUD, second.end_s)), ScriptedDecoder(lambda _: (both,)))
    assert got.text == " ".join([GARDEN] * times)
    assert got.segments[0].end_s == pytest.approx((first, second)[times - 1].end_s)


def test_sentence_that_the_model_skips_is_looked_at_again() -> None:
    """Speech for which no words came is decoded once more by itself, and found in order."""

    def hear(audio: np.ndarray) -> tuple[Segment, ...]:
        start_s, end_s = runs(audio)[-1]
        return (Segment(f"{len(audio) / RATE:.0f} s long.", start_s, end_s, 0.9),)

    decoder = ScriptedDecoder(hear)
    got = transcribe(sound((LOUD, 3.0), (0, 0.8), (LOUD, 4.0)), decoder)
    assert [segment.text for segment in got.segments] == ["3 s long.", "8 s long."]
    assert [segment.start_s for segment in got.segments] == pytest.approx([0.0, 3.8], abs=0.1)
    assert len(decoder.asked) == 2


def test_progress_counts_the_seconds_read() -> None:
    """Progress never goes back and ends at the length of the file."""
    heard: list[tuple[float, float | None]] = []
    decoder = ScriptedDecoder(one_segment)
    transcribe(
        sound((LOUD, 40.5)), decoder, progress=lambda done_s, of_s: heard.append((done_s, of_s))
    )
    assert heard == sorted(heard)
    assert heard[-1] == (40.5, 40.5)


def test_cancel_ends_between_passages() -> None:
    """Once cancelled nothing more is decoded and there is no transcript."""
    cancelled = threading.Event()

    def hear(audio: np.ndarray) -> tuple[Segment, ...]:
        cancelled.set()
        return one_segment(audio)

    decoder = ScriptedDecoder(hear)
    transcriber = FileTranscriber(
        reader=FakeReader(sound((LOUD, 200.0))), detector=LoudnessDetector(), decoder=decoder
    )
    assert transcriber.transcribe(Path("talk.mp3"), cancelled=cancelled) is None
    assert len(decoder.asked) == 1


def test_damage_on_the_way_keeps_what_came_before() -> None:
    """A file that breaks off gives its text up to there, and says so."""
    warnings: list[str] = []
    transcriber = FileTranscriber(
        reader=FakeReader(sound((LOUD, 9.0)), damaged_after=5),
        detector=LoudnessDetector(),
        decoder=ScriptedDecoder(one_segment),
    )
    got = transcriber.transcribe(Path("talk.mp3"), warn=warnings.append)
    assert got is not None
    assert got.text == "word."
    assert got.duration_s == 5.0
    assert warnings == ["talk.mp3 cannot be decoded any further"]


def test_damage_from_the_start_is_an_error() -> None:
    """A file of which nothing can be decoded raises Damaged."""
    transcriber = FileTranscriber(
        reader=FakeReader(sound((LOUD, 9.0)), damaged_after=0),
        detector=LoudnessDetector(),
        decoder=ScriptedDecoder(one_segment),
    )
    with pytest.raises(Damaged, match="talk"):
        transcriber.transcribe(Path("talk.mp3"))


def test_detector_forgets_the_file_before() -> None:
    """Each file starts with a fresh detector."""
    detector = LoudnessDetector()
    transcriber = FileTranscriber(
        reader=FakeReader(sound((0, 1.0))), detector=detector, decoder=ScriptedDecoder(one_segment)
    )
    transcriber.transcribe(Path("talk.mp3"))
    assert detector.was_reset


def test_segments_are_told_as_they_are_known() -> None:
    """Whoever listens hears each segment of the text once, in order, while the file is read."""
    told: list[Segment] = []
    decoder = ScriptedDecoder(one_segment)
    transcriber = FileTranscriber(
        reader=FakeReader(sound((LOUD, 40.0), (0, 5.0), (LOUD, 20.0))),
        detector=LoudnessDetector(),
        decoder=decoder,
        heard=told.append,
    )
    heard_at: list[int] = []
    got = transcriber.transcribe(Path("talk.mp3"), progress=lambda *_: heard_at.append(len(told)))
    assert got is not None
    assert tuple(told) == got.segments
    assert sorted(set(heard_at)) == list(range(len(told) + 1))


def test_every_passage_is_decoded_in_the_manner_that_was_wanted() -> None:
    """Translation and the words that came before reach the decoder with each passage."""
    decoder = ScriptedDecoder(one_segment)
    FileTranscriber(
        reader=FakeReader(sound((LOUD, 40.0))),
        detector=LoudnessDetector(),
        decoder=decoder,
        manner=Manner("translate", "Names: Ada."),
    ).transcribe(Path("talk.mp3"))
    assert len(decoder.manners) > 1
    assert set(decoder.manners) == {("translate", "Names: Ada.")}


@pytest.mark.live
@pytest.mark.skipif(
    not shutil.which("espeak-ng") or not (shipped_models() / "base" / "model.bin").exists(),
    reason="needs espeak-ng and the base model",
)
def test_spoken_sentences_keep_their_times(tmp_path: Path) -> None:
    """Two spoken sentences a minute apart are heard word for word, each at its time."""
    from engine.voice.adapters.faster_whisper_decoder import FasterWhisperFactory
    from engine.voice.adapters.pyav_reader import PyAvReader
    from engine.voice.adapters.silero_detector import SileroDetector

    spoken = tmp_path / "spoken.wav"
    sentence = "The quick brown fox jumped over the lazy dog."
    subprocess.run(["espeak-ng", "-s", "140", "-w", str(spoken), sentence], check=True)
    with PyAvReader().open(spoken) as file:
        words = np.concatenate(list(file.blocks()))
    audio = np.concatenate([words, np.zeros(60 * RATE, np.float32), words])
    decoder = FasterWhisperFactory().load(
        "base", shipped_models() / "base", compute="cpu", threads=2
    )
    transcriber = FileTranscriber(
        reader=FakeReader(audio), detector=SileroDetector(), decoder=decoder
    )
    got = transcriber.transcribe(Path("talk.mp3"))
    assert got is not None
    assert got.language == "en"
    assert got.text.lower().count("quick brown fox") == 2
    second = [segment for segment in got.segments if segment.start_s > 30]
    starts_s = len(words) / RATE + 60
    assert second[0].words[0].start_s == pytest.approx(starts_s, abs=0.6)
    assert second[-1].end_s == pytest.approx(len(audio) / RATE, abs=0.8)
