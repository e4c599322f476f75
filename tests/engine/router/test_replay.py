"""A replay says what another choice would have meant, and where it cannot know."""

from __future__ import annotations

from typing import Any

import pytest

from engine.activity import ActivityRecord
from engine.router.replay import AS_IT_WAS, REPLAY_POLICIES, ReplayResult, choice, replay


def candidate(model: str, *, excluded: str = "", tier: str = "fast", **terms: float) -> Any:
    values = [{"name": name, "value": value, "weight": 1.0} for name, value in terms.items()]
    return {"model": model, "excluded": excluded, "tier": tier, "terms": values, "score": 1.0}


SMALL = candidate("small", quality=0.4, price=1.0)
LARGE = candidate("large", quality=0.9, price=0.2)
BOTH = {"candidates": [SMALL, LARGE]}


def answered(number: int, model: str, first_ms: float, **fields: Any) -> ActivityRecord:
    usual: dict[str, Any] = {
        "first_byte_ms": first_ms,
        "prompt_tokens": 50,
        "completion_tokens": 50,
        "cost_usd": 0.0 if model == "small" else 0.5,
        "decision": BOTH,
    }
    made = usual | fields
    return ActivityRecord(str(number), float(number), "chat", "me", "fast", model, **made)


HISTORY = [
    *(answered(number, "small", 10.0) for number in range(4)),
    *(answered(number, "large", 100.0) for number in range(4, 8)),
]


def results(records: list[ActivityRecord]) -> dict[str, ReplayResult]:
    return {each.policy: each for each in replay(records)}


def test_as_it_was_is_as_it_was() -> None:
    """Replaying the choices that were made gives what was measured."""
    found = results(HISTORY)[AS_IT_WAS]
    assert (found.requests, found.moved, found.unknown) == (8, 0, 0)
    assert (found.first_p50_ms, found.first_p99_ms) == (10.0, 100.0)
    assert found.cost_usd == 2.0
    assert found.answered == 1.0
    assert found.quality == pytest.approx(0.65)


def test_another_choice_is_estimated_from_what_is_known() -> None:
    """What moves gets the time, the price and the luck of its new model's requests."""
    records = [*HISTORY, answered(8, "large", 100.0, status=503, cost_usd=None)]
    found = results(records)
    better, cheaper = found["quality first"], found["price first"]
    assert (better.moved, cheaper.moved) == (4, 5)
    assert better.first_p50_ms == 100.0
    # Four more at the price of the large model for as many tokens; one of five failed there.
    assert better.cost_usd == pytest.approx(2.0 + 4 * 0.5)
    assert better.answered == pytest.approx((4 + 4 * 0.8) / 9)
    assert (cheaper.cost_usd, cheaper.answered, cheaper.quality) == (0.0, 1.0, pytest.approx(0.4))


def test_a_model_that_was_never_asked_is_unknown() -> None:
    """Nothing is claimed of requests that would have gone where none ever went."""
    found = results(HISTORY[:4])["quality first"]
    assert (found.moved, found.unknown) == (4, 4)
    assert found.answered is found.first_p50_ms is found.cost_usd is found.quality is None


def test_cached_and_unrouted_requests_stay_out_or_where_they_were() -> None:
    """Cache hits say nothing of models; a request for a named model is not moved."""
    records = [
        answered(1, "small", 10.0, cached="hit"),
        answered(2, "small", 10.0, decision=None),
        answered(3, "large", 90.0, decision={"candidates": [candidate("large")]}),
    ]
    found = results(records)["price first"]
    assert (found.requests, found.moved) == (2, 0)
    records = [*HISTORY[:4], answered(9, "large", 1.0, cached="hit")]
    assert results(records)["quality first"].unknown == 4


def test_only_allowed_candidates_of_the_first_tier_are_chosen() -> None:
    """Who was out stays out, and the next tier is no choice."""
    decision = {
        "candidates": [
            candidate("out", excluded="too small", quality=1.0),
            SMALL,
            candidate("next", tier="expert", quality=1.0),
        ]
    }
    weights = REPLAY_POLICIES["quality first"]
    assert weights is not None
    assert choice(decision, weights) == SMALL
    assert choice({"candidates": []}, weights) is None
    assert choice(None, weights) is None
    assert choice({"candidates": "odd"}, weights) is None


def test_nothing_to_replay() -> None:
    """Without requests every figure is unknown."""
    for found in replay([]):
        assert (found.requests, found.answered) == (0, None)
