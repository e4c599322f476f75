"""What a person reads where a server was looked for and something else was found."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from engine.coordinator.adapters.http_errors import error_from


@dataclass(frozen=True, slots=True)
class Page:
    """What one GET brought."""

    url: str
    status: int
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
    took_ms: float

    @property
    def is_good(self) -> bool:
        """Whether the status says so."""
        return 200 <= self.status < 300

    @property
    def json(self) -> dict[str, Any] | None:
        """The body, decoded; None where it is no JSON object."""
        try:
            found = msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        return found if isinstance(found, dict) else None

    def entries(self, name: str) -> list[dict[str, Any]]:
        """Return the objects listed under `name`."""
        found = (self.json or {}).get(name)
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def outside_errors() -> tuple[type[Exception], ...]:
    """Return what asking may raise. As a function, so that httpx is loaded by then."""
    import httpx

    return (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError)


def problem(error: Exception, url: str) -> str:
    """Return why nothing answered at `url`, and what to do."""
    import httpx

    causes = list(_causes(error))
    host = url.partition("://")[2].partition("/")[0]
    for cause in causes:
        match cause:
            case socket.gaierror():
                return f"{host} is not known: check the name, or the network"
            case ssl.SSLCertVerificationError():
                return f"The certificate of {host} is not valid: {cause.verify_message}"
            case ssl.SSLWantReadError() | ssl.SSLWantWriteError():
                continue  # the handshake was still going on
            case ssl.SSLError():
                return f"{host} speaks no TLS as we do: try http:// instead of https://"
            case httpx.TimeoutException() | TimeoutError():
                return f"{host} did not answer in time: is it busy, or behind a firewall?"
            case httpx.RemoteProtocolError():
                return f"{host} answers, and not in HTTP: is the port another program's?"
            case httpx.ConnectError():
                return f"Nobody answers at {host}: start the server, or correct the port"
            case httpx.InvalidURL() | httpx.UnsupportedProtocol() | ValueError():
                return f"{url!r} is no address: write it like http://127.0.0.1:11434"
    return f"The connection to {host} broke off: try again"


def refusal(page: Page, key: str) -> str:
    """Return why an answer is none of a model server's, and what to do."""
    host = page.url.partition("://")[2].partition("/")[0]
    kind = page.headers.get("content-type", "")
    if page.status in (401, 403):
        does = "does not accept this key: check it" if key else "wants a key: enter one"
        return f"{host} {does}"
    if page.is_good and ("html" in kind or page.body.lstrip()[:1] == b"<"):
        return f"{host} shows a web page, no API: enter the API's address, often ending in /v1"
    if page.is_good:
        return f"{host} answers, and lists no models: it is no server that is known here"
    if page.status in (404, 405):
        return f"{host} has no /models at this address: correct the path, often /v1"
    return str(error_from(page.status, page.headers, page.body, where=host, key=key))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the error, innermost cause first: httpx's own types say less than the socket's."""
    if error is not None:
        yield from _causes(error.__cause__ or error.__context__)
        yield error
