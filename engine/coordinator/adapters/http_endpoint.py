"""One server over HTTP: where it is, how one shows a key, and how an answer is read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import msgspec

from engine.coordinator.adapters.aiohttp_session import (
    NO_ADDRESS,
    HttpPool,
    outside_errors,
    translated,
)
from engine.coordinator.adapters.http_errors import error_from, error_within
from engine.coordinator.adapters.http_streams import ServerStream
from engine.coordinator.secrecy import HIDDEN, secrets_of
from engine.coordinator.settings import CoordinatorSettings, Endpoint
from engine.errors import Damaged, Refused, Rejected, TimedOut

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientTimeout
    from multidict import CIMultiDict
    from yarl import URL

LARGEST_ANSWER_BYTES = 256 * 1024 * 1024
LARGEST_ERROR_BYTES = 64 * 1024
ERROR_TIMEOUT_S = 2.0
"""For the words of an error: whoever waits is better served by the next server."""
LIST_TIMEOUT_S = 10.0
"""For small questions, such as which models there are."""
READ_BYTES = 1024 * 1024

_well_formed = msgspec.json.Decoder(msgspec.Raw)
Authorize = Callable[[str], dict[str, str]]


class HttpEndpoint:
    """Sends to one server and reads what it answers.

    authorize: returns the headers that show a key.
    """

    def __init__(
        self,
        *,
        endpoint: Endpoint,
        key: Callable[[], str],
        settings: CoordinatorSettings,
        pool: HttpPool,
        authorize: Authorize,
    ) -> None:
        self._endpoint = endpoint
        self._key = key
        self._connect_timeout_s = settings.connect_timeout_s
        self._pool = pool
        self._authorize = authorize
        self._base = endpoint.url.rstrip("/")
        self._urls: dict[str, URL] = {}
        self._headers: CIMultiDict[str] | None = None
        self._shown_key = ""
        self._timeout: ClientTimeout | None = None
        self._secrets = [each.encode() for each in secrets_of(endpoint)]
        self.where = f"{endpoint.name} ({_without_secrets(self._base)})"
        """The server, for messages."""

    async def post(
        self, path: str, data: bytes, more: tuple[tuple[str, str], ...] = ()
    ) -> ClientResponse:
        """Return the head of a good answer. more: headers of this request alone.

        Raises what `Provider.send` does.
        """
        headers = self._known_headers()
        if more:
            headers = headers.copy()
            headers.update(dict(more))
        try:
            response = await self._pool.post(self._url(path), data, headers, self._patience())
        except outside_errors() as error:
            raise translated(error, self.where) from error
        if response.status >= 300:
            await self._fail(response)
        return response

    async def get(self, path: str) -> dict[str, Any]:
        """Return the decoded answer, within LIST_TIMEOUT_S. Raises as `Provider.models`."""
        return await self._soon(self._get(path))

    async def ask(self, path: str, question: Mapping[str, Any]) -> dict[str, Any]:
        """Return the decoded answer to a small question. Raises as `Provider.models`."""
        return await self._soon(self.post(path, msgspec.json.encode(question)))

    async def whole(self, response: ClientResponse) -> bytes:
        """Return a complete answer, which is a JSON object. Raises Damaged, Unreachable."""
        try:
            body = await self._read(response)
        except outside_errors() as error:
            raise translated(error, self.where) from error
        if body.lstrip()[:1] != b"{":
            response.close()
            raise Damaged(f"{self.where} answers {_kind_of(response, body)}: check the address")
        try:
            _well_formed.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Damaged(f"{self.where} answers broken JSON ({error})") from error
        if body.startswith((b'{"error"', b'{"type":"error"')):
            failed = error_within(self._cleaned(body), where=self.where, key=self._shown_key)
            if failed is not None:
                raise failed
        return body

    def stream(self, response: ClientResponse) -> ServerStream:
        """Return the pieces of an answer as they come. Raises Damaged where it is a web page."""
        if response.content_type == "text/html":
            response.close()
            raise Damaged(f"{self.where} answers a web page: check the address")
        return ServerStream(response, self.where)

    async def _get(self, path: str) -> ClientResponse:
        try:
            response = await self._pool.get(
                self._url(path), self._known_headers(), self._patience()
            )
        except outside_errors() as error:
            raise translated(error, self.where) from error
        if response.status >= 300:
            await self._fail(response)
        return response

    async def _soon(self, asking: Awaitable[ClientResponse]) -> dict[str, Any]:
        """Return what is answered, decoded. Raises as `Provider.models`: nothing was asked that
        could be wrong, so what would be Rejected is Refused.
        """
        try:
            async with asyncio.timeout(LIST_TIMEOUT_S):
                found: dict[str, Any] = msgspec.json.decode(await self.whole(await asking))
        except TimeoutError as error:
            raise TimedOut(
                f"{self.where}: it did not answer within {LIST_TIMEOUT_S:g} s"
            ) from error
        except Rejected as error:
            words = str(error)
            told = words if words.startswith(self.where) else f"{self.where}: {words}"
            raise Refused(told) from error
        return found

    async def _fail(self, response: ClientResponse) -> None:
        said: list[bytes] = []
        with ExitStack() as undo:
            undo.callback(response.close)
            # The status and what came before an error say enough.
            with suppress(*outside_errors()):
                async with asyncio.timeout(ERROR_TIMEOUT_S):
                    while sum(map(len, said)) < LARGEST_ERROR_BYTES:
                        if not (piece := await response.content.readany()):
                            break
                        said.append(piece)
            undo.pop_all()
        response.release()
        body = self._cleaned(b"".join(said)[:LARGEST_ERROR_BYTES])
        raise error_from(
            response.status, response.headers, body, where=self.where, key=self._shown_key
        )

    def _cleaned(self, said: bytes) -> bytes:
        """Return the words of an error without what the server was sent in secret."""
        for secret in self._secrets:
            said = said.replace(secret, HIDDEN.encode())
        return said

    async def _read(self, response: ClientResponse) -> bytes:
        length = response.content_length
        if length is not None and length <= LARGEST_ANSWER_BYTES:
            return await response.read()
        parts = []
        room = LARGEST_ANSWER_BYTES
        with ExitStack() as undo:
            undo.callback(response.close)
            while room > 0 and (part := await response.content.read(READ_BYTES)):
                parts.append(part)
                room -= len(part)
            if room <= 0:
                raise Damaged(f"{self.where}: its answer has over {LARGEST_ANSWER_BYTES} bytes")
            undo.pop_all()
        return b"".join(parts)

    def _url(self, path: str) -> URL:
        found = self._urls.get(path)
        if found is None:
            from yarl import URL

            try:
                found = self._urls[path] = URL(self._base + path)
            except ValueError as error:
                raise Refused(f"{self.where}: {NO_ADDRESS}") from error
        return found

    def _known_headers(self) -> CIMultiDict[str]:
        key = self._key()
        if self._headers is None or key != self._shown_key:
            from multidict import CIMultiDict

            if not key.isprintable():
                raise Refused(f"{self.where}: its key has a line break in it: enter it anew")
            headers = CIMultiDict({"Content-Type": "application/json", "Accept": "*/*"})
            headers.update(self._authorize(key) if key else {})
            headers.update(dict(self._endpoint.headers))
            self._headers, self._shown_key = headers, key
        return self._headers

    def _patience(self) -> ClientTimeout:
        if self._timeout is None:
            from aiohttp import ClientTimeout

            # How long an answer may take is decided by whoever waits for it.
            self._timeout = ClientTimeout(total=None, connect=self._connect_timeout_s)
        return self._timeout


def headers_of(response: ClientResponse) -> dict[str, str]:
    """Return the answer's headers, names in lower case."""
    return {name.lower(): value for name, value in response.headers.items()}


def _kind_of(response: ClientResponse, body: bytes) -> str:
    if not body:
        return "nothing"
    is_page = response.content_type == "text/html" or body.lstrip()[:1] == b"<"
    return "a web page" if is_page else f"{response.content_type} that is no JSON object"


def _without_secrets(url: str) -> str:
    """Return `url` without a user's name and password."""
    scheme, separator, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return scheme + separator + host.rpartition("@")[2] + slash + path.partition("?")[0]
