"""From a suggestion to what it taught: every sign of an answer is taken in here, in any order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from engine.analytics.answers import Noted, NotedState
from engine.analytics.keeping import Keeper
from engine.analytics.observations import Observation, State, StudyKey
from engine.analytics.rewards import Signs
from engine.analytics.settings import AnalyticsSettings
from engine.analytics.snapshot import AlarmView
from engine.analytics.studies import Studies
from engine.analytics.suggestions import Suggestions
from engine.clock import Clock

S_PER_MIN, S_PER_H = 60.0, 3_600.0


class Learning:
    """What is suggested, told and counted. For the engines' loop; nothing here waits.

    counted: called with every observation whose reward counts for the first time or anew.
    """

    def __init__(
        self,
        *,
        studies: Studies,
        suggestions: Suggestions,
        keeper: Keeper,
        settings: AnalyticsSettings,
        clock: Clock,
        counted: Callable[[Observation], None],
        alarmed: Callable[[AlarmView], None],
    ) -> None:
        self.settings = settings
        self.counts: Counter[str] = Counter()
        self.stale: set[StudyKey] = set()
        """Studies in which a reward was changed: they are worked out again."""
        self.version = 0
        self._studies = studies
        self._suggestions = suggestions
        self._keeper = keeper
        self._clock = clock
        self._counted = counted
        self._alarmed = alarmed

    def now_s(self) -> float:
        """Return seconds since 1970."""
        return self._clock.wall().timestamp()

    def has_suggested(self, id: str) -> bool:
        """Tell whether `id` is one of this host's last suggestions, written down or not."""
        return self._suggestions.find(id) is not None

    def begin(self, found: Observation) -> None:
        """Take in a suggestion that is given out now."""
        self._suggestions.add(found)
        self._keeper.note(found, is_new=True)
        self._studies.take("chosen", found)
        self.counts["suggested"] += 1
        self.counts["applied"] += found.is_applied
        self.version += 1

    def drop(self, found: Observation) -> None:
        """Take in that nobody answered with what was suggested."""
        if found.state == "waiting" and not found.is_forgotten:
            found.state = "dropped"
            self.counts["dropped"] += 1
            self._keeper.note(found)
            self.version += 1

    def over(self, found: Observation, signs: Signs) -> Noted:
        """Take in an answer that is over, with its figures."""
        if found.over_s is None and not found.is_forgotten:
            found.over_s = self.now_s()
            self._studies.take("over", found)
            self._suggestions.over(found)
            self.counts["observed"] += 1
        noted = self.note(found, signs)
        if self.settings.settle_min == 0:
            self.settle()
        return noted

    def note(self, found: Observation, signs: Signs) -> Noted:
        """Take in what is told of an answer; what is told twice counts once."""
        if found.is_forgotten:
            return Noted(found.id, "waiting", None, {})
        is_timed, is_priced = found.latency_ms is None, found.cost_usd is None
        is_fresh = found.note(signs)
        if found.state == "dropped":
            found.state = "waiting"
        if is_timed and found.latency_ms is not None:
            self._studies.take("timed", found)
        if is_priced and found.cost_usd is not None:
            self._studies.take("priced", found)
        state: NotedState = self._weigh(found) if is_fresh else "repeated"
        self.counts["repeated"] += state == "repeated"
        if is_fresh:
            self._keeper.note(found)
            self.version += 1
        self._tell_alarms(found.key)
        settings = self.settings.rewards
        return Noted(found.id, state, found.earned(settings), found.weighed(settings))

    def settle(self) -> None:
        """Count the answers that nobody has rated in time with their other signs."""
        before_s = self.now_s() - self.settings.settle_min * S_PER_MIN
        for found in self._suggestions.due(before_s):
            self._count(found, "settled")
            found.state = "settled"
            self._keeper.note(found)

    def hear(self, found: Observation) -> None:
        """Take in an observation that another host has shared."""
        self._keeper.note(found, is_new=True)
        self._studies.take("chosen", found)
        if found.over_s is not None:
            self._studies.take("over", found)
        if found.latency_ms is not None:
            self._studies.take("timed", found)
        if found.cost_usd is not None:
            self._studies.take("priced", found)
        self.counts["heard"] += 1
        self._count(found, "rewarded", is_shared=True)

    def rehear(self, found: Observation) -> None:
        """Take in that another host has changed an observation."""
        found.reward = found.earned(self.settings.rewards)
        if found.reward is None:  # taken back
            found.counted_s = None
        self._keeper.note(found)
        self.stale.add(found.key)
        self.counts["revised"] += 1

    def _weigh(self, found: Observation) -> NotedState:
        earned = found.earned(self.settings.rewards)
        if found.counted_s is not None:
            if earned == found.reward:
                return "noted"
            # What a policy has learnt cannot be taken back: it learns everything anew.
            self.stale.add(found.key)
            found.reward = earned
            self.counts["revised"] += 1
            if not found.is_rated and found.state == "rewarded":
                self._wait_again(found)
            self._counted(found)
            return "revised"
        if earned is None or not found.is_rated:
            return "waiting"
        self._count(found, "rewarded")
        return "noted"

    def _wait_again(self, found: Observation) -> None:
        """Let an answer whose rating was taken back wait as if nobody had rated it."""
        found.counted_s, found.reward, found.state = None, None, "waiting"
        self._suggestions.over(found)

    def _count(self, found: Observation, state: State, *, is_shared: bool = False) -> None:
        if found.counted_s is not None or found.earned(self.settings.rewards) is None:
            return
        found.counted_s, found.state = self.now_s(), state
        found.reward = found.earned(self.settings.rewards)
        self._studies.take("reward", found)
        self.counts["rewarded"] += 1
        self.version += 1
        self._tell_alarms(found.key)
        if not is_shared:
            self._counted(found)

    def _tell_alarms(self, key: StudyKey) -> None:
        study = self._studies.loaded(key)
        for alarm in () if study is None else study.alarms.take():
            self._keeper.note_alarm(alarm)
            self._alarmed(alarm)
