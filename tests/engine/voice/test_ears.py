"""One model for the microphone and its guests."""

from __future__ import annotations

import pytest

from engine.errors import Refused, Unreachable
from engine.voice.adapters.simulated import LoudnessDetector, SimulatedMicrophones
from engine.voice.ears import Ears
from engine.voice.outside import VoicePorts
from engine.voice.ports import SpeechDecoder
from engine.voice.settings import VoiceSettings
from tests.conftest import FakeClock
from tests.engine.voice.doubles import ListDecoder, wait_until


def ears(decoder: SpeechDecoder | Exception) -> Ears:
    """Return ears whose model is `decoder`, or cannot be loaded."""

    def load(settings: VoiceSettings) -> SpeechDecoder:
        if isinstance(decoder, Exception):
            raise decoder
        return decoder

    ports = VoicePorts(
        microphones=SimulatedMicrophones(),
        decoders=None,  # type: ignore[arg-type]
        reader=None,  # type: ignore[arg-type]
        models=None,  # type: ignore[arg-type]
        gate=LoudnessDetector,
        detector=LoudnessDetector,
        stages=list,
    )
    return Ears(
        ports,
        settings=VoiceSettings(),
        load=load,
        tell=lambda event: None,
        failed=lambda text: None,
        clock=FakeClock(),
    )


def test_a_guest_hears_with_the_microphones_model():
    """There is one model, however many listen."""
    both = ears(ListDecoder(model="base"))
    guest = both.guest(lambda event: None, lambda text: None)
    both.microphone.start()
    guest.start()
    guest.wait_for_model()
    try:
        wait_until(lambda: guest.decoder is not None, "the guest's model")
        assert guest.decoder is both.microphone.decoder
    finally:
        guest.close()
        both.microphone.close()


def test_a_model_that_does_not_load_says_why_to_everybody():
    """The guest's problem is the microphone's."""
    both = ears(Refused("no memory left: choose a smaller model"))
    both.microphone.start()
    try:
        with pytest.raises(Unreachable, match="no memory left"):
            both.wait_for_model()
    finally:
        both.microphone.close()
