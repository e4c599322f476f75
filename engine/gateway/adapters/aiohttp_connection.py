"""A connection of aiohttp's server that does not wait for ever, and tells nothing it should not.

This module loads aiohttp: it is imported by the server's `start()` alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from aiohttp import web  # noqa: TID253 - see above
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong  # noqa: TID253
from aiohttp.web_protocol import RequestHandler, RequestPayloadError  # noqa: TID253

from engine.errors import Rejected
from engine.gateway.error_bodies import openai_body

_log = logging.getLogger(__name__)

CLIENT_ERRORS = (HttpProcessingError, RequestPayloadError)
TOO_SLOW = 408
HEAD_TOO_LARGE = 431
SLOW_HEAD = openai_body(
    TOO_SLOW, Rejected("the head of the request did not come in time: send it at once")
)


class Connection(RequestHandler):
    """One client's connection.

    Beside what aiohttp does it knows since when it waits for the rest of a head: aiohttp itself
    would wait for ever for the last line (slow loris).

    others: all connections that are open; this one is among them while it is.
    most: how many there may be.
    """

    __slots__ = ("_most", "_others", "has_begun", "stuck_since_s", "waits_since_s")

    def __init__(
        self, manager: web.Server, others: set[Connection], *, most: Callable[[], int], **how: Any
    ) -> None:
        super().__init__(manager, loop=asyncio.get_running_loop(), **how)
        self._others = others
        self._most = most

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for a head."""
        # A fresh connection that says nothing is no better than one that says little.
        self.waits_since_s: float | None = self._loop.time()
        self.has_begun = False
        self.stuck_since_s: float | None = None
        super().connection_made(transport)
        self._others.add(self)
        if len(self._others) > self._most():
            self.force_close()

    def connection_lost(self, exc: BaseException | None) -> None:
        """End what is under way for the client."""
        self._others.discard(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, and note whether a head is whole or has just begun."""
        before = self._request_count
        super().data_received(data)
        if self._request_count != before:
            self.waits_since_s = None
        elif self._waiter is not None and data:
            self.has_begun = True
            if self.waits_since_s is None:
                self.waits_since_s = self._loop.time()

    def pause_writing(self) -> None:
        """Note since when the client does not take what is sent."""
        super().pause_writing()
        self.stuck_since_s = self._loop.time()

    def resume_writing(self) -> None:
        """Go on sending."""
        super().resume_writing()
        self.stuck_since_s = None

    def close_where_stuck(self, since_s: float) -> None:
        """Close the connection where its client has taken nothing since before `since_s`."""
        stuck_since_s, transport = self.stuck_since_s, self.transport
        if stuck_since_s is not None and stuck_since_s <= since_s and transport is not None:
            transport.abort()

    def close_where_slow(self, since_s: float) -> None:
        """Close the connection where it waits for a head since before `since_s`."""
        waits_since_s = self.waits_since_s
        if waits_since_s is None or waits_since_s > since_s or self.transport is None:
            return
        if self.has_begun:
            self.transport.write(
                b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n"
                b"Content-Type: application/json\r\nContent-Length: "
                + str(len(SLOW_HEAD)).encode()
                + b"\r\n\r\n"
                + SLOW_HEAD
            )
        self.force_close()

    def close_soon(self) -> None:
        """Close the connection now, or after the answer that is under way."""
        if self._waiter is not None:
            self.force_close()
        else:
            self.close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.Response:
        """Return an answer in OpenAI's shape that quotes nothing of what came."""
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun: only closing can tell that it broke")
        if status == 500:
            self.log_exception("a request could not be answered", exc_info=exc)
        error = Rejected("this is no HTTP request that can be read: check the client")
        if isinstance(exc, LineTooLong):
            status = HEAD_TOO_LARGE
            error = Rejected("a line of the request's head is too long: shorten it")
        response = web.Response(
            status=status, body=openai_body(status, error), content_type="application/json"
        )
        response.force_close()
        return response

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """Log that something went wrong; the words of an error may quote a key."""
        error = kw.get("exc_info")
        kind = type(error).__name__ if isinstance(error, BaseException) else "unknown"
        # What a client sends wrongly is its matter.
        level = logging.DEBUG if isinstance(error, CLIENT_ERRORS) else logging.ERROR
        _log.log(level, "a connection failed: %s", kind)
