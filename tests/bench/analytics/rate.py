"""How much processor time a choice and its reward take together."""

from __future__ import annotations

import time
from statistics import median

from engine.analytics.kl_ucb import KlUcb
from engine.analytics.policies import (
    beta_thompson,
    drifting_thompson,
    gaussian_thompson,
    top_two_thompson,
)
from tests.bench.analytics.contextual import linear
from tests.bench.analytics.environments import STATIONARY, Lines, Run
from tests.bench.analytics.policies import COIN_PEERS, LINE_PEERS, Here, Make, installed
from tests.bench.table import Row

TURNS = 20_000
ROUNDS = 5
ROUND_S = 0.4
BETA_LIMIT_US = 1e6 / 60_000
LINEAR_LIMIT_US = 1e6 / 30_000


def took_us(make: Make, course: Run) -> float:
    """Return the median over rounds of the time of one choice and its reward, in us."""
    contexts, rewards = course.contexts, course.rewards.tolist()
    policy = make(course.means.shape[1], 0 if contexts is None else contexts.shape[1], 0)
    found, turn = [], 0
    for _ in range(ROUNDS):
        begun, first = time.thread_time(), turn
        while time.thread_time() - begun < ROUND_S and turn < TURNS:
            context = None if contexts is None else contexts[turn]
            arm = policy.choose(context)
            policy.reward(arm, rewards[turn][arm], context)
            turn += 1
        if turn > first:
            found.append(1e6 * (time.thread_time() - begun) / (turn - first))
    return median(found)


def rows() -> list[Row]:
    """Return those with a limit, peers beside, then the others."""
    coins, lines = STATIONARY["close"].run(TURNS, 0), Lines().run(TURNS, 0)
    ours: dict[str, tuple[Make, Run, float | None]] = {
        "Beta Thompson": (lambda k, d, s: Here(beta_thompson(k, seed=s)), coins, BETA_LIMIT_US),
        "linear, random bounds": (linear((0.5, 2.5)), lines, LINEAR_LIMIT_US),
        "linear Thompson": (linear(None), lines, LINEAR_LIMIT_US),
        "Beta Thompson, drift": (lambda k, d, s: Here(drifting_thompson(k, seed=s)), coins, None),
        "Gaussian Thompson": (lambda k, d, s: Here(gaussian_thompson(k, seed=s)), coins, None),
        "top two": (lambda k, d, s: Here(top_two_thompson(k, seed=s)), coins, None),
        "KL-UCB": (lambda k, d, s: Here(KlUcb(arms=k, seed=s)), coins, None),
    }
    found = []
    for name, (make, course, limit) in ours.items():
        peers = installed(COIN_PEERS if course is coins else LINE_PEERS) if limit else {}
        said = " · ".join(f"{key} {took_us(each, course):.0f}" for key, each in peers.items())
        found.append(Row(f"choice and reward, {name}", took_us(make, course), "us", limit, said))
    return found
