"""The way to one node: open while the node answers, else closed and tried again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import ContextVar
from functools import partial

from engine.cache.batch import Outcomes
from engine.cache.keys import DATA_IDENTITY
from engine.cache.node_health import NodeHealth
from engine.cache.ports import Invalidated, Node
from engine.cache.settings import CacheSettings
from engine.cache.snapshot import NodeStatus
from engine.cache.traffic import Traffic
from engine.circuit_breaker import BreakerState, CircuitBreaker
from engine.clock import Clock
from engine.errors import Damaged, OutsideError, Refused, TimedOut, Unreachable

_log = logging.getLogger(__name__)

OPENING_LIMIT_S = 2.0
"""Connecting, TLS and signing in take several round trips; a frozen server lets all of it hang."""

RESTORING_LIMIT_S = 60.0
"""For a full journal over a slow network. What was confirmed is not sent a second time."""

GOODBYE_LIMIT_S = 0.5
"""How long a connection may take to close."""

_RESTORING: ContextVar[object] = ContextVar("restoring", default=None)
"""The restoration in which this code runs: its questions alone pass before the lane is up."""


class Lane:
    """One node with its breaker. `is_up`: whether callers' questions go to it.

    restored: awaited whenever the node answers again, with whether it lost its data.
    changed: called after every change of state.
    suspicious: called when other nodes may be in charge by now.
    is_stand_in: the node takes the place of others, so it may lack what they had.
    """

    def __init__(
        self,
        *,
        node: Node,
        settings: CacheSettings,
        clock: Clock,
        breaker: CircuitBreaker,
        invalidated: Invalidated,
        restored: Callable[[bool], Awaitable[None]],
        changed: Callable[[], None],
        suspicious: Callable[[], None],
        is_stand_in: bool,
    ) -> None:
        self.node = node
        self.traffic = Traffic(node=node, settings=settings, clock=clock, listener=self)
        self.is_up = self.is_restoring = False
        self.has_verdict = False
        """Whether the last attempt has come to an end, good or bad."""
        self._clock = clock
        self._breaker = breaker
        self._invalidated = invalidated
        self._restored = restored
        self._changed = changed
        self._suspicious = suspicious
        self._is_stand_in = is_stand_in
        self._health = NodeHealth()
        self._identity: str | None = None
        self._error: OutsideError = Unreachable(f"Redis at {node.name} has not answered yet")
        self._attempt = 0
        self._is_open = False
        self._pass: object = None
        self._restoring: asyncio.Timeout | None = None
        self._has_fallen = asyncio.Event()
        self._is_nudged = asyncio.Event()
        self._life: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to try, and go on until `aclose()`."""
        self._breaker.trip()
        self._life = asyncio.get_running_loop().create_task(self._live())

    async def aclose(self) -> None:
        """Fail what is on its way and close the node. Never raises; may be called twice."""
        self._fall(Unreachable(f"Redis at {self.node.name} is not used any more"))
        ending = self.traffic.unfinished()
        if self._life is not None:
            ending.add(self._life)
        for task in ending:
            task.cancel()
        if ending:
            _, hanging = await asyncio.wait(ending, timeout=GOODBYE_LIMIT_S)
            if hanging:
                _log.warning("%s: %d tasks do not end", self.node.name, len(hanging))
        await self._close_node()

    def admits(self) -> bool:
        """Tell whether who asks now may use `traffic`: everybody, or who restores the node."""
        return self.is_up or (self._pass is not None and _RESTORING.get() is self._pass)

    @property
    def is_waited_for(self) -> bool:
        """True where callers ask it and the last answer did not come in time."""
        return self.is_up and self._breaker.failures > 0

    def refusal(self) -> OutsideError:
        """Return why nothing is asked."""
        if self.is_restoring:
            return Unreachable(f"Redis at {self.node.name} is given what it missed")
        return Unreachable(f"Redis is not asked for now: {self._error}")

    def nudge(self) -> None:
        """Try now what failed or is refused, whatever the cooldown. A healthy lane stays."""
        if self.is_up:
            if self.problem() is None:
                return
            self._fall(Unreachable(f"Redis at {self.node.name} is being connected to again"))
        self.has_verdict = False
        self._is_nudged.set()

    def problem(self) -> str | None:
        """Return why the node is not asked, what it refuses, or what it cannot do."""
        if self.is_restoring:
            return f"Redis at {self.node.name} is given what it missed; this takes moments."
        if not self.is_up:
            return str(self._error)
        # Copied in one step: snapshots are taken on other threads.
        refused = next(iter(list(self._health.refused.values())), None)
        if refused is None and self.node.coherence == "none":
            return (
                f"Redis at {self.node.name} does not tell what others write: it is noticed late. "
                "Allow its user CLIENT TRACKING, or SUBSCRIBE and PUBLISH."
            )
        return refused

    def status(self) -> NodeStatus:
        """Return the node as people see it."""
        return NodeStatus(
            name=self.node.name,
            breaker=self._breaker.state,
            coherence=self.node.coherence if self._is_open else "none",
            problem=self.problem(),
            failures=self._breaker.failures,
            latency=self._health.quantiles(),
        )

    def answered(self, seconds: float, outcomes: Outcomes) -> None:
        """Note that the node answered a batch; it may have refused some of it."""
        if self.is_up:
            self._breaker.succeed()
        refused = self._health.refused
        before = len(refused)
        self._health.note_answer(seconds, outcomes)
        if refused or before:
            self._suspicious()
        if len(refused) != before:
            self._changed()

    def failed(self, error: OutsideError) -> None:
        """Note that a batch was not answered, or was refused as a whole."""
        if isinstance(error, Refused):
            self._health.note_refused_batch(error)
            self._suspicious()
            self._changed()
            return
        if isinstance(error, TimedOut):
            self._breaker.fail()
            if self._breaker.state is not BreakerState.OPEN:
                return
        self._fall(error)

    async def _live(self) -> None:
        while True:
            self._breaker.probe()
            self._is_nudged.clear()
            try:
                await self._come_up()
                await self._has_fallen.wait()
            except OutsideError as error:
                self._fall(error)
            except Exception as error:  # noqa: BLE001 - the outer loop of a node
                _log.exception("%s: it could not be used", self.node.name)
                self._fall(Damaged(f"Redis at {self.node.name} could not be used ({error})"))
            await self._close_node()
            await self._cool_down()

    async def _come_up(self) -> None:
        """Open the node, give it what it missed, let callers in. Raises OutsideError."""
        self._attempt += 1
        self._has_fallen.clear()
        identity = await self._open()
        has_lost = self._is_stand_in if self._identity is None else identity != self._identity
        self._check_standing()
        self._is_open = True
        await self._restore(has_lost)
        self._check_standing()
        self._identity = identity  # not before: who failed to restore must try the same again
        self.is_up = self.has_verdict = True
        self._breaker.succeed()
        self._changed()

    async def _open(self) -> str:
        lost = partial(self._lose, self._attempt)
        try:
            async with asyncio.timeout(OPENING_LIMIT_S):
                return await self.node.open(self._invalidated, lost)
        except TimeoutError as error:
            raise TimedOut(
                f"Redis at {self.node.name} did not let us in within {OPENING_LIMIT_S:g} s: "
                "see that it runs and is not busy"
            ) from error

    async def _restore(self, has_lost: bool) -> None:
        self._pass = object()
        token = _RESTORING.set(self._pass)
        try:
            # First one question: a node that is too slow for callers is not let in. In a Cluster
            # most nodes refuse this one, as the key is not theirs; that is an answer too.
            with suppress(Refused):
                await self.traffic.read(DATA_IDENTITY)
            # Not before: the state of a slow node would change with every attempt.
            self.is_restoring = True
            self._changed()
            self._health.refused.clear()
            async with asyncio.timeout(RESTORING_LIMIT_S) as self._restoring:
                await self._restored(has_lost)
        except TimeoutError as error:
            self._check_standing()
            raise TimedOut(
                f"Redis at {self.node.name} did not take what it missed within "
                f"{RESTORING_LIMIT_S:g} s: see that it is not busy"
            ) from error
        finally:
            _RESTORING.reset(token)
            self._pass = self._restoring = None
            self.is_restoring = False

    def _check_standing(self) -> None:
        if self._has_fallen.is_set():
            raise self._error

    def _lose(self, attempt: int, reason: str) -> None:
        """Hear from the node that its connection is gone."""
        if attempt == self._attempt:
            self._fall(Unreachable(reason))

    def _fall(self, error: OutsideError) -> None:
        """Close the lane: who waits gets `error`, who asks next is told at once."""
        was_open, self._is_open = self._is_open, False
        self._error = error
        self.is_up, self.has_verdict, self._pass = False, True, None
        self._attempt += 1
        if self._breaker.state is BreakerState.HALF_OPEN:
            self._breaker.fail()
        else:
            self._breaker.trip()
        self._has_fallen.set()
        if self._restoring is not None and not self._restoring.expired():
            self._restoring.reschedule(0.0)  # ends it now
        self.traffic.drop(error)
        if was_open:
            self._invalidated(None)  # what others write is not heard any more
        self._suspicious()
        self._changed()

    async def _close_node(self) -> None:
        with suppress(TimeoutError, OSError, OutsideError):
            async with asyncio.timeout(GOODBYE_LIMIT_S):
                await self.node.close()

    async def _cool_down(self) -> None:
        rest_s = self._breaker.retry_at_s - self._clock.now()
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, rest_s)):
                await self._is_nudged.wait()
