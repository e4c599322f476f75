"""Voice settings that cannot work cannot be made."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import SettingsError
from engine.voice.settings import SegmentSettings, StageSettings, VoiceSettings


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        (VoiceSettings, "language", "klingon"),
        (VoiceSettings, "threads", 0),
        (VoiceSettings, "mode", "sometimes"),
        (SegmentSettings, "longest_s", 31.0),
        (StageSettings, "high_pass", "yes"),
    ],
)
def test_value_that_cannot_work_is_refused(kind: type[Any], key: str, value: object):
    """Whoever makes settings, a wrong value is refused with its name."""
    with pytest.raises(SettingsError, match=key):
        kind(**{key: value})
