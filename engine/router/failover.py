"""From one model to the next until one answers."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from engine.clock import Clock
from engine.errors import EngineError, OutsideError, Overloaded, Rejected, TimedOut, Unreachable
from engine.exchange import LlmRequest, Reply
from engine.router.context import ALL_OFF, Context
from engine.router.decisions import Draft
from engine.router.plan import Plan, Step
from engine.router.ports import Advisor, Coordinator
from engine.router.settings import ContextSettings
from engine.router.track import Tracks

TOO_LONG = re.compile(r"context.?(length|window|size)|too (long|many tokens)|max\w* .*tokens", re.I)
"""How servers say that a prompt does not fit; the code for it is OpenAI's alone."""


class Failover:
    """Sends a request to the models of a plan, one after the other."""

    def __init__(
        self,
        *,
        coordinator: Coordinator,
        context: Context,
        tracks: Tracks,
        counts: Counter[str],
        clock: Clock,
        advisor: Advisor | None = None,
    ) -> None:
        self._coordinator = coordinator
        self._context = context
        self._tracks = tracks
        self._counts = counts
        self._clock = clock
        self._advisor = advisor

    async def send(
        self, request: LlmRequest, plan: Plan, draft: Draft, settings: ContextSettings
    ) -> Reply:
        """Return the first answer. Raises what the only model raises, or one error for all.

        A request that is wrong whatever the model goes back at once.
        """
        failures: list[tuple[Step, EngineError]] = []
        for step in plan.steps():
            if failures:
                self._go_on(request, failures[-1][0], step)
            sent = await self.prepare(request, step, plan, draft, settings)
            if not failures:
                draft.routed_ms = (self._clock.now() - request.came_s) * 1e3
            try:
                return await self._send(sent, step, plan, draft)
            except (OutsideError, Overloaded, Rejected) as error:
                if not _moves_on(error):
                    raise
                failures.append((step, error))
                self._tracks.note_failure(step.row.name)
        raise _summary(failures)

    async def _send(self, sent: LlmRequest, step: Step, plan: Plan, draft: Draft) -> Reply:
        """Return the answer of one model, with the parameters that are advised for it.

        A model that does not take them is asked again without: they were no wish of the client's.
        """
        model, send = step.row.name, self._coordinator.send
        advice = None
        if self._advisor is not None:
            advice = self._advisor.advise(sent, model, plan.target.tier)
        if advice is None:
            return await send(sent, model, draft.trail)
        try:
            try:
                reply = await send(advice.request, model, draft.trail)
            except Rejected as error:
                if advice.request is sent or error.status not in (400, 422) or _moves_on(error):
                    raise
                reply = await send(sent, model, draft.trail)
                advice.refuse(str(error))
                return reply
        except BaseException:
            advice.drop()
            raise
        draft.advice, draft.parameters = advice, advice.choice
        reply.suggestion_id = advice.choice.id
        return reply

    def remembers(self, request: LlmRequest, settings: ContextSettings) -> bool:
        """Tell whether the session of `request` is to be remembered."""
        return "memory" in self._context.wanted(request, settings)

    def _go_on(self, request: LlmRequest, before: Step, step: Step) -> None:
        """Count that another model is tried. Raises TimedOut where there is no time for it."""
        waited_s = self._clock.now() - request.came_s
        if request.deadline_s is not None and waited_s >= request.deadline_s:
            raise TimedOut(
                f"no answer within {request.deadline_s:g} s, last tried was {before.row.name}: "
                "allow more time or name a faster model"
            )
        self._counts["moved_model" if before.tier == step.tier else "moved_tier"] += 1

    async def prepare(
        self,
        request: LlmRequest,
        step: Step,
        plan: Plan,
        draft: Draft,
        settings: ContextSettings,
    ) -> LlmRequest:
        """Return `request` as the model of `step` gets it; mostly the same object.

        What was added for it is written into `draft`.
        """
        if step.local_only and not request.local_only:
            request = replace(request, local_only=True)
        if not self._context.wanted(request, settings):
            draft.context = ALL_OFF
            return request
        tokens, answer_tokens = step.row.context_tokens, plan.needs.answer_tokens
        window = None if tokens is None else max(0, tokens - answer_tokens)
        made, draft.context = await self._context.enhance(
            request, settings=settings, window_tokens=window
        )
        return made


def _moves_on(error: EngineError) -> bool:
    """Tell whether another model may answer what this one did not."""
    if not isinstance(error, Rejected):
        return True
    if error.status == 404 or error.code in ("model_not_found", "context_length_exceeded"):
        return True
    return error.status in (400, 413) and TOO_LONG.search(str(error)) is not None


def _summary(failures: list[tuple[Step, EngineError]]) -> EngineError:
    """Return one error for all: who waits may ask again, where one of them was only busy."""
    if len(failures) == 1:
        return failures[0][1]
    words = "; ".join(f"{step.row.name}: {error}" for step, error in failures)
    message = f"none of {len(failures)} models answered: {words}"
    errors = [error for _, error in failures]
    busy = [error.retry_after_s for error in errors if isinstance(error, Overloaded)]
    if busy:
        known = [each for each in busy if each is not None]
        return Overloaded(message, retry_after_s=min(known, default=None))
    if all(isinstance(error, Rejected) for error in errors):
        return errors[0]
    if all(isinstance(error, TimedOut) for error in errors):
        return TimedOut(message)
    return Unreachable(message)
