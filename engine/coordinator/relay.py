"""Hands on a stream as it comes, whole events at a time, and tells how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

from engine.coordinator.essence import essence_of, shown, words_of
from engine.coordinator.estimates import estimated, streamed_tokens
from engine.coordinator.events import (
    FIELDS,
    EventCutter,
    are_events,
    data_of,
    is_error,
    is_event,
    split,
    up_to_done,
)
from engine.coordinator.in_band import BROKEN, LATE, in_band
from engine.coordinator.patience import Patience
from engine.coordinator.trial import Trial
from engine.errors import Damaged, EngineError, Refused, TimedOut, Unreachable
from engine.exchange import DONE, Reply, Usage

GOODBYE_S = 0.25
"""After the last event a server has so long to end its answer, so that the connection can be used
again; a client does not wait longer for it."""
LEFT = "the client went away"


class Relay:
    """One stream on its way from `upstream` to whoever reads `reply.stream`.

    Words are not decoded: only events that may tell tokens, an end or an error are looked at.
    has_extra_usage: see `Answer`.
    """

    def __init__(
        self,
        *,
        upstream: AsyncGenerator[bytes, None],
        reply: Reply,
        trial: Trial,
        patience: Patience,
        has_extra_usage: bool = False,
    ) -> None:
        self._upstream = upstream
        self._reply = reply
        self._trial = trial
        self._patience = patience
        self._has_extra_usage = has_extra_usage
        self._cutter = EventCutter()
        self._name = reply.endpoint
        self._is_anthropic = reply.dialect == "anthropic"
        self._has_begun = False
        self._is_complete = False
        self._has_ended = False
        self._problem = ""
        """What the server said in an event of its own, which is `_told` where it can go on."""
        self._told = b""
        self._first = b""
        # Anthropic names what an event is; else those without words are few.
        self._counted = b'"content_block_delta"' if self._is_anthropic else b"data:"
        self._events = 0

    async def open(self) -> None:
        """Return once the first event is there; `reply.stream` goes on with it.

        Raises Damaged, Refused, Unreachable, TimedOut where there is none; nothing stays open.
        """
        pieces = self._pieces()
        # Closing a generator that has not begun runs nothing of it: so it begins here.
        await anext(pieces)
        self._reply.stream = pieces

    async def _pieces(self) -> AsyncGenerator[bytes, None]:
        try:
            whole = await self._first_events()
            self._begin()
            yield b""
            while True:
                if passed := self._looked_at(whole):
                    yield passed
                if self._problem:
                    raise Refused(self._problem)
                if self._is_complete:
                    break
                whole = await self._next()
            if self._is_complete:
                await self._hear_out()
        except EngineError as error:
            if not self._has_begun:
                raise
            self._reply.problem = self._trial.seat.link.cleaned(str(error))
            code = LATE if isinstance(error, TimedOut) else BROKEN
            yield self._told or in_band(self._reply.problem, code, self._reply.dialect)
        finally:
            await self._close()

    def _begin(self) -> None:
        self._has_begun = True
        self._trial.begin_stream()
        self._reply.first_byte_s = self._trial.first_byte_s

    async def _close(self) -> None:
        self._patience.close()
        try:
            with suppress(EngineError):
                await self._upstream.aclose()
        finally:
            if self._has_begun:
                self._settle()

    def _settle(self) -> None:
        trial, reply = self._trial, self._reply
        if reply.usage is None or (self._is_anthropic and not self._is_complete):
            reply.usage = self._estimated()
        if self._is_complete:
            trial.answer_stream(reply.usage.completion_tokens)
        elif reply.problem:
            trial.fail(reply.problem)
        else:
            trial.abandon(LEFT)
        trial.complete(reply)

    def _estimated(self) -> Usage:
        events, reply = self._events, self._reply
        if not self._is_anthropic:
            events = streamed_tokens(events, self._first, is_complete=self._is_complete)
        return estimated(self._trial.errand.request.body, reply.usage, events)

    # --- the beginning ---

    async def _first_events(self) -> bytes:
        """Return whole events the first of which has data; comments before it are left out."""
        while True:
            whole = await self._read()
            if not whole:
                said = self._cutter.rest()
                raise Damaged(f"{self._name} answered a stream without an event: {shown(said)}")
            if not are_events(whole):
                raise Damaged(f"{self._name} answered what is no stream of events: {shown(whole)}")
            events = split(whole)
            for at, event in enumerate(events):
                if data := data_of(event):
                    self._check_first(event, data)
                    self._first = event
                    return b"".join(events[at:])

    def _check_first(self, event: bytes, data: bytes) -> None:
        if data == b"[DONE]":
            raise Damaged(f"{self._name} answered a stream with nothing in it")
        try:
            problem = essence_of(data).problem
        except Damaged as error:
            raise Damaged(
                f"{self._name}: the first event of its stream is damaged: {error}"
            ) from error
        if problem or is_error(event):
            raise Refused(f"{self._name} answered an error: {problem or words_of(data)}")

    # --- bytes ---

    async def _next(self) -> bytes:
        patience = self._patience
        patience.begin()
        try:
            whole = await self._read()
        except asyncio.CancelledError:
            late = patience.take_back()
            if late is None:
                raise
            raise late from None
        finally:
            patience.end()
        if whole:
            return whole
        if self._reply.finish_reason:
            self._is_complete = True  # some servers say why they end, and leave out [DONE]
            return b"" if self._is_anthropic else DONE
        raise Unreachable(f"{self._name} ended the stream in the middle of the answer")

    async def _read(self) -> bytes:
        """Return whole events; b"" at the end of the stream."""
        while not self._has_ended:
            piece = await anext(self._upstream, None)
            if piece is None:
                self._has_ended = True
                return self._last_event()
            if whole := self._cutter.add(piece):
                return whole
        return b""

    def _last_event(self) -> bytes:
        """Return the last event where only the empty line after it is missing; else b""."""
        rest = self._cutter.rest().strip()
        data = data_of(rest) if rest.startswith(FIELDS) else b""
        if data != b"[DONE]":
            try:
                essence_of(data)
            except Damaged:
                return b""
        return rest + b"\n\n"

    async def _hear_out(self) -> None:
        with suppress(TimeoutError, EngineError):
            async with asyncio.timeout(GOODBYE_S):
                while await anext(self._upstream, None) is not None:
                    pass

    # --- what is said ---

    def _looked_at(self, whole: bytes) -> bytes:
        """Return what of `whole` goes on to the client, and take in what it tells."""
        if not are_events(whole):
            whole = self._up_to_alien(whole)
        self._events += whole.count(self._counted)
        # Events without any of these words are not decoded.
        if b'_reason":"' in whole or b'"usage"' in whole or b'_reason": "' in whole:
            whole = self._taken_in(whole)
        if b"error" in whole:
            whole = self._up_to_error(whole)
        if self._is_anthropic:
            self._is_complete = self._is_complete or b'"message_stop"' in whole
        elif b"[DONE]" in whole and (done := up_to_done(whole)) is not None:
            self._is_complete = True
            return done
        return whole

    def _taken_in(self, whole: bytes) -> bytes:
        """Take in what `whole` tells, and return what of it is for the client."""
        reply, kept = self._reply, []
        for event in split(whole):
            with suppress(Damaged):
                essence = essence_of(data_of(event))
                reply.usage = essence.counted(reply.usage)
                reply.finish_reason = essence.finish_reason or reply.finish_reason
                if self._has_extra_usage and essence.is_usage:
                    continue
            kept.append(event)
        return b"".join(kept)

    def _up_to_alien(self, whole: bytes) -> bytes:
        """Return the events before the first thing that is none."""
        events = split(whole)
        at = next(at for at, event in enumerate(events) if not is_event(event))
        said = shown(events[at])
        self._problem = f"{self._name} broke off its stream with something else: {said}"
        return b"".join(events[:at])

    def _up_to_error(self, whole: bytes) -> bytes:
        """Return the events before the first one that is an error, and keep that one."""
        events = split(whole)
        for at, event in enumerate(events):
            data = data_of(event)
            with suppress(Damaged):
                essence = essence_of(data)
                problem = words_of(data) if is_error(event) else essence.problem
                if problem:
                    is_shaped = event.startswith(b"data:") and bytes(essence.error)[:1] == b"{"
                    is_clean = self._trial.seat.link.cleaned(problem) == problem
                    if is_clean and (is_shaped or self._is_anthropic):
                        self._told = event
                    self._problem = f"{self._name} broke off with an error: {problem}"
                    return b"".join(events[:at])
        return whole
