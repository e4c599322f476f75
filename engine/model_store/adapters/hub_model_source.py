"""Models from the public model hub, at a pinned revision."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

from engine.errors import Damaged, OutsideError, Refused, TimedOut, Unreachable
from engine.model_store.ports import ModelEntry, ModelFile

if TYPE_CHECKING:
    import httpx

PUBLIC_HUB = "https://huggingface.co"

CONNECT_S, SILENCE_S = 10.0, 30.0
"""A hub that cannot be reached is given up soon, so that the next source gets its turn."""

HTTP_PARTIAL, HTTP_BEYOND_END = 206, 416


class HubModelSource:
    """Downloads the files of a model, going on where an earlier download stopped.

    base_url: a hub or a mirror of one. A cut connection is taken up again as long as each try
    brings new bytes.
    """

    def __init__(self, *, base_url: str = PUBLIC_HUB) -> None:
        self._base_url = base_url.rstrip("/")

    @property
    def label(self) -> str:
        """What a person reads."""
        return f"model hub {self._base_url.split('//')[-1]}"

    def has(self, entry: ModelEntry) -> bool:
        """Tell whether the hub has `entry`."""
        return bool(entry.hub_repository and entry.hub_revision)

    async def fetch(
        self, entry: ModelEntry, folder: Path, progress: Callable[[float], None]
    ) -> None:
        """Put the files of `entry` into `folder`; `progress` hears a share in [0, 1].

        Raises Unreachable, TimedOut, Refused (also for a full disk), Damaged.
        """
        import httpx

        total = sum(file.size_bytes for file in entry.files)
        before = 0
        timeout = httpx.Timeout(SILENCE_S, connect=CONNECT_S)
        async with httpx.AsyncClient(timeout=timeout, follow_redirects=True) as client:
            for file in entry.files:
                download = _Download(
                    url=self._url(entry, file),
                    path=folder / file.name,
                    size_bytes=file.size_bytes,
                    heard=partial(_share, progress, before, total),
                )
                await _take_up_until_whole(client, download)
                before += file.size_bytes
                progress(before / total)

    def _url(self, entry: ModelEntry, file: ModelFile) -> str:
        return f"{self._base_url}/{entry.hub_repository}/resolve/{entry.hub_revision}/{file.name}"


def _share(progress: Callable[[float], None], before: int, total: int, here: int) -> None:
    progress((before + here) / total)


@dataclass(frozen=True, slots=True)
class _Download:
    url: str
    path: Path
    size_bytes: int
    heard: Callable[[int], None]
    """Called with the bytes that are here."""

    @property
    def here_bytes(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0


async def _take_up_until_whole(client: httpx.AsyncClient, download: _Download) -> None:
    """Download until the file is whole; give up when a try brings nothing new."""
    while (here := download.here_bytes) < download.size_bytes:
        try:
            await _once(client, download)
        except (Unreachable, TimedOut):
            if download.here_bytes <= here:
                raise
        if download.here_bytes <= here:
            raise Damaged(
                f"{download.url} ended after {here} of {download.size_bytes} bytes: try again later"
            )


async def _once(client: httpx.AsyncClient, download: _Download) -> None:
    """Ask once for what is missing and append what comes; translate what goes wrong."""
    import httpx

    here = download.here_bytes
    headers = {"Range": f"bytes={here}-", "Accept-Encoding": "identity"}
    try:
        async with client.stream("GET", download.url, headers=headers) as answer:
            _check_status(answer, download)
            mode = "ab" if answer.status_code == HTTP_PARTIAL else "wb"
            with await asyncio.to_thread(download.path.open, mode) as file:
                # As they come: a block that httpx fills up first is lost with the connection.
                await _store(answer.aiter_bytes(), file, download)
    except httpx.TimeoutException as error:
        raise TimedOut(f"{download.url} does not answer: check the network") from error
    except (httpx.TransportError, ssl.SSLError) as error:
        raise Unreachable(f"{download.url} cannot be reached ({error})") from error
    except httpx.HTTPError as error:
        raise Refused(f"{download.url} gave no file ({error})") from error
    except OSError as error:
        raise Refused(f"{download.path} cannot be written ({error.strerror})") from error


async def _store(blocks: AsyncIterator[bytes], file: IO[bytes], download: _Download) -> None:
    async for block in blocks:
        # A disk may take its time; the loop that serves everything else must not wait for it.
        await asyncio.to_thread(file.write, block)
        here = file.tell()
        download.heard(min(here, download.size_bytes))
        if here > download.size_bytes:
            raise Damaged(f"{download.url} is longer than {download.size_bytes} bytes")


def _check_status(answer: httpx.Response, download: _Download) -> None:
    status = answer.status_code
    if answer.is_success:
        return
    if status == HTTP_BEYOND_END:
        raise Damaged(f"{download.url} is shorter than {download.size_bytes} bytes")
    kind: type[OutsideError] = Unreachable if answer.is_server_error else Refused
    raise kind(f"{download.url} answered {status} {answer.reason_phrase}")
