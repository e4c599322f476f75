"""`serve`: the engines and their gateway without a window, until SIGTERM or Ctrl+C."""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.commands.stopping import stopped_by_signals
from engine.errors import EngineError
from engine.folders import Folders

if TYPE_CHECKING:
    from engine.assembly import Engines

DONE, FAILED = 0, 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of this command to `parser`."""
    parser.add_argument(
        "--host", metavar="ADDRESS", help="listen there; default: as in the settings (127.0.0.1)"
    )
    parser.add_argument(
        "--port",
        type=int,
        metavar="N",
        help="listen there, 0 at any; default: as in the settings (11480)",
    )
    parser.add_argument(
        "--settings", type=Path, metavar="FILE", help="settings instead of the user's"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the engines until a signal ends them, and return the process's exit code."""
    from engine.assembly import build_engines

    folders = replace(Folders.of_user(), settings=arguments.settings)
    if arguments.settings is not None and not arguments.settings.is_file():
        print(f"{arguments.settings} is no file: write the settings there", file=sys.stderr)
        return FAILED
    engines = build_engines(folders)
    try:
        engines.gateway.pin(arguments.host, arguments.port)
    except EngineError as error:
        print(error, file=sys.stderr)
        return FAILED
    return asyncio.run(_serve(engines))


async def _serve(engines: Engines) -> int:
    stop = asyncio.Event()
    with stopped_by_signals(stop):
        try:
            await engines.start()
            seen = engines.gateway.snapshot()
            # The first line: whoever started this process learns from it where to call.
            key_file = None if seen.url is None else str(seen.key_file)
            # What exists now stays to the end: a full collection is then short, and delays nobody.
            gc.collect()
            gc.freeze()
            print(json.dumps({"url": seen.url, "key_file": key_file}), flush=True)
            for problem in filter(None, (*engines.started_problems, seen.reason)):
                print(problem, file=sys.stderr, flush=True)
            await stop.wait()
        finally:
            gc.unfreeze()
            await engines.aclose()
    return DONE
