from __future__ import annotations

from collections import Counter

import pytest

from engine.gpu.cards import Group
from engine.gpu.rates import LIMITS_S, REST, Pace, Rates, Schedule


def read_over(seconds: float, pace: Pace) -> Counter[Group]:
    """Return how often each group is read in `seconds`, when the thread sleeps as it is told."""
    schedule, now_s, counts = Schedule(Rates()), 100.0, Counter[Group]()
    while now_s < 100.0 + seconds:
        counts.update(schedule.take(now_s, pace))
        now_s += max(schedule.wait_s(now_s, pace), 0.001)
    return counts


def test_each_group_has_its_rate():
    """In a minute of looking, memory is read twice a second, load five times, lists seldom."""
    counts = read_over(59.5, Pace.WATCHED)
    assert counts[Group.MEMORY] == pytest.approx(120, abs=12)
    assert counts[Group.LOAD] == pytest.approx(300, abs=6)
    assert counts[Group.HEAT] == pytest.approx(60, abs=4)
    assert counts[Group.LINK] == pytest.approx(30, abs=2)
    assert counts[Group.PROCESSES] == pytest.approx(20, abs=1)
    assert counts[Group.LIMITS] == 1


def test_nobody_looks_so_little_is_read():
    """While nobody looks, everything is read five times seldomer, and still read."""
    watched, resting = read_over(60, Pace.WATCHED), read_over(60, Pace.RESTING)
    for group in set(Group) - {Group.LIMITS}:
        assert resting[group] == pytest.approx(watched[group] / REST, rel=0.2, abs=1)


def test_hurry_is_for_memory_alone():
    """While a model loads, memory is read ten times a second and nothing else oftener."""
    watched, hurried = read_over(10, Pace.WATCHED), read_over(10, Pace.HURRIED)
    assert hurried[Group.MEMORY] == pytest.approx(100, abs=5)
    for group in set(Group) - {Group.MEMORY, Group.LOAD}:
        assert hurried[group] <= watched[group] + 1


def test_thread_wakes_once_for_what_falls_together():
    """Groups whose times lie close together share one waking: five a second, not ten."""
    schedule, now_s, wakings = Schedule(Rates()), 100.0, 0
    while now_s < 160.0:
        wakings += bool(schedule.take(now_s, Pace.WATCHED))
        now_s += max(schedule.wait_s(now_s, Pace.WATCHED), 0.001)
    assert wakings <= 60 * 5 * 1.5


def test_changed_rates_count_at_once():
    """A shorter period does not wait for the end of the longer one."""
    schedule = Schedule(Rates(memory_s=60.0, load_s=60.0))
    schedule.take(100.0, Pace.WATCHED)
    assert Group.MEMORY not in schedule.take(101.0, Pace.WATCHED)
    schedule.change(Rates())
    assert Group.MEMORY in schedule.take(101.0, Pace.WATCHED)


def test_forgetting_makes_everything_due():
    """When a card appears, everything is read of it at once."""
    schedule = Schedule(Rates())
    assert schedule.wait_s(100.0, Pace.WATCHED) == 0.0
    schedule.take(100.0, Pace.WATCHED)
    assert schedule.take(100.0, Pace.WATCHED) == frozenset()
    schedule.forget()
    assert schedule.take(100.0, Pace.WATCHED) == frozenset(Group)


def test_limits_are_read_once_a_minute_at_any_pace():
    """What hardly changes is never hurried."""
    assert {Rates().periods_s(pace)[Group.LIMITS] for pace in Pace} == {LIMITS_S}
