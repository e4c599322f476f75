"""A server that speaks Ollama's own API, which says more of its models than OpenAI's does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from engine.coordinator.adapters.http_endpoint import HttpEndpoint, headers_of
from engine.coordinator.adapters.http_streams import TranslatedStream
from engine.coordinator.adapters.ollama_wire import (
    chat_question,
    completion_question,
    embedding_question,
)
from engine.coordinator.adapters.ollama_wire_answer import (
    OllamaEvents,
    chat_answer,
    completion_answer,
    embedding_answer,
)
from engine.coordinator.adapters.ollama_wire_models import served_model, tables
from engine.coordinator.adapters.openai_chunks import Table, encoded, wants_usage
from engine.coordinator.ports import Answer
from engine.coordinator.snapshot import EndpointState
from engine.errors import EngineError
from engine.exchange import LlmRequest, ServedModel, Task

AT_ONCE = 4
"""Models asked about at the same time: somebody's server has other things to do."""


class _Way(NamedTuple):
    path: str
    question: Callable[[Table, str], Table]
    answer: Callable[[bytes], bytes]


WAYS = {
    Task.CHAT: _Way("/api/chat", chat_question, chat_answer),
    Task.COMPLETION: _Way("/api/generate", completion_question, completion_answer),
    Task.EMBEDDING: _Way("/api/embed", embedding_question, embedding_answer),
}


class OllamaHttp:
    """See `ports.Provider`. What a model can do is asked once for each model's content."""

    def __init__(self, server: HttpEndpoint) -> None:
        self._server = server
        self._shown: dict[tuple[str, str], Table] = {}

    @property
    def state(self) -> tuple[EndpointState, str] | None:
        """None: what is known of it is known by asking."""
        return None

    async def send(self, request: LlmRequest, model: str) -> Answer:
        """Return the answer of `model` in OpenAI's shape. Raises as `Provider.send`."""
        way = WAYS[request.task]
        data = encoded(way.question(request.body, model))
        response = await self._server.post(way.path, data)
        headers = headers_of(response)
        is_whole = headers.get("content-type", "").startswith("application/json")
        if is_whole or not request.is_stream or request.task is Task.EMBEDDING:
            return Answer(headers=headers, body=way.answer(await self._server.whole(response)))
        events = OllamaEvents(
            where=self._server.where,
            with_usage=True,
            is_chat=request.task is Task.CHAT,
        )
        stream = TranslatedStream(self._server.stream(response), events)
        is_extra = not wants_usage(request.body)
        return Answer(headers=headers, stream=stream, has_extra_usage=is_extra)

    async def models(self) -> tuple[ServedModel, ...]:
        """Return the models that are there, loaded or not. Raises as `Provider.models`."""
        tags = tables(await self._server.get("/api/tags"))
        try:
            loaded = {each["name"]: each for each in tables(await self._server.get("/api/ps"))}
        except EngineError:
            loaded = {}  # servers that only resemble Ollama have no such list
        gate = asyncio.Semaphore(AT_ONCE)
        shown = await asyncio.gather(*(self._show(tag, gate) for tag in tags))
        known = {self._content(tag) for tag in tags}
        self._shown = {name: each for name, each in self._shown.items() if name in known}
        return tuple(
            served_model(tag, each, loaded.get(tag["name"]))
            for tag, each in zip(tags, shown, strict=True)
        )

    async def aclose(self) -> None:
        """Do nothing: the connections belong to the factory's pool."""

    async def _show(self, tag: Table, gate: asyncio.Semaphore) -> Table | None:
        """Return what the server says of one model; None where it does not."""
        content = self._content(tag)
        if content not in self._shown:
            try:
                async with gate:
                    self._shown[content] = await self._server.ask(
                        "/api/show", {"model": tag["name"]}
                    )
            except (EngineError, TimeoutError):
                return None
        return self._shown[content]

    @staticmethod
    def _content(tag: Table) -> tuple[str, str]:
        return str(tag["name"]), str(tag.get("digest") or "")
