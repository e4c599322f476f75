from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.errors import Refused
from engine.gpu.adapters.host import PsutilHost
from engine.gpu.adapters.simulated import SimulatedHost
from engine.gpu.ports import HostProbe


@pytest.fixture(params=["system", "simulated"])
def probe(request: pytest.FixtureRequest, tmp_path: Path, clock: Any) -> HostProbe:
    """Return each probe there is: what is asked of one is asked of all."""
    if request.param == "system":
        return PsutilHost(disk=tmp_path / "not" / "made" / "yet")
    return SimulatedHost(clock=clock)


def test_first_load_is_unknown(probe: HostProbe):
    """Load is measured between two calls: the first says None, not 0."""
    first = probe.read()
    assert (first.cpu_percent, first.own_cpu_percent) == (None, None)
    second = probe.read()
    assert second.cpu_percent is not None
    assert second.own_cpu_percent is not None


def test_figures_are_possible(probe: HostProbe):
    """Readings lie within what a machine can have."""
    probe.read()
    found = probe.read()
    assert 0 <= found.cpu_percent <= 100
    assert found.own_cpu_percent >= 0
    assert found.cpu_cores >= 1
    assert 0 < found.own_memory_mib < found.memory_used_mib < found.memory_total_mib
    assert 0 <= found.disk_free_gib <= found.disk_total_gib


def test_simulated_load_stays_in_range(clock: Any):
    """Over a quarter of an hour the made-up load moves and stays between 0 and 100 %."""
    probe = SimulatedHost(clock=clock)
    probe.read()
    seen = []
    for _ in range(900):
        clock.advance(1.0)
        seen.append(probe.read().cpu_percent)
    assert 0 <= min(seen) < max(seen) <= 100
    assert max(seen) - min(seen) > 30


def test_memory_agrees_with_the_kernel(tmp_path: Path):
    """The memory figures are those that /proc/meminfo gives, give or take what moves meanwhile."""
    meminfo = Path("/proc/meminfo")
    if not meminfo.exists():
        pytest.skip("only Linux has /proc/meminfo")
    kib = {line.split(":")[0]: int(line.split()[1]) for line in meminfo.read_text().splitlines()}
    found = PsutilHost(disk=tmp_path).read()
    assert found.memory_total_mib == kib["MemTotal"] // 1024
    used_mib = (kib["MemTotal"] - kib["MemAvailable"]) / 1024
    assert found.memory_used_mib == pytest.approx(used_mib, abs=1024)


def test_hidden_figures_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A system that hides its figures is reported as such."""

    def hide() -> None:
        raise psutil.AccessDenied

    probe = PsutilHost(disk=tmp_path)
    monkeypatch.setattr(psutil, "virtual_memory", hide)
    with pytest.raises(Refused, match="cannot be read"):
        probe.read()
