"""A world in which policies are compared: it holds the truth, and kills where memory runs out.

Events in virtual time. A policy sees what an engine would: requests, releases, heartbeats every
5 s, and once a second what each card says is used. What it does that cannot be is refused and
counted.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from engine.gpu.leases import Decision, End, Ending, Grant, Preempt, Unload
from tests.bench.gpu.traces import CARDS_MIB, Job, Trace

LOAD_MIB_S = 2500.0
"""Weights into memory, from an NVMe disk over PCIe; a loaded instance costs nothing."""

RESTART_S = 2.0
KILLED_S = 5.0
"""Work lost by a preemption, and by a kill, after which it also takes as long to ask again."""

RETURN_S = 1.0
"""Memory comes back so long after an unload."""

HORIZON_S = 3600.0


class Scheduler(Protocol):
    """What is compared."""

    def request(self, now_s: float, job: Job) -> None:
        """A job asks: also again, after a preemption or a kill."""
        ...

    def may_stay(self, job: Job) -> bool:
        """Tell a job that is done whether its model should stay loaded."""
        ...

    def done(self, now_s: float, job: Job, *, stays: bool) -> None:
        """A job has ended, as it should."""
        ...

    def stopped(self, now_s: float, job: Job) -> None:
        """A job was stopped: preempted, killed, or ended by a decision."""
        ...

    def heartbeat(self, now_s: float, job: Job) -> None:
        """A job lives."""
        ...

    def observe(self, now_s: float, used_mib: Sequence[int]) -> None:
        """What the cards say is used."""
        ...

    def decide(self, now_s: float) -> Sequence[Decision]:
        """Return what to do; cards are called "0", "1" and so on, requests by the job's number."""
        ...


@dataclass(slots=True)
class Run:
    """A job that runs."""

    job: Job
    card: int
    start_s: float
    load_s: float
    end_s: float


