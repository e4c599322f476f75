"""Handlers of the gateway behind the SDKs of others, without a server or a socket."""

from __future__ import annotations

import email.parser
import email.policy
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from itertools import count
from pathlib import Path

import httpx2

from engine.errors import EngineError
from engine.gateway.error_bodies import error_result
from engine.gateway.ports import Call, Form, Handler, Result, Upload

BASE_URL = "http://127.0.0.1/v1"


def found(routes: Mapping[tuple[str, str], Handler], method: str, path: str) -> Handler:
    """Return the handler of `path`; a route that ends in "/*" takes all below it."""
    if (method, path) in routes:
        return routes[method, path]
    prefixes = [key for key in routes if key[0] == method and key[1].endswith("/*")]
    return next(routes[key] for key in prefixes if path.startswith(key[1][:-1]))


def form_of(content_type: str, body: bytes, folder: Path) -> Form:
    """Return a multipart body taken apart, its files in `folder`."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    parsed = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    fields: dict[str, tuple[str, ...]] = {}
    files = {}
    for part in parsed.iter_parts():
        name = str(part.get_param("name", header="content-disposition"))
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        filename = part.get_filename()
        if filename is None:
            fields[name] = (*fields.get(name, ()), content.decode())
            continue
        path = folder / f"upload-{len(files)}{Path(filename).suffix}"
        path.write_bytes(content)
        files[name] = Upload(filename, part.get_content_type(), path, len(content))
    return Form(fields, files)


class InProcess(httpx2.AsyncBaseTransport):
    """A transport that has its requests answered by handlers.

    cut: the size of the pieces in which streams arrive; None leaves them as they are.
    """

    def __init__(
        self, routes: Mapping[tuple[str, str], Handler], *, cut: int | None = None, client: str = ""
    ) -> None:
        self._routes = routes
        self._cut = cut
        self._client = client
        self._ids = count(1)
        self.results: list[Result] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Return what the handler of the path answers, errors in the dialect of the path."""
        body = await request.aread()
        headers = {name.lower(): value for name, value in request.headers.items()}
        with tempfile.TemporaryDirectory() as folder:
            kind = headers.get("content-type", "")
            form = form_of(kind, body, Path(folder)) if kind.startswith("multipart/") else None
            path = request.url.path
            call = Call(
                request.method,
                path,
                f"req_{next(self._ids)}",
                self._client,
                headers,
                dict(request.url.params),
                b"" if form else body,
                form,
            )
            try:
                result = await found(self._routes, request.method, path)(call)
            except EngineError as error:
                result = error_result(error, path)
            self.results.append(result)
            head = {**result.headers, "content-type": result.content_type}
            if result.stream is None:
                return httpx2.Response(result.status, headers=head, content=result.body)
            # The file of a form lives as long as the call: its stream is read to the end here.
            whole = [piece async for piece in result.stream] if form else None
        stream = Pieces(result.stream, whole, self._cut)
        return httpx2.Response(result.status, headers=head, stream=stream)


class Pieces(httpx2.AsyncByteStream):
    """A stream, cut anew."""

    def __init__(
        self, stream: AsyncGenerator[bytes, None], whole: list[bytes] | None, cut: int | None
    ) -> None:
        self._stream = stream
        self._whole = whole
        self._cut = cut

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the pieces."""
        if self._whole is not None:
            for piece in self._whole:
                yield piece
            return
        async for piece in self._stream:
            size = self._cut or max(1, len(piece))
            for start in range(0, len(piece), size):
                yield piece[start : start + size]

    async def aclose(self) -> None:
        """Close the stream, as the server does when a client goes away."""
        await self._stream.aclose()
