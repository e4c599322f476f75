"""Ours, and two that are common: first come first served, and best fit with free overtaking."""

from __future__ import annotations

from collections.abc import Sequence

from engine.gpu.allocator import Allocator
from engine.gpu.leases import Decision, Grant, IdleModel, LeaseRequest, Priority, Unload
from engine.gpu.policy import FairPolicy
from tests.bench.gpu.traces import CARDS_MIB, Job
from tests.bench.gpu.world import LOAD_MIB_S, RETURN_S


class Promises:
    """What the common ones share: a queue, and promises; the cards are not looked at."""

    name = ""

    def __init__(self) -> None:
        self.line: list[Job] = []
        self.free_mib = list(CARDS_MIB)
        self._card: dict[int, int] = {}

    def request(self, now_s: float, job: Job) -> None:
        """Let it wait."""
        self.line.append(job)

    def may_stay(self, job: Job) -> bool:
        """Nothing stays loaded."""
        return False

    def done(self, now_s: float, job: Job, *, stays: bool) -> None:
        """Take the promise back."""
        self.stopped(now_s, job)

    def stopped(self, now_s: float, job: Job) -> None:
        """Take the promise back."""
        self.free_mib[self._card.pop(job.id)] += job.vram_mib

    def heartbeat(self, now_s: float, job: Job) -> None:
        """Not listened to."""

    def observe(self, now_s: float, used_mib: Sequence[int]) -> None:
        """Not looked at."""

    def grant(self, job: Job, card: int) -> Grant:
        """Promise."""
        self.line.remove(job)
        self.free_mib[card] -= job.vram_mib
        self._card[job.id] = card
        return Grant(str(job.id), (str(card),))

    def fitting(self, job: Job) -> list[int]:
        """Return the cards with room."""
        return [card for card, free in enumerate(self.free_mib) if free >= job.vram_mib]


class FirstFit(Promises):
    """Strictly in order, on the first card with room."""

    name = "first come first served"

    def decide(self, now_s: float) -> list[Decision]:
        """Serve until one does not fit."""
        granted: list[Decision] = []
        while self.line and (cards := self.fitting(self.line[0])):
            granted.append(self.grant(self.line[0], cards[0]))
        return granted


class BestFit(Promises):
    """Everybody who fits, where it fits tightest."""

    name = "best fit"

    def decide(self, now_s: float) -> list[Decision]:
        """Serve all that fit."""
        granted: list[Decision] = []
        for job in list(self.line):
            if cards := self.fitting(job):
                granted.append(self.grant(job, min(cards, key=self.free_mib.__getitem__)))
        return granted


class Ours:
    """The allocator, as its service would use it."""

    name = "ours"

    def __init__(self) -> None:
        self._shares = Allocator(policy=FairPolicy())
        self._shares.set_cards({str(card): mib for card, mib in enumerate(CARDS_MIB)}, 0.0)
        self._asked_s: dict[int, float] = {}
        self._uses: dict[str, int] = {}
        self._idle: dict[tuple[str, str], list[IdleModel]] = {}
        self._jobs: dict[str, Job] = {}

    def request(self, now_s: float, job: Job) -> None:
        """Ask; after a preemption with the age it had."""
        self._jobs[str(job.id)] = job
        self._shares.ask(
            LeaseRequest(
                id=str(job.id),
                name=f"job {job.id}",
                vram_mib=job.vram_mib,
                priority=Priority(job.priority),
                duration_s=job.left_s + job.vram_mib / LOAD_MIB_S + RETURN_S,
                asked_s=self._asked_s.setdefault(job.id, now_s),
                model=job.model,
                is_preemptible=job.is_preemptible,
                preemptions=job.preemptions,
            )
        )

    def may_stay(self, job: Job) -> bool:
        """Ask whether the model should stay."""
        return self._shares.may_stay(str(job.id))

    def done(self, now_s: float, job: Job, *, stays: bool) -> None:
        """Release what became idle, or is free because the process has ended."""
        if not stays:
            self._shares.freed(str(job.id), now_s)
            return
        lease = next(each for each in self._shares.leases() if each.request.id == str(job.id))
        card_id = lease.card_ids[0]
        model = IdleModel(
            job.model, card_id, job.actual_mib, "bench", now_s, self._uses.get(job.model, 0)
        )
        self._idle.setdefault((job.model, card_id), []).append(model)
        self._shares.release(str(job.id), now_s, (model,))

    def stopped(self, now_s: float, job: Job) -> None:
        """Release what is about to come free."""
        self._shares.release(str(job.id), now_s)

    def heartbeat(self, now_s: float, job: Job) -> None:
        """Pass it on; a job that has loaded longer than it said renews."""
        self._shares.heartbeat(str(job.id), now_s)

    def observe(self, now_s: float, used_mib: Sequence[int]) -> None:
        """Pass it on."""
        for card, mib in enumerate(used_mib):
            self._shares.observe(str(card), mib, now_s)

    def decide(self, now_s: float) -> list[Decision]:
        """Decide, and tell which instances the servers then still hold.

        Servers take the newest instance of a model, whichever was meant.
        """
        decisions = self._shares.decide(now_s)
        for decision in decisions:
            if isinstance(decision, Grant):
                model = self._jobs[decision.request_id].model
                self._uses[model] = self._uses.get(model, 0) + 1
                self._forget(model, decision.card_ids[0])
            elif isinstance(decision, Unload):
                self._forget(decision.model.name, decision.model.card_id)
        if any(isinstance(each, Grant | Unload) for each in decisions):
            self._shares.idle_models([each for held in self._idle.values() for each in held])
        return decisions

    def _forget(self, model: str, card_id: str) -> None:
        if held := self._idle.get((model, card_id)):
            held.pop()
