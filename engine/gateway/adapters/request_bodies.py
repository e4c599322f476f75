"""Reads what follows the head of a request: within its limits, and not for ever."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Iterator
from pathlib import Path
from shutil import rmtree
from typing import IO, TYPE_CHECKING, TypeVar

from engine.errors import Refused
from engine.gateway.asking import Malformed
from engine.gateway.ports import Form, Upload

if TYPE_CHECKING:
    from aiohttp import BodyPartReader
    from aiohttp.web_request import BaseRequest

    from engine.gateway.held_bodies import HeldBodies
    from engine.gateway.ports import Limits, Visit

T = TypeVar("T")

FORM = "multipart/form-data"
LEAST_BYTES_PER_S = 1024
"""Slower than this, after the first silence that is allowed, no honest client sends."""
PIECE_BYTES = 256 * 1024
"""Written to the disk at once."""
MOST_PARTS = 64
LARGEST_TEXTS_BYTES = 4 * 1024 * 1024
"""All fields of a form that are no files."""
TOO_LARGE = 413
TOO_SLOW = 408


class Body:
    """The body of one request, which counts among `held` until `let_go()`.

    Raises Malformed for what is too large, too slow or no body, Full where all that are held
    leave no room for it.
    """

    def __init__(
        self, request: BaseRequest, visit: Visit, limits: Limits, held: HeldBodies
    ) -> None:
        self._request = request
        self._visit = visit
        self._silence_s = limits.body_timeout_s
        self._began_s: float | None = None
        self._came_bytes = 0
        self._held = held
        self._held_bytes = 0
        self._most_held_bytes = limits.most_held_bytes
        self.folder: Path | None = None
        """Where the files of a form lie, until `forget()`."""

    @property
    def is_form(self) -> bool:
        """Whether it is a form with files rather than JSON."""
        return self._visit.head.headers.get("content-type", "").lower().startswith(FORM)

    async def whole(self) -> bytes:
        """Return all of it."""
        limit = self._visit.largest_body_bytes
        content = self._request.content
        if content.is_eof() and content.exception() is None:
            body = content.read_nowait()
            self._count(len(body), limit)
            self._hold(len(body))
            return body
        self._expect(limit)
        pieces = []
        with _read_errors():
            while piece := await self._soon(content.readany()):
                self._count(len(piece), limit)
                self._hold(len(piece))
                pieces.append(piece)
        return b"".join(pieces)

    def let_go(self) -> None:
        """Hold nothing any more. May be called twice."""
        self._held.bytes -= self._held_bytes
        self._held_bytes = 0

    async def forget(self) -> None:
        """Remove the files of a form, where it was one."""
        if self.folder is not None:
            await asyncio.to_thread(rmtree, self.folder, ignore_errors=True)

    async def form(self) -> Form:
        """Return its fields, and its files, which are there until `forget()`."""
        import aiohttp

        self._expect(self._visit.largest_form_bytes)
        folder = self.folder = await asyncio.to_thread(_new_folder)
        fields: dict[str, list[str]] = {}
        files: dict[str, Upload] = {}
        texts_bytes = 0
        with _read_errors():
            reader = aiohttp.MultipartReader(self._request.headers, self._request.content)
            for number in range(MOST_PARTS + 1):
                part = await self._soon(reader.next())
                if part is None:
                    break
                if number == MOST_PARTS or not isinstance(part, aiohttp.BodyPartReader):
                    raise Malformed(f"a form has at most {MOST_PARTS} plain parts")
                name = part.name or ""
                if part.filename is not None:
                    files.setdefault(name, await self._file(part, folder / str(number)))
                else:
                    text = await self._text(part, LARGEST_TEXTS_BYTES - texts_bytes)
                    texts_bytes += len(text)
                    fields.setdefault(name, []).append(text.decode("utf-8", "replace"))
        return Form({name: tuple(each) for name, each in fields.items()}, files)

    async def _text(self, part: BodyPartReader, limit_bytes: int) -> bytes:
        text = bytearray()
        async for piece in self._pieces(part):
            self._hold(len(piece))
            text += piece
            if len(text) > limit_bytes:
                raise _too_large(LARGEST_TEXTS_BYTES)
        return bytes(text)

    async def _file(self, part: BodyPartReader, path: Path) -> Upload:
        size_bytes = 0
        # Disks may block for long, a network's above all.
        file = await asyncio.to_thread(_create, path)
        try:
            async for piece in self._pieces(part):
                size_bytes += len(piece)
                await asyncio.to_thread(_write, file, piece)
        finally:
            await asyncio.to_thread(file.close)
        kind = part.headers.get("content-type", "application/octet-stream")
        return Upload(part.filename or "", kind, path, size_bytes)

    async def _pieces(self, part: BodyPartReader) -> AsyncIterator[bytes]:
        while piece := await self._soon(part.read_chunk(PIECE_BYTES)):
            self._count(len(piece), self._visit.largest_form_bytes)
            yield piece

    def _expect(self, limit: int) -> None:
        """Refuse at once what says that it is too large; ask for the rest where that is awaited."""
        headers = self._visit.head.headers
        declared = headers.get("content-length", "")
        if declared.isdecimal():
            if int(declared[:20]) > limit:
                raise _too_large(limit)
            if not self.is_form:  # its files go to the disk
                self._held.check(0, int(declared[:20]), self._most_held_bytes)
        transport = self._request.transport
        if headers.get("expect", "").lower() == "100-continue" and transport is not None:
            transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _count(self, size: int, limit: int) -> None:
        self._came_bytes += size
        if self._came_bytes > limit:
            raise _too_large(limit)

    def _hold(self, size: int) -> None:
        self._held.check(self._held_bytes, size, self._most_held_bytes)
        self._held.bytes += size
        self._held_bytes += size

    async def _soon(self, work: Awaitable[T]) -> T:
        now_s = asyncio.get_running_loop().time()
        if self._began_s is None:
            self._began_s = now_s
        earned_s = self._came_bytes / LEAST_BYTES_PER_S
        patience_s = self._began_s + self._silence_s + earned_s - now_s
        try:
            async with asyncio.timeout(min(self._silence_s, patience_s)):
                return await work
        except TimeoutError:
            raise Malformed(
                "the body did not come in time: send it without pauses",
                status=TOO_SLOW,
                code="request_timeout",
            ) from None


@contextlib.contextmanager
def _read_errors() -> Iterator[None]:
    """Raise what is wrong with the bytes of a body as Malformed."""
    from aiohttp.http_exceptions import HttpProcessingError
    from aiohttp.web_protocol import RequestPayloadError

    try:
        yield
    except Malformed:
        raise
    except (HttpProcessingError, RequestPayloadError, ValueError) as error:
        # Their words quote what came.
        raise Malformed(
            f"the body cannot be read ({type(error).__name__}): send it whole and as its headers "
            "say"
        ) from None


def _too_large(limit_bytes: int) -> Malformed:
    return Malformed(
        f"the request is larger than {limit_bytes >> 20} MiB, the most that the settings allow",
        status=TOO_LARGE,
        code="request_too_large",
    )


def _new_folder() -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix="universal-ai-tools-"))
    except OSError as error:
        raise Refused(f"no temporary folder can be made ({error.strerror})") from error


def _create(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")


def _write(file: IO[bytes], piece: bytes) -> None:
    try:
        file.write(piece)
    except OSError as error:
        raise Refused(
            f"{file.name} cannot be written ({error.strerror}): free some space"
        ) from error
