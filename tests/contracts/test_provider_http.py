"""What every provider promises that asks a server over HTTP: tools, keys, headers, limits."""

from __future__ import annotations

import json

import pytest

from engine.coordinator.adapters.factory import HttpProviders
from engine.coordinator.settings import Endpoint, EndpointKind
from engine.errors import KeyRefused, Overloaded, Refused, Rejected, SettingsError
from engine.exchange import LlmRequest, Native
from tests.contracts.provider_worlds import (
    HTTP_KINDS,
    KEY,
    MODEL,
    SETTINGS,
    TOOLS,
    USER,
    World,
    chunks,
    endpoint_at,
    request,
    whole,
    with_world,
)

every_api = pytest.mark.parametrize("kind", HTTP_KINDS)


@every_api
@pytest.mark.parametrize("stream", [False, True])
def test_tools_are_called_and_their_results_sent(kind: str, stream: bool):
    """A call comes with its arguments as JSON text; with the result, words follow."""

    async def work(world: World) -> None:
        answer = await world.send(tools=TOOLS, stream=stream)
        if stream:
            found = await chunks(answer)
            deltas = [c["delta"] for chunk in found for c in chunk["choices"]]
            parts = [call for delta in deltas for call in delta.get("tool_calls", [])]
            assert {each["index"] for each in parts} == {0}
            name, call_id = parts[0]["function"]["name"], parts[0]["id"]
            arguments = "".join(each["function"].get("arguments", "") for each in parts)
            reasons = [c["finish_reason"] for chunk in found for c in chunk["choices"]]
            reason = next(each for each in reasons if each)
        else:
            [choice] = (await whole(answer))["choices"]
            [call] = choice["message"]["tool_calls"]
            assert call["type"] == "function"
            name, call_id = call["function"]["name"], call["id"]
            arguments, reason = call["function"]["arguments"], choice["finish_reason"]
        assert (name, reason) == ("get_weather", "tool_calls")
        assert json.loads(arguments) == {"city": "Zürich"}
        asked = {"name": name, "arguments": arguments}
        called = {"id": call_id, "type": "function", "function": asked}
        follow_up = [
            USER,
            {"role": "assistant", "content": None, "tool_calls": [called]},
            {"role": "tool", "tool_call_id": call_id, "content": "12 degrees"},
        ]
        last = await whole(await world.send(tools=TOOLS, messages=follow_up))
        assert last["choices"][0]["message"]["content"]

    with_world(kind, work)


@every_api
def test_the_key_is_read_for_each_request(kind: str):
    """A key that is changed counts from the next request; a wrong one is Refused, unnamed."""
    keys = [KEY, "sk-wrong-key-that-must-not-show"]

    async def work(world: World) -> None:
        assert world.server is not None
        providers = HttpProviders()
        provider = providers.open(endpoint_at(world.server, kind), lambda: keys[0], SETTINGS)
        await provider.send(request(), MODEL)
        keys.reverse()
        for ask in (lambda: provider.send(request(), MODEL), provider.models):
            with pytest.raises(Refused) as caught:
                await ask()
            assert keys[0] not in str(caught.value)
            assert "key" in str(caught.value)
        await providers.aclose()

    with_world(kind, work)


@every_api
def test_own_headers_go_along_and_answers_bring_theirs(kind: str):
    """Headers of the endpoint are sent; those of the answer come back with names in lower case."""

    async def work(world: World) -> None:
        assert world.server is not None
        providers = HttpProviders()
        plain = endpoint_at(world.server, kind)
        endpoint = Endpoint("mock", kind, plain.url, headers=(("X-Team", "blue"),))
        provider = providers.open(endpoint, lambda: KEY, SETTINGS)
        answer = await provider.send(request(), MODEL)
        await providers.aclose()
        assert world.server.asked.headers["x-team"] == "blue"
        assert answer.headers["x-ratelimit-remaining-requests"] == "999"
        assert all(name == name.lower() for name in answer.headers)

    with_world(kind, work)


@every_api
@pytest.mark.parametrize("status", [429, 529])
def test_too_much_is_no_illness(kind: str, status: int):
    """A storm of 429 is Overloaded each time, with the wait that the server asks for."""

    async def work(world: World) -> None:
        assert world.server is not None
        world.server.always = str(status)
        for stream in (False, True) * 8:
            with pytest.raises(Overloaded) as caught:
                await world.send(stream=stream)
            assert caught.value.retry_after_s == (2.0 if status == 429 else None)
        world.server.always = ""
        assert await whole(await world.send())
        assert world.server.counts["connections"] == 1

    with_world(kind, work)


