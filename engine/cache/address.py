"""Where Redis is: one URL for a server, a Sentinel or a Cluster."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit

from engine.errors import SettingsError

Kind = Literal["server", "socket", "sentinel", "cluster"]
SCHEMES: dict[str, tuple[Kind, bool]] = {
    "redis": ("server", False),
    "rediss": ("server", True),
    "unix": ("socket", False),
    "redis+sentinel": ("sentinel", False),
    "rediss+sentinel": ("sentinel", True),
    "redis+cluster": ("cluster", False),
    "rediss+cluster": ("cluster", True),
}
REDIS_PORT, SENTINEL_PORT = 6379, 26379


@dataclass(frozen=True, slots=True)
class Address:
    """A parsed URL. `hosts` are (host, port); the first that answers is used."""

    kind: Kind
    hosts: tuple[tuple[str, int], ...] = ()
    path: str = ""
    """Of a Unix socket."""
    service: str = ""
    """What Sentinel calls the servers it watches."""
    database: int = 0
    is_tls: bool = False

    @property
    def label(self) -> str:
        """What a person reads, such as "localhost:6379"."""
        if self.kind == "socket":
            return self.path
        hosts = ", ".join(f"{host}:{port}" for host, port in self.hosts)
        return f"{self.service} ({hosts})" if self.service else hosts


def parse_address(url: str) -> Address:
    """Return what `url` names. Raises SettingsError with the form it should have."""
    try:
        parts = urlsplit(url)
        kind, is_tls = SCHEMES[parts.scheme]
    except (ValueError, KeyError):
        raise _wrong(url, f"it must begin with one of {', '.join(SCHEMES)}") from None
    if parts.password or parts.username:
        # Not repeated in the message: it may hold a password.
        raise SettingsError(
            "cache.url holds a user or a password: remove it there, set cache.username, and give "
            "the password with `universal-ai-tools cache password`"
        )
    if parts.query or parts.fragment:
        raise _wrong(url, "nothing may follow the database: limits and TLS have their own settings")
    if kind == "socket":
        if not parts.path.startswith("/"):
            raise _wrong(url, "a socket needs its path, as in unix:///run/redis.sock")
        return Address(kind, path=unquote(parts.path))
    words = [unquote(word) for word in parts.path.split("/") if word]
    service = _service(url, words) if kind == "sentinel" else ""
    if len(words) > (0 if kind == "cluster" else 1):
        raise _wrong(url, "there is too much after the host")
    return Address(
        kind,
        hosts=_hosts(url, parts, SENTINEL_PORT if kind == "sentinel" else REDIS_PORT),
        service=service,
        database=_database(url, words[0]) if words else 0,
        is_tls=is_tls,
    )


def is_loopback(host: str) -> bool:
    """Tell whether `host` is this machine, without asking anybody."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _service(url: str, words: list[str]) -> str:
    if not words:
        raise _wrong(url, "Sentinel needs a name, as in redis+sentinel://host:26379/mymaster")
    return words.pop(0)


def _hosts(url: str, parts: SplitResult, default_port: int) -> tuple[tuple[str, int], ...]:
    hosts = []
    for word in parts.netloc.split(","):
        try:
            one = urlsplit(f"//{word}")
            port = one.port
        except ValueError:
            raise _wrong(url, "a host has no port from 1 to 65535") from None
        if not one.hostname or port == 0:
            raise _wrong(url, "it names no host")
        hosts.append((one.hostname, port or default_port))
    return tuple(hosts)


def _database(url: str, word: str) -> int:
    if not word.isascii() or not word.isdigit():
        raise _wrong(url, f'"{word}" is no number of a database')
    return int(word)


def _wrong(url: str, reason: str) -> SettingsError:
    # What stands before an "@" may be a password, however the rest is misspelt.
    shown = re.sub(r"^([a-z+]+:)?.*@", r"\1//…@", url, flags=re.DOTALL)
    return SettingsError(f'cache.url is "{shown}": {reason}')
