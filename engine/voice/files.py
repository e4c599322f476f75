"""Files of any length into text, in bounded memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np

from engine.errors import Damaged
from engine.voice.guards import (
    LEAST_SPEECH_MS,
    MOST_COMPRESSION,
    compression_ratio,
    cut_repeats,
    is_echo,
    is_squeezed,
)
from engine.voice.passages import PassagePacker, SpeechPassage
from engine.voice.ports import (
    SAMPLE_RATE_HZ,
    AudioReader,
    FloatArray,
    Passage,
    SpeechDecoder,
    SpeechDetector,
    SpeechTask,
)
from engine.voice.snapshot import Segment, Transcript
from engine.voice.vad import WINDOW

DETECTABLE_MS = 2000.0
"""Speech that language detection needs; on less it is often wrong."""

MOST_ECHOES = 2
"""How often the same words may follow each other as segments of their own."""

Progress = Callable[[float, float | None], None]
"""Hears the seconds read and the length of the file, None where the file does not tell."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How speech is decoded, beside its language."""

    task: SpeechTask = "transcribe"
    prompt: str = ""
    """Words that came before, or that tell how names are written."""


def _ignore(*_: object) -> None:
    pass


class FileTranscriber:
    """Reads a file, finds the speech in it and has it decoded, passage by passage.

    Everything happens on the calling thread. Memory holds one passage, whatever the length.
    heard: told each segment as soon as it is known.
    """

    def __init__(
        self,
        *,
        reader: AudioReader,
        detector: SpeechDetector,
        decoder: SpeechDecoder,
        manner: Manner = Manner(),
        heard: Callable[[Segment], None] = _ignore,
    ) -> None:
        self._reader = reader
        self._detector = detector
        self._decoder = decoder
        self._manner = manner
        self._heard = heard

    def transcribe(
        self,
        path: Path,
        *,
        language: str | None = None,
        progress: Progress = _ignore,
        warn: Callable[[str], None] = _ignore,
        cancelled: threading.Event | None = None,
    ) -> Transcript | None:
        """Return the text of `path`, or None once `cancelled` is set; blocks for long.

        language: code, or None or "auto" to detect it once. warn: hears of damage after which
        the text ends early. Raises Unreachable, Refused, Damaged.
        """
        work = self._work(language)
        stop = cancelled or threading.Event()
        self._detector.reset()
        with self._reader.open(path) as file:
            for passage in self._passages(_until_damage(file.blocks(), warn), work):
                progress(work.read_s, file.duration_s)
                if stop.is_set():
                    return None
                if passage is not None:
                    work.decode(passage)
            progress(work.read_s, file.duration_s)
        return work.transcript()

    def transcribe_sound(
        self,
        sound: FloatArray,
        *,
        language: str | None = None,
        cancelled: threading.Event | None = None,
    ) -> Transcript | None:
        """Return the text of `sound`, shape (n,), 16 kHz mono, or None once `cancelled` is set."""
        work = self._work(language)
        stop = cancelled or threading.Event()
        self._detector.reset()
        for passage in self._passages(iter([sound]), work):
            if stop.is_set():
                return None
            if passage is not None:
                work.decode(passage)
        return work.transcript()

    def _work(self, language: str | None) -> _Work:
        code = None if language == "auto" else language
        return _Work(self._decoder, code, self._manner, self._heard)

    def _passages(
        self, blocks: Iterator[FloatArray], work: _Work
    ) -> Iterator[SpeechPassage | None]:
        """Yield each passage as soon as it is full, and None after each block without one."""
        packer = PassagePacker()
        rest = np.zeros(0, np.float32)
        for block in blocks:
            sound = np.concatenate([rest, block])
            whole = len(sound) // WINDOW * WINDOW
            rest = sound[whole:]
            work.read_s += len(block) / SAMPLE_RATE_HZ
            yield from self._packed(packer, sound[:whole].reshape(-1, WINDOW))
            yield None
        padded = np.pad(rest, (0, -len(rest) % WINDOW)).reshape(-1, WINDOW)
        yield from self._packed(packer, padded)
        yield packer.flush()

    def _packed(self, packer: PassagePacker, windows: FloatArray) -> Iterator[SpeechPassage]:
        if len(windows) == 0:
            return
        speech = self._detector.probabilities(windows)
        for window, probability in zip(windows, speech, strict=True):
            passage = packer.push(window, float(probability))
            if passage is not None:
                yield passage


