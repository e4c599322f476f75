"""Cuts through what is believed."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analytics.optimiser import Optimiser
from engine.analytics.space import ChoiceParameter, FloatParameter, IntParameter, Space
from engine.errors import Rejected

SPACE = Space(
    [
        FloatParameter("heat", 0, 2),
        IntParameter("tokens", 1, 1000),
        ChoiceParameter("model", ("a", "b", "c")),
    ]
)


@pytest.fixture(scope="module")
def optimiser():
    """Return one that knows forty measurements, on which the model matters most, tokens nothing."""
    made = Optimiser(SPACE, seed=0, constraint_count=1)
    for unit in SPACE.sample(np.random.default_rng(0), 40):
        values = SPACE.decode(unit)
        reward = 2.0 * "abc".index(values["model"]) - (values["heat"] - 0.5) ** 2
        made.tell(values, reward, [values["heat"] - 1.5])
    made.ask()
    return made


def test_a_slice_follows_the_reward(optimiser):
    """Its mean is highest where the reward is, and infeasible values are told."""
    cut = optimiser.slices("heat", 41)
    assert cut.points[0] == 0.0
    assert cut.points[-1] == 2.0
    assert cut.points[int(np.argmax(cut.mean))] == pytest.approx(0.5, abs=0.2)
    assert cut.feasible[0] > 0.9 > 0.1 > cut.feasible[-1]
    assert cut.acquisition.max() == 1.0
    assert (cut.acquisition >= 0).all()
    assert (cut.deviation >= 0).all()


def test_a_slice_of_choices_has_each_once(optimiser):
    """A grid is not divided further."""
    assert optimiser.slices("model", 50).points == ("a", "b", "c")
    assert len(optimiser.slices("tokens", 20).points) == 20


def test_a_contour_has_the_shape_of_its_axes(optimiser):
    """Rows are y, columns x, and a cell is what a prediction there says."""
    found = optimiser.contour("heat", "model", 9)
    assert found.mean.shape == (3, 9) == found.feasible.shape
    assert found.mean[2].min() > found.mean[0].max()


def test_importances_tell_what_matters(optimiser):
    """They add up to 1, and what changes nothing has next to none."""
    shares = optimiser.importances()
    assert sum(shares.values()) == pytest.approx(1.0)
    assert max(shares, key=shares.get) == "model"
    assert shares["tokens"] < 0.02


def test_leaving_each_out_agrees_with_what_was_measured(optimiser):
    """Predictions from all others are near, and their deviations are not far off."""
    found = optimiser.leave_one_out()
    assert found.observed.shape == found.predicted.shape == (40,)
    assert np.corrcoef(found.observed, found.predicted)[0, 1] > 0.95
    off = np.abs(found.observed - found.predicted) / found.deviation
    assert np.median(off) < 2.0


def test_nothing_is_cut_where_nothing_is_known():
    """The message says what to do first."""
    with pytest.raises(Rejected, match="nothing was measured"):
        Optimiser(SPACE, seed=0).slices("heat", 5)


def test_an_unknown_parameter_is_refused(optimiser):
    """By its name."""
    with pytest.raises(Rejected, match="colour"):
        optimiser.slices("colour", 5)
