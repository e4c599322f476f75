"""What parameter analytics is made of, put together."""

from __future__ import annotations

from random import Random

import pytest

from engine.analytics.adapters.simulated import SimulatedSearch
from engine.analytics.parts import Parts
from engine.analytics.settings import AnalyticsSettings, RangeSettings
from engine.errors import SettingsError
from tests.engine.analytics.stub_policy import STUBS


def test_settings_reach_every_part(tmp_path, clock):
    """New settings are used everywhere, or, where they cannot be, nowhere."""
    usual = AnalyticsSettings()
    parts = Parts(
        settings=usual, data=tmp_path, search=SimulatedSearch(), channel=None, policy=STUBS,
        clock=clock, random=Random(1), host="here",
    )  # fmt: skip
    searching = AnalyticsSettings(method="search")
    parts.use(searching)
    assert parts.deciding.is_searching
    assert parts.studies.settings is parts.learning.settings is searching
    with pytest.raises(SettingsError):
        parts.use(AnalyticsSettings(ranges=RangeSettings(top_p_low=1.0, top_p_high=0.5)))
    assert parts.learning.settings is searching
