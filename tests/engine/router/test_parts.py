"""What the router is made of."""

from __future__ import annotations

from pathlib import Path
from random import Random

from engine.router.parts import DATABASE, Parts
from engine.router.settings import RouterSettings
from tests.conftest import FakeClock
from tests.engine.router.world import FakeActivity, FakeCoordinator


def test_nothing_is_written_before_the_start(tmp_path: Path):
    """Making the parts opens no file; the database has one name for all."""
    clock = FakeClock()
    parts = Parts(
        settings=RouterSettings(health_half_life_s=7.0),
        coordinator=FakeCoordinator(clock=clock),
        data=tmp_path,
        activity=FakeActivity(),  # type: ignore[arg-type]
        clock=clock,
        random=Random(1),
    )
    assert list(tmp_path.iterdir()) == []
    assert parts.database.path == tmp_path / DATABASE
    assert parts.health.half_life_s == 7.0
