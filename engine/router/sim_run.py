"""One policy in one world: every request from its arrival to its end, event by event."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush, heapreplace
from itertools import count
from math import inf

from engine.router.sim_policies import (
    Policy,
    SimEvent,
    SimSeat,
    Weights,
    price_value,
    speed_value,
)
from engine.router.sim_world import LIMIT_WINDOW_S, Job, Mood, SimServer, World

MOST_TRIES = 4
"""As `CoordinatorSettings.most_attempts` has it, for every policy."""
FIRST_TOKEN_TIMEOUT_S = 30.0
REFUSAL_S = 0.05
"""What a refused connection or a 429 takes."""
LONGEST_RETRY_AFTER_S = 20.0


@dataclass(slots=True, eq=False)
class Fate:
    """What became of one request."""

    job: Job
    tries: int = 0
    tried: list[SimSeat] = field(default_factory=list)
    first_s: float | None = None
    """Since it came; None where no token came."""
    ended_s: float | None = None
    """When it was answered to the end; None where it was not."""
    server: SimServer | None = None
    """Who answered it, or began to."""
    busy: int = 0

    @property
    def is_answered(self) -> bool:
        """Whether it was answered to the end."""
        return self.ended_s is not None

    def worth(self, weights: Weights) -> float:
        """Return the worth of the answer, 0 to 1: the weighted mean of quality, speed and price."""
        if self.ended_s is None or self.server is None:
            return 0.0
        total_s = self.ended_s - self.job.at_s
        return worth_of(self.server, self.job, total_s, weights)


def worth_of(server: SimServer, job: Job, total_s: float, weights: Weights) -> float:
    """Return what an answer of `server` after `total_s` is worth, 0 to 1."""
    found = (
        weights.quality * server.quality
        + weights.speed * speed_value(total_s)
        + weights.price * price_value(server.cost_usd(job))
    )
    return found / ((weights.quality + weights.speed + weights.price) or 1.0)


@dataclass(slots=True, eq=False)
class _Try:
    """One request at one server."""

    fate: Fate
    desk: _Desk
    sent_s: float
    end_s: float = inf
    """When the server will be free of it."""
    has_begun: bool = False
    """Its first token came."""
    is_over: bool = False


@dataclass(slots=True, eq=False)
class _Desk:
    """A server from within: who is being served, and who waits."""

    seat: SimSeat
    running: list[_Try] = field(default_factory=list)
    queue: deque[_Try] = field(default_factory=deque)
    taken_s: deque[float] = field(default_factory=deque)
    """When requests were taken within the last minute, where that is limited."""


class Run:
    """Plays `world` with the policy that `make` returns for this run's clock; `play()` once."""

    def __init__(self, world: World, make: Callable[[Run], Policy]) -> None:
        self.world = world
        self.now_s = 0.0
        self._desks = {server.name: _Desk(SimSeat(server)) for server in world.scenario.servers}
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._policy = make(self)

    def play(self) -> list[Fate]:
        """Return what became of every request, in the order of their arrival."""
        fates = [Fate(job) for job in self.world.jobs]
        for fate in fates:
            self._at(fate.job.at_s, lambda fate=fate: self._send(fate))  # type: ignore[misc]
        while self._events:
            self.now_s, _, call = heappop(self._events)
            call()
        return fates

    def foresee_s(self, seat: SimSeat, job: Job) -> float | None:
        """Return when `job`, sent to `seat` now, would end; None where it would fail.

        Only the oracle may ask: it takes the future from the world.
        """
        desk, world, server = self._desks[seat.server.name], self.world, seat.server
        if self._refusal(desk) or world.spell(server, self.now_s).mood in (Mood.DOWN, Mood.HUNG):
            return None
        free_s = sorted(each.end_s for each in desk.running)
        free_s = [self.now_s] * (server.slots - len(free_s)) + free_s
        for waiting in (*(each.fate.job for each in desk.queue), job):
            begin_s = free_s[0]
            if begin_s == inf or world.spell(server, begin_s).mood in (Mood.DOWN, Mood.HUNG):
                return None
            first_s, rest_s = world.times_s(server, waiting, begin_s)
            end_s = begin_s + first_s + rest_s
            heapreplace(free_s, end_s)
        is_late = begin_s + first_s - self.now_s > FIRST_TOKEN_TIMEOUT_S
        goes_down = world.goes_down_s(server, self.now_s, end_s) is not None
        return None if is_late or goes_down else end_s

    def _at(self, at_s: float, call: Callable[[], None]) -> None:
        heappush(self._events, (at_s, next(self._numbers), call))

    def _send(self, fate: Fate) -> None:
        seats = [desk.seat for desk in self._desks.values() if desk.seat not in fate.tried]
        if fate.tries >= MOST_TRIES or not seats:
            return
        seat = self._policy.choose(fate.job, seats, self.now_s)
        if seat is None:
            return
        fate.tries += 1
        fate.tried.append(seat)
        desk = self._desks[seat.server.name]
        one = _Try(fate, desk, self.now_s)
        seat.in_flight += 1
        self._tell("sent", one)
        retry_after_s = self._refusal(desk)
        if retry_after_s is not None:
            self._at(self.now_s + REFUSAL_S, lambda: self._be_busy(one, retry_after_s))
        elif self.world.spell(seat.server, self.now_s).mood is Mood.DOWN:
            self._at(self.now_s + REFUSAL_S, lambda: self._fail(one))
        else:
            if seat.server.per_minute is not None:
                desk.taken_s.append(self.now_s)
            desk.queue.append(one)
            self._at(self.now_s + FIRST_TOKEN_TIMEOUT_S, lambda: self._give_up(one))
            self._serve(desk)

    def _refusal(self, desk: _Desk) -> float | None:
        """Return after how long to come back where the server says 429 now; None where not."""
        server, now_s = desk.seat.server, self.now_s
        spell = self.world.spell(server, now_s)
        if spell.mood is Mood.BUSY:
            return min(spell.end_s - now_s, LONGEST_RETRY_AFTER_S)
        while desk.taken_s and desk.taken_s[0] <= now_s - LIMIT_WINDOW_S:
            desk.taken_s.popleft()
        if server.per_minute is not None and len(desk.taken_s) >= server.per_minute:
            return desk.taken_s[0] + LIMIT_WINDOW_S - now_s
        return None

    def _serve(self, desk: _Desk) -> None:
        """Begin with those who wait, as many as there is room for."""
        server, world = desk.seat.server, self.world
        while desk.queue and len(desk.running) < server.slots:
            one = desk.queue.popleft()
            desk.running.append(one)
            mood = world.spell(server, self.now_s).mood
            if mood is Mood.DOWN:
                self._at(self.now_s, lambda one=one: self._fail(one))  # type: ignore[misc]
            elif mood is not Mood.HUNG:
                self._begin(one)

    def _begin(self, one: _Try) -> None:
        server, job, now_s = one.desk.seat.server, one.fate.job, self.now_s
        first_s, rest_s = self.world.times_s(server, job, now_s)
        one.end_s = now_s + first_s + rest_s
        down_s = self.world.goes_down_s(server, now_s, one.end_s)
        if down_s is None or down_s > now_s + first_s:
            self._at(now_s + first_s, lambda: self._be_first(one))
        if down_s is None:
            self._at(one.end_s, lambda: self._end(one, rest_s / job.answer_tokens))
        else:
            one.end_s = down_s
            self._at(down_s, lambda: self._fail(one))

    def _be_first(self, one: _Try) -> None:
        if one.is_over:
            return
        one.has_begun = True
        fate = one.fate
        fate.first_s, fate.server = self.now_s - fate.job.at_s, one.desk.seat.server
        self._tell("began", one, self.now_s - one.sent_s)

    def _end(self, one: _Try, token_s: float) -> None:
        if not one.is_over:
            one.fate.ended_s = self.now_s
            self._leave(one)
            self._tell("ended", one, token_s)
            self._serve(one.desk)

    def _fail(self, one: _Try) -> None:
        if one.is_over:
            return
        self._leave(one)
        self._tell("failed", one)
        self._serve(one.desk)
        if not one.has_begun:  # what was begun cannot be moved: the client has seen it
            self._send(one.fate)

    def _give_up(self, one: _Try) -> None:
        if not one.has_begun:
            self._fail(one)

    def _be_busy(self, one: _Try, retry_after_s: float) -> None:
        self._leave(one)
        one.fate.busy += 1
        self._tell("busy", one, retry_after_s)
        self._send(one.fate)

    def _leave(self, one: _Try) -> None:
        one.is_over = True
        desk = one.desk
        desk.seat.in_flight -= 1
        if one in desk.running:
            desk.running.remove(one)
        elif one in desk.queue:
            desk.queue.remove(one)

    def _tell(self, kind: str, one: _Try, value_s: float = 0.0) -> None:
        event = SimEvent(kind, one.desk.seat, one.fate.job, self.now_s, value_s)  # type: ignore[arg-type]
        self._policy.note(event)


class Oracle:
    """Knows moods, queues and luck, and takes the server whose answer is worth most.

    It is greedy: what a choice costs later requests it does not weigh, so that a policy may beat
    it by a little where all servers are full.
    """

    def __init__(self, run: Run, weights: Weights) -> None:
        self._run = run
        self._weights = weights

    def choose(self, job: Job, seats: Sequence[SimSeat], now_s: float) -> SimSeat | None:
        """Return the server with the best end; any where all would fail."""
        return max(seats, key=lambda seat: self._worth(seat, job))

    def note(self, event: SimEvent) -> None:
        """Know it already."""

    def _worth(self, seat: SimSeat, job: Job) -> float:
        end_s = self._run.foresee_s(seat, job)
        if end_s is None:
            return 0.0
        return worth_of(seat.server, job, end_s - job.at_s, self._weights)
