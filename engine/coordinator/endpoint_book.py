"""The user's servers in their file, and in the keychain what is secret of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from math import isfinite
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from engine.book import Book
from engine.coordinator.endpoint_secrets import (
    SECRETS_PREFIX,
    EndpointSecrets,
    decoded,
    hidden,
    lacks_secrets,
    revealed,
    secrets_in,
)
from engine.coordinator.secrecy import masked_wholly
from engine.coordinator.settings import KEY_PREFIX, Endpoint, EndpointKind
from engine.errors import EngineError, Refused, SettingsError

if TYPE_CHECKING:
    from engine.keychain import SecretStore


class EndpointBook:
    """What `endpoints.toml` says; every key is read once and kept in memory.

    Passwords in addresses and values of headers lie in the keychain too. Somebody may write them
    into the file: they count at once, and `tidy()` moves them.
    """

    def __init__(self, *, book: Book[Endpoint], secrets: SecretStore) -> None:
        self._book = book
        self._secrets = secrets
        self._keys: dict[str, str] = {}
        self._removed: dict[str, str] = {}
        self._hidden: dict[str, EndpointSecrets] = {}
        """What is known to lie in the keychain, by server."""
        self._has_plain = False

    async def read(self) -> tuple[Endpoint, ...]:
        """Return the user's servers, with what is known of their secrets: see `lacks_secrets()`.

        Raises SettingsError naming what is wrong in the file.
        """
        return await asyncio.to_thread(self._read)

    async def write(self, endpoints: Iterable[Endpoint]) -> None:
        """Replace the user's servers, their secrets in the keychain. Raises Refused, Damaged."""
        await asyncio.to_thread(self._write, tuple(endpoints))

    async def has_changed(self) -> bool:
        """Tell whether somebody edited the file."""
        return await asyncio.to_thread(self._book.has_changed)

    async def reveal(self, endpoint: Endpoint) -> Endpoint:
        """Return `endpoint` with its secrets out of the keychain. Raises Refused and Damaged where
        they cannot be read, Refused where they are not there.
        """
        if lacks_secrets(endpoint):
            kept = await asyncio.to_thread(self._kept, endpoint.name)
            endpoint = revealed(endpoint, kept)
            if lacks_secrets(endpoint):
                raise Refused("they are not in the keychain: type them anew")
        return endpoint

    async def tidy(self) -> None:
        """Move into the keychain what somebody has written into the file; once for each change.

        Raises Refused, Damaged, SettingsError.
        """
        if self._has_plain:
            self._has_plain = False
            await asyncio.to_thread(self._tidy)

    def key(self, name: str) -> str:
        """Return the key of the server `name`, "" for none; blocks never."""
        return self._keys.get(name, "")

    async def read_key(self, name: str) -> None:
        """Look up the key of `name`. Raises Refused and Damaged where the keychain cannot tell."""
        if name not in self._keys:
            found = await asyncio.to_thread(self._secrets.read, KEY_PREFIX + name)
            self._keys.setdefault(name, found or "")

    async def write_key(self, name: str, key: str) -> None:
        """Keep `key` for `name`, or forget it for "". Raises Refused and Damaged."""
        if key:
            await asyncio.to_thread(self._secrets.write, KEY_PREFIX + name, key)
        else:
            await asyncio.to_thread(self._secrets.remove, KEY_PREFIX + name)
        self._keys[name] = key

    async def drop_key(self, name: str) -> None:
        """Forget key and secrets of a server that is removed; `bring_back()` knows the key until
        the exit.
        """
        if self._hidden.pop(name, None):
            await asyncio.to_thread(self._secrets.remove, SECRETS_PREFIX + name)
        key = self._keys.pop(name, "")
        if key:
            self._removed[name] = key
            await asyncio.to_thread(self._secrets.remove, KEY_PREFIX + name)

    async def bring_back(self, name: str) -> None:
        """Keep again what `drop_key()` forgot. Raises Refused and Damaged."""
        key = self._removed.pop(name, "")
        if key:
            await self.write_key(name, key)

    def _read(self) -> tuple[Endpoint, ...]:
        found = self._book.read()
        names: set[str] = set()
        for endpoint in found:
            try:
                check_endpoint(endpoint)
            except SettingsError as error:
                raise SettingsError(f"{self._book.path}: {error}") from error
            if endpoint.name in names:
                raise SettingsError(
                    f"{self._book.path}: two endpoints are called {endpoint.name!r}: rename one"
                )
            names.add(endpoint.name)
        self._has_plain = any(map(secrets_in, found))
        nothing = EndpointSecrets()
        return tuple(revealed(each, self._hidden.get(each.name, nothing)) for each in found)

    def _tidy(self) -> None:
        # Edited again meanwhile: whoever reads it next must notice that.
        if not self._book.has_changed():
            self._write(self._read())
            self._has_plain = False

    def _write(self, endpoints: tuple[Endpoint, ...]) -> None:
        known = dict(self._hidden)
        try:
            for endpoint in endpoints:
                self._keep(endpoint)
            self._book.write([hidden(each) for each in endpoints])
        except EngineError:
            self._put_back(known)
            raise

    def _put_back(self, known: dict[str, EndpointSecrets]) -> None:
        """Let the keychain hold again what the file, which stays as it was, goes with."""
        changed = [name for name, each in self._hidden.items() if known.get(name, each) != each]
        for name in changed:
            with suppress(EngineError):  # then the newer ones are all that there is
                self._put(name, known[name])

    def _keep(self, endpoint: Endpoint) -> None:
        """Put the secrets of `endpoint` into the keychain, where they are not there yet."""
        name, wanted = endpoint.name, secrets_in(endpoint)
        if lacks_secrets(endpoint):  # what cannot be read now stays
            if not wanted:
                return
            kept = self._kept(name)
            wanted = EndpointSecrets(
                wanted.password or kept.password, {**kept.headers, **wanted.headers}
            )
        if wanted == self._hidden.get(name, EndpointSecrets()):
            return
        self._put(name, wanted)

    def _put(self, name: str, secrets: EndpointSecrets) -> None:
        if secrets:
            self._secrets.write(SECRETS_PREFIX + name, secrets.encoded())
        else:
            self._secrets.remove(SECRETS_PREFIX + name)
        self._hidden[name] = secrets

    def _kept(self, name: str) -> EndpointSecrets:
        found = self._hidden.get(name)
        if found is None:
            found = decoded(self._secrets.read(SECRETS_PREFIX + name))
            if found:  # what is not there may come: some keychains tell nothing while they lock
                self._hidden[name] = found
        return found


def check_endpoint(endpoint: Endpoint) -> None:
    """Raise SettingsError naming the value of `endpoint` that cannot work."""
    name = endpoint.name
    if not name.strip():
        raise SettingsError("name = '': an endpoint needs a name")
    if endpoint.kind is not EndpointKind.EMBEDDED and host_of(endpoint.url) is None:
        raise SettingsError(
            f"{name}: url = {masked_wholly(endpoint.url)!r}: write it as http://host:port/v1"
        )
    if not (isfinite(endpoint.weight) and endpoint.weight >= 0):
        raise SettingsError(f"{name}: weight = {endpoint.weight}: must be 0 or more")
    for key in ("slots", "most_in_flight"):
        if getattr(endpoint, key) < 1:
            raise SettingsError(f"{name}: {key} = {getattr(endpoint, key)}: must be 1 or more")


def host_of(url: str) -> tuple[str, int] | None:
    """Return host and port of an address, every name of this machine as one; None if it is none."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    host = parts.hostname.lower()
    return ("127.0.0.1" if host in ("localhost", "::1", "0.0.0.0") else host), port
