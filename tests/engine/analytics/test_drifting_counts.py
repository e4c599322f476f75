"""Counts for arms that change."""

from __future__ import annotations

import json

import numpy as np
import pytest

from engine.analytics.drifting_counts import DriftingCounts


def note(counts: DriftingCounts, arm: int, rewards: np.ndarray, turn: int) -> int:
    """Count `rewards` of `arm` from choice `turn` on; return the next turn."""
    for each in rewards:
        counts.note(arm, float(each), turn)
        turn += 1
    return turn


def test_what_was_before_a_change_is_forgotten():
    """After a fall from 0.8 to 0.3 the counts are those of the new mean, and it is told when."""
    rng = np.random.default_rng(0)
    counts = DriftingCounts(2)
    turn = note(counts, 0, rng.random(300) < 0.8, 0)
    turn = note(counts, 0, rng.random(150) < 0.3, turn)
    assert len(counts.changes) == 1
    noticed, change = counts.changes[0]
    assert 300 < noticed < 400
    assert (change.arm, change.after < change.before) == (0, True)
    found = counts.successes[0] / (counts.successes[0] + counts.failures[0])
    assert found == pytest.approx(0.3, abs=0.12)
    assert counts.total == pytest.approx(counts.successes[0] + counts.failures[0])


def test_memory_is_longer_the_longer_nothing_changed():
    """What is tried no more fades with 1,000 choices at first, and slower later."""
    counts = DriftingCounts(2)
    note(counts, 0, np.ones(10), 0)
    note(counts, 1, np.tile([0.0, 1.0], 150), 10)
    assert counts.successes[0] == pytest.approx(10 * (1 - 1 / 1000) ** 300, rel=0.02)
    note(counts, 1, np.tile([0.0, 1.0], 5000), 310)
    assert counts.successes[0] > 0.5


def test_late_rewards_count_by_the_age_of_their_choice():
    """A reward that comes 300 choices late counts as faded as if it had come at once."""
    late, early = DriftingCounts(2), DriftingCounts(2)
    early.note(0, 1.0, 0)
    for turn in range(1, 301):
        early.note(1, 0.5, turn)
        late.note(1, 0.5, turn)
    late.note(0, 1.0, 0)
    assert late.successes == pytest.approx(early.successes, rel=1e-6)


def test_a_restart_changes_nothing():
    """Through JSON and back, the same change is noticed at the same choice."""
    rng = np.random.default_rng(1)
    head, tail = rng.random(333) < 0.8, rng.random(200) < 0.2
    straight, first = DriftingCounts(2), DriftingCounts(2)
    note(straight, 1, tail, note(straight, 1, head, 0))
    note(first, 1, head, 0)
    again = DriftingCounts.from_state(json.loads(json.dumps(first.state())))
    note(again, 1, tail, 333)
    assert again.changes == straight.changes
    assert again.successes == straight.successes


def test_an_arm_more_begins_at_nothing():
    """It is watched too."""
    counts = DriftingCounts(1)
    counts.add_arm()
    note(counts, 1, np.ones(5), 0)
    assert counts.failures == [0.0, 0.0]
    assert counts.successes[1] == pytest.approx(5.0, rel=0.01)


def test_no_memory_is_a_mistake():
    """Memory of a single choice is refused."""
    with pytest.raises(ValueError, match="shortest_memory"):
        DriftingCounts(1, shortest_memory=1.0)
