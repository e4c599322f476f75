"""The user's servers in their file, and in the keychain what is secret of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from math import isfinite
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from engine.book import Book
from engine.coordinator.endpoint_secrets import (
    SECRETS_PREFIX,
    EndpointSecrets,
    are_for,
    bound,
    decoded,
    hidden,
    lacks_secrets,
    merged,
    revealed,
    secrets_in,
)
from engine.coordinator.secrecy import masked_wholly
from engine.coordinator.settings import KEY_PREFIX, Endpoint, EndpointKind
from engine.errors import Damaged, EngineError, Refused, SettingsError
from engine.file_lock import alone_with

if TYPE_CHECKING:
    from engine.keychain import SecretStore

PREFIXES = (SECRETS_PREFIX, KEY_PREFIX)


class EndpointBook:
    """What `endpoints.toml` says; every key is kept in memory, and read again with a file that
    somebody else wrote: another program may have changed both.

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
        self._lacking: frozenset[str] = frozenset()
        """Servers whose secrets are not known."""
        self._leftover: set[str] = set()
        """What lies in the keychain of servers that are gone, and could not be removed yet."""
        self._has_plain = False
        self._is_behind = False
        """Whether a secret is another one by now than those who read it know."""

    async def read(self) -> tuple[Endpoint, ...]:
        """Return the user's servers, with what is known of their secrets: see `lacks_secrets()`.

        Raises SettingsError naming what is wrong in the file.
        """
        return await asyncio.to_thread(self._read)

    async def write(self, endpoints: Iterable[Endpoint]) -> None:
        """Replace the user's servers, their secrets in the keychain. Raises Refused, Damaged."""
        await asyncio.to_thread(self._write, tuple(endpoints))

    async def has_changed(self) -> bool:
        """Tell whether somebody edited the file, or changed a secret."""
        return self._is_behind or await asyncio.to_thread(self._book.has_changed)

    async def reveal(self, endpoint: Endpoint) -> Endpoint:
        """Return `endpoint` with its secrets out of the keychain. Raises Refused and Damaged where
        they cannot be read, Refused where they are not there or belong to another server.
        """
        return await asyncio.to_thread(self._reveal, endpoint)

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
            if KEY_PREFIX + name in self._leftover:  # a former server's: not for this one
                await self._remove(KEY_PREFIX + name)
            found = await asyncio.to_thread(self._secrets.read, KEY_PREFIX + name)
            self._keys.setdefault(name, found or "")

    async def write_key(self, name: str, key: str) -> None:
        """Keep `key` for `name`, or forget it for "". Raises Refused and Damaged."""
        if key:
            await asyncio.to_thread(self._secrets.write, KEY_PREFIX + name, key)
        else:
            await asyncio.to_thread(self._secrets.remove, KEY_PREFIX + name)
        self._keys[name] = key
        self._leftover.discard(KEY_PREFIX + name)

    async def drop_key(self, name: str) -> None:
        """Forget key and secrets of a server that is removed; `bring_back()` knows the key until
        the exit. What the keychain does not let go now waits for `clear()`.
        """
        with suppress(EngineError):
            await self.read_key(name)
        if self._hidden.pop(name, None) or name in self._lacking:
            self._leftover.add(SECRETS_PREFIX + name)
        key = self._keys.pop(name, None)
        if key:
            self._removed[name] = key
        if key != "":  # there is one, or nobody knows
            self._leftover.add(KEY_PREFIX + name)
        with suppress(EngineError):
            await self.clear()

    async def clear(self) -> None:
        """Remove from the keychain what servers left that are gone. Raises Refused, Damaged."""
        for entry in sorted(self._leftover):
            await self._remove(entry)

    async def bring_back(self, name: str) -> None:
        """Keep again what `drop_key()` forgot. Raises Refused and Damaged."""
        key = self._removed.pop(name, "")
        if key:
            await self.write_key(name, key)

    async def _remove(self, entry: str) -> None:
        await asyncio.to_thread(self._secrets.remove, entry)
        self._leftover.discard(entry)

    def _read(self) -> tuple[Endpoint, ...]:
        was_changed, self._is_behind = self._is_behind or self._book.has_changed(), False
        found = self._book.read()
        if was_changed:  # the keychain is written before the file: it is not older than that now
            self._refresh({each.name for each in found})
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
        self._leftover -= {prefix + name for name in names for prefix in PREFIXES}
        self._has_plain = any(map(secrets_in, found))
        nothing = EndpointSecrets()
        told = tuple(revealed(each, self._hidden.get(each.name, nothing)) for each in found)
        self._lacking = frozenset(each.name for each in told if lacks_secrets(each))
        return told

    def _refresh(self, names: set[str]) -> None:
        """Read again what is known of the servers `names`, as far as the keychain tells; forget
        what is known of others: one that is called like them later may be somebody else.
        """
        self._hidden = {name: each for name, each in self._hidden.items() if name in names}
        self._keys = {name: each for name, each in self._keys.items() if name in names}
        try:
            for name, known in tuple(self._hidden.items()):
                with suppress(Damaged):
                    stored = decoded(self._secrets.read(SECRETS_PREFIX + name))
                    if stored:
                        place = stored.place or known.place
                        self._hidden[name] = msgspec.structs.replace(stored, place=place)
            for name in tuple(self._keys):
                if found := self._secrets.read(KEY_PREFIX + name):
                    self._keys[name] = found
        except EngineError:
            return  # it stays locked: nobody shall be asked for every server

    def _reveal(self, endpoint: Endpoint) -> Endpoint:
        if not lacks_secrets(endpoint):
            return endpoint
        kept = self._kept(endpoint.name)
        if not are_for(kept, endpoint):
            raise Refused("the address has changed: type its password and headers anew")
        endpoint = revealed(endpoint, kept)
        if lacks_secrets(endpoint):
            raise Refused("they are not in the keychain: type them anew")
        if not kept.place:  # of an earlier version: from now on they are for this server only
            self._hidden[endpoint.name] = bound(kept, endpoint)
            with suppress(EngineError):
                self._put(endpoint.name, bound(kept, endpoint))
        return endpoint

    def _tidy(self) -> None:
        # Edited again meanwhile: whoever reads it next must notice that.
        if not self._book.has_changed():
            self._write(self._read())
            self._has_plain = False

    def _write(self, endpoints: tuple[Endpoint, ...]) -> None:
        before: dict[str, EndpointSecrets] = {}
        with alone_with(self._book.path):
            # Before the keychain is touched: it goes with the file as another program wrote it.
            self._book.check_unchanged()
            try:
                for endpoint in endpoints:
                    self._keep(endpoint, before)
                self._book.write([hidden(each) for each in endpoints])
            except EngineError:
                self._put_back(before)
                raise

    def _put_back(self, before: dict[str, EndpointSecrets]) -> None:
        """Let the keychain hold again what the file, which stays as it was, goes with."""
        for name, stored in before.items():
            with suppress(EngineError):  # then the newer ones are all that there is
                self._put(name, stored)

    def _keep(self, endpoint: Endpoint, before: dict[str, EndpointSecrets]) -> None:
        """Put the secrets of `endpoint` into the keychain where they are not there yet, and what
        was there into `before`.
        """
        name, wanted = endpoint.name, secrets_in(endpoint)
        known = self._hidden.get(name, EndpointSecrets())
        if wanted == known or (lacks_secrets(endpoint) and not wanted):
            return  # what cannot be read now stays
        # Another program may have changed it since this one could read it.
        stored = self._stored(endpoint)
        newest = merged(endpoint, known, stored)
        self._is_behind |= newest != wanted
        if stored:
            before[name] = stored
        self._put(name, newest)

    def _stored(self, endpoint: Endpoint) -> EndpointSecrets:
        """Return what lies in the keychain now. Raises Refused; Damaged where it is needed."""
        try:
            return decoded(self._secrets.read(SECRETS_PREFIX + endpoint.name))
        except Damaged:
            if lacks_secrets(endpoint):
                raise
            return EndpointSecrets()

    def _put(self, name: str, secrets: EndpointSecrets) -> None:
        if secrets:
            self._secrets.write(SECRETS_PREFIX + name, secrets.encoded())
        else:
            self._secrets.remove(SECRETS_PREFIX + name)
        self._hidden[name] = secrets
        self._leftover.discard(SECRETS_PREFIX + name)

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
