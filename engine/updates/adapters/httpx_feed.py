"""Fetches the file that tells which version is out: a plain GET that says nothing of who asks."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from engine.errors import Damaged, OutsideError, Refused, TimedOut, Unreachable
from engine.updates.address import host_of, is_on_this_machine, wrong_with
from engine.updates.release import LARGEST_BYTES

if TYPE_CHECKING:
    from httpx import AsyncClient, Response

STEP_S = 5.0
"""To connect, to send, and for each part of the answer."""
WHOLE_S = 20.0
"""For all of it, redirects included: one that drips for ever ends here."""
MOST_REDIRECTS = 3
HEADERS = {
    "user-agent": "universal-ai-tools",  # without a version: nothing tells callers apart
    "accept": "application/json",
    "accept-encoding": "identity",  # a little that unpacks to much cannot come
}
SERVER_FAILED = 500


class HttpxFeed:
    """See `ports.Feed`. Goes through a proxy where the system names one, save to this machine."""

    async def read(self, url: str) -> bytes:
        """Return what lies at `url`. Raises Unreachable, TimedOut, Refused, Damaged."""
        import httpx

        try:
            async with asyncio.timeout(WHOLE_S):
                return await _followed(url)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, ImportError) as error:
            raise _translated(error, host_of(url)) from error


async def _followed(url: str) -> bytes:
    """Return what lies at `url`, or where it sends us. Raises httpx's errors, too."""
    for _ in range(MOST_REDIRECTS + 1):
        # A client for each: none shows the next what it was given to keep, such as cookies.
        async with await asyncio.to_thread(_make_client, url) as client:
            async with client.stream("GET", url, headers=HEADERS) as response:
                if response.has_redirect_location:
                    url = _next(url, response)
                    continue
                return await _body(response, host_of(url))
    raise Refused(f"{host_of(url)} sends us on and on: correct the address")


def _make_client(url: str) -> AsyncClient:
    """Return a client for one request. Reading certificates takes long enough for a thread."""
    import httpx

    return httpx.AsyncClient(
        trust_env=not is_on_this_machine(urlsplit(url)), follow_redirects=False, timeout=STEP_S
    )


def _next(url: str, response: Response) -> str:
    """Return where a redirect leads. Raises Refused where we do not go."""
    target = str(response.url.join(response.headers["location"]))
    wrong = wrong_with(target)
    if urlsplit(target).scheme != urlsplit(url).scheme:
        wrong = f"must stay with {urlsplit(url).scheme}://"
    if wrong:
        raise Refused(
            f"{host_of(url)} sends us to an address that is not followed, as it {wrong}: "
            "correct the address"
        )
    return target


async def _body(response: Response, where: str) -> bytes:
    if not response.is_success:
        status = f"{response.status_code} {response.reason_phrase}".strip()
        if response.status_code >= SERVER_FAILED:
            raise Unreachable(f"{where} answers {status}: it is tried again tomorrow")
        raise Refused(f"{where} answers {status}: correct the address")
    if response.headers.get("content-encoding", "identity") != "identity":
        raise Damaged(f"{where} sends packed data, which was not asked for: correct the address")
    body = b""
    async for part in response.aiter_raw():
        body += part
        if len(body) > LARGEST_BYTES:
            raise Damaged(
                f"{where} sends more than {LARGEST_BYTES // 1024} KiB, too much to be a version: "
                "correct the address"
            )
    return body


def _translated(error: Exception, where: str) -> OutsideError:
    """Return what is wrong, and what to do."""
    import httpx

    causes = tuple(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            why = cause.verify_message
            return Refused(f"The certificate of {where} is not valid ({why}): nothing was read")
    if isinstance(error, (httpx.TimeoutException, TimeoutError)):
        return TimedOut(f"{where} did not answer in time: it is tried again tomorrow")
    if isinstance(error, httpx.RemoteProtocolError):
        return Damaged(f"{where} answers, and not in HTTP: correct the address")
    if isinstance(error, (httpx.TransportError, OSError)):
        return Unreachable(f"{where} cannot be reached: check the network, or the address")
    return Refused(f"{where} cannot be asked ({error}): correct the address, or the proxy")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
