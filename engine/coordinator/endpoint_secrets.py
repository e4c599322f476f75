"""What of the user's servers lies in the keychain and not in their file, beside the keys."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from engine.coordinator.secrecy import (
    HIDDEN,
    PUBLIC_HEADERS,
    SHORTEST_SECRET,
    password_of,
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
    return EndpointSecrets(
        "" if password == HIDDEN else password,
        {name.lower(): value for name, value in endpoint.headers if _is_secret(name, value)},
    )


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
    """Return `endpoint` with `secrets` where it has something hidden; what it has itself stays."""
    if not lacks_secrets(endpoint):
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
