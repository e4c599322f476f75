"""The studies that are in memory; others are worked out from the book when they are needed."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from engine.analytics.keeping import Keeper
from engine.analytics.observation_book import ObservationBook, StoredStudy
from engine.analytics.observation_rows import StudyNotes
from engine.analytics.observations import Observation, StudyKey
from engine.analytics.other_tasks import OtherTasks
from engine.analytics.quantiles import Span
from engine.analytics.replaying import (
    Beside,
    Event,
    events_of,
    records_of,
    replayed,
    show,
    take,
)
from engine.analytics.settings import AnalyticsSettings
from engine.analytics.study import Study
from engine.analytics.study_policies import PolicyMakers
from engine.errors import OutsideError

_log = logging.getLogger(__name__)

MOST_STUDIES = 200
"""In memory; the one used longest ago leaves."""
NOTE_EVERY_S = 600.0
"""How exactly it is written down when a study was used."""
NOTHING = StoredStudy((), {}, (), StudyNotes())


class Studies:
    """Studies by model and type of task. For the engines' loop."""

    def __init__(
        self,
        *,
        book: ObservationBook,
        policy: PolicyMakers,
        settings: AnalyticsSettings,
        most: int = MOST_STUDIES,
    ) -> None:
        self.settings = settings
        self._book = book
        self._keeper: Keeper | None = None
        self._policy = policy
        self._others = OtherTasks(book)
        self._most = most
        self._studies: OrderedDict[StudyKey, Study] = OrderedDict()
        self._tasks: dict[StudyKey, asyncio.Task[Study]] = {}
        self._missed: dict[StudyKey, list[tuple[Event, Observation]]] = {}
        """What was learnt while a study is worked out again."""
        self._noted: dict[StudyKey, float] = {}
        """When each study was used as of what is written down."""
        self._generation = 0
        self.version = 0
        """Moves when a study comes or goes."""

    def use_keeper(self, keeper: Keeper) -> None:
        """Write what is noted of studies with `keeper`; to be called once, at first."""
        self._keeper = keeper

    def __iter__(self) -> Iterator[Study]:
        return iter(list(reversed(self._studies.values())))

    def loaded(self, key: StudyKey) -> Study | None:
        """Return the study where it is in memory."""
        return self._studies.get(key)

    def ready(self, key: StudyKey) -> Study | None:
        """Return the study where it is in memory, else None, and it will be soon."""
        found = self._studies.get(key)
        if found is not None:
            self._studies.move_to_end(key)
        elif key not in self._tasks:
            self._begin(key)
        return found

    async def get(self, key: StudyKey) -> Study:
        """Return the study, which may be a new one."""
        found = self.ready(key)
        return found if found is not None else await asyncio.shield(self._tasks[key])

    async def rebuild(self, key: StudyKey) -> Study:
        """Work the study out again, as where a reward was changed; return it.

        Likewise those in memory that have learnt from it.
        """
        found = await self._again(key)
        await self._renew_borrowers(key)
        return found

    async def renew(self, key: StudyKey) -> None:
        """Work out again what in memory stands on the observations of `key`."""
        if key in self._studies:
            await self._again(key)
        await self._renew_borrowers(key)

    async def _renew_borrowers(self, key: StudyKey) -> None:
        for each in self._others.borrowers(key):
            if each in self._studies:
                await self._again(each)

    async def _again(self, key: StudyKey) -> Study:
        task = self._tasks.get(key)
        if task is not None:
            await asyncio.wait([task])
        if key not in self._tasks:
            self._begin(key)
        return await asyncio.shield(self._tasks[key])

    def take(self, event: Event, found: Observation) -> None:
        """Learn `event` of `found`, where its study is in memory or about to be."""
        study = self._studies.get(found.key)
        if study is not None:
            take(study, event, found, self.settings)
            show(study, found, self.settings)
            if study.used_s - self._noted.get(study.key, float("-inf")) >= NOTE_EVERY_S:
                self.note(study)
        if found.key in self._missed:
            self._missed[found.key].append((event, found))

    def note(self, study: Study) -> None:
        """Write down what the user or a server says of `study`."""
        notes = StudyNotes(
            own_arms={e.name: dict(e.values) for e in study.live if e.is_own},
            removed_arms=tuple(name for name in study.removed if not name.endswith(")")),
            refused=study.refused,
        )
        self._noted[study.key] = study.used_s
        if self._keeper is not None:
            self._keeper.note_study(study.key, study.used_s, notes)

    def drop(self, key: StudyKey) -> None:
        """Let go of a study; what is written down stays."""
        if self._studies.pop(key, None) is not None:
            self.version += 1

    def changed_hours(self) -> Iterator[tuple[StudyKey, Span]]:
        """Yield the hours that have changed since this was asked last."""
        for key, study in self._studies.items():
            changed, study.quantiles.changed = study.quantiles.changed, set()
            for start_s in changed:
                span = study.quantiles.span(start_s)
                if span is not None:
                    yield key, span

    async def aclose(self) -> None:
        """Stop working out studies. Never raises; may be called twice."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _begin(self, key: StudyKey) -> None:
        task = asyncio.create_task(self._load(key), name=f"study {key.model} {key.task_type}")
        self._tasks[key] = task
        task.add_done_callback(lambda done: self._end(key, done))

    def _end(self, key: StudyKey, task: asyncio.Task[Study]) -> None:
        self._tasks.pop(key, None)
        self._missed.pop(key, None)
        if not task.cancelled() and task.exception() is not None:
            _log.error("a study could not be worked out", exc_info=task.exception())

    async def _load(self, key: StudyKey) -> Study:
        if self._keeper is not None:
            await self._keeper.flush()
        missed = self._missed[key] = []
        waiting = [] if self._keeper is None else self._keeper.waiting(key)
        try:
            stored = await self._book.study(key)
        except OutsideError:  # the keeper tells it
            if key in self._studies:
                return self._studies[key]
            stored = NOTHING
        stored = _with_waiting(stored, waiting)
        self._generation += 1
        settings, policy = self.settings, self._policy.plain
        beside = Beside(self._generation, records_of(self._studies.values()))
        if settings.is_contextual:
            policy = self._policy.contextual
            beside = replace(beside, others=await self._others.of(key, stored))
        study = await asyncio.to_thread(replayed, key, stored, settings, policy, beside)
        self._catch_up(study, stored, missed)
        self._put(study)
        return study

    def _catch_up(
        self, study: Study, stored: StoredStudy, missed: list[tuple[Event, Observation]]
    ) -> None:
        """Let `study` learn what came while it was worked out, unless it was read already."""
        if not missed:
            return
        known = {each.id: set(events_of(each)) for each in stored.observations}
        for event, found in missed:
            if event not in known.get(found.id, ()):
                take(study, event, found, self.settings)
                show(study, found, self.settings)

    def _put(self, study: Study) -> None:
        before = self._studies.get(study.key)
        if before is not None:
            study.version = before.version + 1
            study.used_s = max(study.used_s, before.used_s)
        self._studies[study.key] = study
        self._studies.move_to_end(study.key)
        self.version += 1
        while len(self._studies) > self._most:
            key, _ = self._studies.popitem(last=False)
            self._noted.pop(key, None)


def _with_waiting(stored: StoredStudy, waiting: Sequence[Observation]) -> StoredStudy:
    """Return `stored` with what could not be written down yet."""
    if not waiting:
        return stored
    newer = {each.id: each for each in waiting}
    kept = tuple(each for each in stored.observations if each.id not in newer)
    return replace(stored, observations=(*kept, *waiting))
