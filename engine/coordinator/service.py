"""The public face of the coordinator: lifetime, requests, and what a person does with servers."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

from engine.book import Book
from engine.clock import Clock
from engine.coordinator.parts import Parts
from engine.coordinator.ports import AnswerStore, ProviderFactory, ServerProber
from engine.coordinator.price_table import PriceTable
from engine.coordinator.secrecy import is_same_server, sent_in_secret
from engine.coordinator.servers import ServerNow
from engine.coordinator.settings import CoordinatorSettings, Endpoint, Price
from engine.coordinator.snapshot import CoordinatorSnapshot, FoundServer
from engine.coordinator.views import view
from engine.errors import EngineError, Rejected
from engine.exchange import Attempt, LlmRequest, Reply
from engine.lifecycle import Service

if TYPE_CHECKING:
    from engine.keychain import SecretStore

FIRST_LOOK_S = 3.0
"""A request for a model nobody has yet waits so long at most for the first look to end."""


class FastLLMCoordinator(Service[CoordinatorSnapshot]):
    """Sends requests to the best server that is healthy, and to another where that fails.

    All calls but `snapshot()` belong on the engines' loop.
    """

    def __init__(
        self,
        *,
        settings: CoordinatorSettings,
        book: Book[Endpoint],
        prices: PriceTable,
        providers: ProviderFactory,
        prober: ServerProber,
        answers: AnswerStore | None,
        secrets: SecretStore,
        clock: Clock,
        random: Random,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._random = random
        self._prices = prices
        self._prober = prober
        self._parts = parts = Parts(
            settings=lambda: self._settings,
            book=book,
            prices=prices,
            providers=providers,
            prober=prober,
            answers=answers,
            secrets=secrets,
            clock=clock,
            random=random,
        )
        self._fleet, self._desk, self._watch = parts.fleet, parts.desk, parts.watch
        self._accounts, self._meters, self._cache = parts.accounts, parts.meters, parts.cache

    # --- lifetime ---

    async def start(self) -> None:
        """Begin to work; returns soon, while servers are still being looked for.

        Never raises: a file that is wrong is a problem in the snapshot.
        """
        await self._watch.load_endpoints()
        await self._watch.load_prices()
        self._watch.start()

    async def aclose(self) -> None:
        """Cancel what is under way and close every connection. May be called twice."""
        await self._watch.aclose()
        if self._cache is not None:
            await self._cache.aclose()
        await self._parts.roster.aclose()
        await self._prober.aclose()

    async def change_settings(self, settings: CoordinatorSettings) -> None:
        """Use `settings` from now on; requests under way end as they began."""
        before, self._settings = self._settings, settings
        self._parts.use(settings)
        if settings.embedded != before.embedded:
            await self._watch.load_endpoints()
        for link in self._fleet.links:
            if _opens_with(settings, link.is_embedded) != _opens_with(before, link.is_embedded):
                self._parts.roster.reopen(link)

    @property
    def settings(self) -> CoordinatorSettings:
        """What is used now."""
        return self._settings

    def snapshot(self) -> CoordinatorSnapshot:
        """Return everything about servers and requests at this moment."""
        now_s, accounts, watch = self._clock.now(), self._accounts, self._watch
        tokens = {
            "prompt_tokens": accounts.prompt_tokens,
            "completion_tokens": accounts.completion_tokens,
        }
        cached = {} if self._cache is None else self._cache.counts
        return CoordinatorSnapshot(
            taken_s=now_s,
            endpoints=tuple(
                view(link, now_s, has_key=self._desk.has_key(link.name))
                for link in self._fleet.links
            ),
            prices=self._prices.entries,
            usage=accounts.rows(),
            counts=self._meters.all_counts(tokens, cached),
            cost_usd=accounts.cost_usd,
            requests_per_s=self._meters.requests_per_s,
            first_token=self._meters.first_token,
            is_looking=watch.is_looking,
            looked_s=watch.looked_s,
            problem="; ".join(watch.problems.copy().values()) or None,
            version=self._fleet.version_seen,
            own_prices=len(self._prices.own),
        )

    # --- requests ---

    async def route(self, *, model: str, messages: list[dict[str, Any]], **fields: Any) -> Reply:
        """Return the answer of `model` to `messages`; `stream=True` gives it piece by piece.

        fields: anything the server knows, such as `temperature`. Raises what `send()` raises.
        """
        request = LlmRequest(
            model,
            {"model": model, "messages": messages, **fields},
            id=f"{self._random.getrandbits(64):016x}",
            via="library",
            came_s=self._clock.now(),
        )
        return await self.send(request, model, [])

    async def send(self, request: LlmRequest, model: str, trail: list[Attempt]) -> Reply:
        """Return the answer of `model` from whichever of its servers gives one.

        A stream is returned once its first piece is there. Every try is added to `trail` as it
        ends, also those before an error. Raises Rejected, Overloaded, Unreachable, TimedOut,
        Refused, Damaged.
        """
        counts = self._meters.counts
        counts["requests"] += 1
        if not request.came_s:
            request = replace(request, came_s=self._clock.now())
        try:
            if not self._watch.has_looked.is_set() and not self._fleet.seats(model):
                await self.first_look()
            if self._cache is None:
                reply = await self._parts.dispatch.send(request, model, trail)
            else:
                reply = await self._cache.answer(
                    request, model, lambda: self._parts.dispatch.send(request, model, trail)
                )
        except EngineError as error:
            counts["rejected" if isinstance(error, Rejected) else "failed"] += 1
            self._accounts.note_failure(request, model, trail[-1].endpoint if trail else "")
            raise
        except asyncio.CancelledError:
            counts["abandoned"] += 1
            self._accounts.note_left(request, model, trail[-1].endpoint if trail else "")
            raise
        reply.when_over(lambda reply: self._note(request, reply))
        return reply

    def headers_for(self, url: str) -> dict[str, str]:
        """Return what the server at `url`, as a snapshot shows it, is sent in secret.

        For who asks it for something else than an answer; never to be shown, logged or kept. {} for
        a server that is not known.
        """
        for link in self._fleet.links:
            if is_same_server(link.endpoint.url, url) and not link.lacks_secrets:
                return sent_in_secret(link.endpoint, self._parts.book.key(link.name))
        return {}

    def price(self, model: str, server: str) -> tuple[float, float] | None:
        """Return USD for a million tokens in and out, or None where no price is known."""
        link = self._fleet.get(server)
        price = None if link is None else self._prices.price(model, link.endpoint)
        return None if price is None else (price.input_usd, price.output_usd)

    # --- servers ---

    @property
    def version(self) -> int:
        """Moves when servers, their states or their models change, and when latencies are old."""
        return self._fleet.version

    def servers(self) -> tuple[ServerNow, ...]:
        """Return the servers as they are now; the same tuple until `version` moves."""
        return self._fleet.servers()

    async def probe(self, server: str) -> bool:
        """Ask whether `server` lives, without loading a model; False where it does not."""
        link = self._fleet.get(server)
        return link is not None and await self._parts.lookout.probe(link)

    async def look(self) -> None:
        """Look for servers and their models now, also far away."""
        await self._watch.look()

    async def first_look(self) -> None:
        """Return once the first look is over, or after FIRST_LOOK_S."""
        try:
            async with asyncio.timeout(FIRST_LOOK_S):
                await self._watch.has_looked.wait()
        except TimeoutError:
            return

    async def try_address(self, url: str, key: str = "") -> FoundServer:
        """Return what is at `url`, for somebody who wants to add it; nothing is kept."""
        return await self._desk.look(url, key)

    async def test_endpoint(self, name: str) -> FoundServer:
        """Ask a server now; a good answer ends its being left alone. Raises SettingsError."""
        return await self._desk.test(name)

    async def put_endpoint(self, endpoint: Endpoint, key: str | None = None) -> None:
        """Add a server, or change the one of this name; key: None keeps it, "" forgets it.

        Raises SettingsError for a value that cannot work, Refused and Damaged where the file or
        the keychain cannot be written.
        """
        await self._desk.put(endpoint, key)

    async def remove_endpoint(self, name: str) -> Endpoint:
        """Remove a server and return it; putting it back also brings back its key, until the exit.

        Raises SettingsError where there is none, Refused where the file cannot be written.
        """
        return await self._desk.remove(name)

    async def set_enabled(self, name: str, on: bool) -> None:
        """Switch a server on or off. Raises what `put_endpoint()` raises."""
        await self._desk.change(name, is_enabled=on)

    async def set_weight(self, name: str, weight: float) -> None:
        """Give a server more or less to do. Raises what `put_endpoint()` raises."""
        await self._desk.change(name, weight=weight)

    async def set_prices(self, prices: tuple[Price, ...]) -> None:
        """Make `prices` the user's own. Raises Refused where the file cannot be written."""
        await asyncio.to_thread(self._prices.replace, prices)

    # --- inside ---

    def _note(self, request: LlmRequest, reply: Reply) -> None:
        """Enter an answer that is over."""
        counts = self._meters.counts
        if reply.problem:
            counts["failed"] += 1
        elif reply.attempts and reply.attempts[-1].outcome == "abandoned":
            counts["abandoned"] += 1
        else:
            counts["answered"] += 1
        self._accounts.note(request, reply)


def _opens_with(settings: CoordinatorSettings, is_embedded: bool) -> tuple[float, ...]:
    """Return those settings that a provider is opened with."""
    if is_embedded:
        threads, layers = settings.embedded_threads, settings.embedded_gpu_layers
        return settings.embedded_idle_s, threads, layers
    return (settings.connect_timeout_s,)
