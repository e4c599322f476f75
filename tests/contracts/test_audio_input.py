"""The contract of `AudioInput`; PortAudio's is held to it in tests/live, with a real device."""

from __future__ import annotations

import pytest

from engine.voice.adapters.simulated import SimulatedMicrophones
from engine.voice.ports import AudioInput
from tests.contracts.audio_input_suite import *  # noqa: F403
from tests.engine.voice.doubles import DESK, HEADSET, PushMicrophones


@pytest.fixture
def microphones() -> AudioInput:
    """Return the simulated microphones."""
    return SimulatedMicrophones()


def test_stand_in_of_the_tests_opens_alike():
    """The microphones that tests fill by hand find and miss devices as real ones do."""
    stand_in = PushMicrophones(DESK, HEADSET)
    test_every_device_can_be_opened_by_its_name(stand_in)  # noqa: F405
    test_no_name_is_the_default_device(stand_in)  # noqa: F405
    test_unknown_device_is_unreachable(stand_in)  # noqa: F405
