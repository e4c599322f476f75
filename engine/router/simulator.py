"""Compares policies: many worlds, every policy in each, and what that says with how much doubt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, fsum, pi, sqrt, tan
from random import Random
from statistics import NormalDist, fmean, stdev

from engine.router.sim_policies import PolicyMaker, Weights
from engine.router.sim_run import Fate, Oracle, Run
from engine.router.sim_world import Scenario, World

ORACLE = "oracle"
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over runs, and the bounds within which it lies with 95 % confidence."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """How one policy did, over all runs."""

    policy: str
    first_p50_s: Interval
    """Median time to the first token, of requests that got one."""
    first_p99_s: Interval
    errors: Interval
    """Share of requests that were not answered to the end."""
    cost_usd: Interval
    """Of a thousand requests."""
    quality: Interval
    """Mean of those that were answered."""
    retries: Interval
    """Further tries, for each request."""
    worth: Interval
    """Mean worth of a request's answer, 0 to 1."""
    regret: Interval
    """The oracle's worth less this one's, in the same worlds."""


@dataclass(frozen=True, slots=True)
class SimReport:
    """One scenario, every policy: the oracle first, then the least regret first."""

    scenario: Scenario
    seeds: int
    requests: int
    """Of all runs together, for each policy."""
    results: tuple[PolicyResult, ...]


def simulate(
    scenario: Scenario,
    policies: Mapping[str, PolicyMaker],
    *,
    seeds: Sequence[int],
    weights: Weights | None = None,
) -> SimReport:
    """Return how `policies` did in `scenario`; the same seeds give the same report.

    Takes some 0.1 s of CPU for each policy and seed: not for the engines' loop.
    """
    counted = weights or Weights()
    figures: dict[str, list[dict[str, float]]] = {name: [] for name in (ORACLE, *policies)}
    requests = 0
    for seed in seeds:
        world = World(scenario, seed)
        requests += len(world.jobs)
        known = Run(world, lambda run: Oracle(run, counted)).play()
        best = _figures(known, counted, None)
        figures[ORACLE].append(best)
        for name, make in policies.items():
            chance = Random(f"{name}/{seed}")
            fates = Run(world, lambda run, m=make, c=chance: m(c, lambda: run.now_s)).play()  # type: ignore[misc]
            figures[name].append(_figures(fates, counted, best["worth"]))
    results = [_result(name, rows) for name, rows in figures.items()]
    results.sort(key=lambda each: (each.policy != ORACLE, each.regret.mean))
    return SimReport(scenario, len(seeds), requests, tuple(results))


def interval_of(values: Sequence[float]) -> Interval:
    """Return the mean of `values` and its 95 % confidence interval by Student's t.

    One value has no interval: both bounds are the value.
    """
    mean = fmean(values)
    if len(values) < 2:
        return Interval(mean, mean, mean)
    half = t_quantile(len(values) - 1) * stdev(values) / sqrt(len(values))
    return Interval(mean, mean - half, mean + half)


def t_quantile(freedom: int, confidence: float = CONFIDENCE) -> float:
    """Return Student's t with `freedom` degrees for a two-sided `confidence`.

    Source: the Cornish-Fisher expansion, Abramowitz and Stegun 26.7.5, to the fourth term; within
    2 % from 3 degrees on. One and two degrees have closed forms.
    """
    share = 0.5 + confidence / 2
    if freedom == 2:
        return (2 * share - 1) * sqrt(2 / (4 * share * (1 - share)))
    if freedom == 1:
        return tan(pi * (share - 0.5))
    z = NormalDist().inv_cdf(share)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92_160,
    )
    return z + fsum(term / freedom**power for power, term in enumerate(terms, 1))


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` of `values` do not exceed (nearest rank); 0 of none."""
    if not values:
        return 0.0
    return sorted(values)[max(0, ceil(share * len(values)) - 1)]


def _figures(fates: Sequence[Fate], weights: Weights, best: float | None) -> dict[str, float]:
    """Return the numbers of one run; `best` is the oracle's worth there."""
    firsts = [fate.first_s for fate in fates if fate.first_s is not None]
    good = [fate for fate in fates if fate.is_answered]
    worth = fmean([fate.worth(weights) for fate in fates] or [0.0])
    requests = max(1, len(fates))
    paid = sum(fate.server.cost_usd(fate.job) for fate in fates if fate.server is not None)
    return {
        "first_p50_s": percentile(firsts, 0.5),
        "first_p99_s": percentile(firsts, 0.99),
        "errors": 1 - len(good) / requests,
        "cost_usd": 1000 * paid / requests,
        "quality": fmean([fate.server.quality for fate in good if fate.server] or [0.0]),
        "retries": sum(max(0, fate.tries - 1) for fate in fates) / requests,
        "worth": worth,
        "regret": 0.0 if best is None else best - worth,
    }


def _result(name: str, rows: Sequence[Mapping[str, float]]) -> PolicyResult:
    figures = {key: interval_of([row[key] for row in rows]) for key in rows[0]}
    return PolicyResult(name, **figures)
