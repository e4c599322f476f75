"""What the recorded requests would have been like, had the models been chosen otherwise."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

from engine.activity import ActivityRecord
from engine.router.simulator import percentile

NEIGHBOURS = 20
"""Requests to the same model, the nearest in time, from which an outcome is estimated."""
LITTLE = 0.01
"""What the other terms count where one comes first: they decide between equals."""
VALUE_UNKNOWN = 0.5
CLIENT_LEFT = 499
TERMS = ("preference", "quality", "speed", "price", "health")

AS_IT_WAS = "as it was"
REPLAY_POLICIES: Mapping[str, Mapping[str, float] | None] = {
    AS_IT_WAS: None,
    "quality first": dict.fromkeys(TERMS, LITTLE) | {"quality": 1.0},
    "speed first": dict.fromkeys(TERMS, LITTLE) | {"speed": 1.0},
    "price first": dict.fromkeys(TERMS, LITTLE) | {"price": 1.0},
    "all alike": dict.fromkeys(TERMS, 1.0),
}
"""Weights of the terms that were recorded; None chooses as it was chosen."""


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """How the recorded requests would have been. Figures are None where nothing is known."""

    policy: str
    requests: int
    moved: int
    """Would have gone to another model."""
    unknown: int
    """Of those: to a model of which no request is recorded; they are left out below."""
    answered: float | None
    """Share that was answered, or would probably have been."""
    first_p50_ms: float | None
    first_p99_ms: float | None
    cost_usd: float | None
    """Of all together, where prices are known."""
    quality: float | None
    """Mean quality of the models, as it was scored then."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    answered: float
    first_ms: float | None
    cost_usd: float | None


class _Experience:
    """What is recorded of every model."""

    def __init__(self, records: Sequence[ActivityRecord]) -> None:
        by_model = defaultdict[str, list[ActivityRecord]](list)
        for record in sorted(records, key=lambda each: each.at_s):
            if record.model and not record.cached and record.status != CLIENT_LEFT:
                by_model[record.model].append(record)
        self._by_model = dict(by_model)

    def outcome(self, model: str, record: ActivityRecord) -> _Outcome | None:
        """Return what `record` would have been like at `model`; None where nobody can say."""
        there = self._by_model.get(model)
        if not there:
            return None
        at = bisect_left(there, record.at_s, key=lambda each: each.at_s)
        around = there[max(0, at - NEIGHBOURS) : at + NEIGHBOURS]
        nearest = sorted(around, key=lambda each: abs(each.at_s - record.at_s))[:NEIGHBOURS]
        firsts = [each.first_byte_ms for each in nearest if each.first_byte_ms is not None]
        rates = [rate for each in nearest if (rate := _usd_a_token(each)) is not None]
        return _Outcome(
            answered=fmean(_is_answered(each) for each in nearest),
            first_ms=median(firsts) if firsts else None,
            cost_usd=fmean(rates) * _tokens(record) if rates else None,
        )


def replay(
    records: Sequence[ActivityRecord],
    policies: Mapping[str, Mapping[str, float] | None] | None = None,
) -> tuple[ReplayResult, ...]:
    """Return how `records` would have been under each of `policies`, by default all of ours.

    Where a policy chooses the model that answered, what really happened counts; else the nearest
    requests in time to its choice do. That says nothing of the load that the choice would have
    caused. Requests for a named model stay where they were. Takes 0.1 ms of CPU a request.
    """
    experience = _Experience(records)
    counted = [record for record in records if record.model and not record.cached]
    chosen = REPLAY_POLICIES if policies is None else policies
    return tuple(_replayed(name, each, counted, experience) for name, each in chosen.items())


def choice(decision: Any, weights: Mapping[str, float]) -> Mapping[str, Any] | None:
    """Return the candidate of a recorded `decision` that `weights` would have chosen, or None.

    decision: a `Decision` as plain values. Only the first tier's candidates count.
    """
    candidates = decision.get("candidates") if isinstance(decision, Mapping) else None
    if not isinstance(candidates, list | tuple):
        return None
    allowed = [each for each in candidates if not each.get("excluded") and each.get("terms")]
    allowed = [each for each in allowed if each.get("tier") == allowed[0].get("tier")]
    return max(allowed, key=lambda each: _score(each, weights), default=None)


def _replayed(
    name: str,
    weights: Mapping[str, float] | None,
    records: Sequence[ActivityRecord],
    experience: _Experience,
) -> ReplayResult:
    outcomes: list[_Outcome] = []
    qualities: list[float] = []
    moved = unknown = 0
    for record in records:
        wanted = None if weights is None else choice(record.decision, weights)
        model = record.model if wanted is None else str(wanted["model"])
        is_moved = model != record.model
        moved += is_moved
        outcome = experience.outcome(model, record) if is_moved else _real(record)
        if outcome is None:
            unknown += 1
            continue
        outcomes.append(outcome)
        quality = _quality(wanted or _candidate(record.decision, model))
        if quality is not None:
            qualities.append(quality)
    firsts = [each.first_ms for each in outcomes if each.first_ms is not None]
    costs = [each.cost_usd for each in outcomes if each.cost_usd is not None]
    return ReplayResult(
        policy=name,
        requests=len(records),
        moved=moved,
        unknown=unknown,
        answered=fmean(each.answered for each in outcomes) if outcomes else None,
        first_p50_ms=percentile(firsts, 0.5) if firsts else None,
        first_p99_ms=percentile(firsts, 0.99) if firsts else None,
        cost_usd=sum(costs) if costs else None,
        quality=fmean(qualities) if qualities else None,
    )


def _real(record: ActivityRecord) -> _Outcome:
    return _Outcome(float(_is_answered(record)), record.first_byte_ms, record.cost_usd)


def _is_answered(record: ActivityRecord) -> bool:
    return record.status < 400 and not record.problem


def _tokens(record: ActivityRecord) -> int:
    return (record.prompt_tokens or 0) + (record.completion_tokens or 0)


def _usd_a_token(record: ActivityRecord) -> float | None:
    tokens = _tokens(record)
    return record.cost_usd / tokens if record.cost_usd is not None and tokens else None


def _candidate(decision: Any, model: str) -> Mapping[str, Any] | None:
    candidates = decision.get("candidates") if isinstance(decision, Mapping) else None
    return next((each for each in candidates or () if each.get("model") == model), None)


def _quality(candidate: Mapping[str, Any] | None) -> float | None:
    terms = () if candidate is None else candidate.get("terms", ())
    return next((float(term["value"]) for term in terms if term["name"] == "quality"), None)


def _score(candidate: Mapping[str, Any], weights: Mapping[str, float]) -> float:
    values = {term["name"]: float(term["value"]) for term in candidate["terms"]}
    return sum(weight * values.get(name, VALUE_UNKNOWN) for name, weight in weights.items())
