from __future__ import annotations

import pytest

from engine.errors import SettingsError
from engine.gpu.settings import ResourceSettings


def test_period_has_limits():
    """Reading the machine more than five times a second is refused."""
    assert ResourceSettings().sample_period_s == 1.0
    with pytest.raises(SettingsError, match=r"sample_period_s = 0.1: must be from 0.2 to 60 s"):
        ResourceSettings(sample_period_s=0.1)
