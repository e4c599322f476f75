"""What hears live sound: one for the microphone, one for each guest, and one model for all."""

from __future__ import annotations

from collections.abc import Callable

from engine.clock import Clock
from engine.errors import Unreachable
from engine.voice.live import LiveTranscription, Load
from engine.voice.outside import VoicePorts
from engine.voice.ports import SpeechDecoder
from engine.voice.settings import VoiceSettings
from engine.voice.snapshot import VoiceEvent
from engine.voice.turn_taking import TurnTaking
from engine.voice.vad import VoiceActivity

Tell = Callable[[VoiceEvent], None]
Failed = Callable[[str], None]


class Ears:
    """Makes live transcriptions, each with its own voice activity detection and stages.

    load: returns the model that settings name. failed: hears what goes wrong with the microphone's.
    """

    def __init__(
        self,
        ports: VoicePorts,
        *,
        settings: VoiceSettings,
        load: Load,
        tell: Tell,
        failed: Failed,
        clock: Clock,
    ) -> None:
        self._ports = ports
        self._clock = clock
        self._load = load
        self.settings = settings
        """Those of the next guest."""
        self.microphone = self._live(self._load_shared, tell, failed)

    def guest(self, tell: Tell, failed: Failed) -> LiveTranscription:
        """Return a live transcription that is not started and shares the microphone's model."""
        return self._live(self._borrow, tell, failed)

    def wait_for_model(self) -> SpeechDecoder:
        """Return the microphone's model once it is loaded; blocks until then.

        Raises Unreachable where it cannot be, saying why.
        """
        self.microphone.wait_for_model()
        if self.microphone.decoder is None:
            raise Unreachable(self.microphone.load_problem or "The speech model did not load")
        return self.microphone.decoder

    def _live(self, load: Load, tell: Tell, failed: Failed) -> LiveTranscription:
        ports = self._ports
        return LiveTranscription(
            settings=self.settings,
            activity=VoiceActivity(gate=ports.gate(), detector=ports.detector()),
            stages=ports.stages(),
            load=load,
            clock=self._clock,
            tell=tell,
            failed=failed,
        )

    def _load_shared(self, settings: VoiceSettings) -> SpeechDecoder:
        return TurnTaking(self._load(settings))

    def _borrow(self, settings: VoiceSettings) -> SpeechDecoder:
        # The microphone's: a second copy of the model would take as much memory again.
        return self.wait_for_model()
