"""Whisper on CTranslate2, by way of faster-whisper."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from engine.errors import Damaged, Refused
from engine.voice.adapters.cuda_cards import ordinal_of
from engine.voice.adapters.short_window import shorten_window
from engine.voice.guards import compression_ratio, cut_repeats
from engine.voice.ports import (
    SAMPLE_RATE_HZ,
    FloatArray,
    Hypothesis,
    Passage,
    SpeechDecoder,
    SpeechTask,
)
from engine.voice.snapshot import Segment, Word

if TYPE_CHECKING:
    from faster_whisper import WhisperModel
    from faster_whisper.tokenizer import Tokenizer

FULL_S = 30.0
"""The window Whisper was trained on."""
LEAST_WINDOW_S = 5.0
PAD_S = 2.0
"""The encoder takes a shortened window, but repeats itself unless silence follows the speech:
max(5 s, speech + 2 s) costs a third of the full window at the same word error rate."""
TOKENS_PER_S = 6
SPARE_TOKENS = 12
"""Nobody speaks more tokens a second: a longer answer is a loop."""
MOST_TOKENS = 448
"""What the model takes, prompt and answer together."""
TIME_STEP_S = 0.02
"""What one of Whisper's time tokens counts."""

LOAD_ERRORS = (RuntimeError, ValueError, OSError)
"""What CTranslate2 raises for damaged files and for CUDA libraries that are missing."""


class FasterWhisperFactory:
    """A DecoderFactory."""

    def __init__(self) -> None:
        self._is_stopped = threading.Event()

    def wants_card(self, compute: str) -> bool:
        """Tell whether models are loaded onto a graphics card. Raises Refused as `load` does."""
        return _place_for(compute).device == "cuda"

    def load(
        self, name: str, folder: Path, *, compute: str, threads: int, card: str | None = None
    ) -> SpeechDecoder:
        """Return the model in `folder`, warmed up.

        compute: "auto", "cpu" or "cuda". card: the PCI address of the graphics card to use; None
        for CUDA's first. Raises Damaged where the files are, Refused where `compute` or the card
        cannot be had, and after `stop()`.
        """
        place = _place_for(compute)
        if place.device == "cuda" and card is not None:
            place = replace(place, index=ordinal_of(card))
        if place.device == "cuda":
            try:
                return FasterWhisperDecoder(name, folder, place, threads, self._go_on)
            except LOAD_ERRORS as error:
                if compute == "cuda":
                    raise Refused(
                        f"CUDA does not work ({error}): install cuBLAS and cuDNN for CUDA 12, "
                        "or set voice.compute to auto"
                    ) from error
                place = _Place("cpu", "int8", f"CUDA does not work: {error}")
        try:
            return FasterWhisperDecoder(name, folder, place, threads, self._go_on)
        except LOAD_ERRORS as error:
            raise Damaged(
                f"model {name} in {folder} cannot be loaded ({error}): fetch it again with "
                f"`universal-ai-tools models fetch {name}`"
            ) from error

    def stop(self) -> None:
        """Load no model any more: a load under way ends with its next step. From any thread.

        It cannot be left behind: a thread within CTranslate2 while Python ends would take the
        process down with it.
        """
        self._is_stopped.set()

    def _go_on(self) -> None:
        """Raise Refused once nothing may be loaded any more."""
        if self._is_stopped.is_set():
            raise Refused("no model is loaded any more: the application is closing")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a model runs, with which numbers, and why."""

    device: str
    kind: str
    reason: str
    index: int = 0
    """CUDA's number of the card."""


def _place_for(compute: str) -> _Place:
    if compute == "cpu":
        return _Place("cpu", "int8", "chosen in the settings")
    import ctranslate2

    count = ctranslate2.get_cuda_device_count()
    if count:
        reason = f"{count} CUDA device{'s' if count > 1 else ''} found"
        return _Place("cuda", "int8_float16", reason)
    if compute == "cuda":
        raise Refused("no CUDA device was found: set voice.compute to auto or cpu")
    return _Place("cpu", "int8", "no CUDA device found")