@every_api
@pytest.mark.parametrize(
    ("status", "error"),
    [
        *((400, Rejected), (404, Rejected), (413, Rejected), (422, Rejected), (402, Refused)),
        *((401, KeyRefused), (403, KeyRefused), (500, Refused), (503, Overloaded)),
    ],
)
def test_each_status_has_its_meaning(kind: str, status: int, error: type[Exception]):
    """The caller's mistakes are Rejected with the status, everything else is the server's."""

    async def work(world: World) -> None:
        assert world.server is not None
        world.server.always = str(status)
        with pytest.raises(error, match=str(status)) as caught:
            await world.send()
        if isinstance(caught.value, Rejected):
            assert caught.value.status == status

    with_world(kind, work)


@every_api
@pytest.mark.parametrize(
    ("status", "error"),
    [(429, Overloaded), (401, KeyRefused), (403, KeyRefused), (404, Refused), (500, Refused)],
)
def test_lists_that_are_refused(kind: str, status: int, error: type[Exception]):
    """Each refusal to list models has its meaning too, and names the server once."""

    async def work(world: World) -> None:
        assert world.server is not None
        world.server.listing = str(status)
        with pytest.raises(error, match=str(status)) as caught:
            await world.provider.models()
        assert str(caught.value).count(world.server.url) == 1
        assert KEY not in str(caught.value)

    with_world(kind, work)


@every_api
def test_unknown_fields_come_through(kind: str):
    """A field that nobody knows is sent as it is, and what the server adds comes back."""

    async def work(world: World) -> None:
        assert world.server is not None
        answer = await whole(await world.send(x_new_field={"deep": [1, 2]}))
        assert world.server.asked.json()["x_new_field"] == {"deep": [1, 2]}
        extra = {"openai": "x_server", "ollama": "total_duration", "anthropic": "stop_reason"}
        assert answer[extra[kind]]

    with_world(kind, work)


@pytest.mark.parametrize("stream", [False, True])
def test_whoever_speaks_anthropics_dialect_is_answered_in_it(stream: bool):
    """A request in Anthropic's words goes there as it is but for the model, and so comes back."""
    body = {"model": "asked-for", "max_tokens": 5, "messages": [USER], "stream": stream}
    body["x_new_field"] = 1

    async def work(world: World) -> None:
        assert world.server is not None
        native = Native("anthropic", body, (("anthropic-beta", "output-128k"),))
        asked = LlmRequest("asked-for", {"stream": stream}, native=native)
        answer = await world.provider.send(asked, MODEL)
        assert answer.dialect == "anthropic"
        assert world.server.asked.json() == body | {"model": MODEL}
        assert world.server.asked.headers["anthropic-beta"] == "output-128k"
        if stream:
            assert answer.stream is not None
            text = b"".join([piece async for piece in answer.stream])
            assert text.startswith(b"event: message_start\n")
            assert b"event: message_stop\n" in text
        else:
            assert json.loads(answer.body)["type"] == "message"

    with_world("anthropic", work)


def test_what_a_model_can_do_is_asked_once():
    """Ollama is asked about each model when it first appears, and again when it has changed."""

    async def work(world: World) -> None:
        assert world.server is not None
        server = world.server

        def questions() -> int:
            return sum(each.path == "/api/show" for each in server.seen)

        first = await world.provider.models()
        assert "vision" in (first[0].capabilities or ())
        assert (first[0].is_loaded, first[1].is_loaded) == (True, False)
        assert questions() == 2
        assert await world.provider.models() == first
        assert questions() == 2
        server.models = ("mock-small", "mock-new")
        await world.provider.models()
        assert questions() == 3

    with_world("ollama", work)


def test_a_built_in_model_needs_its_factory():
    """Without one, the endpoint of the built-in model cannot be opened, and says so."""
    endpoint = Endpoint("built-in", EndpointKind.EMBEDDED, "")
    with pytest.raises(SettingsError, match="built-in"):
        HttpProviders().open(endpoint, lambda: "", SETTINGS)
