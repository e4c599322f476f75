"""Random generators that survive a restart."""

from __future__ import annotations

import json

import numpy as np
import pytest

from engine.analytics.generator_state import generator_from, generator_state


def test_draws_go_on():
    """After a way through JSON the same numbers come, halves of words included."""
    rng = np.random.default_rng(5)
    rng.integers(0, 10, 3, dtype=np.int32)
    again = generator_from(json.loads(json.dumps(generator_state(rng))))
    assert again.integers(0, 1000, 5, dtype=np.int32).tolist() == (
        rng.integers(0, 1000, 5, dtype=np.int32).tolist()
    )
    assert again.beta(2, 3) == rng.beta(2, 3)


@pytest.mark.parametrize("change", [{"kind": "MT19937"}, {"state": "x"}])
def test_another_generator_is_refused(change: dict[str, str]):
    """What is no state of PCG64 raises ValueError."""
    state = generator_state(np.random.default_rng(0))
    with pytest.raises(ValueError):
        generator_from({**state, **change})
