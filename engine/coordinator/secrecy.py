"""What of a server nobody may see: the password in its address and the values of its headers."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import unquote, urlsplit

from engine.coordinator.settings import Endpoint
from engine.errors import SettingsError

HIDDEN = "***"
"""Stands for what is not shown."""
SHORTEST_SECRET = 4
"""Characters. What is shorter guards nothing, and taking it out would spoil messages."""
PUBLIC_HEADERS = frozenset({"accept", "content-type", "user-agent", "anthropic-version"})
_login = re.compile(r"(?<=://)([^/?#:@]*)(?::([^/?#]*))?@")


def masked(url: str) -> str:
    """Return `url` without its password."""
    return _login.sub(lambda found: found[0] if found[2] is None else f"{found[1]}:{HIDDEN}@", url)


def masked_wholly(typed: str) -> str:
    """Return what may be no address at all without anything that could be a login in it."""
    return re.sub(r"^(\s*[^/]*://)?.*@", rf"\g<1>{HIDDEN}@", typed, flags=re.DOTALL)


def shown(endpoint: Endpoint) -> Endpoint:
    """Return `endpoint` as anybody may see it; the same object where it has nothing to hide."""
    url = masked(endpoint.url)
    if url == endpoint.url and not endpoint.headers:
        return endpoint
    return replace(endpoint, url=url, headers=tuple((name, HIDDEN) for name, _ in endpoint.headers))


def revealed(given: Endpoint, known: Endpoint | None) -> Endpoint:
    """Return `given`, which somebody made of a shown one, with what `known` has for the HIDDEN.

    Raises SettingsError where there is nothing, or it belongs to another server.
    """
    url = revealed_url(given.url, "" if known is None else known.url)
    if password_of(url) == HIDDEN:
        raise SettingsError(f"{given.name}: the address has changed: type its password anew")
    values = {} if known is None else {name.lower(): value for name, value in known.headers}
    headers = []
    for name, value in given.headers:
        value = values.get(name.lower(), HIDDEN) if value == HIDDEN else value
        if value == HIDDEN:
            raise SettingsError(f"{given.name}: header {name}: type its value")
        headers.append((name, value))
    if url == given.url and tuple(headers) == given.headers:
        return given
    return replace(given, url=url, headers=tuple(headers))


def revealed_url(given: str, known: str) -> str:
    """Return `given` with the password of `known` where it is hidden and both are one server."""
    if password_of(given) != HIDDEN or _place(given) != _place(known):
        return given
    return with_password(given, password_of(known))


def password_of(url: str) -> str:
    """Return the password in `url` as it is written there; "" for none."""
    found = _login.search(url)
    return "" if found is None else found[2] or ""


def with_password(url: str, password: str) -> str:
    """Return `url`, in which there is a login, with another password."""
    return _login.sub(lambda found: f"{found[1]}:{password}@", url)


def login_of(url: str) -> str:
    """Return the value of the header `Authorization` that the login in `url` makes; "" for none."""
    found = _login.search(url)
    if found is None:
        return ""
    pair = f"{unquote(found[1])}:{unquote(found[2] or '')}"
    return f"Basic {b64encode(pair.encode()).decode()}"


def secrets_of(endpoint: Endpoint) -> tuple[str, ...]:
    """Return what must not stand in any message, the longest first."""
    password = password_of(endpoint.url)
    found = {value for name, value in endpoint.headers if name.lower() not in PUBLIC_HEADERS}
    found |= {password, unquote(password)}
    if password:
        found.add(login_of(endpoint.url).removeprefix("Basic "))
    # A header may be "Bearer ...": whoever repeats it may leave the first word out.
    found |= {value.rpartition(" ")[2] for value in found}
    return tuple(sorted((each for each in found if len(each) >= SHORTEST_SECRET), key=_order))


def without(secrets: Sequence[str], words: str) -> str:
    """Return `words` with none of `secrets` in it."""
    for secret in secrets:
        words = words.replace(secret, HIDDEN)
    return words


def is_same_server(url: str, other: str) -> bool:
    """Tell whether both lead to one server with one login; paths and passwords may differ."""
    place = _place(url)
    return place == _place(other) and bool(place[2])


def place_of(url: str) -> str:
    """Return server and user that `url` leads to, without password and path; "" for no address."""
    scheme, user, host = _place(url)
    return f"{scheme}://{user}@{host}" if host else ""


def sent_in_secret(endpoint: Endpoint, key: str) -> dict[str, str]:
    """Return the headers by which a server knows us, names in small letters; never to be shown."""
    sent = {"authorization": f"Bearer {key}"} if key else {}
    if login := login_of(endpoint.url):
        sent["authorization"] = login
    return sent | {name.lower(): value for name, value in endpoint.headers}


def _order(secret: str) -> tuple[int, str]:
    return -len(secret), secret


def _place(url: str) -> tuple[str, str, str]:
    """Return scheme, user and host of `url`."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", "", ""
    return parts.scheme, parts.username or "", parts.netloc.rpartition("@")[2].lower()
