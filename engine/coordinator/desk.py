"""What a person does with servers by hand: add, change, remove, try."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from engine.clock import Clock
from engine.coordinator.embedded_model import ENDPOINT
from engine.coordinator.endpoint_book import EndpointBook, check_endpoint
from engine.coordinator.endpoint_secrets import lacks_secrets
from engine.coordinator.essence import essence_of
from engine.coordinator.fleet import Fleet
from engine.coordinator.link import WITHOUT_SECRETS, Link
from engine.coordinator.lookout import Lookout
from engine.coordinator.ports import ServerProber
from engine.coordinator.roster import Roster
from engine.coordinator.secrecy import (
    HIDDEN,
    password_of,
    revealed,
    revealed_url,
    secrets_of,
    without,
)
from engine.coordinator.settings import EMBEDDED, Endpoint, EndpointKind
from engine.coordinator.snapshot import EndpointState, FoundServer
from engine.errors import EngineError, SettingsError
from engine.exchange import LlmRequest

HELLO = {"messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 1}


class Desk:
    """Changes the user's servers, first in their file and then here. For the engines' loop."""

    def __init__(
        self,
        *,
        book: EndpointBook,
        fleet: Fleet,
        roster: Roster,
        lookout: Lookout,
        prober: ServerProber,
        offers_embedded: Callable[[], bool],
        clock: Clock,
    ) -> None:
        self._book = book
        self._fleet = fleet
        self._roster = roster
        self._lookout = lookout
        self._prober = prober
        self._offers_embedded = offers_embedded
        self._clock = clock
        self._writing = asyncio.Lock()
        """Held from reading what there is to having changed it: else one of two changes at once
        would be lost."""

    async def load(self) -> None:
        """Take over what the file says. Raises SettingsError; all stays as it was then.

        Where there was nothing yet, the built-in model answers: a slip in a file must not silence
        everything.
        """
        async with self._writing:
            try:
                await self._load()
            except EngineError:
                if self._offers_embedded() and self._fleet.get(EMBEDDED) is None:
                    self._roster.put(ENDPOINT)
                    self._fleet.reindex()
                raise

    async def _load(self) -> None:
        wanted = {endpoint.name: endpoint for endpoint in await self._book.read()}
        built_in = wanted.pop(EMBEDDED, ENDPOINT)
        if self._offers_embedded():
            wanted[EMBEDDED] = built_in
        for link in self._fleet.links:
            if link.name not in wanted and not link.endpoint.is_discovered:
                self._roster.remove(link.name)
        for endpoint in wanted.values():
            is_new = self._fleet.get(endpoint.name) is None
            link = self._roster.put(replace(endpoint, is_discovered=False))
            if lacks_secrets(endpoint) or (is_new and not endpoint.is_local):
                link.has_key = False
        self._fleet.reindex()

    async def learn_keys(self) -> str:
        """Look up the keys and secrets that are not known yet, and move into the keychain those
        that stand in the file; return what went wrong, "" for nothing.
        """
        problem = ""
        for link in self._fleet.links:
            if link.is_embedded or link.endpoint.is_discovered:
                continue
            try:
                await self._book.read_key(link.name)
                link = await self._revealed(link)
            except EngineError as error:
                problem = f"the key or password of {link.name} could not be read: {error}"
            link.has_key = True
        self._fleet.reindex()
        try:
            async with self._writing:
                await self._book.tidy()
        except EngineError as error:
            problem = f"passwords of servers stay in their file: {error}"
        try:
            async with self._writing:
                await self._book.clear()
        except EngineError as error:
            problem = f"the keychain still holds the password of a server that is gone: {error}"
        return problem

    async def _revealed(self, link: Link) -> Link:
        async with self._writing:
            if not lacks_secrets(link.endpoint) or self._fleet.get(link.name) is not link:
                return link
            return self._roster.put(await self._book.reveal(link.endpoint))

    async def put(self, endpoint: Endpoint, key: str | None = None) -> None:
        """Add or change a server; key: None keeps it, "" forgets it. What a snapshot hides of it
        stays as it is.

        Raises SettingsError for a value that cannot work, Refused and Damaged where the file or
        the keychain cannot be written.
        """
        known = self._fleet.get(endpoint.name)
        endpoint = revealed(endpoint, None if known is None else known.endpoint)
        check_endpoint(endpoint)
        endpoint = replace(endpoint, is_discovered=False)
        async with self._writing:
            if key is None:  # first: where that fails nothing has happened yet
                await self._book.read_key(endpoint.name)
            await self._write({endpoint.name: endpoint})
            if key is None:
                await self._book.bring_back(endpoint.name)
            else:
                await self._book.write_key(endpoint.name, key)
            self._lookout.welcome(endpoint)
            link = self._roster.put(endpoint)
        link.has_key = True
        link.breaker.hurry()  # what was wrong may be mended now: one request finds out at once
        self._fleet.reindex()
        await self._lookout.list_one(link)

    async def remove(self, name: str) -> Endpoint:
        """Remove a server and return it; `put()` brings it back with its key until the exit.

        Raises SettingsError where there is none, Refused where the file cannot be written.
        """
        async with self._writing:
            link = self._link(name)
            if link.is_embedded:
                raise SettingsError(f"{name}: it cannot be removed: switch it off instead")
            if not link.endpoint.is_discovered:
                await self._write({}, without=name)
            self._lookout.ignore(link.endpoint)
            self._roster.remove(name)
            if not link.endpoint.is_discovered:
                await self._book.drop_key(name)
        return link.endpoint

    async def change(self, name: str, **fields: Any) -> None:
        """Give a server other values, by the names of `Endpoint`. Raises what `put()` raises."""
        async with self._writing:
            endpoint = replace(self._link(name).endpoint, **fields, is_discovered=False)
            check_endpoint(endpoint)
            await self._write({endpoint.name: endpoint})
            link = self._roster.put(endpoint)
        await self._lookout.list_one(link)

    async def test(self, name: str) -> FoundServer:
        """Ask a server now what it is and has; a good answer ends its being left alone.

        Raises SettingsError where there is none.
        """
        link = self._link(name)
        if link.is_embedded:
            told = link.provider.state
            if told is not None and told[0] is EndpointState.FAILED:
                # It is not started again for a while after a failure: here somebody asks for it.
                link = self._roster.reopen(link)
            found = await self._test_embedded(link)
        elif link.lacks_secrets:
            found = FoundServer(link.shown.url, ok=False, message=WITHOUT_SECRETS)
        else:
            endpoint, key = link.endpoint, self._book.key(name)
            found = await self._prober.look(endpoint.url, key, endpoint.headers)
            found = replace(found, message=link.cleaned(found.message))
            if found.ok:
                link.list(found.models)
            else:
                link.note_error(found.message)
        if found.ok:
            link.breaker.probe()
            link.breaker.succeed()
        self._fleet.reindex()
        return found

    async def look(self, url: str, key: str) -> FoundServer:
        """Return what is at `url`; a password that a snapshot has hidden is put in its place."""
        for link in self._fleet.links:
            url = revealed_url(url, link.endpoint.url)
        if password_of(url) == HIDDEN:
            return FoundServer(url, ok=False, message="type the password in its address anew")
        found = await self._prober.look(url, key)
        secrets = secrets_of(Endpoint("", EndpointKind.OPENAI, url))
        return replace(found, message=without(secrets, found.message))

    def has_key(self, name: str) -> bool:
        """Tell whether a key is known for `name`; from any thread."""
        return bool(self._book.key(name))

    def _link(self, name: str) -> Link:
        link = self._fleet.get(name)
        if link is None:
            known = ", ".join(each.name for each in self._fleet.links) or "none"
            raise SettingsError(f"there is no server {name!r}; known here: {known}")
        return link

    async def _write(self, changed: dict[str, Endpoint], without: str = "") -> None:
        kept = {
            link.name: link.endpoint
            for link in self._fleet.links
            if link.name != without
            and not link.endpoint.is_discovered
            and link.endpoint != ENDPOINT
        }
        await self._book.write((kept | changed).values())

    async def _test_embedded(self, link: Link) -> FoundServer:
        """Let the built-in model say a word: only that tells whether it runs on this machine."""
        began_s = self._clock.now()
        try:
            models = await link.provider.models()
            name = models[0].name if models else ""
            answer = await link.provider.send(LlmRequest(name, dict(HELLO)), name)
            essence_of(answer.body)
        except EngineError as error:
            return FoundServer("", ok=False, message=str(error), kind=EndpointKind.EMBEDDED)
        took_ms = 1e3 * (self._clock.now() - began_s)
        message = f"the built-in model answers ({name})"
        return FoundServer(
            "", True, message, EndpointKind.EMBEDDED, name, models, answered_ms=took_ms
        )
