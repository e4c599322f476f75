"""What a study learns from other types of task."""

from __future__ import annotations

from engine.analytics.adapters.borrowing import FEWEST, MOST_OF_EACH, Borrowed, borrowed_from
from engine.analytics.observations import Observation, StudyKey
from engine.analytics.ports import SearchOrder
from engine.analytics.space import FloatParameter, Space

ORDER = SearchOrder(StudyKey("m", "chat"), Space([FloatParameter("x", 0.0, 1.0)]))


def answers(count: int, task: str) -> list[Observation]:
    key = StudyKey("m", task)
    return [Observation(str(n), key, n, {"x": n / count}, reward=n / count) for n in range(count)]


def test_each_task_has_a_number_of_its_own():
    """The newest of each task count, under one number; tasks with very few are left out."""
    others = {"a": answers(300, "a"), "b": answers(FEWEST - 1, "b"), "c": answers(10, "c")}
    found = borrowed_from(ORDER, others)
    assert dict(found.counts) == {"a": MOST_OF_EACH, "c": 10}
    assert [each.task for each in found.rows] == [1] * MOST_OF_EACH + [2] * 10
    assert found.rows[MOST_OF_EACH - 1].reward == 299 / 300


def test_who_borrows_nothing_says_nothing():
    """A reason stays as it is."""
    assert Borrowed().words("why", 3) == "why"
    assert borrowed_from(ORDER, {}).rows == ()
