"""Who may call at all: by which name, and from which web pages."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from engine.errors import Rejected
from engine.gateway.settings import GatewaySettings

ANYBODY = "*"
MOST_REMEMBERED = 64
"""Host headers that were found good; every client sends the same few."""
ALLOWED_METHODS = "GET, POST, PUT, PATCH, DELETE, OPTIONS"
EXPOSED = (
    "x-request-id, x-model, x-endpoint, x-cache, x-similar, x-suggestion-id, retry-after, location"
)
PREFLIGHT_S = 600
"""How long a browser need not ask again."""
OWN_NAMES = frozenset({"localhost"})


class Callers:
    """Checks the Host and Origin headers.

    A web page anywhere can let a browser call this address, under any name whose owner points it
    here (DNS rebinding): so the name must be ours, and a page must be on the user's list.
    """

    def __init__(self, settings: GatewaySettings) -> None:
        self._is_open = not _is_loopback(settings.host)
        self._names = OWN_NAMES | _listed(settings.hosts) | _listed(settings.host)
        self._origins = _listed(settings.origins)
        self._good: set[str] = set()

    def check_host(self, host: str | None) -> None:
        """Raise Rejected where `host`, as the header has it, is no name of ours."""
        if host in self._good:
            return
        if not host:
            raise Rejected("the Host header is missing", code="host_missing")
        if not self._is_ours(_without_port(host.lower())):
            raise Rejected(
                "this host name is not known here: add it to gateway.hosts in the settings",
                status=403,
                code="host_not_allowed",
            )
        if len(self._good) < MOST_REMEMBERED:
            self._good.add(host)

    def check_origin(self, origin: str) -> None:
        """Raise Rejected where the web page at `origin` may not call."""
        is_plain = origin.isascii() and origin.isprintable()  # it is sent back
        is_listed = ANYBODY in self._origins or origin.lower() in self._origins
        if not (is_plain and is_listed):
            raise Rejected(
                "web pages of this origin may not call: add it to gateway.origins in the settings",
                status=403,
                code="origin_not_allowed",
            )

    def _is_ours(self, name: str) -> bool:
        if name in self._names:
            return True
        try:
            address = ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            return False
        # A number is no name that anybody could point elsewhere.
        return self._is_open or address.is_loopback


def origin_headers(origin: str) -> dict[str, str]:
    """Return what lets a web page at `origin` read an answer."""
    return {
        "access-control-allow-origin": origin,
        "access-control-expose-headers": EXPOSED,
        "vary": "Origin",
    }


def preflight_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return what a browser wants to know before it calls; `headers` are its question's."""
    wanted = headers.get("access-control-request-headers", "")
    answer = {
        "access-control-allow-methods": ALLOWED_METHODS,
        "access-control-allow-headers": wanted if wanted.isprintable() else "",
        "access-control-max-age": str(PREFLIGHT_S),
    }
    if "access-control-request-private-network" in headers:
        answer["access-control-allow-private-network"] = "true"
    return answer


def presented_key(headers: Mapping[str, str]) -> str:
    """Return the key in `headers`, as OpenAI's or Anthropic's clients send it; "" for none."""
    scheme, _, key = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return key.strip()
    return headers.get("x-api-key", "")


def _listed(text: str) -> frozenset[str]:
    return frozenset(part.strip().lower().rstrip("/") for part in text.split(",") if part.strip())


def _without_port(host: str) -> str:
    name, _, port = host.rpartition(":")
    is_port = name and port.isdecimal() and (":" not in name or name.endswith("]"))
    return name if is_port else host


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in OWN_NAMES
