"""One try at one server, from sending the request to an answer that can be handed on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable

from engine.coordinator.essence import essence_of, shown
from engine.coordinator.link import Seat
from engine.coordinator.patience import Patience
from engine.coordinator.ports import Answer
from engine.coordinator.relay import LEFT, Relay
from engine.coordinator.settings import CoordinatorSettings
from engine.coordinator.trial import Errand, Ground, Trial
from engine.coordinator.unrolling import unrolled
from engine.errors import Damaged, EngineError, Overloaded, Refused, Rejected, TimedOut
from engine.exchange import Reply


class Attempts:
    """Tries servers, one a call. For the engines' loop."""

    def __init__(self, *, ground: Ground, settings: Callable[[], CoordinatorSettings]) -> None:
        self._ground = ground
        self._settings = settings

    async def at(self, seat: Seat, errand: Errand, *, is_hedge: bool = False) -> Reply:
        """Return the answer of `seat`; a stream once its first event is there.

        Raises Unreachable, TimedOut, Refused, Damaged, Overloaded, Rejected; the server's state
        and `errand.trail` say what happened.
        """
        trial = Trial(errand, seat, self._ground, is_hedge=is_hedge)
        try:
            return await self._answer(trial, errand)
        except EngineError as error:
            words = seat.link.cleaned(str(error))
            if words != str(error):
                error.args = (words,)
                error.__cause__ = None  # its words hold the key as well
            _enter(trial, error, words)
            raise
        except asyncio.CancelledError as error:
            trial.give_up(str(error) or LEFT)
            raise
        except BaseException as error:
            trial.fail(f"a mistake in the program: {type(error).__name__}")
            raise

    async def _answer(self, trial: Trial, errand: Errand) -> Reply:
        seat, request = trial.seat, errand.request
        limit_s = self._limit_s(errand)
        try:
            async with asyncio.timeout(limit_s):
                answer = await seat.link.provider.send(request, seat.model)
                seat.limits.note(answer.headers)
                reply = Reply(seat.model, seat.link.name, request.id, dialect=answer.dialect)
                if answer.stream is not None:
                    await self._relay(answer, reply, trial)
                    return reply
        except TimeoutError:
            raise TimedOut(f"{seat.link.name} did not answer within {limit_s:.3g} s") from None
        self._take(answer, reply, trial)
        return reply

    def _limit_s(self, errand: Errand) -> float:
        """Return how long this try may take until its first byte.

        Of an answer that comes whole the first byte is there with the last: it gets half of the
        time that is left, so that another server can still be asked.
        """
        left_s = errand.deadline_s - self._ground.clock.now()
        first_byte_s = self._settings().first_byte_timeout_s
        if not errand.request.is_stream:
            first_byte_s = max(first_byte_s, left_s / 2)
        return max(0.0, min(left_s, first_byte_s))

    async def _relay(self, answer: Answer, reply: Reply, trial: Trial) -> None:
        assert answer.stream is not None
        patience = Patience(
            name=reply.endpoint,
            clock=self._ground.clock,
            stall_s=self._settings().stall_timeout_s,
            deadline_s=trial.errand.deadline_s,
        )
        relay = Relay(
            upstream=answer.stream,
            reply=reply,
            trial=trial,
            patience=patience,
            has_extra_usage=answer.has_extra_usage,
        )
        await relay.open()

    def _take(self, answer: Answer, reply: Reply, trial: Trial) -> None:
        """Fill `reply` from an answer that came whole."""
        name, request = trial.seat.link.name, trial.errand.request
        try:
            essence = essence_of(answer.body)
            is_rolled = request.is_stream and answer.dialect == "openai" and essence.is_answer
            body = unrolled(answer.body, request) if is_rolled else answer.body
        except Damaged as error:
            raise Damaged(f"{name} answered, but {error}") from error
        if not essence.is_answer:
            problem = essence.problem
            if problem:
                raise Refused(f"{name} answered an error: {problem}")
            raise Damaged(f"{name} answered JSON that is no answer: {shown(answer.body)}")
        reply.usage = essence.counted()
        reply.finish_reason = essence.finish_reason
        trial.answer_whole(reply.usage)
        reply.first_byte_s = trial.first_byte_s
        if is_rolled:
            reply.stream = one_piece(body)
        else:
            reply.body = body
        trial.complete(reply)


def _enter(trial: Trial, error: EngineError, words: str) -> None:
    """Enter what `error` says about the server."""
    if isinstance(error, Overloaded):
        trial.be_busy(words, error.retry_after_s)
    elif isinstance(error, Rejected):
        trial.be_rejected(words)
    else:
        trial.fail(words)


async def one_piece(events: bytes) -> AsyncGenerator[bytes, None]:
    """Yield `events`."""
    yield events
