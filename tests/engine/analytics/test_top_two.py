"""Challengers of the leading arm."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analytics.top_two import challenger, with_challengers


@pytest.mark.parametrize("shares", [[0.6, 0.3, 0.1], [0.9, 0.06, 0.04], [0.25, 0.25, 0.5]])
def test_probabilities_are_those_of_the_procedure(shares: list[float]):
    """The closed form is within 0.01 of what the drawing itself gives in 40,000 rounds."""
    rng = np.random.default_rng(0)

    def draw(arms: tuple[int, ...]) -> int:
        weights = np.array([shares[each] for each in arms])
        return arms[int(rng.choice(len(arms), p=weights / weights.sum()))]

    found = np.zeros(3)
    for _ in range(40_000):
        arm = draw((0, 1, 2))
        if rng.random() < 0.5:
            arm = challenger(arm, (0, 1, 2), draw)
        found[arm] += 1 / 40_000
    assert with_challengers(np.array(shares), 0.5) == pytest.approx(found, abs=0.01)


def test_a_certain_leader_is_challenged_all_the_same():
    """Where the leader always leads, the best of the others is taken after a hundred draws."""
    assert challenger(0, (0, 1, 2), lambda arms: arms[0]) == 1


def test_a_single_arm_has_no_challenger():
    """It is chosen itself."""
    assert challenger(2, (2,), lambda arms: arms[0]) == 2
    assert with_challengers(np.array([1.0]), 0.5) == pytest.approx([1.0])


def test_certainty_is_no_division_by_zero():
    """An arm that is best for sure leaves half of the choices to the others."""
    found = with_challengers(np.array([1.0, 0.0, 0.0]), 0.5)
    assert np.isfinite(found).all()
    assert found.sum() == pytest.approx(1.0)
