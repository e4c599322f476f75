"""The public face of the router: lifetime, answers, and what the user edits."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from engine.activity import ActivityQuery
from engine.activity_log import ActivityLog
from engine.book import Book
from engine.clock import Clock
from engine.errors import OutsideError
from engine.exchange import LlmRequest, Reply
from engine.lifecycle import Service
from engine.router import views
from engine.router.boards import Boards
from engine.router.conversations import Conversations
from engine.router.decisions import decision_from
from engine.router.needs import known_capabilities
from engine.router.notes import Notes
from engine.router.parts import Parts
from engine.router.ports import Advisor, Coordinator, HealthChannel
from engine.router.probing import Probing
from engine.router.replay import ReplayResult, replay
from engine.router.settings import RouterSettings
from engine.router.sim_policies import PolicyMaker
from engine.router.sim_world import Scenario
from engine.router.simulator import SimReport, simulate
from engine.router.snapshot import Decision, ModelEntry, RouterSnapshot, Tier

_log = logging.getLogger(__name__)

RELOAD_S = 2.0
"""How often the user's files are looked at for changes made outside."""
SHOWN_DECISIONS = 100
DAY_S = 86_400.0
UNDO_S = DAY_S
"""What was deleted so long ago is gone for good: until then a window may offer to undo it."""


