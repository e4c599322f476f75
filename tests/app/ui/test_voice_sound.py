"""The page says what was lost of the sound."""

from __future__ import annotations

import pytest

from app.ui.voice_sound import lost_text
from engine.voice.snapshot import VoiceSnapshot


@pytest.mark.parametrize(
    ("frames", "overflows", "said"),
    [
        (0, 0, ""),
        (1200, 0, "1,200 sound samples were lost because"),
        (0, 3, "Sound was cut 3 times before it reached the program because"),
        (7, 1, "7 sound samples were lost and sound was cut once"),
    ],
)
def test_lost_sound_is_told(frames: int, overflows: int, said: str):
    """Both kinds of loss are told with their reason; without any there is nothing to say."""
    text = lost_text(VoiceSnapshot(taken_s=0.0, lost_frames=frames, overflows=overflows))
    assert text.startswith(said)
    assert bool(text) == bool(said)
