"""Other hosts in the terminal."""

from __future__ import annotations

from app.commands.gpu_host_table import MOST, host_lines
from engine.gateway.lease_bodies import snapshot_body
from engine.gpu.hosts import HostCard, HostLease, HostLeases
from engine.gpu.lease_views import LeasesSnapshot


def lines_for(*hosts: HostLeases) -> list[str]:
    """Return what is shown at second 3."""
    return host_lines(snapshot_body(LeasesSnapshot(others=hosts), 3.0))


def test_without_other_hosts_there_is_nothing():
    """Nobody is told of what is not there."""
    assert lines_for() == []
    assert host_lines({}) == []


def test_a_host_is_shown_with_its_cards_leases_and_queue():
    """And how long ago it told of them."""
    host = HostLeases(
        "1",
        "tower",
        cards=(HostCard("GPU-1", "RTX 4090", 24_564, 9_000, 8_000), HostCard("GPU-2", "Old")),
        leases=(HostLease("train", "active", 8_000, cards=2),),
        queue=(HostLease("chat", "queued", 20_000, reason="waits until leases end"),),
        heard_s=1.0,
    )
    lines = lines_for(host)
    assert lines[1] == "Host tower: 1 held, 1 waiting (2 s ago)"
    assert lines[2].endswith("9000 of 24564 MiB used, 8000 leased")
    assert lines[3].endswith("– of – MiB used, 0 leased")
    assert lines[4].endswith("8000 MiB × 2  active")
    assert lines[5].endswith("20000 MiB  queued: waits until leases end")


def test_many_leases_are_counted():
    """The terminal has an end."""
    leases = tuple(HostLease("one", "active", 5) for _ in range(MOST + 3))
    lines = lines_for(HostLeases("1", "tower", leases=leases))
    assert len(lines) == MOST + 3
    assert lines[-1] == "   … and 3 more"
