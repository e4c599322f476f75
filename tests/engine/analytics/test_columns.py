"""The newest observations of a study as columns."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.analytics.columns import REWARD, Columns
from engine.analytics.snapshot import MOST_DRAWN


def figures(at_s, reward=None, feasible=1.0):
    return (at_s, reward, None, None, feasible, 0.0)


@given(st.lists(st.integers(0, 30), max_size=200), st.integers(1, 100))
def test_the_newest_rows_are_there_in_order(ids, most):
    """Whatever comes, the last rows are there, oldest first, each once and as last written."""
    columns = Columns(most=most)
    expected: dict[int, float] = {}
    for at, number in enumerate(ids):
        if number not in expected and len(expected) == most:
            del expected[next(iter(expected))]
        expected[number] = float(at)
        columns.put(str(number), {"temperature": number / 10}, figures(float(at)))
    view = columns.view()
    assert list(view.at_s) == list(expected.values())
    assert np.allclose(view.values.get("temperature", []), [each / 10 for each in expected])
    assert view.total == max(len(expected), columns.total)


def test_the_best_so_far_is_feasible():
    """A reward outside the limits is never the best, and nothing is before the first reward."""
    columns = Columns()
    for at, (reward, feasible) in enumerate([(None, 1.0), (0.9, 0.0), (0.4, 1.0), (0.2, 1.0)]):
        columns.put(str(at), {}, figures(float(at), reward, feasible))
    view = columns.view()
    assert np.isnan(view.best_so_far[:2]).all()
    assert list(view.best_so_far[2:]) == [0.4, 0.4]
    assert list(view.feasible) == [True, False, True, True]


def test_a_reward_that_comes_late_finds_its_row():
    """Rows are written again by their id; one that has left is not missed."""
    columns = Columns(most=2)
    for number in range(3):
        columns.put(str(number), {}, figures(float(number)))
    columns.rewrite(REWARD, {"0": 0.1, "2": 0.7})
    view = columns.view()
    assert np.isnan(view.reward[0])
    assert view.reward[1] == 0.7


def test_parameters_that_were_left_open_are_nan():
    """A value that is no number, or was left open, is drawn nowhere."""
    columns = Columns()
    columns.put("a", {"temperature": 0.5, "effort": "low"}, figures(1.0))
    columns.put("b", {"flag": True}, figures(2.0))
    view = columns.view()
    assert view.values["temperature"][0] == 0.5
    assert np.isnan(view.values["temperature"][1])
    assert np.isnan(view.values["effort"]).all()
    assert view.values["flag"][1] == 1.0


def test_any_number_of_parameters_takes_bounded_memory():
    """Requests with ever new parameters add no more columns than can be looked at."""
    columns = Columns()
    for number in range(100):
        columns.put(str(number), {f"p{number}": 1.0}, figures(float(number)))
    assert len(columns.view().values) == 16


def test_a_view_does_not_change():
    """What was shown stays as it was."""
    columns = Columns()
    columns.put("a", {"temperature": 0.5}, figures(1.0, 0.3))
    view = columns.view()
    columns.put("a", {"temperature": 0.9}, figures(1.0, 0.8))
    assert (view.reward[0], view.values["temperature"][0]) == (0.3, 0.5)


def test_memory_is_bounded():
    """A hundred thousand observations leave as many rows as are drawn."""
    columns = Columns()
    for number in range(MOST_DRAWN + 5_000):
        columns.put(str(number), {}, figures(float(number)))
    view = columns.view()
    assert (len(view.at_s), view.total) == (MOST_DRAWN, MOST_DRAWN + 5_000)
    assert view.at_s[0] == 5_000.0