@dataclass(slots=True)
class World:
    """One trace under one policy."""

    trace: Trace
    policy: Scheduler
    now_s: float = 0.0
    running: dict[int, Run] = field(default_factory=dict)
    waiting: dict[int, Job] = field(default_factory=dict)
    warm: dict[tuple[str, int], list[int]] = field(default_factory=dict)
    waits_s: dict[int, float] = field(default_factory=dict)
    worked_mib_s: float = 0.0
    last_end_s: float = 0.0
    kills: int = 0
    preemptions: int = 0
    over: int = 0
    illegal: list[str] = field(default_factory=list)
    _foreign: list[int] = field(default_factory=lambda: [0] * len(CARDS_MIB))
    _fading: list[tuple[float, int, int]] = field(default_factory=list)
    _events: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _count: int = 0

    def run(self) -> World:
        """Let everything happen; return itself."""
        for job in self.trace.jobs:
            self._at(job.asked_s, lambda job=job: self._arrive(job))
        for moment_s, card, mib in self.trace.foreign:
            self._at(moment_s, lambda card=card, mib=mib: self._take(card, mib))
        self._at(0.0, self._second)
        horizon_s = max(job.asked_s for job in self.trace.jobs) + HORIZON_S
        while self._events and self._events[0][0] <= horizon_s:
            self.now_s, _, happen = heapq.heappop(self._events)
            self._fading = [each for each in self._fading if each[0] > self.now_s]
            happen()
            self._kill_where_full()
            for decision in self.policy.decide(self.now_s):
                self._apply(decision)
        return self

    # --- what happens ---

    def _at(self, moment_s: float, happen: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._events, (moment_s, self._count, happen))

    def _arrive(self, job: Job) -> None:
        job.queued_s = self.now_s
        self.waiting[job.id] = job
        self.policy.request(self.now_s, job)

    def _take(self, card: int, mib: int) -> None:
        self._foreign[card] = max(0, self._foreign[card] + mib)

    def _second(self) -> None:
        for run in self.running.values():
            half_s = run.start_s + run.load_s + 0.5 * run.job.left_s
            if int(self.now_s) % 5 == 0 and not (run.job.dies and self.now_s >= half_s):
                self.policy.heartbeat(self.now_s, run.job)
        self.policy.observe(self.now_s, [self._used_mib(card) for card in range(len(CARDS_MIB))])
        if self.over < len(self.trace.jobs):
            self._at(self.now_s + 1, self._second)

    def _end(self, run: Run) -> None:
        if self.running.get(run.job.id) is not run:
            return
        stays = self.policy.may_stay(run.job)
        self._stop(run)
        self.over += 1
        if stays:
            self.warm.setdefault((run.job.model, run.card), []).append(run.job.actual_mib)
        self.policy.done(self.now_s, run.job, stays=stays)

    def _kill_where_full(self) -> None:
        for card, capacity_mib in enumerate(CARDS_MIB):
            while self._used_mib(card) > capacity_mib:
                here = [run for run in self.running.values() if run.card == card]
                if not here:
                    break
                self.kills += 1
                self._interrupt(max(here, key=lambda run: run.start_s), KILLED_S, KILLED_S)

    # --- what is decided ---

    def _apply(self, decision: Decision) -> None:
        if isinstance(decision, Grant):
            self._grant(int(decision.request_id), int(decision.card_ids[0]))
        elif isinstance(decision, Preempt):
            run = self.running.get(int(decision.request_id))
            if run is None or not run.job.is_preemptible:
                self.illegal.append(f"{self.now_s:.1f}: {decision}")
                return
            self.preemptions += 1
            self._fade(run.card, run.job.actual_mib)
            self._interrupt(run, RESTART_S, 0.0)
        elif isinstance(decision, Unload):
            key = (decision.model.name, int(decision.model.card_id))
            if not self.warm.get(key):
                self.illegal.append(f"{self.now_s:.1f}: {decision}")
                return
            self._fade(key[1], self.warm[key].pop())
        else:
            self._finish(decision)

    def _finish(self, end: End) -> None:
        self.over += 1
        if end.ending is Ending.REJECTED:
            del self.waiting[int(end.request_id)]
            return
        run = self.running[int(end.request_id)]
        if not run.job.dies:
            self.illegal.append(f"{self.now_s:.1f}: {end}")
        self._fade(run.card, run.job.actual_mib)
        self._stop(run)
        self.policy.stopped(self.now_s, run.job)

    def _grant(self, job_id: int, card: int) -> None:
        job = self.waiting.get(job_id)
        instances = self.warm.get((job.model, card), []) if job else []
        taken_mib = instances[-1] if instances else 0
        if job is None or self._promised_mib(card) - taken_mib + job.vram_mib > CARDS_MIB[card]:
            self.illegal.append(f"{self.now_s:.1f}: grant {job_id} on {card}")
            return
        del self.waiting[job_id]
        if instances:
            instances.pop()
        load_s = 0.0 if instances or taken_mib else job.vram_mib / LOAD_MIB_S
        self.waits_s[job_id] = self.waits_s.get(job_id, 0.0) + self.now_s - job.queued_s
        run = Run(job, card, self.now_s, load_s, self.now_s + load_s + job.left_s)
        self.running[job_id] = run
        if not job.dies:
            self._at(run.end_s, lambda: self._end(run))

    def _interrupt(self, run: Run, lost_s: float, pause_s: float) -> None:
        job = run.job
        worked_s = max(0.0, self.now_s - run.start_s - run.load_s)
        job.left_s = min(job.length_s, max(0.0, job.left_s - worked_s) + lost_s)
        job.preemptions += 1
        self._stop(run)
        self.policy.stopped(self.now_s, job)
        self._at(self.now_s + pause_s, lambda: self._arrive(job))

    def _stop(self, run: Run) -> None:
        del self.running[run.job.id]
        self.worked_mib_s += run.job.vram_mib * (self.now_s - run.start_s)
        self.last_end_s = self.now_s

    # --- memory ---

    def _fade(self, card: int, mib: int) -> None:
        self._fading.append((self.now_s + RETURN_S, card, mib))

    def _idle_mib(self, card: int) -> int:
        return sum(sum(sizes) for (_, where), sizes in self.warm.items() if where == card)

    def _promised_mib(self, card: int) -> int:
        held = sum(run.job.vram_mib for run in self.running.values() if run.card == card)
        return held + self._idle_mib(card)

    def _used_mib(self, card: int) -> int:
        held = sum(run.job.actual_mib for run in self.running.values() if run.card == card)
        fading = sum(mib for _, where, mib in self._fading if where == card)
        return self._foreign[card] + held + self._idle_mib(card) + fading
