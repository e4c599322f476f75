"""A server that speaks OpenAI's API: what was asked goes there, and its bytes come back."""

from __future__ import annotations

from engine.coordinator.adapters.http_endpoint import HttpEndpoint, headers_of
from engine.coordinator.adapters.openai_chunks import Table, encoded, wants_usage
from engine.coordinator.adapters.openai_wire import served_models
from engine.coordinator.ports import Answer
from engine.coordinator.snapshot import EndpointState
from engine.errors import Rejected
from engine.exchange import LlmRequest, ServedModel, Task

PATHS = {
    Task.CHAT: "/chat/completions",
    Task.COMPLETION: "/completions",
    Task.EMBEDDING: "/embeddings",
}

UNKNOWN_FIELD = (400, 422)
"""What servers say that know no `stream_options`."""


def bearer(key: str) -> dict[str, str]:
    """Return the headers that show `key`."""
    return {"Authorization": f"Bearer {key}"}


class OpenAiHttp:
    """See `ports.Provider`."""

    def __init__(self, server: HttpEndpoint) -> None:
        self._server = server
        self._tells_usage: dict[str, bool] = {}
        """By model: whether its streams tell their tokens when asked to; missing: not tried."""

    @property
    def state(self) -> tuple[EndpointState, str] | None:
        """None: what is known of it is known by asking."""
        return None

    async def send(self, request: LlmRequest, model: str) -> Answer:
        """Return the answer of `model`, untouched. Raises as `Provider.send`.

        A stream is asked for its tokens too, else nobody could account for them.
        """
        server, path = self._server, PATHS[request.task]
        body = request.body
        if body.get("model") != model:
            body = body | {"model": model}
        known = self._tells_usage.get(model)
        is_extra = request.is_stream and known is not False and not wants_usage(body)
        try:
            response = await server.post(path, encoded(_with_usage(body) if is_extra else body))
        except Rejected as error:
            if not is_extra or known or error.status not in UNKNOWN_FIELD:
                raise
            # It may only not know what we have added: then it takes what the client wrote.
            response = await server.post(path, encoded(body))
            is_extra = self._tells_usage[model] = False
        if is_extra:
            self._tells_usage[model] = True
        headers = headers_of(response)
        if request.is_stream and not headers.get("content-type", "").startswith("application/json"):
            stream = server.stream(response)
            return Answer(headers=headers, stream=stream, has_extra_usage=is_extra)
        return Answer(headers=headers, body=await server.whole(response))

    async def models(self) -> tuple[ServedModel, ...]:
        """Return what the server lists. Raises as `Provider.models`."""
        return served_models(await self._server.get("/models"))

    async def aclose(self) -> None:
        """Do nothing: the connections belong to the factory's pool."""


def _with_usage(body: Table) -> Table:
    """Return `body` with the wish for the tokens of the stream."""
    options = body.get("stream_options")
    asked = options if isinstance(options, dict) else {}
    return body | {"stream_options": asked | {"include_usage": True}}
