"""What the router is made of."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

from engine.activity_log import ActivityLog
from engine.clock import Clock
from engine.router.answering import Answering
from engine.router.context import Context
from engine.router.conversations import Conversations
from engine.router.decisions import Decisions
from engine.router.failover import Failover
from engine.router.health import Health
from engine.router.notes import Notes
from engine.router.ports import Advisor, Coordinator
from engine.router.remembering import Remembering
from engine.router.schema import ROUTER_MIGRATIONS
from engine.router.settings import RouterSettings
from engine.router.similar import SimilarQuestions
from engine.router.track import Tracks
from engine.storage import Database

DATABASE = "router.sqlite"
TRACK_HALF_LIFE_S = 600.0
"""Speeds change with the load of a server, slower than its health does."""


class Parts:
    """Made once for a router; what only some of them need is not seen here."""

    def __init__(
        self,
        *,
        settings: RouterSettings,
        coordinator: Coordinator,
        data: Path,
        activity: ActivityLog,
        clock: Clock,
        random: Random,
        advisor: Advisor | None = None,
    ) -> None:
        self.database = Database(data / DATABASE, migrations=ROUTER_MIGRATIONS)
        self.conversations = Conversations(self.database, clock=clock)
        self.notes = Notes(self.database, clock=clock)
        self.health = Health(clock=clock, half_life_s=settings.health_half_life_s)
        self.tracks = Tracks(clock=clock, half_life_s=TRACK_HALF_LIFE_S)
        self.decisions = Decisions()
        self.counts: Counter[str] = Counter()
        self.remembering = Remembering(self.conversations)
        self.similar = SimilarQuestions(activity=activity)
        self.answering = Answering(
            failover=self._failover(coordinator, clock, advisor),
            decisions=self.decisions,
            health=self.health,
            tracks=self.tracks,
            remembering=self.remembering,
            similar=self.similar,
            activity=activity,
            counts=self.counts,
            clock=clock,
            random=random,
        )

    def _failover(
        self, coordinator: Coordinator, clock: Clock, advisor: Advisor | None
    ) -> Failover:
        return Failover(
            coordinator=coordinator,
            context=Context(conversations=self.conversations, notes=self.notes, clock=clock),
            tracks=self.tracks,
            counts=self.counts,
            clock=clock,
            advisor=advisor,
        )
