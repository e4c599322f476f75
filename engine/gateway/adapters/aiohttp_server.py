"""The gateway's server, on aiohttp's lowest level: no application, no router, no middleware."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import traceback
from typing import TYPE_CHECKING, Any

from engine.errors import EngineError, Refused
from engine.gateway.adapters.request_bodies import Body
from engine.gateway.held_bodies import HeldBodies
from engine.gateway.ports import Bound, Call, Door, Head, Result, Visit

if TYPE_CHECKING:
    from aiohttp.web import BaseRequest, Response, StreamResponse

    from engine.gateway.adapters.aiohttp_connection import Connection

_log = logging.getLogger(__name__)

KEEP_ALIVE_S = 75.0
"""How long a connection is kept for a client's next request."""
LINGER_S = 5.0
"""How long what a refused client still sends is read, so that it sees why."""
LONGEST_PAUSE_S = 300.0
"""How long a client may not read while an answer waits for it; the server behind waits too."""
LOOK_S = 0.02
"""How often it is looked whether the last connection has ended, while closing."""
LOOKS_PER_TIMEOUT = 4
"""How often, within the time that a head may take, it is looked for slow ones."""
PRODUCT = "universal-ai-tools"
GONE = 499
BROKEN = 502
SECRET_HEADERS = ("authorization", "x-api-key", "cookie", "proxy-authorization")
"""A handler has no use for them, and what it does not know it cannot tell."""
SINGLE_HEADERS = ("host", "authorization", "x-api-key", "origin", "content-type")


class AiohttpServer:
    """Listens, reads requests and sends answers; what may be asked a `Door` decides."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._held = HeldBodies()
        self._listener: asyncio.Server | None = None
        self._reaper: asyncio.TimerHandle | None = None
        self._open: set[Connection] = set()
        self._working: set[asyncio.Task[Any]] = set()
        self._whole: type[Response]
        self._piecewise: type[StreamResponse]

    async def start(self, host: str, port: int) -> Bound:
        """Listen; port 0 takes a free one. Raises Refused where the address cannot be had."""
        from aiohttp import web

        from engine.gateway.adapters.aiohttp_connection import Connection

        # Looked up here: an import inside a function costs a microsecond each time.
        self._whole, self._piecewise = web.Response, web.StreamResponse
        loop = asyncio.get_running_loop()
        manager = web.Server(self._serve, handler_cancellation=True)

        def connect() -> Connection:
            return Connection(
                manager,
                self._open,
                most=lambda: self._door.limits.most_connections,
                keepalive_timeout=KEEP_ALIVE_S,
                lingering_time=LINGER_S,
                access_log=None,
            )

        try:
            self._listener = await loop.create_server(connect, host, port)
        except (OSError, OverflowError, UnicodeError) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            raise Refused(f"{host}:{port} cannot be listened at ({why})") from error
        self._reap()
        address = self._listener.sockets[0].getsockname()
        return Bound(host, address[1])

    @property
    def connections(self) -> int:
        """Connections that are open now."""
        return len(self._open)

    async def drain(self, timeout_s: float) -> None:
        """Take no more requests, wait until running ones end or `timeout_s` has passed."""
        if self._listener is not None:
            self._listener.close()
        for connection in tuple(self._open):
            connection.close_soon()
        # Until the last byte has been taken, not only written.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self._open:  # noqa: ASYNC110 - transports end without an event
                    await asyncio.sleep(LOOK_S)

    async def aclose(self) -> None:
        """Close every connection. Never raises; may be called twice."""
        if self._listener is not None:
            self._listener.close()
        if self._reaper is not None:
            self._reaper.cancel()
        tasks = set(self._working)
        for connection in tuple(self._open):
            task = connection._task_handler
            transport = connection.transport
            if task is not None:
                tasks.add(task)
            connection.force_close()
            if transport is not None:
                # Not closed: who does not read would hold it open.
                transport.abort()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await asyncio.sleep(0)  # aborted transports end with the loop's next turn

    def _reap(self) -> None:
        """Close connections that deliver no head or take no answer, again and again."""
        loop = asyncio.get_running_loop()
        now_s, limits = loop.time(), self._door.limits
        for connection in tuple(self._open):
            connection.close_where_slow(now_s - limits.head_timeout_s)
            connection.close_where_stuck(now_s - LONGEST_PAUSE_S)
        pause_s = limits.head_timeout_s / LOOKS_PER_TIMEOUT
        self._reaper = loop.call_later(pause_s, self._reap)

    async def _serve(self, request: BaseRequest) -> StreamResponse:
        """Answer one request; cancelled when its client goes away."""
        visit, result = self._door.admit(_head(request))
        status, task = BROKEN, asyncio.current_task()
        assert task is not None
        self._working.add(task)
        body = Body(request, visit, self._door.limits, self._held)
        try:
            if result is None:
                result = await self._answer(request, visit, body)
            response = await self._send(request, visit, result)
            status = response.status
            return response
        except (asyncio.CancelledError, ConnectionError):
            status = GONE
            raise
        except _Broken:
            raise ConnectionError("the answer broke off") from None
        finally:
            body.let_go()
            self._door.leave(visit, status)
            if body.folder is not None:
                await body.forget()
            self._working.discard(task)

    async def _answer(self, request: BaseRequest, visit: Visit, body: Body) -> Result:
        head = visit.head
        try:
            form = await body.form() if body.is_form else None
            content = b"" if body.is_form else await body.whole()
        except EngineError as error:
            visit.headers["connection"] = "close"
            return self._door.refuse(visit, error)
        headers = {name: text for name, text in head.headers.items() if name not in SECRET_HEADERS}
        query = dict(request.query) if "?" in request.raw_path else {}
        return await self._door.answer(
            visit,
            Call(
                head.method,
                head.path,
                visit.id,
                visit.client,
                headers,
                query,
                content,
                form,
                visit.at_s,
            ),
        )

    async def _send(self, request: BaseRequest, visit: Visit, result: Result) -> StreamResponse:
        """Send `result` where it is a stream, or return what aiohttp then sends."""
        headers = {"content-type": result.content_type, "server": PRODUCT}
        headers |= visit.headers
        headers |= result.headers
        if result.stream is None:
            whole = self._whole(status=result.status, headers=headers, body=result.body)
            if "connection" in visit.headers:
                whole.force_close()
            return whole
        stream = result.stream
        try:
            if request.method == "HEAD":
                return self._whole(status=result.status, headers=headers)
            response = self._piecewise(status=result.status, headers=headers)
            await response.prepare(request)
            async for piece in stream:
                await response.write(piece)
        except EngineError as error:
            # Its head has gone out: only a connection that breaks tells the client.
            _log.warning("a stream of %s broke off: %s", visit.route, type(error).__name__)
            raise _Broken from None
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001 - the outer loop
            # Without the error's words, which may hold what the client sent.
            frames = "".join(traceback.format_tb(error.__traceback__))
            _log.error("%s in a stream of %s:\n%s", type(error).__name__, visit.route, frames)
            raise _Broken from None
        finally:
            await stream.aclose()
        await response.write_eof()
        return response


class _Broken(Exception):
    """A stream ended with an error after its first byte."""


def _head(request: BaseRequest) -> Head:
    headers = {name.lower(): text for name, text in request.headers.items()}
    if len(headers) != len(request.headers):
        for name in SINGLE_HEADERS:
            if len(request.headers.getall(name, ())) > 1:
                # Two readers may take different ones: then neither counts.
                headers[name] = ""
    return Head(request.method, request.path, headers)
