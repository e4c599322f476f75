"""The installed application, a screen and a microphone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.journeys.conftest import desktop
from tests.live.fixtures import sound_server, speak
from tests.smoke.installed import ROOT_VARIABLE, Installed

__all__ = ["desktop", "sound_server", "speak"]


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    """Return the application that packaging/smoke.sh has installed."""
    root = os.environ.get(ROOT_VARIABLE)
    if not root:
        pytest.skip("packaging/smoke.sh installs the package in which this looks")
    return Installed(Path(root), tmp_path)
