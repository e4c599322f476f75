"""`simulate`: compares ways of choosing a server, in made-up worlds or on your own history."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from engine.errors import EngineError

if TYPE_CHECKING:
    from engine.router.simulator import Interval, SimReport

DONE, FAILED, NOTHING = 0, 1, 3
"""NOTHING: there is no history to replay."""
ALL = "all"
COLUMNS = (
    ("first p50 ms", "first_p50_s", 1000.0, ".0f"),
    ("p99 ms", "first_p99_s", 1000.0, ".0f"),
    ("errors %", "errors", 100.0, ".1f"),
    ("USD/1000", "cost_usd", 1.0, ".2f"),
    ("quality", "quality", 1.0, ".2f"),
    ("retries", "retries", 1.0, ".2f"),
    ("worth", "worth", 1.0, ".3f"),
)


REPLAY_COLUMNS = (
    ("moved", "moved", 1, ","),
    ("unknown", "unknown", 1, ","),
    ("answered %", "answered", 100.0, ".1f"),
    ("first p50 ms", "first_p50_ms", 1.0, ".0f"),
    ("p99 ms", "first_p99_ms", 1.0, ".0f"),
    ("USD", "cost_usd", 1.0, ".4f"),
    ("quality", "quality", 1.0, ".2f"),
)
DAY_S = 86_400.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of this command to `parser`."""
    from engine.router.sim_scenarios import SCENARIOS

    parser.add_argument(
        "--scenario",
        choices=(*SCENARIOS, ALL),
        default="mixed",
        help="the made-up world (default: mixed)",
    )
    parser.add_argument(
        "--seeds", type=_count, default=10, metavar="N", help="worlds of it (default: 10)"
    )
    parser.add_argument(
        "--replay",
        type=_count,
        metavar="DAYS",
        help="your own requests of the last DAYS instead, chosen otherwise",
    )
    parser.add_argument("--json", action="store_true", help="for programs")


def run(arguments: argparse.Namespace) -> int:
    """Run the comparison and return the process's exit code."""
    try:
        if arguments.replay is not None:
            return asyncio.run(_replay(arguments))
        return _simulate(arguments)
    except EngineError as error:
        print(error, file=sys.stderr)
        return FAILED


def _simulate(arguments: argparse.Namespace) -> int:
    from app.commands.simulated_balancing import CoordinatorBalance
    from engine.router.sim_policies import usual_policies
    from engine.router.sim_scenarios import SCENARIOS
    from engine.router.simulator import simulate

    names = SCENARIOS if arguments.scenario == ALL else [arguments.scenario]
    for name in names:
        policies = usual_policies(CoordinatorBalance)
        report = simulate(SCENARIOS[name], policies, seeds=range(arguments.seeds))
        if arguments.json:
            print(json.dumps(asdict(report)))
        else:
            print("\n".join(_written(report)), flush=True)
    return DONE


async def _replay(arguments: argparse.Namespace) -> int:
    from engine.activity import ActivityQuery, ActivitySettings
    from engine.activity_log import ACTIVITY_FILE, ActivityLog
    from engine.clock import SystemClock
    from engine.folders import Folders
    from engine.router.replay import replay

    path, clock = Folders.of_user().data / ACTIVITY_FILE, SystemClock()
    if not path.exists():
        return _nothing(arguments.replay)
    since_s = clock.wall().timestamp() - arguments.replay * DAY_S
    # Looked at, not kept: nothing is removed because this command was called.
    log = ActivityLog(path=path, settings=ActivitySettings(keep_days=0), clock=clock)
    await log.start()
    try:
        records = [each async for each in log.export(ActivityQuery(since_s=since_s))]
    finally:
        await log.aclose()
    if not records:
        return _nothing(arguments.replay)
    results = replay(records)
    if arguments.json:
        print(json.dumps([asdict(each) for each in results]))
        return DONE
    rows = [("policy", *(head for head, *_ in REPLAY_COLUMNS))]
    for result in results:
        figures = [
            _figure(getattr(result, name), factor, form) for _, name, factor, form in REPLAY_COLUMNS
        ]
        rows.append((result.policy, *figures))
    print(f"{len(records):,} requests of the last {_days(arguments.replay)}, chosen otherwise")
    print("\n".join(_table(rows)))
    print("What was not sent to a model is estimated from the nearest requests that were.")
    return DONE


def _nothing(days: int) -> int:
    told = f"No request of the last {_days(days)} is recorded: there is nothing to replay"
    print(told, file=sys.stderr)
    return NOTHING


def _days(count: int) -> str:
    return "day" if count == 1 else f"{count:,} days"


def _figure(value: float | None, factor: float, form: str) -> str:
    return "-" if value is None else format(value * factor, form)


def _written(report: SimReport) -> Iterable[str]:
    scenario = report.scenario
    yield f"{scenario.name}: {scenario.description}."
    yield f"{report.requests:,} requests in {report.seeds} worlds, the same for every policy"
    rows = [("policy", *(head for head, *_ in COLUMNS), "regret (95 %)")]
    for result in report.results:
        figures = [
            format(getattr(result, name).mean * factor, form) for _, name, factor, form in COLUMNS
        ]
        rows.append((result.policy, *figures, _interval(result.regret)))
    yield from _table(rows)
    yield ""


def _interval(found: Interval) -> str:
    return f"{found.mean:.3f} ({found.low:.3f} to {found.high:.3f})"


def _table(rows: Sequence[tuple[str, ...]]) -> Iterable[str]:
    """Yield `rows` as lines: the first column to the left, the others to the right."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for first, *rest in rows:
        cells = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        yield "  ".join([first.ljust(widths[0]), *cells])


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 on")
    return int(text)
