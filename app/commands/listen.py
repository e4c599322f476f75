"""`listen`: the microphone, written down in the terminal."""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import sys
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from app.commands.stopping import stopped_by_signals
from engine.errors import EngineError
from engine.folders import Folders
from engine.voice.snapshot import VoiceEvent

if TYPE_CHECKING:
    from engine.assembly import Engines
    from engine.voice.service import VoiceProcessingService

DONE, FAILED, INTERRUPTED = 0, 1, 130
CLEAR = "\r\x1b[K"
DIM, PLAIN = "\x1b[2m", "\x1b[0m"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of this command to `parser`."""
    parser.add_argument(
        "--device", metavar="NAME", help="microphone, by name or label; default: the settings'"
    )
    parser.add_argument("--seconds", type=_seconds, metavar="N", help="stop after N seconds")
    parser.add_argument("--jsonl", action="store_true", help="one event a line, as JSON")
    parser.add_argument("--language", metavar="CODE", help='such as "en"; default: the settings\'')


def run(arguments: argparse.Namespace) -> int:
    """Listen until the time is over or Ctrl+C, and return the process's exit code."""
    from engine.assembly import build_engines

    engines = build_engines(Folders.of_user())
    try:
        return asyncio.run(_listen(engines, arguments))
    except EngineError as error:
        print(error, file=sys.stderr)
        return FAILED


async def _listen(engines: Engines, arguments: argparse.Namespace) -> int:
    for problem in engines.started_problems:
        print(problem, file=sys.stderr)
    stop = asyncio.Event()
    with stopped_by_signals(stop):
        async with engines.voice as voice:
            ended = asyncio.ensure_future(stop.wait())
            ready = asyncio.ensure_future(_prepare(voice, engines, arguments))
            await asyncio.wait([ready, ended], return_when=asyncio.FIRST_COMPLETED)
            if not ready.done():
                ready.cancel()
                return INTERRUPTED
            ready.result()
            printer = asyncio.ensure_future(_print(voice.events(), as_json=arguments.jsonl))
            await voice.start_recording()
            print(f"Listening to {voice.snapshot().device}; Ctrl+C stops.", file=sys.stderr)
            # The printer ends early where nobody reads any more.
            await asyncio.wait(
                [printer, ended], timeout=arguments.seconds, return_when=asyncio.FIRST_COMPLETED
            )
            ended.cancel()
            await voice.stop_recording()
            problem_at_end = voice.snapshot().problem
        await printer
    if problem_at_end:
        print(problem_at_end, file=sys.stderr)
    return DONE


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return seconds


async def _prepare(
    voice: VoiceProcessingService, engines: Engines, arguments: argparse.Namespace
) -> None:
    """Choose device and language, and wait for the model: its absence is an error here."""
    from dataclasses import replace

    settings = engines.settings.voice
    if arguments.language:
        settings = replace(settings, language=arguments.language)
    if arguments.device is not None:
        settings = replace(settings, device=arguments.device)
    await voice.change_settings(settings)
    await voice.wait_for_model()


async def _print(events: AsyncIterator[VoiceEvent], *, as_json: bool) -> None:
    async for event in events:
        if as_json:
            _write(json.dumps(_plain(event), ensure_ascii=False) + "\n")
        elif event.event != "partial":
            mark = "~ " if event.event == "revised" else ""
            _write(f"{CLEAR if sys.stdout.isatty() else ''}{mark}{event.text}\n")
        elif sys.stdout.isatty():
            tentative = event.text[len(event.stable) :]
            _write(f"{CLEAR}{event.stable}{DIM}{tentative}{PLAIN}")


def _plain(event: VoiceEvent) -> dict[str, object]:
    return {
        "event": event.event,
        "id": event.id,
        "text": event.text,
        "stable": event.stable,
        "start_s": round(event.start_s, 3),
        "end_s": round(event.end_s, 3),
        "at_s": round(event.at_s, 3),
    }


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
