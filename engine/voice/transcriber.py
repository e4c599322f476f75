"""The decode thread's half of live transcription: sound of utterances in, events out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from engine.clock import Clock
from engine.voice.agreement import Split, StablePrefix, sounds_of, units_of
from engine.voice.continuation import decode_whole
from engine.voice.decode_queue import DecodeJob, DecodeQueue, Purpose
from engine.voice.guards import is_invented, needs_second_look
from engine.voice.ports import SAMPLE_RATE_HZ, Hypothesis, SpeechDecoder
from engine.voice.segmenter import Speech
from engine.voice.snapshot import LiveText, VoiceEvent

SENTENCE_ENDS = (".", "?", "!", "。", "？", "！", "…")
FULL_TAIL_MS = 384
"""With less silence after it Whisper may lose the last word ("gospel", "them"), and then writes
no end time: such an early decode is done again once this much has been heard."""
DETECTABLE_S = 1.5
"""Language detection on less is often wrong: the language of the sentence before is used, and
before the first one no words are shown."""
CERTAIN_S = 3.0
"""With this much of a sentence its language is certain, and not asked again."""


@dataclass(slots=True)
class _Utterance:
    """What was heard of one utterance so far."""

    id: int
    prefix: StablePrefix = field(default_factory=StablePrefix)
    shown_words: int = 0
    language: str | None = None
    """Once it is certain."""
    early: Hypothesis | None = None
    early_end: int = -1
    """Where speech ended for `early`."""
    early_tail_ms: float = 0.0
    """Silence that `early` heard after it."""

    def has_settled(self, speech_end: int) -> bool:
        """Tell whether `early` stands for the whole sentence that ends at `speech_end`."""
        if self.early is None or self.early_end != speech_end:
            return False
        return self.early.is_closed or self.early_tail_ms >= FULL_TAIL_MS


class Transcriber:
    """Decodes jobs, keeps what was promised, tells the world. Lives on the decode thread.

    tell: hears every event and how long after the sound it came, in seconds.
    """

    def __init__(
        self,
        *,
        queue: DecodeQueue,
        clock: Clock,
        tell: Callable[[VoiceEvent, float], None],
    ) -> None:
        self.decoder: SpeechDecoder | None = None
        """Set once a model is loaded, before the first job."""
        self._queue = queue
        self._clock = clock
        self._tell = tell
        self._utterance = _Utterance(0)
        self._job: DecodeJob | None = None
        self._last_language: str | None = None
        self.language: str | None = None
        """Set from outside; None detects it."""
        self.started_s = 0.0
        """Clock time at which sample 0 was captured."""
        self.partial_cost_s = 0.0
        self.live: LiveText | None = None

    def is_settled(self, speech: Speech) -> bool:
        """Tell whether a decode of all of `speech` ended where its last word is finished."""
        known = self._utterance
        return known.id == speech.id and known.has_settled(speech.speech_end)

    def is_unsettled(self, speech: Speech) -> bool:
        """Tell whether all of `speech` was decoded early, but without finishing its last word."""
        known = self._utterance
        is_known = known.id == speech.id and known.early_end == speech.speech_end
        return is_known and not known.has_settled(speech.speech_end)

    def is_complete(self, speech: Speech) -> bool:
        """Tell whether the words of `speech` form a finished sentence."""
        early = self._utterance.early
        return (
            self.is_settled(speech)
            and early is not None
            and early.text.endswith(SENTENCE_ENDS)
            and not needs_second_look(early, shown_words=self._utterance.shown_words)
        )

    def work(self, job: DecodeJob) -> None:
        """Decode `job` and tell what was heard."""
        self._job = job
        if job.purpose is Purpose.SECOND_LOOK:
            self._look_again(job)
            return
        if self._utterance.id != job.speech_id:
            self._utterance = _Utterance(job.speech_id)
        if job.purpose is Purpose.FINAL:
            self._finish(job)
        else:
            self._follow(job)

    def give_up(self) -> None:
        """Make the promised words of a sentence whose decode failed its final text."""
        job, promised = self._job, self._utterance.prefix.text
        self.live = None
        if job is not None and job.purpose is Purpose.FINAL and promised:
            self._tell_words("final", job, Split(promised, ""), None)

    def _follow(self, job: DecodeJob) -> None:
        if job.purpose is Purpose.PARTIAL and not self._knows_language(job):
            return
        began_s = self._clock.now()
        heard = self._decode(job, "short")
        self.partial_cost_s = self._clock.now() - began_s
        utterance = self._utterance
        if job.purpose is Purpose.EARLY:
            utterance.early, utterance.early_end = heard, job.speech_end
            utterance.early_tail_ms = job.tail_ms
        if is_invented(heard, speech_ms=job.speech_ms):
            return
        length_s = len(job.audio) / SAMPLE_RATE_HZ
        split = utterance.prefix.update(heard.text, length_s=length_s)
        utterance.shown_words = len(units_of(heard.text))
        live = LiveText(job.speech_id, split.stable, split.tentative)
        if live != self.live:
            self.live = live
            self._tell_words("partial", job, split, heard)

    def _finish(self, job: DecodeJob) -> None:
        utterance = self._utterance
        heard = utterance.early if utterance.has_settled(job.speech_end) else None
        if heard is None:
            heard = self._decode(job, "short")
        self.live = None
        text = self._promised_text(job, heard)
        if not text:
            return
        self._last_language = heard.language
        self._tell_words("final", job, Split(text, ""), heard)
        is_forced = sounds_of(text) != sounds_of(heard.text)
        if is_forced or needs_second_look(heard, shown_words=utterance.shown_words):
            self._queue.put(replace(job, purpose=Purpose.SECOND_LOOK, told=text))

    def _promised_text(self, job: DecodeJob, heard: Hypothesis) -> str:
        """Return the final text: what was heard, with every stable word kept."""
        prefix = self._utterance.prefix
        if is_invented(heard, speech_ms=job.speech_ms):
            return prefix.text
        kept = prefix.finish(heard.text)
        if kept is not None:
            return kept
        forced = self._decode(job, "short", prefix=prefix.text)
        return prefix.finish(forced.text) or prefix.text

    def _look_again(self, job: DecodeJob) -> None:
        """Decode with the full window; tell only when it heard other words."""
        heard = self._decode(job, "full")
        said, told = sounds_of(heard.text), sounds_of(job.told)
        # Words that are missing because the model broke off are no better hearing.
        has_lost = not heard.is_closed and len(said) < len(told)
        if said == told or has_lost or is_invented(heard, speech_ms=job.speech_ms):
            return
        self._tell_words("revised", job, Split(heard.text, ""), heard)

    def _decode(
        self, job: DecodeJob, window: Literal["short", "full"], *, prefix: str = ""
    ) -> Hypothesis:
        assert self.decoder is not None
        utterance = self._utterance if self._utterance.id == job.speech_id else None
        language = self.language or (utterance.language if utterance else None)
        length_s = len(job.audio) / SAMPLE_RATE_HZ
        if language is None and length_s < DETECTABLE_S:
            language = self._last_language
        if prefix:
            return self.decoder.decode(job.audio, language=language, window=window, prefix=prefix)
        speech_s = (job.speech_end - job.start) / SAMPLE_RATE_HZ
        heard = decode_whole(
            self.decoder, job.audio, speech_s=speech_s, language=language, window=window
        )
        if utterance is not None and length_s >= CERTAIN_S:
            utterance.language = heard.language
        return heard

    def _knows_language(self, job: DecodeJob) -> bool:
        is_known = self.language or self._last_language
        return bool(is_known) or len(job.audio) >= DETECTABLE_S * SAMPLE_RATE_HZ

    def _tell_words(
        self,
        event: Literal["partial", "final", "revised"],
        job: DecodeJob,
        split: Split,
        heard: Hypothesis | None,
    ) -> None:
        now_s = self._clock.now()
        lag_s = now_s - job.heard_s + (0.0 if event == "partial" else job.tail_ms / 1000)
        told = VoiceEvent(
            event=event,
            id=job.speech_id,
            text=f"{split.stable}{split.tentative}",
            stable=split.stable,
            start_s=job.start / SAMPLE_RATE_HZ,
            end_s=job.speech_end / SAMPLE_RATE_HZ,
            at_s=now_s - self.started_s,
            language=heard.language if heard else None,
            confidence=min(1.0, math.exp(heard.mean_log_probability)) if heard else None,
        )
        self._tell(told, lag_s)
