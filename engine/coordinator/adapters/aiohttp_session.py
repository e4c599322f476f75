"""One pool of connections for all servers; what goes wrong on them comes out as our errors."""

from __future__ import annotations

import asyncio
import os
import socket
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from engine.errors import Damaged, EngineError, Refused, TimedOut, Unreachable

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession, ClientTimeout
    from multidict import CIMultiDict
    from yarl import URL

RACE_S = 1.0
"""A server that closes an idle connection just when it is used again does so at once; one that
fails later had begun to work, and whether to ask again is for others to decide."""
NO_ADDRESS = "this is no address of a server: correct it"
AGENT = "universal-ai-tools"


class HttpPool:
    """Every connection of one event loop; opened with the first request."""

    def __init__(self) -> None:
        self._session: ClientSession | None = None
        self._is_closed = False
        self._fresh: ContextVar[list[bool]] = ContextVar("fresh")

    async def post(
        self, url: URL, data: bytes, headers: CIMultiDict[str], patience: ClientTimeout
    ) -> ClientResponse:
        """Return the head of the answer, whatever its status.

        A connection kept from an earlier request may have been closed by the server meanwhile:
        then, as nothing was answered, it is sent once more. Raises what `outside_errors` names.
        """
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        fresh = [False]
        self._fresh.set(fresh)
        try:
            return await self.session().post(
                url, data=data, headers=headers, timeout=patience, allow_redirects=False
            )
        except lost_connection() as error:
            if fresh[0] or loop.time() - began_s > RACE_S or was_never_made(error):
                raise
        return await self.session().post(
            url, data=data, headers=headers, timeout=patience, allow_redirects=False
        )

    async def get(
        self, url: URL, headers: CIMultiDict[str], patience: ClientTimeout
    ) -> ClientResponse:
        """Return the head of the answer, whatever its status. Raises as `post`."""
        return await self.session().get(
            url, headers=headers, timeout=patience, allow_redirects=False
        )

    def session(self) -> ClientSession:
        """Return the session; it belongs to the loop that asks first. Raises Unreachable once
        the pool is closed.
        """
        if self._is_closed:
            raise Unreachable("no server is asked any more: the application is closing")
        if self._session is None:
            import aiohttp

            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, socket_factory=self._open_socket),
                cookie_jar=aiohttp.DummyCookieJar(),
                # An event stream must not wait in a compressor for its next block to fill.
                headers={"User-Agent": AGENT, "Accept-Encoding": "identity"},
                trust_env=False,
            )
        return self._session

    async def aclose(self) -> None:
        """Close every connection. May be called twice."""
        self._is_closed = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _open_socket(self, address: tuple[Any, ...]) -> socket.socket:
        """Return a socket to connect, and note that the request at hand had none to reuse."""
        if (fresh := self._fresh.get(None)) is not None:
            fresh[0] = True
        made = socket.socket(address[0], address[1], address[2])
        made.setblocking(False)
        return made


def outside_errors() -> tuple[type[Exception], ...]:
    """Return the errors to be translated. As a function, so that aiohttp is loaded by then."""
    import aiohttp

    return (aiohttp.ClientError, OSError, ValueError)


def lost_connection() -> tuple[type[Exception], ...]:
    """Return the errors of a connection that ended before an answer began."""
    import aiohttp

    return (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)


def was_never_made(error: Exception) -> bool:
    """Return whether there was no connection to lose."""
    import aiohttp

    return isinstance(error, aiohttp.ClientConnectorError)


def translated(error: Exception, where: str) -> EngineError:
    """Return what `error` of aiohttp means; `where` is the server, for the message."""
    import aiohttp

    match error:
        case aiohttp.ClientConnectorDNSError():
            return Unreachable(f"{where}: its name is not known: check the address or the network")
        case aiohttp.ClientConnectorCertificateError():
            why = getattr(error.certificate_error, "verify_message", "") or "not trusted"
            return Unreachable(f"{where}: its certificate is not valid ({why})")
        case aiohttp.ClientConnectorSSLError():
            return Unreachable(f"{where}: it speaks no TLS as we do: is it http:// instead?")
        case aiohttp.ClientConnectorError():
            return Unreachable(f"{where}: nobody answers ({_words(error)}): start the server")
        case TimeoutError():
            return TimedOut(f"{where}: it did not answer in time")
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
            return Refused(f"{where}: {NO_ADDRESS}")
        case aiohttp.ClientResponseError():
            return Damaged(f"{where}: what it answers is no HTTP: is it another kind of server?")
        case aiohttp.ClientPayloadError():
            return Unreachable(f"{where}: the connection broke off within the answer")
        case aiohttp.ClientError() | OSError():
            return Unreachable(f"{where}: the connection broke off ({_words(error)})")
        case _:
            return Refused(f"{where}: its headers cannot be sent: enter them anew")


def _words(error: Exception) -> str:
    """Return why, without the address that aiohttp puts before it."""
    reason = getattr(error, "os_error", error)
    if isinstance(reason, OSError) and reason.strerror:
        # asyncio's own words are "Connect call failed ('127.0.0.1', 9)".
        number = reason.errno or 0
        return os.strerror(number) if number > 0 else reason.strerror
    return " ".join(str(reason).split())[:120] or type(reason).__name__
