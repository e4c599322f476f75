"""`ask`: one request to a language model, its answer printed as it comes."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import stat
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from app.gateway_client import open_gateway
from engine.errors import EngineError, Refused
from engine.folders import Folders

if TYPE_CHECKING:
    from engine.assembly import Engines
    from engine.lifecycle import Engine

DONE, FAILED, INTERRUPTED = 0, 1, 130
HOTTEST = 2.0
"""No server takes a higher temperature."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of this command to `parser`."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--tier", metavar="T", help="kind of model, such as fast or code")
    which.add_argument("--model", metavar="M", help="a model by its name")
    parser.add_argument("--system", metavar="TEXT", help="what the model should always heed")
    parser.add_argument(
        "--temperature",
        type=_temperature,
        metavar="X",
        help=f"0 to {HOTTEST:g}; 0 repeats itself",
    )
    parser.add_argument("--max-tokens", type=_count, metavar="N", help="end the answer there")
    parser.add_argument(
        "prompt",
        nargs="?",
        default="",
        metavar="PROMPT",
        help="the question; what is piped in is added to it, - waits for what is typed",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the answer as it comes, and return the process's exit code.

    Where the application runs it is asked: its models are loaded, its cache is warm, and the
    request stands in its activity list. Else the engines that are needed run in this process.
    """
    try:
        body = _body(arguments)
        gateway = open_gateway(Folders.of_user())
        if gateway is None:
            return asyncio.run(_ask_here(body))
        printer = Printer()
        for chunk in gateway.stream(body):
            printer.show(chunk)
        return printer.end()
    except EngineError as error:
        print(error, file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return INTERRUPTED


class Printer:
    """Prints the words of an answer, chunk by chunk."""

    def __init__(self) -> None:
        self._model = ""
        self._has_words = False
        self._last = "\n"

    def show(self, chunk: dict[str, Any]) -> None:
        """Print what `chunk` adds. Raises Refused where it tells that the answer broke off."""
        if "error" in chunk:
            if not self._last.endswith("\n"):
                print(flush=True)
            raise Refused(str(chunk["error"].get("message", "the answer broke off")))
        self._model = chunk.get("model") or self._model
        for choice in chunk.get("choices") or ():
            words = (choice.get("delta") or {}).get("content")
            if words:
                print(words, end="", flush=True)
                self._has_words, self._last = True, words

    def end(self) -> int:
        """End the last line; return the exit code."""
        if not self._last.endswith("\n"):
            print(flush=True)
        if sys.stderr.isatty():
            print(f"({self._model})", file=sys.stderr)
        if not self._has_words:
            print(f"{self._model} answered without words", file=sys.stderr)
        return DONE if self._has_words else FAILED


async def _ask_here(body: dict[str, Any]) -> int:
    from engine.assembly import build_engines

    printer = Printer()
    async for chunk in _answer(build_engines(Folders.of_user()), body):
        printer.show(chunk)
    return printer.end()


async def _answer(engines: Engines, body: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """Yield the chunks of the answer; the engines that are needed run meanwhile."""
    from engine.exchange import LlmRequest

    for problem in engines.started_problems:
        print(problem, file=sys.stderr)
    async with AsyncExitStack() as running:
        needed: tuple[Engine, ...] = (
            engines.cache,
            engines.activity,
            engines.coordinator,
            engines.router,
        )
        for engine in needed:
            running.push_async_callback(engine.aclose)
            await engine.start()
        whole = body | {"stream": True}
        reply = await engines.router.handle(
            LlmRequest(model=body["model"], body=whole, id=f"ask_{uuid4().hex}", via="ask")
        )
        running.push_async_callback(reply.aclose)
        async for chunk in reply:
            yield chunk


def _body(arguments: argparse.Namespace) -> dict[str, Any]:
    system = [{"role": "system", "content": arguments.system}] if arguments.system else []
    prompt = "\n\n".join(filter(None, _texts(arguments.prompt)))
    if not prompt.strip():
        raise Refused("there is no question: write one, or send it to the standard input")
    wishes = {"temperature": arguments.temperature, "max_tokens": arguments.max_tokens}
    return {
        "model": arguments.tier or arguments.model or "",
        "messages": [*system, {"role": "user", "content": prompt}],
    } | {name: wish for name, wish in wishes.items() if wish is not None}


def _texts(prompt: str) -> Iterator[str]:
    """Yield what is asked: the words of the command line, then what is piped in."""
    is_asked_for = prompt == "-"
    if not is_asked_for:
        yield prompt
    if is_asked_for or _is_piped():
        yield sys.stdin.read().strip("\n")


def _temperature(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 <= (found := float(text)) <= HOTTEST:  # false for nan too
            return found
    raise argparse.ArgumentTypeError(f"{text} is no temperature: write 0 to {HOTTEST:g}, as in 0.7")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 on")
    return int(text)


def _is_piped() -> bool:
    """Tell whether a file or another program is the standard input: both come to an end."""
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError, AttributeError):  # no input at all, as in a windowed build
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode)
