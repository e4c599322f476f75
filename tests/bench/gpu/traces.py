"""Days of work for two cards, made from a seed: who asks when, for how much, and how long."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

CARDS_MIB = (24_000, 12_000)

MODELS_MIB = {
    **{f"llm{at}": mib for at, mib in enumerate((5200, 9100, 13_500, 19_500, 4700, 7800))},
    "vision0": 1800,
    "vision1": 3600,
    "embed": 700,
    "sdxl": 8200,
    "whisper": 3100,
}


@dataclass(slots=True)
class Job:
    """One piece of work. It asks for `vram_mib`, and takes `actual_mib`."""

    id: int
    asked_s: float
    vram_mib: int
    length_s: float
    priority: int
    model: str
    actual_mib: int
    is_preemptible: bool = True
    dies: bool = False
    """Its client falls silent halfway, without a release."""
    left_s: float = 0.0
    queued_s: float = 0.0
    preemptions: int = 0

    def __post_init__(self) -> None:
        """Begin with everything left to do."""
        self.left_s = self.length_s


@dataclass(frozen=True, slots=True)
class Trace:
    """Jobs, and what programs without a lease take: moment, card, MiB more."""

    jobs: list[Job]
    foreign: list[tuple[float, int, int]] = field(default_factory=list)


def make(kind: str, count: int, seed: int) -> Trace:
    """Return a trace of `count` jobs.

    mixed: popular models, long tails, on and off. burst: the same all at once. hang: a twentieth
    of the clients die. foreign: a game takes and returns memory. starve: one large unimportant
    job under a stream of small ones.
    """
    if kind == "starve":
        return _starving(count)
    chance = random.Random(seed)
    names = [name for name, mib in MODELS_MIB.items() if mib <= 0.9 * max(CARDS_MIB)]
    weights = [1 / (1 + at) for at in range(len(names))]
    chance.shuffle(names)
    jobs: list[Job] = []
    now_s = switch_s = 0.0
    is_busy = True
    for at in range(count):
        if now_s > switch_s:
            is_busy = not is_busy
            switch_s = now_s + chance.expovariate(1 / 120)
        if kind != "burst":
            now_s += chance.expovariate(1 / (4.0 if is_busy else 25.0))
        name = chance.choices(names, weights)[0]
        jobs.append(_job(chance, at, now_s, name))
        if kind == "hang":
            jobs[-1].dies = chance.random() < 0.05
    return Trace(jobs, _games(chance, now_s) if kind == "foreign" else [])


def _job(chance: random.Random, at: int, now_s: float, name: str) -> Job:
    priority = chance.choices((0, 1, 2, 3), (4, 3, 2, 1))[0]
    length_s = min(600, max(1, chance.lognormvariate(2.7 if priority else 3.8, 0.9)))
    share = min(1.25, max(0.7, chance.gauss(0.95, 0.05)))
    mib = MODELS_MIB[name]
    return Job(at, now_s, mib, length_s, priority, name, int(mib * share), priority < 3)


def _games(chance: random.Random, end_s: float) -> list[tuple[float, int, int]]:
    foreign: list[tuple[float, int, int]] = []
    now_s = 60.0
    while now_s < end_s:
        card = chance.randrange(len(CARDS_MIB))
        mib = int(chance.uniform(0.1, 0.35) * CARDS_MIB[card])
        foreign += [(now_s, card, mib), (now_s + chance.uniform(60, 240), card, -mib)]
        now_s += chance.uniform(120, 300)
    return foreign


def _starving(count: int) -> Trace:
    small, huge = int(0.3 * max(CARDS_MIB)), int(0.85 * max(CARDS_MIB))
    jobs = [Job(at, at * 1.5, small, 12, 2, f"small{at % 4}", small) for at in range(count)]
    return Trace([*jobs, Job(count, 20, huge, 60, 0, "huge", huge)])
