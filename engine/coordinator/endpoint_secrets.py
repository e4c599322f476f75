"""What of the user's servers lies in the keychain and not in their file, beside the keys."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from engine.coordinator.secrecy import (
    HIDDEN,
    PUBLIC_HEADERS,
    SHORTEST_SECRET,
    password_of,
    place_of,
    with_password,
)
from engine.coordinator.settings import Endpoint
from engine.errors import Damaged

SECRETS_PREFIX = "endpoint-secrets."
"""Under this and its endpoint's name they lie in the keychain."""


class EndpointSecrets(msgspec.Struct, frozen=True, omit_defaults=True):
    """The password in an endpoint's address, and values of its headers by name in small letters."""

    password: str = ""
    headers: dict[str, str] = {}
    place: str = ""
    """The server they are for; "" where it is not known: earlier versions did not write it."""

    def __bool__(self) -> bool:
        """Tell whether there is any."""
        return bool(self.password or self.headers)

    def __repr__(self) -> str:
        """Return no secret."""
        return f"{type(self).__name__}({HIDDEN})"

    def encoded(self) -> str:
        """Return the text that lies in the keychain."""
        return msgspec.json.encode(self).decode()


def decoded(text: str | None) -> EndpointSecrets:
    """Return what `encoded()` made `text` of; nothing for None. Raises Damaged."""
    if not text:
        return EndpointSecrets()
    try:
        return msgspec.json.decode(text, type=EndpointSecrets)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # The decoder's error may quote a secret: it must not travel along.
        raise Damaged("the keychain holds something else there: type them anew") from None


def lacks_secrets(endpoint: Endpoint) -> bool:
    """Tell whether something is hidden in `endpoint`, so that it cannot be asked."""
    is_masked = any(value == HIDDEN for _, value in endpoint.headers)
    return is_masked or password_of(endpoint.url) == HIDDEN


def secrets_in(endpoint: Endpoint) -> EndpointSecrets:
    """Return what `endpoint` has that does not belong into a file."""
    password = password_of(endpoint.url)
    found = EndpointSecrets(
        "" if password == HIDDEN else password,
        {name.lower(): value for name, value in endpoint.headers if _is_secret(name, value)},
    )
    return bound(found, endpoint)


def bound(secrets: EndpointSecrets, endpoint: Endpoint) -> EndpointSecrets:
    """Return `secrets` for nobody but the server that `endpoint` leads to."""
    return msgspec.structs.replace(secrets, place=place_of(endpoint.url)) if secrets else secrets


def are_for(secrets: EndpointSecrets, endpoint: Endpoint) -> bool:
    """Tell whether `endpoint` leads to the server that `secrets` were typed for."""
    return secrets.place in ("", place_of(endpoint.url))


def merged(endpoint: Endpoint, known: EndpointSecrets, stored: EndpointSecrets) -> EndpointSecrets:
    """Return what must lie in the keychain for `endpoint`, where now `stored` lies.

    known: what was thought to lie there. What `endpoint` only repeats of it, or hides, may be out
    of date by now.
    """
    wanted = secrets_in(endpoint)
    if not are_for(stored, endpoint):
        return wanted
    password = wanted.password
    if password_of(endpoint.url) and password in ("", known.password):
        password = stored.password or password
    headers = dict(wanted.headers)
    for name, value in endpoint.headers:
        key = name.lower()
        if key in stored.headers and value in (HIDDEN, known.headers.get(key)):
            headers[key] = stored.headers[key]
    return bound(EndpointSecrets(password, headers), endpoint)


def hidden(endpoint: Endpoint) -> Endpoint:
    """Return `endpoint` as it stands in the file."""
    if not secrets_in(endpoint):
        return endpoint
    headers = tuple(
        (name, HIDDEN if _is_secret(name, value) else value) for name, value in endpoint.headers
    )
    url = with_password(endpoint.url, HIDDEN) if password_of(endpoint.url) else endpoint.url
    return replace(endpoint, url=url, headers=headers)


def revealed(endpoint: Endpoint, secrets: EndpointSecrets) -> Endpoint:
    """Return `endpoint` with `secrets` where it has something hidden; what it has itself stays.

    Those of another server are not put in: they would be sent to this one.
    """
    if not (lacks_secrets(endpoint) and are_for(secrets, endpoint)):
        return endpoint
    url = endpoint.url
    if secrets.password and password_of(url) == HIDDEN:
        url = with_password(url, secrets.password)
    headers = tuple(
        (name, secrets.headers.get(name.lower(), value) if value == HIDDEN else value)
        for name, value in endpoint.headers
    )
    return replace(endpoint, url=url, headers=headers)


def _is_secret(name: str, value: str) -> bool:
    is_hidden = value == HIDDEN
    return not is_hidden and name.lower() not in PUBLIC_HEADERS and len(value) >= SHORTEST_SECRET
