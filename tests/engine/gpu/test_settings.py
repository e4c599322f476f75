from __future__ import annotations

import pytest

from engine.errors import SettingsError
from engine.gpu.settings import ResourceSettings


def test_period_has_limits():
    """Reading the machine more than five times a second is refused."""
    assert ResourceSettings().sample_period_s == 1.0
    with pytest.raises(SettingsError, match=r"sample_period_s = 0.1: must be from 0.2 to 60 s"):
        ResourceSettings(sample_period_s=0.1)


def test_dear_readings_have_limits():
    """Process lists, the dearest of all, are not read oftener than once a second."""
    with pytest.raises(SettingsError, match=r"card_process_period_s = 0.5: must be from 1 to 60 s"):
        ResourceSettings(card_process_period_s=0.5)
