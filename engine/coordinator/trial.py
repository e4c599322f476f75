"""One try at one server: what came of it is entered once, wherever it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.clock import Clock
from engine.coordinator.accounts import Accounts
from engine.coordinator.estimates import estimated
from engine.coordinator.fleet import Fleet
from engine.coordinator.link import Seat
from engine.coordinator.meters import Meters
from engine.coordinator.price_table import PriceTable, cost_usd
from engine.coordinator.retry_budget import RetryBudgets
from engine.coordinator.snapshot import EndpointState
from engine.errors import EngineError
from engine.exchange import Attempt, LlmRequest, Reply, Task, Usage

USUAL_TOKENS = 256
"""What an answer has where nobody says how long it may get."""

Outcome = Literal["answered", "failed", "busy", "rejected", "abandoned"]


@dataclass(frozen=True, slots=True)
class Ground:
    """What all tries share."""

    fleet: Fleet
    budgets: RetryBudgets
    prices: PriceTable
    meters: Meters
    accounts: Accounts
    clock: Clock


class Errand:
    """One request while it looks for a server."""

    __slots__ = ("deadline_s", "error", "free_s", "model", "request", "tokens", "trail", "tried")

    def __init__(
        self, request: LlmRequest, model: str, trail: list[Attempt], deadline_s: float
    ) -> None:
        self.request = request
        self.model = model
        self.trail = trail
        self.deadline_s = deadline_s
        """Clock time."""
        self.tokens = tokens_wanted(request)
        self.tried: list[Seat] = []
        self.error: EngineError | None = None
        """What the last try failed with."""
        self.free_s: float | None = None
        """Clock time at which the first server that said 429 may be asked again."""


class Trial:
    """One try under way. Exactly one of the methods that end it counts."""

    __slots__ = (
        "_began_s",
        "_ground",
        "_is_over",
        "_is_probe",
        "errand",
        "first_byte_s",
        "is_hedge",
        "seat",
    )

    def __init__(self, errand: Errand, seat: Seat, ground: Ground, *, is_hedge: bool) -> None:
        link, request = seat.link, errand.request
        self.errand = errand
        self.seat = seat
        self.is_hedge = is_hedge
        self.first_byte_s: float | None = None
        """Seconds since the request came; likewise below."""
        self._ground = ground
        self._began_s = ground.clock.now() - request.came_s
        self._is_over = False
        self._is_probe = link.admit()
        link.in_flight += 1
        link.requests += 1
        link.hedges += is_hedge
        seat.limits.take(errand.tokens)

    def begin_stream(self) -> None:
        """Note that the first event of a stream is there."""
        now_s = self._ground.clock.now()
        self.first_byte_s = now_s - self.errand.request.came_s
        seconds = self.first_byte_s - self._began_s
        self.seat.pace.note_first(seconds, now_s)
        self.seat.link.pace.note_first(seconds, now_s)
        self.seat.link.readings.first_token.append(now_s, 1e3 * seconds)
        self._ground.meters.first_token.append(now_s, 1e3 * self.first_byte_s)

    def answer_whole(self, usage: Usage | None) -> None:
        """Note an answer that came in one piece."""
        now_s = self._ground.clock.now()
        self.first_byte_s = now_s - self.errand.request.came_s
        tokens = 0 if usage is None else usage.completion_tokens
        seconds = self.first_byte_s - self._began_s
        self.seat.pace.note_whole(seconds, tokens, now_s)
        self.seat.link.pace.note_whole(seconds, tokens, now_s)
        self._succeed(now_s)

    def answer_stream(self, tokens: int) -> None:
        """Note a stream that ended well, with about so many tokens."""
        now_s = self._ground.clock.now()
        if self.first_byte_s is not None and tokens > 1:
            seconds = now_s - self.errand.request.came_s - self.first_byte_s
            self.seat.pace.note_token(seconds / (tokens - 1), now_s)
            self.seat.link.pace.note_token(seconds / (tokens - 1), now_s)
            if seconds > 0:
                self.seat.link.readings.tokens_per_s.append(now_s, (tokens - 1) / seconds)
        self._succeed(now_s)

    def fail(self, reason: str) -> None:
        """Note that the server did not answer as it should."""
        if self._is_over:
            return
        link = self.seat.link
        link.failures += 1
        link.note_error(reason)
        link.breaker.fail()
        self._ground.budgets.of(self.errand.model).note_failure()
        self._end("failed", reason)

    def be_busy(self, reason: str, retry_after_s: float | None) -> None:
        """Note that the server has too much to do; it is not ill for that."""
        if self._is_over:
            return
        link = self.seat.link
        link.busy_answers += 1
        link.note_error(reason)
        self.seat.limits.pause(retry_after_s)
        self._let_probe_go()
        self._end("busy", reason)

    def be_rejected(self, reason: str) -> None:
        """Note that the server would not have the request; that is an answer too."""
        if self._is_over:
            return
        self.seat.link.breaker.succeed()
        self._end("rejected", reason)

    def abandon(self, reason: str) -> None:
        """Note that nobody waits for the answer any more."""
        if self._is_over:
            return
        self._let_probe_go()
        self._end("abandoned", reason)

    def give_up(self, reason: str) -> None:
        """Note that nobody waits any more for an answer of which nothing has come; what the server
        had done for it by then is entered all the same.
        """
        if self._is_over:
            return
        self._let_probe_go()
        request, seat = self.errand.request, self.seat
        reply = Reply(seat.model, seat.link.name, request.id)
        reply.usage = estimated(request.body, None, self._unseen_tokens())
        price = self._ground.prices.price(seat.model, seat.link.endpoint)
        reply.cost_usd = cost_usd(price, reply.usage)
        self._ground.accounts.note_unused(request, reply)
        self._end("abandoned", reason, reply)

    def complete(self, reply: Reply) -> None:
        """Say that nothing more comes of `reply`, with what it cost and what was tried for it."""
        ground, request = self._ground, self.errand.request
        price = ground.prices.price(self.seat.model, self.seat.link.endpoint)
        reply.cost_usd = cost_usd(price, reply.usage)
        reply.ended_s = ground.clock.now() - request.came_s
        reply.attempts = tuple(self.errand.trail)
        reply.finish()

    def _succeed(self, now_s: float) -> None:
        link = self.seat.link
        link.answered += 1
        link.breaker.succeed()
        link.down_reason = ""
        self._ground.budgets.of(self.errand.model).note_answer()
        self._end("answered", "")

    def _unseen_tokens(self) -> int:
        """Return about how many tokens of an answer are there that comes whole."""
        request = self.errand.request
        if request.is_stream or request.task is Task.EMBEDDING:
            return 0
        seconds = self._ground.clock.now() - request.came_s - self._began_s
        return min(self.seat.pace.tokens_in(seconds), self.errand.tokens)

    def _let_probe_go(self) -> None:
        if self._is_probe:
            self.seat.link.breaker.abandon()

    def _end(self, outcome: Outcome, reason: str, unused: Reply | None = None) -> None:
        self._is_over = True
        ground, link, errand = self._ground, self.seat.link, self.errand
        now_s = ground.clock.now()
        link.in_flight -= 1
        errand.trail.append(
            Attempt(
                endpoint=link.name,
                model=self.seat.model,
                began_s=self._began_s,
                ended_s=now_s - errand.request.came_s,
                outcome=outcome,
                first_byte_s=self.first_byte_s,
                reason=reason,
                is_hedge=self.is_hedge,
                unused=None if unused is None else unused.usage,
                unused_usd=None if unused is None else unused.cost_usd,
            )
        )
        if outcome == "answered" and link.state is EndpointState.READY:
            ground.fleet.measured(now_s)
        else:
            ground.fleet.refresh()
        if not link.in_flight and link.when_idle is not None:
            link.when_idle()


def tokens_wanted(request: LlmRequest) -> int:
    """Return how many tokens the answer will have at most, as far as the request says."""
    body = request.body
    wanted = body.get("max_completion_tokens") or body.get("max_tokens")
    return min(wanted, 10 * USUAL_TOKENS) if type(wanted) is int and wanted > 0 else USUAL_TOKENS
