"""A world for trying policies: servers with hidden moods, and requests that come to them."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum
from math import exp, log
from random import Random

LIMIT_WINDOW_S = 60.0
"""Servers count the requests that they allow by the minute."""


class Mood(StrEnum):
    """How a server is for a while; nobody but the oracle is told."""

    HEALTHY = "healthy"
    SLOW = "slow"
    BUSY = "busy"
    """It says 429 to everybody."""
    HUNG = "hung"
    """It takes requests and never answers them."""
    DOWN = "down"
    """It refuses connections, and breaks off what is under way."""


WORST_FIRST = (Mood.DOWN, Mood.HUNG, Mood.BUSY, Mood.SLOW)


@dataclass(frozen=True, slots=True)
class Habit:
    """A mood that comes again and again; both times are means of exponential distributions."""

    mood: Mood
    every_s: float
    lasts_s: float


@dataclass(frozen=True, slots=True)
class SimServer:
    """One server that serves one model."""

    name: str
    model: str = "m"
    slots: int = 4
    first_s: float = 0.3
    """Median time to the first token, once it is the request's turn."""
    token_s: float = 0.02
    spread: float = 0.35
    """Standard deviation of the logarithm of both."""
    slowdown: float = 6.0
    """How many times longer both are while it is slow."""
    quality: float = 0.7
    """0 to 1: the share of answers that are good."""
    input_usd: float = 0.0
    """For a million tokens."""
    output_usd: float = 0.0
    per_minute: int | None = None
    """Requests that it takes a minute; more get 429."""
    habits: tuple[Habit, ...] = ()

    def cost_usd(self, job: Job) -> float:
        """Return what answering `job` costs."""
        spent = self.input_usd * job.prompt_tokens + self.output_usd * job.answer_tokens
        return spent / 1e6


@dataclass(frozen=True, slots=True)
class Scenario:
    """Servers, and how often they are asked."""

    name: str
    description: str
    servers: tuple[SimServer, ...]
    rate_per_s: float = 2.0
    burst_factor: float = 1.0
    """How many times more requests come in a burst."""
    burst_every_s: float = 60.0
    burst_lasts_s: float = 10.0
    lasts_s: float = 600.0
    prompt_tokens: int = 400
    """Median; likewise below."""
    answer_tokens: int = 150


@dataclass(frozen=True, slots=True)
class Job:
    """One request of the simulation."""

    number: int
    at_s: float
    prompt_tokens: int
    answer_tokens: int


@dataclass(frozen=True, slots=True)
class Spell:
    """A server is in a mood from `begin_s` to `end_s`."""

    mood: Mood
    begin_s: float
    end_s: float


class World:
    """One run of a scenario. The same seed gives the same requests, moods and luck to every policy.

    So the difference between two policies is theirs, and not that of the weather.
    """

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self.scenario = scenario
        random = Random(f"{scenario.name}/{seed}")
        self.jobs = _jobs(scenario, random)
        self._spells = {
            server.name: [_spells(habit, scenario.lasts_s, random) for habit in server.habits]
            for server in scenario.servers
        }
        self._luck = {
            server.name: [
                (exp(random.gauss(0, server.spread)), exp(random.gauss(0, server.spread)))
                for _ in self.jobs
            ]
            for server in scenario.servers
        }

    def spell(self, server: SimServer, at_s: float) -> Spell:
        """Return the worst spell that `server` is in at `at_s`."""
        found = [
            each
            for spells in self._spells[server.name]
            if (each := _spell_at(spells, at_s)) is not None
        ]
        if not found:
            return Spell(Mood.HEALTHY, at_s, at_s)
        return min(found, key=lambda each: WORST_FIRST.index(each.mood))

    def times_s(self, server: SimServer, job: Job, at_s: float) -> tuple[float, float]:
        """Return how long `job`, begun at `at_s`, takes to the first token and then to the end."""
        slower = server.slowdown if self.spell(server, at_s).mood is Mood.SLOW else 1.0
        first_luck, token_luck = self._luck[server.name][job.number]
        first_s = server.first_s * first_luck * slower
        return first_s, server.token_s * token_luck * slower * job.answer_tokens

    def goes_down_s(self, server: SimServer, begin_s: float, end_s: float) -> float | None:
        """Return when `server` first goes down between `begin_s` and `end_s`, or None."""
        found = [
            spell.begin_s
            for spells in self._spells[server.name]
            for spell in spells
            if spell.mood is Mood.DOWN and begin_s < spell.begin_s < end_s
        ]
        return min(found, default=None)


def _jobs(scenario: Scenario, random: Random) -> tuple[Job, ...]:
    """Return Poisson arrivals, more of them in bursts, with log-normal lengths."""
    burst = Habit(Mood.BUSY, scenario.burst_every_s, scenario.burst_lasts_s)
    bursts = _spells(burst, scenario.lasts_s, random) if scenario.burst_factor > 1 else []
    fastest = scenario.rate_per_s * max(1.0, scenario.burst_factor)
    jobs: list[Job] = []
    at_s = random.expovariate(fastest)
    while at_s < scenario.lasts_s:
        # Thinning (Lewis and Shedler 1979): the rate of now is a share of the greatest.
        rate = fastest if _spell_at(bursts, at_s) else scenario.rate_per_s
        if random.random() * fastest < rate:
            prompt = max(1, round(random.lognormvariate(log(scenario.prompt_tokens), 0.8)))
            answer = max(1, round(random.lognormvariate(log(scenario.answer_tokens), 0.6)))
            jobs.append(Job(len(jobs), at_s, prompt, answer))
        at_s += random.expovariate(fastest)
    return tuple(jobs)


def _spells(habit: Habit, lasts_s: float, random: Random) -> list[Spell]:
    found: list[Spell] = []
    at_s = random.expovariate(1 / habit.every_s)
    while at_s < lasts_s:
        end_s = at_s + random.expovariate(1 / habit.lasts_s)
        found.append(Spell(habit.mood, at_s, end_s))
        at_s = end_s + random.expovariate(1 / habit.every_s)
    return found


def _spell_at(spells: list[Spell], at_s: float) -> Spell | None:
    at = bisect_right(spells, at_s, key=lambda spell: spell.begin_s) - 1
    return spells[at] if at >= 0 and at_s < spells[at].end_s else None
