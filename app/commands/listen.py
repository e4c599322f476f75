"""`listen`: the microphone, written down in the terminal."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

from engine.errors import EngineError
from engine.folders import Folders
from engine.voice.snapshot import VoiceEvent

if TYPE_CHECKING:
    from engine.assembly import Engines
    from engine.voice.service import VoiceProcessingService

DONE, FAILED = 0, 1
CLEAR = "\r\x1b[K"
DIM, PLAIN = "\x1b[2m", "\x1b[0m"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of this command to `parser`."""
    parser.add_argument("--device", metavar="NAME", help="microphone; default: the system's")
    parser.add_argument("--seconds", type=float, metavar="N", help="stop after N seconds")
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
    stop = asyncio.Event()
    with _stopped_by_signals(stop):
        async with engines.voice as voice:
            await _prepare(voice, engines, arguments)
            events = voice.events()
            printer = asyncio.ensure_future(_print(events, as_json=arguments.jsonl))
            await voice.start_recording()
            print(f"Listening to {voice.snapshot().device}; Ctrl+C stops.", file=sys.stderr)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), arguments.seconds)
            await voice.stop_recording()
            problem = voice.snapshot().problem
        await printer
    if problem:
        print(problem, file=sys.stderr)
    return DONE


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


@contextlib.contextmanager
def _stopped_by_signals(stop: asyncio.Event) -> Iterator[None]:
    """Set `stop` on Ctrl+C and SIGTERM, so that what was said last is still written down."""
    loop = asyncio.get_running_loop()
    # Windows has no such handlers: there Ctrl+C raises KeyboardInterrupt.
    names = (signal.SIGINT, signal.SIGTERM) if sys.platform != "win32" else ()
    for name in names:
        loop.add_signal_handler(name, stop.set)
    try:
        yield
    finally:
        for name in names:
            loop.remove_signal_handler(name)
