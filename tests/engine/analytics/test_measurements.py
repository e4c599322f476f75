"""What was measured so far."""

from __future__ import annotations

import numpy as np

from engine.analytics.measurements import Measurements, Told
from engine.analytics.space import ChoiceParameter, FloatParameter, Space

SPACE = Space([ChoiceParameter("model", ("a", "b")), FloatParameter("x", 0, 10)])


def told(model, x, reward, limit=0.0):
    """Return one measurement."""
    return Told({"model": model, "x": x}, reward, (limit,), 0)


def test_arrays_grow_and_keep_their_order():
    """A hundred measurements are a hundred rows."""
    measured = Measurements(SPACE, 1)
    for each in range(100):
        measured.add(told("b", each / 10, float(each), each - 50.0))
    assert measured.units.shape == (100, 2)
    np.testing.assert_array_equal(measured.rewards, np.arange(100))
    np.testing.assert_allclose(measured.units[:, 1], np.arange(100) / 100)
    assert measured.are_feasible.sum() == 51


def test_what_is_not_in_the_space_waits_for_its_return():
    """A vanished choice takes its measurements out, and brings them back."""
    measured = Measurements(SPACE, 1)
    for model in ("a", "b", "a"):
        measured.add(told(model, 1.0, 0.0))
    measured.place(SPACE.with_choices("model", ("b",)))
    assert measured.count == 1
    measured.add(told("a", 2.0, 7.0))
    assert measured.count == 1
    measured.place(SPACE.with_choices("model", ("c", "b", "a")))
    np.testing.assert_allclose(measured.units[:, 0], [1.0, 0.5, 1.0, 1.0])
    assert measured.rewards[-1] == 7.0
