from __future__ import annotations

from engine.gpu.foreign_use import FALL_HALF_LIFE_S, PEAK_HALF_LIFE_S, ForeignUse


def test_it_rises_at_once_and_falls_by_halves():
    """A rise is believed whole, a drop only by half in each half-life."""
    foreign = ForeignUse(capacity_mib=100_000)
    foreign.see(4000, 0.0)
    assert foreign.now_mib == 4000
    foreign.see(0, FALL_HALF_LIFE_S)
    assert foreign.now_mib == 2000
    foreign.see(0, 3 * FALL_HALF_LIFE_S)
    assert foreign.now_mib == 500


def test_it_does_not_fall_while_a_low_reading_may_mean_something_else():
    """While a lease may not be loaded yet, nothing is concluded from a low reading."""
    foreign = ForeignUse(capacity_mib=100_000)
    foreign.see(4000, 0.0)
    foreign.see(0, 10.0, may_fall=False)
    assert foreign.now_mib == 4000


def test_a_peak_is_remembered_and_fades():
    """After a game has left, what it used is kept in reserve, half of it a half-life later."""
    foreign = ForeignUse(capacity_mib=10_000)
    foreign.see(4000, 0.0)
    assert foreign.reserve_mib(0.0) == 0
    foreign.see(0, 0.0 + 60 * FALL_HALF_LIFE_S)
    assert foreign.now_mib == 0
    assert foreign.reserve_mib(PEAK_HALF_LIFE_S) == 2000
    assert foreign.reserve_mib(20 * PEAK_HALF_LIFE_S) == 0


def test_small_use_is_left_to_the_margin():
    """What only shows that an estimate was off reserves nothing."""
    foreign = ForeignUse(capacity_mib=10_000)
    foreign.see(300, 0.0)
    foreign.see(0, 1000.0)
    assert foreign.reserve_mib(1000.0) == 0


def test_less_than_nothing_is_nothing():
    """Leases that use less than promised make no negative foreign use."""
    foreign = ForeignUse(capacity_mib=10_000)
    foreign.see(-5000, 0.0)
    assert foreign.now_mib == 0
