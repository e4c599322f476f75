"""What the world sees, made anew while somebody looks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from engine.analytics.keeping import Keeper
from engine.analytics.learning import Learning
from engine.analytics.observation_book import MOST_ALARMS
from engine.analytics.observations import StudyKey
from engine.analytics.settings import AnalyticsSettings
from engine.analytics.snapshot import AlarmView, AnalyticsSnapshot, HeatRow, StudyView
from engine.analytics.space import Space
from engine.analytics.studies import Studies
from engine.analytics.study import Study
from engine.analytics.suggestions import Suggestions
from engine.analytics.views import heat_row, study_view
from engine.clock import Clock

LOOKED_S = 10.0
"""Whoever has looked within this time may look again."""
MOST_SHOWN = 50
"""Studies that are shown whole; of others the map tells."""
MOST_SUGGESTIONS = 100


class Publisher:
    """Makes snapshots on the engines' loop; `latest` is for any thread."""

    def __init__(
        self,
        *,
        studies: Studies,
        suggestions: Suggestions,
        learning: Learning,
        keeper: Keeper,
        clock: Clock,
        space: Callable[[], Space | None],
    ) -> None:
        self._studies = studies
        self._suggestions = suggestions
        self._learning = learning
        self._keeper = keeper
        self._clock = clock
        self._space = space
        self._looked_s = float("-inf")
        self._views: dict[StudyKey, tuple[object, StudyView, HeatRow]] = {}
        self._version = 0
        self._seen: object = None
        self.alarms: deque[AlarmView] = deque(maxlen=MOST_ALARMS)
        """Newest first."""
        self.is_reading = False
        """Whether nothing of what was learnt before has been read yet."""
        self._latest = AnalyticsSnapshot(taken_s=clock.now())

    def latest(self) -> AnalyticsSnapshot:
        """Return the last snapshot, and have others made for a while. From any thread."""
        self._looked_s = self._clock.now()
        return self._latest

    @property
    def is_watched(self) -> bool:
        """Whether somebody has looked lately, and there is something to be seen."""
        return not self.is_reading and self._clock.now() - self._looked_s < LOOKED_S

    def alarm(self, found: AlarmView) -> None:
        """Show that something has changed."""
        self.alarms.appendleft(found)

    def publish(self, settings: AnalyticsSettings) -> AnalyticsSnapshot:
        """Return everything as it is now; the same object where nothing has changed."""
        studies = list(self._studies)
        marks = tuple((each.key, each.generation, each.version) for each in studies)
        learning = self._learning
        seen = (marks, learning.version, settings, self._keeper.problem, self._keeper.total,
                learning.counts.total(), len(self.alarms))  # fmt: skip
        if seen == self._seen:
            return self._latest
        self._seen = seen
        self._version += 1
        views = [self._view(each, settings) for each in studies]
        keys = {each.key for each in studies}
        self._views = {key: each for key, each in self._views.items() if key in keys}
        self._latest = AnalyticsSnapshot(
            taken_s=self._clock.now(),
            mode=settings.mode,
            is_paused=settings.is_paused,
            studies=tuple(view for view, _ in views[:MOST_SHOWN]),
            heat=tuple(sorted((row for _, row in views), key=lambda e: (e.model, e.task_type))),
            alarms=tuple(self.alarms),
            suggestions=tuple(
                each.view(settings.rewards) for each in self._suggestions.latest(MOST_SUGGESTIONS)
            ),
            counts=dict(learning.counts),
            observations=self._keeper.total,
            problem=self._keeper.problem,
            version=self._version,
        )
        return self._latest

    def _view(self, study: Study, settings: AnalyticsSettings) -> tuple[StudyView, HeatRow]:
        mark = (study.generation, study.version, settings)
        known = self._views.get(study.key)
        if known is not None and known[0] == mark:
            return known[1], known[2]
        now_s = self._learning.now_s()
        alarmed = [e.at_s for e in self.alarms if (e.model, e.task_type) == study.key]
        last = next(
            (e for e in self._suggestions.latest(MOST_SUGGESTIONS) if e.key == study.key), None
        )
        view = study_view(
            study,
            settings,
            space=self._space(),
            last=last,
            drifted_s=now_s - max(alarmed, default=float("-inf")),
        )
        row = heat_row(study, view.arms)
        self._views[study.key] = (mark, view, row)
        return view, row
