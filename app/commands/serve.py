"""`serve`: the engines without a window, until SIGTERM or Ctrl+C."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from typing import TYPE_CHECKING

from app.commands.stopping import stopped_by_signals
from engine.folders import Folders

if TYPE_CHECKING:
    from engine.assembly import Engines

DONE = 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of this command to `parser`: there are none yet."""


def run(arguments: argparse.Namespace) -> int:
    """Run the engines until a signal ends them, and return the process's exit code."""
    from engine.assembly import build_engines

    return asyncio.run(_serve(build_engines(Folders.of_user())))


async def _serve(engines: Engines) -> int:
    stop = asyncio.Event()
    with stopped_by_signals(stop):
        try:
            await engines.start()
            # The address comes with the gateway: who reads this line learns that there is none.
            print(json.dumps({"url": None, "key_file": None}), flush=True)
            for problem in engines.started_problems:
                print(problem, file=sys.stderr, flush=True)
            await stop.wait()
        finally:
            await engines.aclose()
    return DONE
