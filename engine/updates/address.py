"""Which addresses may be asked, or opened, for a new version."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

LONGEST = 2048
"""Letters; browsers and servers take no longer address for certain."""
HOST = re.compile(r"[A-Za-z0-9.-]+|[0-9A-Fa-f:.]+")


def wrong_with(url: str) -> str:
    """Return what `url` must be to be asked or opened; "" where it is right.

    Only https, or http on this machine: else whoever sits between could tell of another version.
    A user's name may not stand in it, as nothing is sent that tells who asks.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "must be an address such as https://example.org/newest.json"
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or set(url) & set(" \\"):
        return f"must be at most {LONGEST} plain letters without spaces"
    if not HOST.fullmatch(host):
        return "must be an address such as https://example.org/newest.json"
    if parts.username is not None or parts.password is not None:
        return "must hold no user name and no password"
    if parts.scheme != "https" and not (parts.scheme == "http" and is_on_this_machine(parts)):
        return "must begin with https:// (http:// only for this machine)"
    return ""


def is_on_this_machine(parts: SplitResult) -> bool:
    """Tell whether an address that was taken apart is one of this machine."""
    host = parts.hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def host_of(url: str) -> str:
    """Return whom `url` asks, with the port where one is named, such as "example.org"."""
    return urlsplit(url).netloc
