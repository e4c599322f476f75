"""The built-in model: its process starts with the first request and ends when idle."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from engine.clock import Clock
from engine.coordinator.adapters.llama_process import LlamaProcess, child_command
from engine.coordinator.adapters.llama_seat import Seat, Usher
from engine.coordinator.adapters.watched_stream import WatchedStream
from engine.coordinator.embedded_model import (
    FETCH,
    LABEL,
    SERVED,
    child_job,
    refuse_what_it_cannot,
)
from engine.coordinator.ports import Answer, Provider
from engine.coordinator.settings import CoordinatorSettings, Endpoint, EndpointKind
from engine.coordinator.snapshot import EndpointState
from engine.errors import OutsideError, Unreachable
from engine.exchange import LlmRequest, ServedModel
from engine.model_room import ModelRoom, UnsharedRoom

OpenHttp = Callable[[Endpoint, Callable[[], str], CoordinatorSettings], Provider]

FIRST_PAUSE_S, LONGEST_PAUSE_S = 30.0, 3600.0
"""After a failure it is not started again for so long; twice as long after each further one."""
CRASH_NEWS_S = 2.0
"""A connection breaks a little before it is known that the process has ended."""
LEAVE_WITHIN_S = 8.0
"""Whoever is asked to leave a graphics card has 10 s by default, and the process takes some."""
ADVICE = "choose another model, or see `universal-ai-tools doctor`"


class EmbeddedLlama:
    """Opens the built-in model.

    model_path: returns its file, None where it is not here; may block, and raise OutsideError.
    http: opens the provider that speaks to llama.cpp's server. command: how the process is run.
    room: where it is asked for graphics memory, where the settings want some.
    """

    def __init__(
        self,
        *,
        model_path: Callable[[], Path | None],
        clock: Clock,
        http: OpenHttp,
        command: Sequence[str] | None = None,
        room: ModelRoom | None = None,
    ) -> None:
        self._model_path = model_path
        self._clock = clock
        self._http = http
        self._command = child_command() if command is None else tuple(command)
        self._room = room or UnsharedRoom()

    def open(self, endpoint: Endpoint, settings: CoordinatorSettings) -> Provider:
        """Return the provider of the built-in model; nothing is started yet."""
        return EmbeddedProvider(
            endpoint=endpoint,
            settings=settings,
            model_path=self._model_path,
            clock=self._clock,
            http=self._http,
            command=self._command,
            room=self._room,
        )


class EmbeddedProvider:
    """See `ports.Provider`. On a graphics card it is a `Tenant`."""

    def __init__(
        self,
        *,
        endpoint: Endpoint,
        settings: CoordinatorSettings,
        model_path: Callable[[], Path | None],
        clock: Clock,
        http: OpenHttp,
        command: Sequence[str],
        room: ModelRoom,
    ) -> None:
        self._endpoint = endpoint
        self._settings = settings
        self._model_path = model_path
        self._clock = clock
        self._http = http
        self._command = command
        self._usher = Usher(room=room, command=command, tenant=self)
        self._seat = Seat()
        self._key = secrets.token_urlsafe(24)
        self._process: LlamaProcess | None = None
        self._server: Provider | None = None
        self._starting: asyncio.Task[Provider] | None = None
        self._in_use = 0
        self._is_free = asyncio.Event()
        self._is_free.set()
        self._used_s = clock.now()
        self._bedtime: asyncio.TimerHandle | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._problem = ""
        self._is_missing = False
        self._pause_s = FIRST_PAUSE_S
        self._retry_s = 0.0
        self._is_closed = False

    @property
    def state(self) -> tuple[EndpointState, str] | None:
        """ASLEEP, STARTING or FAILED and why; None while it runs."""
        if self._server is not None:
            return None
        if self._starting is not None:
            return EndpointState.STARTING, f"The {LABEL} is being loaded"
        if not self._problem:
            return EndpointState.ASLEEP, f"The {LABEL} starts with the first request"
        if self._is_missing or self._clock.now() < self._retry_s:
            return EndpointState.FAILED, self._problem
        return EndpointState.ASLEEP, f"{self._problem} (the next request tries again)"

    async def models(self) -> tuple[ServedModel, ...]:
        """Return the model, without starting it; nothing where its file is not here."""
        if self._server is not None:
            details = "; ".join(filter(None, (SERVED.details, self._seat.note)))
            return (replace(SERVED, is_loaded=True, details=details),)
        try:
            await self._file()
        except OutsideError:
            return ()
        return (SERVED,)

    async def send(self, request: LlmRequest, model: str) -> Answer:
        """Return the answer, starting the model where it sleeps. Raises as `Provider.send`;
        Unreachable with the reason where it cannot run.
        """
        refuse_what_it_cannot(request)
        self._stay_awake()
        try:
            server = await self._awake()
            answer = await self._sent(server, request, model)
        except BaseException:
            self._done()
            raise
        if answer.stream is None:
            self._done()
        else:
            answer.stream = WatchedStream(answer.stream, self._done)
        return answer

    async def aclose(self) -> None:
        """End the process. Never raises; may be called twice."""
        self._is_closed = True
        if self._bedtime is not None:
            self._bedtime.cancel()
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait({self._starting})
        self._fall_asleep()
        while self._ending:
            await asyncio.wait(self._ending)

    async def _sent(self, server: Provider, request: LlmRequest, model: str) -> Answer:
        process = self._process
        try:
            return await server.send(request, model)
        except Unreachable as error:
            if process is None:
                raise
            try:
                async with asyncio.timeout(CRASH_NEWS_S):
                    await process.has_ended.wait()
            except TimeoutError:
                raise error from None
            raise Unreachable(self._problem or str(error)) from error

    async def _awake(self) -> Provider:
        """Return the running server, started where there is none; once for all who wait."""
        if self._server is not None:
            return self._server
        if self._is_closed:
            raise Unreachable(f"The {LABEL} is not started: the application is closing")
        if self._starting is None:
            wait_s = self._retry_s - self._clock.now()
            if wait_s > 0:
                raise Unreachable(f"{self._problem} (tried again in {wait_s:.0f} s)")
            self._starting = asyncio.create_task(self._start(), name="built-in model")
            self._starting.add_done_callback(self._started)
        starting = self._starting
        await asyncio.wait({starting})  # who is cancelled here leaves it running, for the others
        if starting.cancelled():
            raise Unreachable(
                f"The {LABEL} is not started: others need its graphics memory, or the application "
                "is closing"
            )
        return starting.result()

    async def _start(self) -> Provider:
        path = await self._file()
        process = LlamaProcess(self._command, ended=self._crashed)
        settings = self._settings
        job = child_job(path, key=self._key, threads=settings.embedded_threads)
        try:
            url, seat = await self._usher.start(process, job, settings.embedded_gpu_layers)
        except Unreachable as error:
            raise self._failure(str(error)) from error
        endpoint = replace(self._endpoint, kind=EndpointKind.OPENAI, url=f"{url}/v1")
        self._process, self._seat = process, seat
        self._server = self._http(endpoint, lambda: self._key, self._settings)
        self._problem = ""
        return self._server

    def _started(self, task: asyncio.Task[Provider]) -> None:
        self._starting = None
        if not task.cancelled():
            task.exception()  # told to those who wait; asyncio need not report it
        self._set_bedtime()

    async def _file(self) -> Path:
        """Return where the model lies; while it lies nowhere that is the provider's state."""
        try:
            path = await asyncio.to_thread(self._model_path)
            if path is None:
                raise Unreachable(f"The {LABEL} is not here: run `{FETCH}`")
        except OutsideError as error:
            self._problem, self._is_missing = str(error), True
            raise
        if self._is_missing:
            self._problem, self._is_missing = "", False
        return path

    def _failure(self, reason: str) -> Unreachable:
        self._problem = f"The {LABEL} cannot run: {reason}; {ADVICE}"
        self._retry_s = self._clock.now() + self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        return Unreachable(self._problem)

    def _crashed(self, reason: str) -> None:
        self._failure(reason)
        self._fall_asleep()

    # --- on a graphics card ---

    def idle_s(self) -> float:
        """Return for how long nobody has asked it anything; 0 while somebody does."""
        return 0.0 if self._in_use else self._clock.now() - self._used_s

    async def leave(self, reason: str) -> None:
        """End the process after the answers in hand; the next request looks for room again."""
        # After that others need the memory: who still reads is told that the stream broke.
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_WITHIN_S):
                await self._is_free.wait()
        if self._starting is not None:  # for as long as it loads it would hold memory
            self._starting.cancel()
            await asyncio.wait({self._starting})
        self._go_to_bed()
        while self._ending:
            await asyncio.wait(self._ending)

    # --- idle ---

    def _stay_awake(self) -> None:
        self._in_use += 1
        self._is_free.clear()
        if self._bedtime is not None:
            self._bedtime.cancel()
            self._bedtime = None

    def _done(self) -> None:
        self._in_use -= 1
        if not self._in_use:
            self._used_s = self._clock.now()
            self._is_free.set()
        self._set_bedtime()

    def _set_bedtime(self) -> None:
        if not self._in_use and self._server is not None and not self._is_closed:
            if self._bedtime is not None:
                self._bedtime.cancel()
            loop = asyncio.get_running_loop()
            self._bedtime = loop.call_later(self._settings.embedded_idle_s, self._go_to_bed)

    def _go_to_bed(self) -> None:
        self._pause_s = FIRST_PAUSE_S  # it was well to the end
        self._fall_asleep()

    def _fall_asleep(self) -> None:
        process, server, seat = self._process, self._server, self._seat
        self._process, self._server, self._bedtime, self._seat = None, None, None, Seat()
        if process is not None and server is not None:
            task = asyncio.create_task(seat.end(process, server), name="built-in model ends")
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
