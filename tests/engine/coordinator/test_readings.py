"""Series of one server."""

from __future__ import annotations

import subprocess
import sys

from engine.coordinator.readings import Readings, series


def test_series_state_name_and_unit():
    """A chart can be drawn from them alone."""
    found = series("first token", "ms")
    assert (found.name, found.unit, found.written) == ("first token", "ms", 0)


def test_health_is_the_share_since_the_last_sample():
    """Not that since the start; a second without answers says nothing."""
    tested = Readings("a")
    tested.sample(3, 1, 1.0)
    tested.sample(3, 1, 2.0)
    tested.sample(5, 1, 3.0)
    assert tested.health.latest().tolist() == [[1.0, 0.75], [3.0, 1.0]]


def test_importing_the_coordinator_brings_no_heavy_library():
    """Who only wants its names does not wait for numpy."""
    program = (
        "import sys, engine.coordinator.service; "
        "print({'numpy', 'aiohttp', 'httpx', 'keyring', 'xllamacpp'} & set(sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "set()"
