"""Priors from other models and tasks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.analytics.pooled_priors import LEAST, MOST, ArmRecord, pooled_prior

HERE = {"model": "a", "task_type": "code", "arm": "cold"}


def record(
    mean: float, rewards: float, model: str = "b", task: str = "code", arm: str = "cold"
) -> ArmRecord:
    """Return what an arm earned elsewhere."""
    return ArmRecord(model, task, arm, mean * rewards, (1 - mean) * rewards)


def test_nothing_known_is_uniform():
    """No records, other arms, the study itself, and studies of few rewards say nothing."""
    silent = [
        record(0.9, 100, arm="hot"),
        record(0.9, 100, model="a"),
        record(0.9, 4),
    ]
    assert pooled_prior(silent, **HERE) == (1.0, 1.0)


def test_what_did_well_everywhere_begins_well():
    """Studies that agree make a prior of their mean, worth the most there is."""
    alike = [record(0.8, 200, model=f"m{each}") for each in range(6)]
    won, lost = pooled_prior(alike, **HERE)
    assert won + lost == pytest.approx(MOST)
    assert won / (won + lost) == pytest.approx(0.8, abs=0.02)


def test_studies_that_disagree_are_worth_little():
    """Means from 0.1 to 0.9 say that this arm depends on model and task."""
    torn = [record(mean, 200, model=f"m{mean}") for mean in (0.1, 0.9, 0.2, 0.8)]
    won, lost = pooled_prior(torn, **HERE)
    assert won + lost < 4.0


def test_the_same_model_and_task_count_more():
    """A study that shares the task outweighs one that shares nothing."""
    near, far = record(0.9, 50, task="code"), record(0.1, 50, task="chat")
    won, lost = pooled_prior([near, far], **HERE)
    assert won / (won + lost) > 0.55


@given(
    st.lists(
        st.builds(
            record,
            st.floats(0, 1),
            st.floats(0, 1e6),
            st.sampled_from("abc"),
            st.sampled_from(["code", "chat"]),
        ),
        max_size=8,
    )
)
def test_priors_are_always_priors(records: list[ArmRecord]):
    """Whatever was seen, both parts are above 0 and they are worth at most MOST rewards."""
    won, lost = pooled_prior(records, **HERE)
    assert won > 0
    assert lost > 0
    assert LEAST - 1e-9 <= won + lost <= MOST + 1e-9
