"""The public face of parameter analytics: what is suggested, what is told, what is known."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from random import Random

from engine.analytics import advising
from engine.analytics.advising import Advice, Repeats, filled_in, observed, sent_values
from engine.analytics.answers import BestView, Comparison, Forgotten, Noted, Optimized, WhatIf
from engine.analytics.asked import Asked
from engine.analytics.keeping import PRUNE_EVERY_S
from engine.analytics.limits import limits_from
from engine.analytics.observations import Observation, StudyKey
from engine.analytics.parameter_sets import Arm, starting_arms
from engine.analytics.parts import Parts
from engine.analytics.ports import ObservationChannel, Search
from engine.analytics.regret_view import RegretView
from engine.analytics.request_context import context_of
from engine.analytics.rewards import Signs
from engine.analytics.search_view import SearchView
from engine.analytics.settings import AnalyticsSettings, Mode
from engine.analytics.snapshot import AnalyticsSnapshot, SuggestionView, Value, Values
from engine.analytics.study_policies import PolicyMakers
from engine.analytics.task_types import GENERAL, task_type_of
from engine.clock import Clock
from engine.errors import EngineError
from engine.exchange import LlmRequest, Task
from engine.lifecycle import Service

_log = logging.getLogger(__name__)

TICK_S = 0.25
WRITE_TICKS, REBUILD_TICKS = 2, 20
"""Every half second; every five, since a large study takes a second of a worker's time."""
PRELOADED = 20
"""Studies that are worked out at the start, those used last."""
CHAT_TASKS = (Task.CHAT, Task.COMPLETION)


