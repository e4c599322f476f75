"""What parameter analytics is made of."""

from __future__ import annotations

import logging
from pathlib import Path
from random import Random

from engine.analytics.deciding import Deciding
from engine.analytics.keeping import Keeper
from engine.analytics.learning import Learning
from engine.analytics.observation_book import ObservationBook
from engine.analytics.observations import Observation
from engine.analytics.ports import ObservationChannel, Search
from engine.analytics.publishing import Publisher
from engine.analytics.searching import Searching
from engine.analytics.settings import AnalyticsSettings
from engine.analytics.sharing import Sharing
from engine.analytics.snapshot import AlarmView
from engine.analytics.studies import Studies
from engine.analytics.study_policies import PolicyMakers
from engine.analytics.suggestions import Suggestions
from engine.clock import Clock
from engine.errors import EngineError

_log = logging.getLogger(__name__)


class Parts:
    """Made once for a service; what only some of them need is not seen here."""

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
        host: str,
    ) -> None:
        self.book = ObservationBook(data)
        self.suggestions = Suggestions(random)
        self.studies = Studies(book=self.book, policy=policy, settings=settings)
        self.keeper = Keeper(self.book, clock=clock, spans=self.studies.changed_hours)
        self.studies.use_keeper(self.keeper)
        self.deciding = Deciding(
            settings=settings, search=search, suggestions=self.suggestions, random=random
        )
        self.learning = self._learning(settings, clock)
        self.searching = Searching(
            search=search, book=self.book, keeper=self.keeper, deciding=self.deciding
        )
        self.sharing = Sharing(
            channel=channel, learning=self.learning, studies=self.studies, book=self.book, host=host
        )
        self.publisher = self._publisher(clock)

    def use(self, settings: AnalyticsSettings) -> None:
        """Use `settings` everywhere. Raises SettingsError for those that contradict each other."""
        self.deciding.use(settings)
        self.studies.settings = self.learning.settings = settings

    async def preload(self, most: int) -> None:
        """Work out the `most` studies used last, one by one: all at once would hold up the start.

        Nothing is published before the first of them: it would say that nothing was learnt yet.
        """
        publisher = self.publisher
        publisher.is_reading = True
        try:
            for key in await self.book.studies(most):
                await self.studies.get(key)
                publisher.is_reading = False
        except EngineError as error:
            _log.warning("what was learnt before cannot be read: %s", error)
        finally:
            publisher.is_reading = False

    async def rebuild(self) -> None:
        """Work out the studies anew in which a reward was changed."""
        stale = self.learning.stale
        for key in tuple(stale):
            stale.discard(key)  # one by one: where one fails the others are still to be done
            self.searching.forget(key)
            await self.studies.rebuild(key)

    def _learning(self, settings: AnalyticsSettings, clock: Clock) -> Learning:
        return Learning(
            studies=self.studies,
            suggestions=self.suggestions,
            keeper=self.keeper,
            settings=settings,
            clock=clock,
            counted=self._counted,
            alarmed=self._alarmed,
        )

    def _publisher(self, clock: Clock) -> Publisher:
        return Publisher(
            studies=self.studies,
            suggestions=self.suggestions,
            learning=self.learning,
            keeper=self.keeper,
            clock=clock,
            space=lambda: self.deciding.space,
        )

    def _counted(self, found: Observation) -> None:
        self.sharing.tell(found)
        self.searching.tell(found)

    def _alarmed(self, found: AlarmView) -> None:
        self.publisher.alarm(found)
