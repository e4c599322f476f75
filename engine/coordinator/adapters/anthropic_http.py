"""A server that speaks Anthropic's own API. Whoever asks in its dialect is answered in it."""

from __future__ import annotations

from engine.coordinator.adapters.anthropic_wire import chat_question
from engine.coordinator.adapters.anthropic_wire_answer import chat_answer, now_s, served_models
from engine.coordinator.adapters.anthropic_wire_events import AnthropicEvents
from engine.coordinator.adapters.http_endpoint import HttpEndpoint, headers_of
from engine.coordinator.adapters.http_streams import TranslatedStream
from engine.coordinator.adapters.openai_chunks import encoded, wants_usage
from engine.coordinator.ports import Answer
from engine.coordinator.snapshot import EndpointState
from engine.errors import Rejected
from engine.exchange import LlmRequest, Native, ServedModel, Task

VERSION = "2023-06-01"
PATH = "/messages"
LIST = "/models?limit=1000"


def api_key(key: str) -> dict[str, str]:
    """Return the headers that show `key`."""
    return {"x-api-key": key}


class AnthropicHttp:
    """See `ports.Provider`. server: one whose headers name the API's VERSION."""

    def __init__(self, server: HttpEndpoint) -> None:
        self._server = server

    @property
    def state(self) -> tuple[EndpointState, str] | None:
        """None: what is known of it is known by asking."""
        return None

    async def send(self, request: LlmRequest, model: str) -> Answer:
        """Return the answer of `model`: in OpenAI's shape, or untouched where the request was in
        Anthropic's. Raises as `Provider.send`.
        """
        if request.native is not None and request.native.dialect == "anthropic":
            return await self._send_native(request.native, model)
        if request.task is not Task.CHAT:
            raise Rejected(
                f"{model} is asked through Anthropic's API, which has chats only",
                code="unsupported_task",
            )
        data = encoded(chat_question(request.body, model))
        response = await self._server.post(PATH, data)
        headers = headers_of(response)
        if not request.is_stream or headers.get("content-type", "").startswith("application/json"):
            body = chat_answer(await self._server.whole(response), now_s())
            return Answer(headers=headers, body=body)
        events = AnthropicEvents(where=self._server.where, with_usage=True, created=now_s())
        stream = TranslatedStream(self._server.stream(response), events)
        is_extra = not wants_usage(request.body)
        return Answer(headers=headers, stream=stream, has_extra_usage=is_extra)

    async def models(self) -> tuple[ServedModel, ...]:
        """Return what the server lists. Raises as `Provider.models`."""
        return served_models(await self._server.get(LIST))

    async def aclose(self) -> None:
        """Do nothing: the connections belong to the factory's pool."""

    async def _send_native(self, native: Native, model: str) -> Answer:
        data = encoded(native.body | {"model": model})
        response = await self._server.post(PATH, data, native.headers)
        headers = headers_of(response)
        if headers.get("content-type", "").startswith("application/json"):
            body = await self._server.whole(response)
            return Answer(headers=headers, body=body, dialect="anthropic")
        stream = self._server.stream(response)
        return Answer(headers=headers, stream=stream, dialect="anthropic")