class FasterWhisperDecoder:
    """A SpeechDecoder. Not thread-safe: one thread at a time.

    go_on: called between the steps of loading; what it raises ends it.
    """

    def __init__(
        self, name: str, folder: Path, place: _Place, threads: int, go_on: Callable[[], None]
    ) -> None:
        go_on()
        from faster_whisper import WhisperModel
        from tqdm import tqdm

        # faster-whisper draws no progress bars for us: their watching thread is not wanted.
        tqdm.monitor_interval = 0
        self.model = name
        self.compute = f"{place.device} {place.kind} ({place.reason})"
        go_on()
        self._whisper: WhisperModel = WhisperModel(
            str(folder),
            device=place.device,
            device_index=place.index,
            compute_type=place.kind,
            cpu_threads=threads,
            local_files_only=True,
        )
        shorten_window(self._whisper)
        self._tokenizers: dict[str, Tokenizer] = {}
        go_on()
        # The first decode allocates; a user's first word should not wait for that.
        self.decode(np.zeros(SAMPLE_RATE_HZ, np.float32), language="en", window="short")

    def decode(
        self,
        audio: FloatArray,
        *,
        language: str | None,
        window: Literal["short", "full"],
        prefix: str = "",
    ) -> Hypothesis:
        """Return the words in `audio`: shape (n,), 16 kHz mono, at most 30 s."""
        encoded = self._encode(audio, window)
        code = language or self._language_of(encoded)
        tokenizer = self._tokenizer(code)
        prompt = self._whisper.get_prompt(tokenizer, [], prefix=prefix or None)
        most = SPARE_TOKENS + int(TOKENS_PER_S * len(audio) / SAMPLE_RATE_HZ)
        result = self._whisper.model.generate(
            encoded,
            [prompt],
            beam_size=1,
            # CTranslate2 ends after half of this, as OpenAI's own, and counts the prompt as well.
            max_length=min(MOST_TOKENS, max(2 * most, most + len(prompt))),
            suppress_tokens=[-1],
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        return self._hypothesis(result, tokenizer, code, limit=most)

    def decode_passage(
        self,
        audio: FloatArray,
        *,
        language: str | None,
        task: SpeechTask = "transcribe",
        prompt: str = "",
    ) -> Passage:
        """Return segments and timed words of `audio`: shape (n,), 16 kHz mono, at most 30 s."""
        found, about = self._whisper.transcribe(
            audio,
            language=language,
            task=task,
            initial_prompt=prompt or None,
            beam_size=1,
            word_timestamps=True,
            condition_on_previous_text=False,
            without_timestamps=False,
        )
        return Passage(tuple(_segment(part) for part in found), about.language)

    def close(self) -> None:
        """Free the model's memory at once; it is not used again. May be called twice."""
        whisper: WhisperModel | None = vars(self).pop("_whisper", None)
        if whisper is None:
            return
        # With what its allocator keeps; CTranslate2 leaves that out while it still cleans up.
        whisper.model.unload_model()
        # The encoder that looks at less refers to the model and the model to it: without this
        # they would be freed only when Python looks for such circles.
        del whisper.encode

    def _encode(self, audio: FloatArray, window: Literal["short", "full"]) -> Any:
        length_s = len(audio) / SAMPLE_RATE_HZ
        wanted_s = FULL_S if window == "full" else max(LEAST_WINDOW_S, length_s + PAD_S)
        pad = int((min(FULL_S, wanted_s) - length_s) * SAMPLE_RATE_HZ)
        padded = np.pad(audio, (0, max(0, pad)))
        features = self._whisper.feature_extractor(padding=0, waveform=padded)[:, :3000]
        # The encoder halves the frames: an odd one would be left over.
        features = features[:, : features.shape[1] // 2 * 2]
        return self._whisper.encode(features)

    def _language_of(self, encoded: Any) -> str:
        if not self._whisper.model.is_multilingual:
            return "en"
        token, _probability = self._whisper.model.detect_language(encoded)[0][0]
        return str(token[2:-2])

    def _tokenizer(self, language: str) -> Tokenizer:
        from faster_whisper.tokenizer import Tokenizer

        if language not in self._tokenizers:
            self._tokenizers[language] = Tokenizer(
                self._whisper.hf_tokenizer,
                self._whisper.model.is_multilingual,
                task="transcribe",
                language=language,
            )
        return self._tokenizers[language]

    def _hypothesis(
        self, result: Any, tokenizer: Tokenizer, language: str, *, limit: int
    ) -> Hypothesis:
        tokens: list[int] = result.sequences_ids[0]
        first_time = tokenizer.timestamp_begin
        said = _words(tokenizer, tokens)
        kept = cut_repeats(said)
        text = " ".join(kept)
        ended = _ended(tokens, first_time)
        return Hypothesis(
            text=text,
            language=language,
            mean_log_probability=float(result.scores[0]),
            no_speech_probability=float(result.no_speech_prob),
            compression_ratio=compression_ratio(text),
            was_cut=len(kept) < len(said) or len(tokens) >= limit,
            is_closed=ended == len(tokens) > 0,
            end_s=(tokens[ended - 1] - first_time) * TIME_STEP_S if ended else None,
            ended_text=" ".join(cut_repeats(_words(tokenizer, tokens[:ended]))),
        )


def _segment(part: Any) -> Segment:
    return Segment(
        text=part.text.strip(),
        start_s=float(part.start),
        end_s=float(part.end),
        confidence=float(np.exp(part.avg_logprob)),
        words=tuple(
            Word(word.word.strip(), float(word.start), float(word.end), float(word.probability))
            for word in part.words or ()
        ),
    )


def _words(tokenizer: Tokenizer, tokens: list[int]) -> list[str]:
    return str(tokenizer.decode([token for token in tokens if token < tokenizer.eot])).split()


def _ended(tokens: list[int], first_time: int) -> int:
    """Return how many tokens the finished phrases have, the end time of the last included.

    A phrase is `time words time`; an unfinished one has no second time.
    """
    ended, has_words = 0, False
    for number, token in enumerate(tokens):
        if token < first_time:
            has_words = True
        elif has_words:
            ended, has_words = number + 1, False
    return ended
