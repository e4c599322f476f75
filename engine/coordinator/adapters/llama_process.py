"""A process that serves a model: started, watched, and ended with a reason."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine.errors import Unreachable

CHILD = Path(__file__).with_name("llama_child.py")
FROZEN_ARGUMENT = "--built-in-model"
"""With this the packaged application runs the child's program instead of its own."""
START_TIMEOUT_S = 180.0
"""Loading takes half a second here; a busy or slow machine may need a minute."""
GOODBYE_S = 3.0
LAST_LINES = 20
TOLD = frozenset({"url", "devices", "problem"})
"""What an answer may be about."""
LONGEST_LINE_BYTES = 1 << 16
ILLEGAL_INSTRUCTION = 0xC000001D
"""Exit status on Windows."""
REASONS = {
    "SIGILL": "this processor lacks instructions that llama.cpp was built with",
    "SIGKILL": "it was killed, perhaps for want of memory",
    "SIGBUS": "its file could not be read to the end",
}


def child_command() -> tuple[str, ...]:
    """Return how the child is run."""
    if getattr(sys, "frozen", False):
        return (sys.executable, FROZEN_ARGUMENT)
    return (sys.executable, "-P", str(CHILD))


class LlamaProcess:
    """One run of the child. `ended` is called once with the reason when it ends while it serves."""

    def __init__(self, command: Sequence[str], *, ended: Callable[[str], None]) -> None:
        self._command = command
        self._ended = ended
        self._process: asyncio.subprocess.Process | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._said: deque[str] = deque(maxlen=LAST_LINES)
        self._is_serving = False
        self._is_stopping = False
        self.has_ended = asyncio.Event()

    async def begin(self) -> int:
        """Start the child, which waits for its job, and return its pid. Raises Unreachable."""
        if self._process is None:
            await self._spawn()
        assert self._process is not None
        return self._process.pid

    async def start(self, job: Mapping[str, Any]) -> str:
        """Return the address at which the child serves. Raises Unreachable saying why not."""
        url = (await self._done(job)).get("url")
        if self.has_ended.is_set() or url is None:
            assert self._process is not None
            await self.stop()
            raise Unreachable(self._reason(self._process))
        self._is_serving = True
        return str(url)

    async def look(self) -> tuple[str, ...]:
        """Return the graphics cards that llama.cpp can use here, as it calls them; it ends then.

        Raises Unreachable where it cannot even tell that.
        """
        try:
            return tuple((await self._done({"look": True})).get("devices", ()))
        finally:
            await self.stop()

    async def stop(self) -> None:
        """End the child; may be called twice, and at any time."""
        self._is_stopping = True
        process = self._process
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(GOODBYE_S):
                await process.wait()
        except TimeoutError:
            pass
        finally:
            # Also where whoever waited here was cancelled: a child must not be left behind.
            with suppress(ProcessLookupError):
                process.kill()
        await process.wait()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _done(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the child answers to its job. Raises Unreachable saying why it does not."""
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await self.begin()
                return await self._asked(job)
        except TimeoutError as error:
            await self.stop()
            raise Unreachable(f"it was not ready within {START_TIMEOUT_S:.0f} s") from error
        except BaseException:
            await self.stop()
            raise

    async def _spawn(self) -> None:
        pipe = asyncio.subprocess.PIPE
        try:
            process = self._process = await asyncio.create_subprocess_exec(
                *self._command, stdin=pipe, stdout=pipe, stderr=pipe, limit=LONGEST_LINE_BYTES
            )
        except OSError as error:
            raise Unreachable(f"{self._command[0]} cannot be run ({error.strerror})") from error
        assert process.stderr is not None
        reading = asyncio.create_task(self._listen(process.stderr), name="llama says")
        self._tasks = [reading, asyncio.create_task(self._watch(process), name="llama lives")]

    async def _asked(self, job: Mapping[str, Any]) -> dict[str, Any]:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(ConnectionError):
            process.stdin.write(json.dumps(job).encode() + b"\n")
            await process.stdin.drain()
        answer = _answer(await process.stdout.readline())
        if answer is None or "problem" in answer:
            await process.wait()
            await asyncio.wait(self._tasks[:1])  # the last that it had to say
            told = None if answer is None else answer["problem"]
            raise Unreachable(self._reason(process) if told is None else self._told(str(told)))
        return answer

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        await process.wait()
        self.has_ended.set()
        if self._is_serving and not self._is_stopping:
            self._ended(self._reason(process))

    async def _listen(self, stream: asyncio.StreamReader) -> None:
        while True:
            try:
                line = await stream.readline()
            except ValueError:
                continue  # longer than the limit: what is left of it follows
            if not line:
                return
            if text := line.decode(errors="replace").strip():
                self._said.append(text)

    def _told(self, problem: str) -> str:
        # What llama.cpp said first is the cause, what it said last is only that it gave up.
        return f"{problem} ({self._said[0]})" if self._said else problem

    def _reason(self, process: asyncio.subprocess.Process) -> str:
        status = process.returncode or 0
        name = _signal_name(status)
        if name:
            return f"its process ended with {name}: {REASONS.get(name, 'a fault in llama.cpp')}"
        last = f": {self._said[-1]}" if self._said else ""
        return f"its process ended with status {status}{last}"


def _signal_name(status: int) -> str:
    if status & 0xFFFFFFFF == ILLEGAL_INSTRUCTION:
        return "SIGILL"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return ""


def _answer(line: bytes) -> dict[str, Any] | None:
    """Return what the child tells; None where that is nothing."""
    try:
        answer = json.loads(line)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) and not TOLD.isdisjoint(answer) else None
