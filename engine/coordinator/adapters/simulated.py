"""Model servers that are not there, for demonstrations: they write, are slow, and fail at times."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Any

import msgspec

from engine.byte_stream import ByteStream
from engine.coordinator.adapters.openai_chunks import (
    Chunks,
    Table,
    listed,
    new_id,
    usage_of,
    wants_usage,
)
from engine.coordinator.adapters.simulated_servers import (
    SERVERS,
    SimulatedServer,
    counted,
    written,
)
from engine.coordinator.ports import Answer
from engine.coordinator.settings import CoordinatorSettings, Endpoint, EndpointKind
from engine.coordinator.snapshot import EndpointState, FoundServer
from engine.errors import Overloaded, Refused, Rejected, Unreachable
from engine.exchange import DONE, LlmRequest, ServedModel, Task

SPREAD = 0.35
"""Of the logarithm of a waiting time."""
RETRY_AFTER_S = 4.0
DIMENSIONS = 32
CREATED = 1_770_000_000
"""When every simulated answer was made; nobody reads it."""


class SimulatedProvider:
    """See `ports.Provider`."""

    def __init__(self, server: SimulatedServer, random: Random) -> None:
        self._server = server
        self._random = random
        self._was_asked = False
        self.in_flight = 0
        """Requests that have not ended."""

    @property
    def state(self) -> tuple[EndpointState, str] | None:
        """Asleep before its first request, where it is the built-in model."""
        if self._server.endpoint.kind is EndpointKind.EMBEDDED and not self._was_asked:
            return EndpointState.ASLEEP, "it starts with the first request"
        return None

    async def send(self, request: LlmRequest, model: str) -> Answer:
        """Return made-up words. Raises Rejected, Overloaded or Refused as its server does."""
        if model not in {each.name for each in self._server.models}:
            raise Rejected(
                f"{self._server.endpoint.name} has no model {model!r}",
                status=404,
                code="model_not_found",
                param="model",
            )
        self._was_asked = True
        self.in_flight += 1
        try:
            await self._wait()
            if not request.is_stream or request.task is Task.EMBEDDING:
                body = await self._whole(request, model)
                self.in_flight -= 1
                return Answer(body=body)
            is_extra = not wants_usage(request.body)
            return Answer(stream=self._stream(request, model), has_extra_usage=is_extra)
        except BaseException:
            self.in_flight -= 1
            raise

    async def models(self) -> tuple[ServedModel, ...]:
        """Return the server's models."""
        return self._server.models

    async def aclose(self) -> None:
        """Do nothing: there is nothing to close."""

    def end(self) -> None:
        """Be told that a stream has ended."""
        self.in_flight -= 1

    async def _wait(self) -> None:
        """Take the time to the first token. Raises what the draw says."""
        server, drawn = self._server, self._random.random()
        if drawn < server.busy_share:
            raise Overloaded(f"{server.endpoint.name} says 429", retry_after_s=RETRY_AFTER_S)
        crowd = max(1.0, self.in_flight / server.endpoint.slots)
        around = self._random.lognormvariate(0.0, SPREAD)
        await asyncio.sleep(server.first_token_s * crowd * around)
        if drawn < server.busy_share + server.failing_share:
            raise Refused(f"{server.endpoint.name} says 500: out of memory (simulated)")

    async def _whole(self, request: LlmRequest, model: str) -> bytes:
        if request.task is Task.EMBEDDING:
            return msgspec.json.encode(_vectors(request.body, model))
        tokens, reason = written(self._random, _most_tokens(request.body))
        await asyncio.sleep(self._server.token_s * len(tokens))
        is_chat = request.task is Task.CHAT
        text = "".join(tokens)
        said: Table = {"message": {"role": "assistant", "content": text}}
        choice = {"index": 0} | (said if is_chat else {"text": text}) | {"finish_reason": reason}
        answer = {
            "id": new_id("chatcmpl-" if is_chat else "cmpl-"),
            "object": "chat.completion" if is_chat else "text_completion",
            "created": CREATED,
            "model": model,
            "choices": [choice],
            "usage": usage_of(_prompt_tokens(request.body), len(tokens)),
        }
        return msgspec.json.encode(answer)

    def _stream(self, request: LlmRequest, model: str) -> SimulatedStream:
        tokens, reason = written(self._random, _most_tokens(request.body))
        chunks = Chunks(model=model, created=CREATED, is_chat=request.task is Task.CHAT)
        events = [chunks.delta({"content": token}) for token in tokens]
        if request.task is Task.CHAT:
            events[0] = chunks.delta({"role": "assistant", "content": ""}) + events[0]
        usage = usage_of(_prompt_tokens(request.body), len(tokens))
        ending = chunks.end(reason) + chunks.usage(usage)
        is_broken = self._random.random() < self._server.breaking_share
        if is_broken:
            del events[len(events) // 2 :]
        else:
            events.append(ending + DONE)
        return SimulatedStream(events, self._server.token_s, ended=self.end, is_broken=is_broken)


class SimulatedStream(ByteStream):
    """Events, one each `token_s`; a broken one raises Unreachable after the last."""

    def __init__(
        self,
        events: Sequence[bytes],
        token_s: float,
        *,
        ended: Callable[[], None],
        is_broken: bool = False,
    ) -> None:
        self._events = iter(events)
        self._token_s = token_s
        self._ended = ended
        self._is_broken = is_broken
        self._is_over = False

    async def __anext__(self) -> bytes:
        """Return the next event."""
        if self._is_over:
            raise StopAsyncIteration
        try:
            await asyncio.sleep(self._token_s)
        except BaseException:
            await self.aclose()
            raise
        if (event := next(self._events, None)) is not None:
            return event
        await self.aclose()
        if self._is_broken:
            raise Unreachable("the connection broke off within the answer (simulated)")
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Write no more. May be called twice."""
        if not self._is_over:
            self._is_over = True
            self._ended()


class SimulatedProviders:
    """See `ports.ProviderFactory`. Endpoints are known by their address, others are not there."""

    def __init__(self, *, random: Random, servers: Sequence[SimulatedServer] = SERVERS) -> None:
        self._random = random
        self._servers = {each.endpoint.url: each for each in servers}

    def open(
        self, endpoint: Endpoint, key: Callable[[], str], settings: CoordinatorSettings
    ) -> SimulatedProvider | AbsentProvider:
        """Return the provider of the simulated server at the endpoint's address."""
        server = self._servers.get(endpoint.url)
        if server is None:
            return AbsentProvider(endpoint)
        # A generator of its own, so that what one server does changes nothing at another.
        return SimulatedProvider(server, Random(self._random.random()))

    async def aclose(self) -> None:
        """Do nothing: there is nothing to close."""


class AbsentProvider:
    """A server that nobody simulates; see `ports.Provider`."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    @property
    def state(self) -> tuple[EndpointState, str] | None:
        """None."""
        return None

    async def send(self, request: LlmRequest, model: str) -> Answer:
        """Raise Unreachable."""
        raise self._absent()

    async def models(self) -> tuple[ServedModel, ...]:
        """Raise Unreachable."""
        raise self._absent()

    async def aclose(self) -> None:
        """Do nothing."""

    def _absent(self) -> Unreachable:
        return Unreachable(f"{self._endpoint.name}: no real server is asked in a demonstration")


class SimulatedProber:
    """See `ports.ServerProber`."""

    def __init__(self, *, servers: Sequence[SimulatedServer] = SERVERS) -> None:
        self._found = {each.endpoint.url: _found(each) for each in servers if each.endpoint.url}
        self._usual = tuple(
            self._found[each.endpoint.url] for each in servers if each.endpoint.is_discovered
        )

    async def look(
        self, url: str, key: str = "", headers: Iterable[tuple[str, str]] = ()
    ) -> FoundServer:
        """Return the simulated server at `url`, or say that there is none."""
        typed = url.strip().rstrip("/")
        for address in (typed, f"{typed}/v1", f"http://{typed}", f"http://{typed}/v1"):
            if address in self._found:
                return self._found[address]
        message = f"{url}: no real server is asked in a demonstration"
        return FoundServer(url, ok=False, message=message)

    async def discover(self) -> tuple[FoundServer, ...]:
        """Return the simulated servers of this machine."""
        return self._usual

    async def aclose(self) -> None:
        """Do nothing: there is nothing to close."""


def _found(server: SimulatedServer) -> FoundServer:
    names = ", ".join(each.name for each in server.models)
    return FoundServer(
        url=server.endpoint.url,
        ok=True,
        message=f"{server.product or 'A server with the API of OpenAI'} (simulated): {names}",
        kind=server.endpoint.kind,
        product=server.product,
        models=server.models,
        answered_ms=server.first_token_s * 10,
    )


def _most_tokens(body: Table) -> int | None:
    given = body.get("max_completion_tokens") or body.get("max_tokens")
    return given if isinstance(given, int) and given > 0 else None


def _prompt_tokens(body: Table) -> int:
    asked: Any = body.get("messages") or body.get("prompt") or body.get("input") or ""
    return counted(asked if isinstance(asked, str) else msgspec.json.encode(asked).decode())


def _vectors(body: Table, model: str) -> Table:
    """Return a vector of length one for each input; the same for the same."""
    data = []
    for index, text in enumerate(listed(body.get("input"))):
        random = Random(hashlib.sha256(str(text).encode()).digest())
        raw = [random.gauss(0.0, 1.0) for _ in range(DIMENSIONS)]
        length = sum(each * each for each in raw) ** 0.5
        vector = [each / length for each in raw]
        data.append({"object": "embedding", "index": index, "embedding": vector})
    usage = {"prompt_tokens": _prompt_tokens(body), "total_tokens": _prompt_tokens(body)}
    return {"object": "list", "model": model, "data": data, "usage": usage}
