"""The dsp thread's half of live transcription: windows in, things to decode out."""

from __future__ import annotations

from engine.voice.decode_queue import DecodeQueue, Purpose, job_of
from engine.voice.ports import FloatArray
from engine.voice.segmenter import Segmenter, Speech
from engine.voice.settings import VoiceSettings
from engine.voice.transcriber import FULL_TAIL_MS, Transcriber
from engine.voice.vad import WINDOW_MS, VoiceActivity

EARLY_SILENCE_MS = 224
"""A pause this long may be the end: decode then, so that the final is ready when it is."""
SHORTEST_PAUSE_MS = 64
"""From here on no partial is begun: the decoder is to be free when the pause lasts."""
BUSY_SHARE = 0.6
"""Most of the time that partials may keep the decoder busy."""


class Listener:
    """Decides what is decoded when. Lives on the dsp thread."""

    def __init__(
        self,
        *,
        settings: VoiceSettings,
        activity: VoiceActivity,
        queue: DecodeQueue,
        transcriber: Transcriber,
    ) -> None:
        self._settings = settings
        self._activity = activity
        self._segmenter = Segmenter(settings.segment)
        self._queue = queue
        self._transcriber = transcriber
        self._since_partial_ms = 0.0
        self._heard_again = -1
        self.is_speech = False

    def change_settings(self, settings: VoiceSettings) -> None:
        """Use `settings` from the next window on."""
        self._settings = settings
        self._segmenter.settings = settings.segment

    def hear(self, window: FloatArray, heard_s: float) -> float:
        """Take in the next window, shape (512,), and return its speech probability."""
        probability = self._activity.push(window)
        speech = self._segmenter.open
        is_complete = speech is not None and self._transcriber.is_complete(speech)
        closed = self._segmenter.push(window, probability, is_complete=is_complete)
        self.is_speech = self._segmenter.open is not None
        if closed is not None:
            self._finish(closed, heard_s)
        elif self._segmenter.open is not None:
            self._follow(self._segmenter.open, heard_s)
        return probability

    def restart(self) -> None:
        """Begin a new recording."""
        self._segmenter.restart()
        self._activity.reset()
        self._heard_again = -1
        self._since_partial_ms = 0.0

    def begin_at(self, started_s: float) -> None:
        """Say at which clock time the first sample was captured."""
        self._transcriber.started_s = started_s

    def stop(self, heard_s: float) -> None:
        """End the open utterance: the recording stops here."""
        closed = self._segmenter.close()
        self.is_speech = False
        self._activity.reset()
        if closed is not None:
            self._finish(closed, heard_s)

    def _finish(self, speech: Speech, heard_s: float) -> None:
        self._since_partial_ms = 0.0
        self._queue.put(job_of(Purpose.FINAL, speech, heard_s))

    def _follow(self, speech: Speech, heard_s: float) -> None:
        self._since_partial_ms += WINDOW_MS
        if speech.silence_ms == EARLY_SILENCE_MS or self._must_hear_again(speech):
            self._since_partial_ms = 0.0
            self._queue.ask(Purpose.EARLY, speech, heard_s)
            return
        busy_ms = self._transcriber.partial_cost_s * 1000 / BUSY_SHARE
        is_due = self._since_partial_ms >= max(self._settings.partial_every_ms, busy_ms)
        if is_due and speech.silence_ms < SHORTEST_PAUSE_MS:
            self._since_partial_ms = 0.0
            self._queue.ask(Purpose.PARTIAL, speech, heard_s)

    def _must_hear_again(self, speech: Speech) -> bool:
        """Tell, once, that the early decode of a pause is back and left its last word open."""
        if speech.silence_ms < FULL_TAIL_MS or speech.speech_end == self._heard_again:
            return False
        if not self._transcriber.is_unsettled(speech):
            return False
        self._heard_again = speech.speech_end
        return True