class LLMRouter(Service[RouterSnapshot]):
    """Chooses the model for a request, sends it, and keeps every reason."""

    def __init__(
        self,
        *,
        settings: RouterSettings,
        coordinator: Coordinator,
        models: Book[ModelEntry],
        tiers: Book[Tier],
        data: Path,
        activity: ActivityLog,
        channel: HealthChannel | None,
        clock: Clock,
        random: Random,
        advisor: Advisor | None = None,
    ) -> None:
        self._settings = settings
        self._activity = activity
        self._clock = clock
        self._parts = parts = Parts(
            settings=settings, coordinator=coordinator, data=data, activity=activity,
            clock=clock, random=random, advisor=advisor,
        )  # fmt: skip
        self._boards = Boards(
            settings=settings,
            coordinator=coordinator,
            models=models,
            tiers=tiers,
            health=parts.health,
            tracks=parts.tracks,
        )
        self._probing = Probing(coordinator=coordinator, health=parts.health, channel=channel)
        self._probing.is_sharing = settings.share_health
        self._tasks: list[asyncio.Task[None]] = []
        self._problems: dict[str, str] = {}

    @property
    def conversations(self) -> Conversations:
        """Conversations that are kept."""
        return self._parts.conversations

    @property
    def notes(self) -> Notes:
        """Notes of the user that may be added to requests."""
        return self._parts.notes

    async def start(self) -> None:
        """Begin to work. A list of the user's that is wrong is a problem, and left out."""
        await self._boards.load()
        await self._open_memory()
        self._probing.listen()
        self._parts.similar.use(self._settings)
        self._tasks = [
            asyncio.create_task(self._probe_on(), name="router probes"),
            asyncio.create_task(self._watch(), name="router lists"),
        ]

    async def aclose(self) -> None:
        """Finish what was begun. Never raises; may be called twice."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._probing.aclose()
        await self._parts.similar.aclose()
        await self._parts.remembering.aclose()
        await self._parts.database.aclose()

    async def change_settings(self, settings: RouterSettings) -> None:
        """Use `settings` from the next request on."""
        before, self._settings = self._settings, settings
        self._parts.health.half_life_s = settings.health_half_life_s
        self._probing.is_sharing = settings.share_health
        if before.share_health and not settings.share_health:
            self._parts.health.forget_others()
        self._boards.use(settings)
        self._parts.similar.use(settings)
        if settings.probe_every_s != before.probe_every_s and self._tasks:
            self._tasks[0].cancel()
            await asyncio.wait([self._tasks[0]])
            self._tasks[0] = asyncio.create_task(self._probe_on(), name="router probes")

    async def listed(self) -> RouterSnapshot:
        """Return the snapshot with what can be asked for now; the first who asks waits until
        servers are known.
        """
        await self._boards.ready()
        return self.snapshot()

    def snapshot(self) -> RouterSnapshot:
        """Return models, tiers, health and the last decisions at this moment."""
        board = self._boards.latest
        rows = tuple(board.rows.values())
        models = (*views.served(rows), *views.unserved(board.catalogue.entries, rows))
        return RouterSnapshot(
            taken_s=self._clock.now(),
            models=models,
            tiers=tuple(board.tiers.values()),
            health=self._parts.health.views(),
            decisions=self._parts.decisions.latest(SHOWN_DECISIONS),
            counts=dict(self._parts.counts),
            problem=self._problem(),
            version=self._boards.version,
        )

    # --- answers ---

    async def handle(self, request: LlmRequest) -> Reply:
        """Return the answer to `request` from the best model that gives one.

        Raises Rejected, Overloaded, Unreachable, TimedOut, Refused, Damaged: what the last model
        raised, or one error for all that were tried.
        """
        return await self._parts.answering.answer(request, await self._boards.ready(), frozenset())

    async def generate_response(
        self,
        tier: str,
        messages: list[dict[str, Any]],
        temperature: float | None = None,
        max_tokens: int | None = None,
        capabilities: Iterable[str] = (),
        **fields: Any,
    ) -> Reply:
        """Return the answer of a model of `tier` (or of the model or alias so named).

        capabilities: what the model must be able to do besides, such as "reasoning" or "vision".
        fields: go along as they are; `stream=True` gives a streaming reply. Raises what `handle`
        raises.
        """
        body = {"messages": messages, **fields}
        if temperature is not None:
            body["temperature"] = temperature
        if max_tokens is not None:
            body["max_tokens"] = max_tokens
        request = LlmRequest(model=tier, body=body, via="library")
        extra = known_capabilities(capabilities)
        return await self._parts.answering.answer(request, await self._boards.ready(), extra)

    async def explain(self, request: LlmRequest) -> Decision:
        """Return how `request` would be decided now, with every candidate; nothing is sent.

        Where nobody can answer the outcome says why. Raises Rejected for an unknown model.
        """
        return await self._parts.answering.explain(request, await self._boards.ready(), frozenset())

    async def decision(self, id: str) -> Decision | None:
        """Return why the request `id` went where it went, or None where nobody knows any more.

        Raises Refused, Damaged where the activity list cannot be read.
        """
        found = self._parts.decisions.find(id)
        if found is not None:
            return found
        record = await self._activity.record(id)
        return None if record is None else decision_from(record.decision)

    # --- what would have been ---

    async def simulate(
        self, scenario: Scenario, policies: Mapping[str, PolicyMaker], *, seeds: Sequence[int]
    ) -> SimReport:
        """Return how `policies` do in a made-up world; the same seeds give the same report."""
        return await asyncio.to_thread(simulate, scenario, policies, seeds=seeds)

    async def replay(
        self, days: float, policies: Mapping[str, Mapping[str, float] | None] | None = None
    ) -> tuple[ReplayResult, ...]:
        """Return what the requests of the last `days` would have been, chosen otherwise.

        policies: weights of the terms by name; None takes ours. Raises Refused, Damaged where the
        activity list cannot be read.
        """
        since_s = self._clock.wall().timestamp() - days * DAY_S
        query = ActivityQuery(since_s=since_s)
        records = [each async for each in self._activity.export(query)]
        return await asyncio.to_thread(replay, records, policies)

    # --- what the user edits ---

    async def put_model(self, entry: ModelEntry) -> ModelEntry | None:
        """Keep `entry` in the catalogue; return what was there. Raises SettingsError, Refused."""
        return await self._boards.put_model(entry)

    async def remove_model(self, name: str) -> ModelEntry:
        """Forget the user's entry `name` and return it. Raises SettingsError, Refused."""
        return await self._boards.remove_model(name)

    async def put_tier(self, tier: Tier) -> Tier | None:
        """Keep `tier`; return what was there. Raises SettingsError, Refused."""
        return await self._boards.put_tier(tier)

    async def remove_tier(self, name: str) -> Tier:
        """Forget the user's tier `name` and return it. Raises SettingsError, Refused."""
        return await self._boards.remove_tier(name)

    # --- inside ---

    async def _open_memory(self) -> None:
        """Open what is remembered; without it requests are answered all the same."""
        try:
            await self._parts.database.open()
            await self._parts.conversations.purge_deleted(older_than_s=UNDO_S)
            await self._parts.notes.purge_deleted(older_than_s=UNDO_S)
        except OutsideError as error:
            problem = f"Conversations and notes are not kept: {error}"
            if self._problems.get("memory") != problem:
                _log.warning("%s", problem)
            self._tell("memory", problem)
        else:
            self._problems.pop("memory", None)

    async def _probe_on(self) -> None:
        while True:
            self._parts.tracks.fade()
            try:
                await self._probing.look(self._settings.probe_every_s)
                self._problems.pop("probes", None)
            except Exception as error:  # noqa: BLE001 - the outer loop
                _log.exception("servers could not be probed")
                self._tell("probes", f"Servers could not be probed ({error!r})")
            await asyncio.sleep(self._settings.probe_every_s)

    async def _watch(self) -> None:
        """Use what somebody writes into the user's lists; what is wrong waits until it is right."""
        while True:
            await asyncio.sleep(RELOAD_S)
            try:
                await self._boards.reload()
                if "memory" in self._problems:
                    await self._open_memory()  # what was wrong may be mended by now
                self._boards.now()  # for those who look at snapshots, also while nobody asks
                self._problems.pop("lists", None)
            except Exception as error:  # noqa: BLE001 - the outer loop
                _log.exception("the lists of models and tiers could not be read")
                self._tell("lists", f"Models and tiers could not be read ({error!r})")

    def _problem(self) -> str | None:
        told = [*self._boards.problems.copy().values(), *self._problems.copy().values()]
        if self._parts.remembering.problem:
            told.append(self._parts.remembering.problem)
        return "; ".join(told) or None

    def _tell(self, name: str, problem: str) -> None:
        self._problems[name] = problem