class ParameterAnalytics(Service[AnalyticsSnapshot]):
    """Learns which parameters work, per model and type of task, and shows its evidence.

    data: the folder of its database. search: Bayesian optimisation. channel: other hosts, None for
    none. policy: makes the policies of studies. host: what other hosts are told of this one.
    """

    def __init__(
        self,
        *,
        settings: AnalyticsSettings,
        data: Path,
        search: Search,
        channel: ObservationChannel | None,
        policy: PolicyMakers,
        clock: Clock,
        random: Random,
        host: str = "",
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._parts = Parts(
            settings=settings, data=data, search=search, channel=channel, policy=policy,
            clock=clock, random=random, host=host,
        )  # fmt: skip
        self._asked = Asked(self._parts, clock=clock)
        self._repeats = Repeats()
        self._tasks: list[asyncio.Task[None]] = []

    # --- lifetime ---

    async def start(self) -> None:
        """Begin to learn. Never raises for the disk: see the snapshot's `problem`."""
        parts = self._parts
        await parts.keeper.open()
        try:
            parts.publisher.alarms.extend(await parts.book.alarms())
            self._tasks = [asyncio.create_task(parts.preload(PRELOADED), name="analytics preload")]
            for found in await parts.book.waiting():
                parts.suggestions.recalled(found)
                parts.suggestions.over(found)
        except EngineError as error:
            _log.warning("what was learnt before cannot be read: %s", error)
        parts.sharing.listen()
        self._tasks.append(asyncio.create_task(self._live(), name="analytics"))

    async def aclose(self) -> None:
        """Write what waits and close. Never raises; may be called twice."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        parts = self._parts
        await parts.sharing.aclose()
        await parts.searching.aclose()
        await parts.studies.aclose()
        await parts.keeper.aclose()

    async def change_settings(self, settings: AnalyticsSettings) -> None:
        """Use `settings` from now on; what was observed is weighed anew. Raises SettingsError."""
        before = self._settings
        self._parts.use(settings)
        self._settings = settings
        weighed = ("rewards", "max_latency_ms", "max_cost_usd", "is_contextual")
        if starting_arms(before.ranges) != starting_arms(settings.ranges) or any(
            getattr(before, name) != getattr(settings, name) for name in weighed
        ):
            self._parts.learning.stale.update(each.key for each in self._parts.studies)

    def snapshot(self) -> AnalyticsSnapshot:
        """Return what is known, at most a quarter of a second old while somebody looks."""
        return self._parts.publisher.latest()

    async def refreshed(self) -> AnalyticsSnapshot:
        """Return what is known at this moment."""
        await self._parts.rebuild()
        return self._parts.publisher.publish(self._settings)

    # --- requests on their way ---

    def advise(self, request: LlmRequest, model: str, *, tier: str, mode: str) -> Advice | None:
        """Return parameters for `request` to `model`; None where nothing is learnt. Never waits.

        tier: that was asked for, "" where a model was named. mode: the tier's own, or "".
        """
        mode = mode or self._settings.mode
        if mode == Mode.OFF or self._settings.is_paused or request.task not in CHAT_TASKS:
            return None
        kind = task_type_of(request.task_type, tier, request.body)
        parts, key = self._parts, StudyKey(model, kind.name)
        study = parts.studies.ready(key)
        if study is None:  # it is being read; the next request finds it
            return None
        parts.searching.want(key)
        names = parts.deciding.names(study)
        sent = sent_values(request.body, names)
        limits = advising.limits_of(request, self._settings, names)
        now_s, mark = parts.learning.now_s(), advising.mark_of(request)
        earlier = self._repeats.earlier(mark, now_s)
        context = context_of(request.body, is_again=earlier is not None)
        chosen = parts.deciding.for_request(study, sent, limits, context)
        is_applied = mode == Mode.AUTOMATIC
        found = observed(request, chosen, is_applied=is_applied, made_s=now_s, context=context)
        self._repeats.remember(mark, found, now_s)
        if earlier is not None:
            parts.learning.note(earlier, Signs(regenerated=True))
        parts.learning.begin(found)
        filled = filled_in(request, chosen.values) if found.is_applied else request
        advice = Advice(found, filled, parts.learning, mode=mode)
        advice.refused = self._refused
        return advice

    async def feedback(
        self, signs: Signs, *, suggestion_id: str = "", request_id: str = "", client: str = ""
    ) -> Noted:
        """Return what was made of what a client says, once it is written down.

        client: "" may rate every answer, another only its own. Raises Rejected for what is unknown
        or too old.
        """
        found = await self._asked.find(suggestion_id, request_id=request_id, client=client)
        noted = await self._asked.note(found, signs)
        await self._parts.keeper.flush()
        return noted

    async def suggestions_of(self, request_ids: Iterable[str]) -> Mapping[str, SuggestionView]:
        """Return what was suggested for requests, by their ids; others are left out.

        Raises Refused, Damaged where the database cannot be used.
        """
        return await self._asked.of_requests(request_ids)

    # --- programs ---

    async def optimize(
        self,
        model: str,
        task_type: str = GENERAL,
        constraints: Mapping[str, object] | None = None,
    ) -> Optimized:
        """Return parameters to use now, with the evidence behind them.

        constraints: "max_latency" (ms), "max_cost" (USD) and bounds of parameters; see
        `limits_from`. Raises Rejected for constraints that cannot be, or that nothing keeps.
        """
        wanted = limits_from(constraints)
        limits = wanted.tightened(self._settings.max_latency_ms, self._settings.max_cost_usd)
        return await self._asked.optimize(model, task_type, limits)

    async def observe(
        self,
        id: str,
        reward: float | None = None,
        latency_ms: float | None = None,
        cost: float | None = None,
        **signs: object,
    ) -> Noted:
        """Return what was made of a reward; written within half a second.

        reward: 0 to 1. signs: further fields of `Signs`, such as thumbs="up". Raises Rejected for
        values that are none, and ids that are unknown or too old.
        """
        told = Signs(reward=reward, latency_ms=latency_ms, cost_usd=cost, **signs)  # type: ignore[arg-type]
        return await self._asked.note(await self._asked.find(id), told)

    async def best(self, model: str, task_type: str = GENERAL) -> BestView:
        """Return the best parameters known."""
        return await self._asked.best(model, task_type)

    async def compare(self, a: str, b: str, *, model: str, task_type: str = GENERAL) -> Comparison:
        """Return the arm `a` beside `b`. Raises Rejected where there is none of that name."""
        return await self._asked.compare(StudyKey(model, task_type), a, b)

    async def regret(self, model: str, task_type: str = GENERAL) -> RegretView:
        """Return what suggestions lost or gained against leaving requests as they come."""
        return await self._asked.regret(StudyKey(model, task_type))

    async def what_if(self, values: Values, *, model: str, task_type: str = GENERAL) -> WhatIf:
        """Return what to expect of `values`, and how that is known. Raises Rejected."""
        return await self._asked.what_if(StudyKey(model, task_type), values)

    async def inspect(
        self, model: str, task_type: str = GENERAL, *, pair: tuple[str, str] | None = None
    ) -> SearchView:
        """Return what the optimiser makes of a study, worked out on its own thread.

        pair: the parameters of the contour. Raises Rejected where there is no such parameter.
        """
        return await self._parts.searching.inspect(StudyKey(model, task_type), pair)

    async def add_arm(
        self, name: str, values: Mapping[str, Value], *, model: str, task_type: str = GENERAL
    ) -> Arm:
        """Try `values` too, under `name`. Raises Rejected for what cannot be."""
        return await self._asked.add_arm(StudyKey(model, task_type), name, values)

    async def remove_arm(self, name: str, *, model: str, task_type: str = GENERAL) -> Arm:
        """Try the arm `name` no more; return it. Raises Rejected for an unknown or the last one."""
        return await self._asked.remove_arm(StudyKey(model, task_type), name)

    async def forget(
        self,
        *,
        model: str | None = None,
        task_type: str | None = None,
        id: str | None = None,
        arm: str | None = None,
        before_s: float | None = None,
    ) -> Forgotten:
        """Forget observations, those of everything that is not said; for a day it can be undone.

        before_s: seconds since 1970. Raises Refused, Damaged where the database cannot be used.
        """
        where = {
            "model": model, "task_type": task_type, "id": id, "arm": arm, "before_s": before_s,
        }  # fmt: skip
        return await self._asked.forget(where)

    async def undo_forget(self, token: str) -> int:
        """Bring back what was forgotten; return how many observations. Raises Rejected."""
        return await self._asked.undo_forget(token)

    def _refused(self, found: Observation, reason: str) -> None:
        self._asked.refuse(found.key, reason)

    async def _live(self) -> None:
        ticks, pruned_s = 0, float("-inf")
        while True:
            await asyncio.sleep(TICK_S)
            ticks += 1
            try:
                await self._tick(ticks)
                if self._clock.now() - pruned_s >= PRUNE_EVERY_S:
                    pruned_s = self._clock.now()
                    await self._parts.keeper.prune(
                        keep_days=self._settings.keep_days, most=self._settings.most_observations
                    )
            except Exception:  # noqa: BLE001 - the outer loop
                _log.exception("parameter analytics could not go on")

    async def _tick(self, ticks: int) -> None:
        parts = self._parts
        if ticks % WRITE_TICKS == 0:
            parts.learning.settle()
            await parts.keeper.flush()
        if ticks % REBUILD_TICKS == 0:
            await self._parts.rebuild()
        if parts.publisher.is_watched:
            parts.publisher.publish(self._settings)
