"""What programs and people ask of parameter analytics, one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from uuid import uuid4

from engine.analytics.answers import (
    BestView,
    Comparison,
    Forgotten,
    Noted,
    Optimized,
    WhatIf,
)
from engine.analytics.baseline_regret import regret_view
from engine.analytics.comparing import best_view, comparison, logged
from engine.analytics.limits import Limits
from engine.analytics.observations import AS_CAME, Observation, StudyKey
from engine.analytics.off_policy_views import off_policy_view
from engine.analytics.parameter_sets import Arm, checked_arm
from engine.analytics.parts import Parts
from engine.analytics.regret_view import RegretView
from engine.analytics.rewards import Signs
from engine.analytics.snapshot import SuggestionView, Value, Values
from engine.analytics.study import Study
from engine.analytics.suggestions import check_age, unknown
from engine.analytics.task_types import named
from engine.analytics.tried_values import Tried
from engine.clock import Clock
from engine.errors import Rejected

S_PER_H = 3_600.0
LONGEST_MODEL = 300


class Asked:
    """Answers questions; each may wait for the database. For the engines' loop."""

    def __init__(self, parts: Parts, *, clock: Clock) -> None:
        self._parts = parts
        self._clock = clock

    async def optimize(self, model: str, task_type: str, limits: Limits) -> Optimized:
        """Return parameters to use now. Raises Rejected where nothing keeps the limits."""
        parts, key = self._parts, study_key(model, task_type)
        study = await parts.studies.get(key)
        parts.searching.want(key)
        chosen = parts.deciding.for_program(study, limits)
        found = Observation(
            id=chosen.id, key=key, made_s=parts.learning.now_s(), values=dict(chosen.values),
            arm=chosen.arm, suggested=dict(chosen.values), is_applied=True, why=chosen.why,
            predicted=chosen.reward, predicted_ms=chosen.latency_ms, choice=chosen.choice,
            generation=chosen.generation,
        )  # fmt: skip
        parts.learning.begin(found)
        return Optimized(
            id=found.id,
            model=model,
            task_type=key.task_type,
            parameters=dict(chosen.values),
            arm=chosen.arm,
            reward=chosen.reward,
            latency_ms=chosen.latency_ms,
            propensity=found.settle_propensity(),
            evidence=chosen.why,
            at_s=found.made_s,
        )

    async def find(self, id: str, *, request_id: str = "", client: str = "") -> Observation:
        """Return a suggestion that may be rated. Raises Rejected for any other.

        client: whose it must be; "" may rate every one.
        """
        parts = self._parts
        found = parts.suggestions.find(id) if id else parts.suggestions.of_request(request_id)
        if found is None:
            found = await parts.book.find(id=id, request_id=request_id)
            # It may have been looked up by two at once: they must change the same object.
            found = parts.suggestions.recalled(found)
        is_anothers = found is not None and client and found.client != client
        if found is None or is_anothers or found.origin:
            parts.learning.counts["unknown"] += 1
            raise unknown("suggestion_id" if id else "request_id", id or request_id)
        try:
            lifetime_s = parts.learning.settings.suggestion_hours * S_PER_H
            check_age(found, parts.learning.now_s(), lifetime_s)
        except Rejected:
            parts.learning.counts["expired"] += 1
            raise
        return found

    async def of_requests(self, request_ids: Iterable[str]) -> dict[str, SuggestionView]:
        """Return what was suggested, by the ids of requests. Raises Refused, Damaged."""
        parts, views = self._parts, {}
        for request_id in request_ids:
            found = parts.suggestions.of_request(request_id)
            if found is None:
                found = await parts.book.find(request_id=request_id)
            if found is not None and not found.origin:
                views[request_id] = found.view(parts.learning.settings.rewards)
        return views

    async def note(self, found: Observation, signs: Signs) -> Noted:
        """Return what was made of what is told."""
        parts = self._parts
        await parts.studies.get(found.key)
        is_told = signs.reward is not None or signs.thumbs is not None
        if not found.request_id and (is_told or signs.latency_ms is not None):
            # Nobody else will tell that the answer is over.
            return parts.learning.over(found, signs)
        return parts.learning.note(found, signs)

    async def best(self, model: str, task_type: str) -> BestView:
        """Return the best arm within the limits of the settings."""
        study = await self._parts.studies.get(study_key(model, task_type))
        settings = self._parts.learning.settings
        return best_view(study, Limits(settings.max_latency_ms, settings.max_cost_usd))

    async def compare(self, key: StudyKey, a: str, b: str) -> Comparison:
        """Return one arm beside another. Raises Rejected where there is none of that name."""
        parts = self._parts
        study = await parts.studies.get(study_key(*key))
        for name in (a, b):
            study.arm(name)
        await parts.keeper.flush()
        stored = await parts.book.study(study.key)
        kept = logged(stored.observations)
        names = [each.name for each in study.arms]
        views = (off_policy_view(kept, names, a), off_policy_view(kept, names, b))
        return comparison(study, a, b, views)

    async def regret(self, key: StudyKey) -> RegretView:
        """Return what suggestions lost or gained against the arm that leaves requests alone."""
        parts = self._parts
        study = await parts.studies.get(study_key(*key))
        study.arm(AS_CAME)
        await parts.keeper.flush()
        kept = logged((await parts.book.study(study.key)).observations)
        names = [each.name for each in study.arms]
        found = await asyncio.to_thread(regret_view, kept, names, AS_CAME)
        return replace(found, model=study.key.model, task_type=study.key.task_type)

    async def what_if(self, key: StudyKey, values: Values) -> WhatIf:
        """Return what to expect of `values`. Raises Rejected for values that are none."""
        parts, key = self._parts, study_key(*key)
        await parts.keeper.flush()
        stored = await parts.book.study(key)
        rewards = parts.learning.settings.rewards
        tried = [
            Tried(each.values, each.earned(rewards) if each.counted_s else None, each.latency_ms)
            for each in stored.observations
        ]
        return await parts.searching.foresee(key, values, tried)

    async def add_arm(self, key: StudyKey, name: str, values: Mapping[str, Value]) -> Arm:
        """Try `values` too; one that was removed comes back with what it has earned.

        Raises Rejected for what cannot be.
        """
        arm = checked_arm(name, values)
        study = await self._parts.studies.get(study_key(*key))
        found = _removed(study, arm)
        if found is None:
            study.add_arm(arm)
            self._parts.studies.note(study)
            return arm
        study.removed.discard(arm.name)
        study.version += 1
        self._parts.studies.note(study)
        await self._parts.studies.rebuild(study.key)
        return found

    async def remove_arm(self, key: StudyKey, name: str) -> Arm:
        """Try the arm `name` no more. Raises Rejected for an unknown or the last one."""
        study = await self._parts.studies.get(study_key(*key))
        arm = study.remove_arm(name)
        self._parts.studies.note(study)
        return arm

    def refuse(self, key: StudyKey, reason: str) -> None:
        """Choose nothing more for a model that does not take parameters."""
        study = self._parts.studies.loaded(key)
        if study is not None and not study.refused:
            study.refused = f"{key.model} does not take them: {reason}"
            study.version += 1
            self._parts.learning.counts["refused"] += 1
            self._parts.studies.note(study)

    async def forget(self, where: Mapping[str, object]) -> Forgotten:
        """Set observations aside for a day. Raises Refused, Damaged."""
        parts, token = self._parts, uuid4().hex
        await parts.keeper.flush()
        counts = await parts.book.forget(token, parts.learning.now_s(), where)
        self._let_go(where)
        whole = {"model", "task_type"}.issuperset(k for k, v in where.items() if v is not None)
        for key in [each.key for each in parts.studies] if whole else []:
            await self._lift(key, where)
        await self._begin_anew(counts)
        return Forgotten(token, sum(counts.values()), len(counts))

    async def undo_forget(self, token: str) -> int:
        """Bring back what was set aside. Raises Rejected, Refused, Damaged."""
        counts = await self._parts.book.recall(token)
        await self._begin_anew(counts)
        return sum(counts.values())

    def _let_go(self, where: Mapping[str, object]) -> None:
        """Take in no more of what was set aside, such as of an answer that is under way."""
        for found in self._parts.suggestions.latest(len(self._parts.suggestions)):
            if _is_meant(found, where):
                found.is_forgotten = True
                self._parts.suggestions.remove(found.id)

    async def _lift(self, key: StudyKey, where: Mapping[str, object]) -> None:
        """Let a study begin anew also with what its server refused."""
        study = self._parts.studies.loaded(key)
        is_meant = where.get("model") in (None, key.model) and where.get("task_type") in (
            None,
            key.task_type,
        )
        if study is not None and study.refused and is_meant:
            study.refused = ""
            self._parts.studies.note(study)
            await self._parts.keeper.flush()

    async def _begin_anew(self, counts: Mapping[StudyKey, int]) -> None:
        self._parts.keeper.total = await self._parts.book.total()
        self._parts.learning.version += 1
        for key in counts:
            self._parts.searching.forget(key)
            await self._parts.studies.renew(key)


def _is_meant(found: Observation, where: Mapping[str, object]) -> bool:
    """Tell whether `where`, as the book has it, means `found`."""
    before_s = where.get("before_s")
    if isinstance(before_s, int | float) and found.made_s >= before_s:
        return False
    has = {"model": found.key.model, "task_type": found.key.task_type, "id": found.id,
           "arm": found.arm}  # fmt: skip
    return all(where.get(name) in (None, value) for name, value in has.items())


def _removed(study: Study, arm: Arm) -> Arm | None:
    """Return `arm` as it was when it was removed; None where it never was."""
    if arm.name not in study.removed:
        return None
    found = next(each for each in study.arms if each.name == arm.name)
    return found if dict(found.values) == dict(arm.values) else None


def study_key(model: str, task_type: str) -> StudyKey:
    """Return the key of a study. Raises Rejected for names that are none."""
    if not model.strip() or len(model) > LONGEST_MODEL or not model.isprintable():
        raise Rejected(f"model {model[:60]!r}: name one", param="model")
    return StudyKey(model, named(task_type))
