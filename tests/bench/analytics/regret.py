"""How far from the best an optimiser still is after so many measurements."""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
import warnings
from pathlib import Path

import numpy as np

from tests.bench.analytics.optimisers import installed, make
from tests.bench.analytics.problems import ALL, SIX, Problem
from tests.bench.analytics.significance import holm, mann_whitney
from tests.bench.table import Row

AT = (30, 60)
FIRST_SEED = 100
"""Seeds below this one were used for tuning."""


def run(name: str, problem: Problem, seed: int) -> dict[str, object]:
    """Return the simple regret of one optimiser on one problem with one seed, and its pace.

    The incumbent is the best that was observed and is feasible; its regret is counted without
    noise. Noise is drawn from a stream of its own, the same for all optimisers.
    """
    rng = np.random.default_rng(1000 + seed)
    optimiser = make(name, problem, seed)
    best, regret = math.inf, math.inf
    after: dict[str, float] = {}
    took = []
    for count in range(1, AT[-1] + 1):
        begun = time.perf_counter()
        values = optimiser.ask()
        took.append(time.perf_counter() - begun)
        true = problem.at(values)
        seen = true + rng.normal() * problem.noise_sd
        constraints = problem.constraints_at(values)
        if seen < best and all(each <= 1e-6 for each in constraints):
            best, regret = seen, true - problem.optimum
        begun = time.perf_counter()
        optimiser.tell(values, seen, constraints)
        took[-1] += time.perf_counter() - begun
        if count in AT:
            after[str(count)] = regret
    pace_ms = 1e3 * float(np.median(took[len(took) // 2 :]))
    return {
        "method": name, "problem": problem.name, "seed": seed, "regret": after,
        "pace_ms": pace_ms, "slowest_ms": 1e3 * max(took),
    }  # fmt: skip


def measured(names: list[str], problems: list[str], seeds: range) -> list[dict[str, object]]:
    """Return one record for each optimiser, problem and seed."""
    warnings.filterwarnings("ignore")
    return [
        run(name, ALL[problem], seed)
        for seed in seeds
        for problem in problems
        for name in names
        if not (name == "skopt" and ALL[problem].constraint_count)
    ]


def compare(records: list[dict[str, object]], problems: list[str]) -> list[Row]:
    """Return medians at 60, and against each peer the p-values of being worse and better."""
    by: dict[tuple[str, str], list[float]] = {}
    for record in records:
        key = (str(record["method"]), str(record["problem"]))
        by.setdefault(key, []).append(record["regret"]["60"])  # type: ignore[index]
    rows = []
    for peer in [name for name in NEEDS_ORDER if any(key[0] == name for key in by)]:
        shared = [each for each in problems if (peer, each) in by and ("here", each) in by]
        worse = holm([mann_whitney(by["here", each], by[peer, each]) for each in shared])
        better = holm([mann_whitney(by[peer, each], by["here", each]) for each in shared])
        for name, is_worse, is_better in zip(shared, worse, better, strict=True):
            said = f"{peer} {np.median(by[peer, name]):.3g}, worse p={is_worse:.2g}"
            value = float(np.median(by["here", name]))
            rows.append(
                Row(f"regret@60 {name}", value, "", None, f"{said} better p={is_better:.2g}")
            )
        rows.append(
            Row(
                f"worse than {peer} (Holm, p<.05)",
                sum(p < 0.05 for p in worse),
                "problems",
                0 if peer == "gpsampler" else None,
            )
        )
        rows.append(Row(f"better than {peer}", sum(p < 0.05 for p in better), "problems"))
    return rows


NEEDS_ORDER = ("gpsampler", "tpe", "skopt", "random")


def rows() -> list[Row]:
    """Measure all that is installed on the six problems and compare."""
    names = [name for name in installed() if name != "skopt"]
    problems = [each.name for each in SIX]
    return compare(measured(names, problems, range(FIRST_SEED, FIRST_SEED + 30)), problems)


def main() -> None:
    """Add records to a file, for comparisons that take hours; or compare what files hold."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--methods", default="here")
    parser.add_argument("--problems", default=",".join(each.name for each in SIX))
    parser.add_argument("--seeds", default="100:130")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--compare", type=Path, nargs="*", default=())
    said = parser.parse_args()
    first, last = map(int, said.seeds.split(":"))
    if said.compare:
        lines = [json.loads(line) for file in said.compare for line in file.open()]
        wanted = [each for each in lines if first <= each["seed"] < last]
        for row in compare(wanted, said.problems.split(",")):
            print(f"{row.measure:40} {row.value:9.4g} {row.unit:9} {row.peer}")
        return
    warnings.filterwarnings("ignore")
    with said.out.open("a") if said.out else sys.stdout as file:
        for seed in range(first, last):
            for record in measured(
                said.methods.split(","), said.problems.split(","), range(seed, seed + 1)
            ):
                print(json.dumps(record), file=file, flush=True)


if __name__ == "__main__":
    main()
