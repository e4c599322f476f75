"""Bayesian optimisation on a thread of its own: nobody who asks waits for it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from engine.analytics.adapters.borrowing import Borrowed, borrowed_from
from engine.analytics.adapters.optimiser_rows import is_usable, rows_of, told_of
from engine.analytics.adapters.reward_interval import interval
from engine.analytics.answers import WhatIf
from engine.analytics.measurements import Told
from engine.analytics.observations import Observation, StudyKey
from engine.analytics.ports import ENOUGH_OWN, Prepared, SearchOrder
from engine.analytics.search_view import SearchView
from engine.analytics.snapshot import Value, Values
from engine.analytics.space import Space
from engine.analytics.tried_values import Tried
from engine.clock import Clock

if TYPE_CHECKING:
    from engine.analytics.optimiser import Optimiser

_log = logging.getLogger(__name__)

ResultT = TypeVar("ResultT")

LEAST_FOR_VIEW = 3
"""Observations below which there is nothing to draw."""
REFIT_EVERY = 5
"""Observations after which hyperparameters are searched anew, at first; later a tenth of all."""
REFIT_AT_LEAST_EVERY = 100
"""However many there are: the models look at some hundred groups of them, in 0.15 s."""
KEPT = 20_000
"""Newest observations that the search stands on, up to twice as many before the oldest leave: all
that is read of a study. They take 0.1 s to tell and 8 MB."""
MOST_STUDIES = 16
"""In memory; the one used longest ago leaves, and is read again when it is asked for."""
MOST_PENDING = 8
"""Suggestions at once whose reward is awaited; forgotten ones must not spread over the space."""


@dataclass(slots=True, eq=False)
class _Study:
    """One optimiser. Only the thread touches what stands below `is_preparing`."""

    order: SearchOrder
    told: int = 0
    prepared: Prepared | None = None
    is_preparing: bool = False
    optimiser: Optimiser | None = None
    seed: int = 0
    kept: int = 0
    """Observations of its own that the optimiser stands on."""
    borrowed: Borrowed = field(default_factory=Borrowed)
    since_fit: int = 0
    fitting: Future[None] | None = None
    awaited: list[dict[str, Value]] = field(default_factory=list)
    is_over: bool = False


class OptimiserThread:
    """The `Search` of the application. All calls but two return at once."""

    def __init__(self, *, clock: Clock, seed: Callable[[], int]) -> None:
        self._clock = clock
        self._seed = seed
        self._studies: OrderedDict[StudyKey, _Study] = OrderedDict()
        self._worker: ThreadPoolExecutor | None = None
        self._fitter = ThreadPoolExecutor(1, thread_name_prefix="optimiser-fit")
        """Searches hyperparameters meanwhile: that takes long, and the optimiser need not wait."""
        self._is_closed = False

    def learn(
        self,
        order: SearchOrder,
        observations: Sequence[Observation],
        others: Mapping[str, Sequence[Observation]] | None = None,
    ) -> None:
        """Begin a study anew with `observations`, and prepare something to try.

        others: of the same model's other types of task, for as long as this one has few.
        """
        self.forget(order.key)
        study = self._studies[order.key] = _Study(order, told=len(observations))
        while len(self._studies) > MOST_STUDIES:
            self.forget(next(iter(self._studies)))
        study.seed = self._seed()
        self._submit(self._begin, study, observations, others or {})
        self._prepare(study)

    def tell(self, order: SearchOrder, found: Observation) -> None:
        """Learn one observation more, and prepare something to try that knows of it."""
        study = self._studies[order.key]
        study.told += 1
        self._submit(self._learn, study, found)
        self._prepare(study)

    def adopt(self, order: SearchOrder) -> bool:
        """Go on with a study in a space with other choices; False where another must begin."""
        study = self._studies.get(order.key)
        if study is None or not study.order.is_continued_by(order):
            return False
        study.order = order
        self._submit(self._adopt, study, order)
        self._prepare(study)
        return True

    def knows(self, order: SearchOrder) -> bool:
        """Tell whether the study was begun, with this space and these limits."""
        found = self._studies.get(order.key)
        return found is not None and found.order == order

    def take(self, key: StudyKey) -> Prepared | None:
        """Return what to try now and prepare the next; None where nothing is ready yet."""
        study = self._studies.get(key)
        if study is None or study.prepared is None:
            return None
        self._studies.move_to_end(key)
        found, study.prepared = study.prepared, None
        # It may have been prepared before a choice had gone.
        is_allowed = not study.order.space.refusal(found.values)
        if is_allowed:
            self._submit(self._await, study, found.values)
        self._prepare(study)
        return found if is_allowed else None

    def forget(self, key: StudyKey) -> None:
        """Let go of a study."""
        study = self._studies.pop(key, None)
        if study is not None:
            study.is_over = True

    async def inspect(self, key: StudyKey, *, pair: tuple[str, str] | None) -> SearchView:
        """Return what is believed. Raises Rejected where there is no such parameter."""
        study = self._studies.get(key)
        if study is None or study.told < LEAST_FOR_VIEW:
            told = 0 if study is None else study.told
            reason = f"{told} rated answers are too few: {LEAST_FOR_VIEW} are needed"
            return SearchView(self._clock.now(), *key, observations=told, reason=reason)
        if pair is not None:
            for name in pair:
                study.order.space.parameter(name)
        return await self._call(self._view, study, pair)

    async def foresee(
        self, key: StudyKey, values: Values, tried: Sequence[Tried], space: Space | None
    ) -> WhatIf:
        """Return what to expect of `values`. Raises Rejected for what cannot be."""
        # Beside the optimiser: no suggestion waits for it.
        work = asyncio.get_running_loop().run_in_executor
        return await work(self._fitter, _foreseen, key, values, tried, space)

    async def aclose(self) -> None:
        """End the thread. Never raises; may be called twice."""
        self._is_closed = True
        workers = [each for each in (self._worker, self._fitter) if each is not None]
        self._worker = None
        for study in self._studies.values():
            study.is_over = True
        self._studies.clear()
        for worker in workers:
            await asyncio.to_thread(worker.shutdown, cancel_futures=True)

    # --- on the engines' loop ---

    def _submit(self, work: Callable[..., object], *given: object) -> None:
        if self._is_closed:
            return
        if self._worker is None:
            self._worker = ThreadPoolExecutor(1, thread_name_prefix="optimiser")
        self._worker.submit(_told, work, *given)

    async def _call(self, work: Callable[..., ResultT], *given: object) -> ResultT:
        if self._worker is None:
            self._worker = ThreadPoolExecutor(1, thread_name_prefix="optimiser")
        return await asyncio.get_running_loop().run_in_executor(self._worker, work, *given)

    def _prepare(self, study: _Study) -> None:
        if not study.is_preparing:
            study.is_preparing = True
            self._submit(self._ask, study)

    # --- on the thread ---

    def _begin(
        self,
        study: _Study,
        observations: Sequence[Observation],
        others: Mapping[str, Sequence[Observation]],
    ) -> None:
        own = rows_of(study.order, observations[-KEPT:])
        borrowed = Borrowed() if len(own) >= ENOUGH_OWN else borrowed_from(study.order, others)
        study.borrowed = borrowed
        self._make(study, [*borrowed.rows, *own])

    def _make(self, study: _Study, told: Sequence[Told]) -> None:
        """Make the optimiser of what was observed, the oldest first."""
        from engine.analytics.optimiser import Optimiser

        order = study.order
        study.optimiser = Optimiser(
            order.space,
            seed=study.seed,
            is_noisy=True,
            constraint_count=(order.max_latency_ms > 0) + (order.max_cost_usd > 0),
            tasks=1 + len(study.borrowed.counts),
            is_background=True,
        )
        study.kept = sum(each.task == 0 for each in told)
        for each in told:
            study.optimiser.tell(each.values, each.reward, each.constraints, task=each.task)
        for values in study.awaited:
            study.optimiser.pend(values)
        self._fit(study, study.optimiser)

    def _learn(self, study: _Study, found: Observation) -> None:
        if study.optimiser is None or study.is_over:
            return
        if found.values in study.awaited:
            study.awaited.remove(found.values)
        if not is_usable(study.order, found):
            return
        told = told_of(study.order, found)
        study.optimiser.tell(told.values, told.reward, told.constraints)
        study.kept += 1
        study.since_fit += 1
        often = min(REFIT_AT_LEAST_EVERY, study.optimiser.count // 10)
        if study.borrowed.counts and study.kept >= ENOUGH_OWN:
            study.borrowed = Borrowed()
            self._make(study, [each for each in study.optimiser.told if each.task == 0])
        elif study.kept > 2 * KEPT:
            self._make(study, study.optimiser.told[-KEPT:])
        elif study.since_fit >= max(REFIT_EVERY, often):
            self._fit(study, study.optimiser)

    def _adopt(self, study: _Study, order: SearchOrder) -> None:
        if study.optimiser is not None and study.optimiser.space is not order.space:
            study.optimiser.adopt(order.space)

    def _fit(self, study: _Study, optimiser: Optimiser) -> None:
        """Search hyperparameters, unless that is under way or there is nothing to search by."""
        is_under_way = study.fitting is not None and not study.fitting.done()
        if is_under_way or not optimiser.count or self._is_closed:
            return
        study.since_fit = 0
        with contextlib.suppress(RuntimeError):  # it is being closed
            study.fitting = self._fitter.submit(_told, optimiser.refit)

    def _await(self, study: _Study, values: dict[str, Value]) -> None:
        if study.optimiser is None:
            return
        study.optimiser.pend(values)
        study.awaited.append(values)
        if len(study.awaited) > MOST_PENDING:
            study.optimiser.drop(study.awaited.pop(0))

    def _ask(self, study: _Study) -> None:
        study.is_preparing = False
        if study.optimiser is None or study.is_over:
            return
        found = study.optimiser.ask()
        reward = None
        if found.mean is not None and found.deviation is not None:
            reward = interval(found.mean, found.deviation)
        why = study.borrowed.words(found.why, study.kept)
        study.prepared = Prepared(found.values, reward, why)

    def _view(self, study: _Study, pair: tuple[str, str] | None) -> SearchView:
        from engine.analytics.adapters.optimiser_views import search_view

        assert study.optimiser is not None
        return search_view(study.optimiser, study.order.key, self._clock.now(), pair)


def _foreseen(key: StudyKey, values: Values, tried: Sequence[Tried], space: Space | None) -> WhatIf:
    from engine.analytics.foreseeing import foreseen

    return foreseen(key, values, tried, space)


def _told(work: Callable[..., object], *given: object) -> None:
    """Do `work`; what goes wrong is told in the log, since nobody waits for it."""
    try:
        work(*given)
    except Exception:  # noqa: BLE001 - the thread's outer loop
        _log.exception("the search for parameters could not go on")