class _Work:
    """What is known of one file so far."""

    def __init__(
        self,
        decoder: SpeechDecoder,
        language: str | None,
        manner: Manner,
        tell: Callable[[Segment], None],
    ) -> None:
        self.read_s = 0.0
        self._manner = manner
        self._tell = tell
        self._decoder = decoder
        self._language = language
        self._heard: str | None = None
        self._segments: list[Segment] = []

    def decode(self, passage: SpeechPassage) -> None:
        """Add the words of `passage`, with times of the file."""
        if passage.speech_ms < LEAST_SPEECH_MS:
            return
        found = self._decode(passage)
        segments = list(_in_file_time(found, passage))
        if segments:
            self._heard = found.language
            if self._language is None and passage.speech_ms >= DETECTABLE_MS:
                self._language = found.language
        for missed in passage.unheard([(one.start_s, one.end_s) for one in found.segments]):
            segments += _in_file_time(self._decode(missed), missed)
        for segment in sorted(segments, key=lambda one: one.start_s):
            if not self._is_echo(segment):
                self._segments.append(segment)
                self._tell(segment)

    def transcript(self) -> Transcript:
        """Return all that was heard."""
        language = (self._language or self._heard) if self._segments else None
        return Transcript(tuple(self._segments), language, self.read_s, self._decoder.model)

    def _decode(self, passage: SpeechPassage) -> Passage:
        manner = self._manner
        return self._decoder.decode_passage(
            passage.audio(), language=self._language, task=manner.task, prompt=manner.prompt
        )

    def _is_echo(self, segment: Segment) -> bool:
        last = self._segments[-MOST_ECHOES:]
        if last and is_echo(segment, of=last[-1]):
            return True
        return len(last) == MOST_ECHOES and all(one.text == segment.text for one in last)


def _until_damage(
    blocks: Iterator[FloatArray], warn: Callable[[str], None]
) -> Iterator[FloatArray]:
    """Yield `blocks`; damage after the first of them ends the sound instead of the work."""
    first = next(blocks, None)
    if first is None:
        return
    yield first
    try:
        yield from blocks
    except Damaged as error:
        warn(str(error))


def _in_file_time(found: Passage, passage: SpeechPassage) -> Iterator[Segment]:
    """Yield what was heard in `passage`, without inventions, in seconds of the file."""
    for segment in chain.from_iterable(_parts(one, passage) for one in found.segments):
        kept = _without_loop(segment)
        if kept.text and passage.has_speech(kept.start_s, kept.end_s):
            yield _moved(kept, passage)


def _without_loop(segment: Segment) -> Segment:
    """Return `segment` up to where it begins to repeat itself like a broken record."""
    said = segment.text.split()
    kept = len(cut_repeats(said))
    if kept == len(said):
        return segment
    is_timed = len(said) == len(segment.words)
    is_certain = is_timed and is_squeezed(segment.words[kept:])
    if not is_certain and compression_ratio(segment.text) <= MOST_COMPRESSION:
        return segment
    text = " ".join(said[:kept])
    if not is_timed:
        return replace(segment, text=text)
    words = segment.words[:kept]
    return replace(segment, text=text, end_s=words[-1].end_s, words=words)


def _parts(segment: Segment, passage: SpeechPassage) -> Iterable[Segment]:
    """Return `segment` cut wherever silence was left out between two of its words."""
    places = [passage.place(word.start_s, word.end_s) for word in segment.words]
    cuts = [at for at in range(1, len(places)) if places[at] != places[at - 1]]
    return _cut(segment, cuts) if cuts else [segment]


def _cut(segment: Segment, cuts: list[int]) -> Iterator[Segment]:
    """Yield the stretches of `segment` that begin at its words `cuts`, text and all."""
    words, places, at = segment.words, [], 0
    for word in words:
        at = segment.text.find(word.text, at)
        if at < 0:
            yield segment
            return
        places.append(at)
        at += len(word.text)
    for first, last in zip([0, *cuts], [*cuts, len(words)], strict=True):
        text = segment.text[places[first] : places[last] if last < len(words) else None]
        group = words[first:last]
        yield replace(
            segment,
            text=text.strip(),
            start_s=group[0].start_s if first else segment.start_s,
            end_s=group[-1].end_s if last < len(words) else segment.end_s,
            words=group,
        )


def _moved(segment: Segment, passage: SpeechPassage) -> Segment:
    """Return `segment` in seconds of the file."""
    words = []
    for word in segment.words:
        start_s, end_s = passage.in_file(word.start_s, word.end_s)
        words.append(replace(word, start_s=start_s, end_s=end_s))
    start_s, end_s = passage.in_file(segment.start_s, segment.end_s)
    if words:
        start_s, end_s = words[0].start_s, words[-1].end_s
    return replace(segment, start_s=start_s, end_s=end_s, words=tuple(words))
