"""`gpu [--json] [--watch]`: this machine's graphics cards, and who uses them."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from app.commands import gpu_run
from app.commands.gpu_host_table import host_lines
from app.commands.gpu_lease_table import lease_lines
from app.commands.gpu_table import lines_of
from app.gateway_client import OK, OpenGateway, open_gateway
from engine.errors import EngineError
from engine.folders import Folders

if TYPE_CHECKING:
    from engine.gpu.service import VisionResourceManager
    from engine.gpu.snapshot import ResourceSnapshot

DONE, FAILED, NO_CARDS, INTERRUPTED = 0, 1, 3, 130
REDRAW_S = 1.0
LOOK_S = 0.05
PATIENCE_S = 6.0
"""What a first reading may take; a driver that wakes its card needs seconds."""
HOST_PERIOD_S = 0.2
"""The processor's load is measured between two readings: the second shall come soon."""
NOBODY_TELLS = (
    "Leases and other hosts: not known, as this application does not run here "
    "(`universal-ai-tools serve` starts it without a window)"
)
HOME_AND_CLEAR = "\x1b[H\x1b[J"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of this command to `parser`."""
    parser.add_argument("--json", action="store_true", help="one object a reading, for programs")
    parser.add_argument(
        "--watch", action="store_true", help="read again every second, until Ctrl+C"
    )
    parser.add_argument("--demo", action="store_true", help="made-up cards")
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    purpose = "wait for graphics memory, run a program on it, and give it back"
    gpu_run.add_arguments(
        actions.add_parser("run", help=purpose, description=f"{purpose}. {gpu_run.WITHOUT}")
    )
    parser.epilog = (
        "Leases, the queue and other hosts are known to the running application: without it, or "
        "`universal-ai-tools serve`, only the cards and their processes are shown."
    )


def run(arguments: argparse.Namespace) -> int:
    """Show the cards and return the process's exit code; NO_CARDS where there are none."""
    if arguments.action == "run":
        return gpu_run.run(arguments)
    try:
        return asyncio.run(_show(_manager(is_demo=arguments.demo), arguments))
    except EngineError as error:
        print(error, file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def _manager(*, is_demo: bool) -> VisionResourceManager:
    from engine.assembly import Settings
    from engine.configuration import SettingsFile
    from engine.outsides import demo_machine, machine

    folders = Folders.of_user()
    settings = SettingsFile(folders.settings_file).read(Settings).resources
    settings = replace(settings, sample_period_s=HOST_PERIOD_S)
    return demo_machine(settings) if is_demo else machine(folders, settings)


def reading() -> ResourceSnapshot:
    """Return what this machine's cards tell now; it may take seconds. Raises SettingsError."""

    async def look() -> ResourceSnapshot:
        async with _manager(is_demo=False) as manager:
            return await _first(manager)

    return asyncio.run(look())


async def _show(manager: VisionResourceManager, arguments: argparse.Namespace) -> int:
    # Leases are those of the application that runs: made-up cards have none there.
    gateway = None if arguments.demo else open_gateway(Folders.of_user())
    async with manager:
        snapshot = await _first(manager)
        _print(snapshot, await asyncio.to_thread(_leases, gateway), arguments)
        while arguments.watch:
            await asyncio.sleep(REDRAW_S)
            snapshot = manager.snapshot()
            _print(snapshot, await asyncio.to_thread(_leases, gateway), arguments)
    return DONE if snapshot.cards else NO_CARDS


async def _first(manager: VisionResourceManager) -> ResourceSnapshot:
    """Return the first snapshot in which all is read; after a while, the one there is."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + PATIENCE_S
    while True:
        snapshot = manager.snapshot()
        if _is_whole(snapshot) or loop.time() >= end_s:
            return snapshot
        await asyncio.sleep(LOOK_S)


def _is_whole(snapshot: ResourceSnapshot) -> bool:
    if snapshot.host is None or (snapshot.host.cpu_percent is None and snapshot.problem is None):
        return False
    if not snapshot.cards:
        return snapshot.cards_problem is not None
    return all(card.age_s is not None or card.reason is not None for card in snapshot.cards)


def _leases(gateway: OpenGateway | None) -> dict[str, Any] | None:
    """Return what the application that runs tells of leases; None where none does."""
    if gateway is None:
        return None
    with contextlib.suppress(EngineError):
        status, told = gateway.call("GET", "/leases")
        if status == OK:
            return told
    return None


def _print(
    snapshot: ResourceSnapshot, leases: dict[str, Any] | None, arguments: argparse.Namespace
) -> None:
    if arguments.json:
        indent = None if arguments.watch else 2
        problem = NOBODY_TELLS if leases is None and not arguments.demo else None
        told = _plain(snapshot) | {"leases": leases, "leases_problem": problem}
        print(json.dumps(told, indent=indent), flush=True)
        return
    clear = HOME_AND_CLEAR if arguments.watch and sys.stdout.isatty() else ""
    lines = lines_of(snapshot)
    if leases is not None:
        lines += ["", *lease_lines(leases), *host_lines(leases)]
    elif not arguments.demo:
        lines += ["", NOBODY_TELLS]
    print(clear + "\n".join(lines), flush=True)


def _plain(snapshot: ResourceSnapshot) -> dict[str, Any]:
    """Return the reading without the series, which are empty in a process that just began."""
    return {
        "host": None if snapshot.host is None else asdict(snapshot.host),
        "cards": [asdict(card) for card in snapshot.cards],
        "problem": snapshot.problem,
        "cards_problem": snapshot.cards_problem,
    }
