"""Looks for servers, and for the models of those that are known."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import replace

from engine.clock import Clock
from engine.coordinator.endpoint_book import host_of
from engine.coordinator.fleet import Fleet
from engine.coordinator.link import Link
from engine.coordinator.ports import ServerProber
from engine.coordinator.roster import Roster
from engine.coordinator.settings import Endpoint, EndpointKind
from engine.coordinator.snapshot import FoundServer
from engine.errors import EngineError, KeyRefused, Overloaded, TimedOut, Unreachable

_log = logging.getLogger(__name__)

LIST_TIMEOUT_S = 5.0
"""Longest wait for a list of models; each server has its own, none waits for another."""
FAR_EVERY_S = 600.0
"""How often servers that are not the user's own are asked for their models; also those that did
not accept the key: until somebody enters another, they say the same again."""
PAUSE_S = 60.0
"""Where a server has too much to do even for its list, and does not say until when."""


class Lookout:
    """Keeps the fleet's models fresh. For the engines' loop."""

    def __init__(self, *, fleet: Fleet, roster: Roster, prober: ServerProber, clock: Clock) -> None:
        self._fleet = fleet
        self._roster = roster
        self._prober = prober
        self._clock = clock
        self._unwanted: set[tuple[str, int]] = set()

    async def discover(self) -> None:
        """Add the servers on the usual ports that are not known yet. Never raises."""
        for found in await self._prober.discover():
            host = host_of(found.url)
            if found.ok and found.kind and host is not None and host not in self._unwanted:
                self._take_in(found, host)

    async def list_all(self, *, is_thorough: bool) -> None:
        """Ask the servers for their models, all at once; each counts as it answers.

        is_thorough: also those far away that said so a short while ago.
        """
        now_s = self._clock.now()
        due = [link for link in self._fleet.links if is_thorough or _is_due(link, now_s)]
        await asyncio.gather(*(self.list_one(link) for link in due))

    async def list_one(self, link: Link) -> bool:
        """Ask one server for its models; False where it does not live."""
        if not link.may_be_asked:
            return False
        try:
            async with asyncio.timeout(LIST_TIMEOUT_S):
                models = await link.provider.models()
        except TimeoutError:
            reason = f"it did not list its models within {LIST_TIMEOUT_S:g} s"
            return self._missed(link, TimedOut(f"{link.name}: {reason}"))
        except EngineError as error:
            return self._missed(link, error)
        link.list(models)
        self._fleet.reindex()
        return True

    async def probe(self, link: Link) -> bool:
        """Tell whether it lives; it is asked, unless it wants to be left alone for now."""
        if self._clock.now() < link.list_after_s:
            return link.is_usable(self._clock.now())
        return await self.list_one(link)

    def ignore(self, endpoint: Endpoint) -> None:
        """Do not find the server again that the user has removed, until the exit."""
        if (host := host_of(endpoint.url)) is not None:
            self._unwanted.add(host)

    def welcome(self, endpoint: Endpoint) -> None:
        """Undo `ignore()`."""
        if (host := host_of(endpoint.url)) is not None:
            self._unwanted.discard(host)

    def _missed(self, link: Link, error: EngineError) -> bool:
        """Note that there was no list; False where that means that nobody is there."""
        is_silent = isinstance(error, Unreachable | TimedOut)
        if isinstance(error, TimedOut) and link.in_flight:
            return True  # too busy to list is not gone
        if isinstance(error, Overloaded):
            self._be_patient(link, error)
            return True
        if isinstance(error, KeyRefused):
            link.list_after_s = self._clock.now() + FAR_EVERY_S
        if not is_silent and link.endpoint.models:
            link.note_error(link.cleaned(str(error)))
            return True  # there are servers that list nothing; the user has said what they have
        if not link.down_reason:
            _log.info("%s", link.cleaned(str(error)))
        link.be_down(str(error))
        self._fleet.refresh()
        return False

    def _be_patient(self, link: Link, error: Overloaded) -> None:
        """Keep what is known of a server that has too much to do to say what it has."""
        link.note_error(link.cleaned(str(error)))
        wait_s = PAUSE_S if error.retry_after_s is None else error.retry_after_s
        link.list_after_s = self._clock.now() + min(wait_s, FAR_EVERY_S)
        if link.down_reason:
            link.down_reason = ""
            self._fleet.refresh()

    def _take_in(self, found: FoundServer, host: tuple[str, int]) -> None:
        known = self._fleet.find(lambda link: host_of(link.endpoint.url) == host)
        if known is None:
            name = _name(found, host[1], [link.name for link in self._fleet.links])
            endpoint = Endpoint(name, EndpointKind(found.kind), found.url, is_discovered=True)
        elif known.endpoint.is_discovered and known.endpoint.kind != found.kind:
            kind = EndpointKind(found.kind)  # another program has taken the port
            endpoint = replace(known.endpoint, kind=kind, url=found.url)
        else:
            return
        link = self._roster.put(endpoint)
        link.list(found.models)
        self._fleet.reindex()


def _is_due(link: Link, now_s: float) -> bool:
    if now_s < link.list_after_s:
        return False
    if link.endpoint.is_local or link.models_at_s is None or link.down_reason:
        return True
    return now_s - link.models_at_s >= FAR_EVERY_S


def _name(found: FoundServer, port: int, taken: Iterable[str]) -> str:
    """Return a name for `found`: its product without the version, with the port where needed."""
    words = [word for word in found.product.split() if not word[:1].isdigit()]
    name = " ".join(words) or found.kind
    return f"{name} {port}" if name in taken else name
