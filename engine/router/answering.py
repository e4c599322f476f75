"""One request from its arrival to the record of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from random import Random

from engine.activity_log import ActivityLog
from engine.clock import Clock
from engine.errors import EngineError
from engine.exchange import LlmRequest, Reply, Task
from engine.router import records
from engine.router.answer_words import overhear
from engine.router.board import Board
from engine.router.decisions import Decisions, Draft
from engine.router.failover import Failover
from engine.router.health import Health
from engine.router.needs import needs_of
from engine.router.plan import Plan
from engine.router.remembering import Remembering
from engine.router.similar import SimilarQuestions
from engine.router.snapshot import Decision
from engine.router.track import Tracks


class Answering:
    """Plans, sends, and writes down how it went."""

    def __init__(
        self,
        *,
        failover: Failover,
        decisions: Decisions,
        health: Health,
        tracks: Tracks,
        remembering: Remembering,
        similar: SimilarQuestions,
        activity: ActivityLog,
        counts: Counter[str],
        clock: Clock,
        random: Random,
    ) -> None:
        self._failover = failover
        self._decisions = decisions
        self._health = health
        self._tracks = tracks
        self._remembering = remembering
        self._similar = similar
        self._activity = activity
        self._counts = counts
        self._clock = clock
        self._random = random

    async def answer(self, request: LlmRequest, board: Board, extra: frozenset[str]) -> Reply:
        """Return the answer. extra: capabilities that the model must have besides.

        Raises what `LLMRouter.handle` raises.
        """
        request = self._completed(request)
        draft = self._draft(request)
        self._decisions.add(draft)
        self._activity.begun.begin(draft.id, draft.under_way)
        self._counts["decisions"] += 1
        try:
            draft.plan = plan = _plan(request, board, extra)
            similar = self._similar.look(request) if self._similar.is_on else None
            reply = await self._failover.send(request, plan, draft, board.settings.context)
        except BaseException as error:
            self._lose(request, draft, error)
            raise
        draft.chosen, draft.endpoint = reply.model, reply.endpoint
        if similar is not None and not reply.cached:
            draft.similar = reply.similar = similar()
        words = self._listen(request, reply, draft)
        reply.when_over(partial(self._note, request, board, draft, words))
        return reply

    async def explain(self, request: LlmRequest, board: Board, extra: frozenset[str]) -> Decision:
        """Return how `request` would be decided, with every candidate; nothing is sent.

        Where nobody can answer the outcome says why. Raises Rejected for an unknown model.
        """
        request = self._completed(request)
        draft = self._draft(request)
        draft.plan = plan = _plan(request, board, extra)
        if self._similar.is_on:
            draft.similar = self._similar.find(request)
        try:
            first, *_ = plan.steps()
            await self._failover.prepare(request, first, plan, draft, board.settings.context)
        except EngineError as error:
            draft.outcome = f"failed: {error}"
        draft.routed_ms = (self._clock.now() - request.came_s) * 1e3
        return draft.whole()

    def _completed(self, request: LlmRequest) -> LlmRequest:
        if request.id and request.came_s:
            return request
        id = request.id or f"req-{self._random.getrandbits(96):024x}"
        return replace(request, id=id, came_s=request.came_s or self._clock.now())

    def _draft(self, request: LlmRequest) -> Draft:
        return Draft(
            request.id,
            self._clock.wall(),
            request.model,
            request.task.value,
            request.client,
            request.via,
        )

    def _listen(self, request: LlmRequest, reply: Reply, draft: Draft) -> Callable[[], str]:
        """Return what will tell the words of `reply`, which are overheard only if need be."""
        is_wanted = self._activity.keeps_texts or bool(request.session)
        is_wanted = is_wanted or (draft.advice is not None and draft.advice.wants_words)
        return overhear(reply) if is_wanted and request.task is not Task.EMBEDDING else str

    def _note(
        self,
        request: LlmRequest,
        board: Board,
        draft: Draft,
        words: Callable[[], str],
        reply: Reply,
    ) -> None:
        """Write down an answer that is over."""
        answer = words()
        draft.chosen, draft.endpoint = reply.model, reply.endpoint
        draft.outcome = f"failed: {reply.problem}" if reply.problem else "answered"
        self._counts["failed" if reply.problem else "answered"] += 1
        for attempt in draft.trail:
            self._health.note_attempt(attempt)
        self._tracks.note_answer(reply.model, reply, draft.trail)
        record = records.answered(request, draft, reply, answer, self._clock.now())
        self._activity.add(record)
        if self._similar.is_on:
            self._similar.note(request, record)
        if draft.advice is not None:
            draft.advice.over(reply, answer)
            draft.advice = None
        if request.session and self._failover.remembers(request, board.settings.context):
            self._remembering.keep(request, reply, answer)

    def _lose(self, request: LlmRequest, draft: Draft, error: BaseException) -> None:
        """Write down that nobody answered."""
        record = records.failed(request, draft, error, self._clock.now())
        draft.outcome = f"failed: {record.problem}"
        self._counts["failed"] += 1
        for attempt in draft.trail:
            self._health.note_attempt(attempt)
        self._activity.add(record)


def _plan(request: LlmRequest, board: Board, extra: frozenset[str]) -> Plan:
    needs = needs_of(request, extra)
    return Plan(board, request.model, needs, local_only=request.local_only)
