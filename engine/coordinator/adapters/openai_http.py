"""A server that speaks OpenAI's API: what was asked goes there, and its bytes come back."""

from __future__ import annotations

from engine.coordinator.adapters.http_endpoint import HttpEndpoint, headers_of
from engine.coordinator.adapters.openai_chunks import encoded
from engine.coordinator.adapters.openai_wire import served_models
from engine.coordinator.ports import Answer
from engine.coordinator.snapshot import EndpointState
from engine.exchange import LlmRequest, ServedModel, Task

PATHS = {
    Task.CHAT: "/chat/completions",
    Task.COMPLETION: "/completions",
    Task.EMBEDDING: "/embeddings",
}


def bearer(key: str) -> dict[str, str]:
    """Return the headers that show `key`."""
    return {"Authorization": f"Bearer {key}"}


class OpenAiHttp:
    """See `ports.Provider`."""

    def __init__(self, server: HttpEndpoint) -> None:
        self._server = server

    @property
    def state(self) -> tuple[EndpointState, str] | None:
        """None: what is known of it is known by asking."""
        return None

    async def send(self, request: LlmRequest, model: str) -> Answer:
        """Return the answer of `model`, untouched. Raises as `Provider.send`."""
        server = self._server
        response = await server.post(PATHS[request.task], self._question(request, model))
        headers = headers_of(response)
        if request.is_stream and not headers.get("content-type", "").startswith("application/json"):
            return Answer(headers=headers, stream=server.stream(response))
        return Answer(headers=headers, body=await server.whole(response))

    async def models(self) -> tuple[ServedModel, ...]:
        """Return what the server lists. Raises as `Provider.models`."""
        return served_models(await self._server.get("/models"))

    async def aclose(self) -> None:
        """Do nothing: the connections belong to the factory's pool."""

    def _question(self, request: LlmRequest, model: str) -> bytes:
        body = request.body
        if body.get("model") != model:
            body = body | {"model": model}
        return encoded(body)
