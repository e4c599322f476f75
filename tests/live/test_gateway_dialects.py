"""Other dialects and sound over real connections, checked by suites and SDKs of others."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random

import anthropic
import llm_comply.runner
import openai
import pytest
from llm_comply.config import ComplianceConfig
from llm_comply.schema import SpecLoader
from llm_comply.tests.anthropic import ANTHROPIC_TESTS
from llm_comply.tests.open_responses import OPEN_RESPONSES_TESTS

from engine.activity import ActivityRecord
from engine.assembly import voice_ports
from engine.clock import SystemClock
from engine.exchange import LlmRequest, Reply
from engine.folders import Folders
from engine.gateway import audio, messages, responses
from engine.gateway.response_shelf import ResponseShelf
from engine.tokens import prompt_tokens
from engine.voice.service import VoiceProcessingService
from engine.voice.settings import VoiceSettings
from tests.engine.gateway.chats import Said
from tests.engine.gateway.fake_router import FakeRouter
from tests.live.gateway import Running, running_gateway
from tests.live.speech import GARDEN, Speech, word_error_rate

pytestmark = pytest.mark.live

SPECS = Path(llm_comply.__file__).parent / "specs"
SUITES = {
    "anthropic.json": (ANTHROPIC_TESTS, {"auth_header": "x-api-key", "use_bearer_prefix": False}),
    "openresponses.json": (OPEN_RESPONSES_TESTS, {}),
}
WEATHER = Said(
    calls=(("call_1", "get_weather", {"location": "San Francisco"}),), finish_reason="tool_calls"
)


class Talkative(FakeRouter):
    """A router whose model calls a tool wherever it may, and talks where it may not."""

    async def handle(self, request: LlmRequest) -> Reply:
        """Return the answer."""
        said = WEATHER if request.body.get("tools") else Said(text="One, two, three.")
        self.answer, self.pieces = said.whole(), said.pieces(Random(1))
        return await super().handle(request)


@contextlib.asynccontextmanager
async def dialects(folder: Path) -> AsyncIterator[Running]:
    """Return a gateway that speaks every dialect."""
    router, shelf, clock = Talkative(), ResponseShelf(), SystemClock()
    routes = {
        **messages.routes(router, count=prompt_tokens),
        **responses.routes(router, shelf=shelf, count=prompt_tokens, clock=clock),
    }
    async with running_gateway(folder, router=router, routes=routes) as running:
        yield running


@pytest.mark.filterwarnings("ignore:jsonschema.RefResolver")  # the suite's, not ours
@pytest.mark.parametrize("spec", SUITES)
def test_suites_of_others_find_nothing(tmp_path: Path, spec: str):
    """Whole answers, streams, tools, pictures and errors have the shape that a suite expects."""
    tests, options = SUITES[spec]

    async def work() -> dict[str, list[str]]:
        async with dialects(tmp_path) as running:
            config = ComplianceConfig(
                base_url=running.url, api_key=running.key, model="small", **options
            )
            runner = llm_comply.runner.TestRunner(config, tests, SpecLoader(str(SPECS / spec)))
            suite = await asyncio.to_thread(runner.run_all)
        return {each.id: each.errors for each in suite.results if each.status.name == "FAILED"}

    assert asyncio.run(work()) == {}


def test_sdks_stream_over_a_connection(tmp_path: Path):
    """Both SDKs put a streamed call of a tool together, sent by the real server."""

    async def work() -> None:
        async with dialects(tmp_path) as running:
            function = {"type": "function", "name": "get_weather", "parameters": {"type": "object"}}
            async with openai.AsyncOpenAI(api_key=running.key, base_url=running.url) as client:
                async with client.responses.stream(
                    model="small",
                    input="Weather?",
                    tools=[function],  # type: ignore[list-item]  # a plain dict is one as well
                ) as stream:
                    response = await stream.get_final_response()
                assert response.output[0].type == "function_call"
                again = await client.responses.retrieve(response.id)
                assert again.output[0].arguments == '{"location":"San Francisco"}'
            base = running.url.removesuffix("/v1")
            tool = {"name": "get_weather", "input_schema": {"type": "object"}}
            async with anthropic.AsyncAnthropic(api_key=running.key, base_url=base) as client:
                async with client.messages.stream(
                    model="small",
                    max_tokens=64,
                    messages=[{"role": "user", "content": "Weather?"}],
                    tools=[tool],  # type: ignore[list-item]  # likewise
                ) as stream:
                    message = await stream.get_final_message()
                assert message.content[0].input == {"location": "San Francisco"}

    asyncio.run(work())


def test_speech_is_heard_over_a_connection(tmp_path: Path, speak: Callable[[str], Speech]):
    """A sound file is transcribed, streamed and refused where it is none."""
    speech, clock = speak(GARDEN), SystemClock()
    noted: list[ActivityRecord] = []
    nonsense = ("notes.txt", b"no sound")

    async def work() -> None:
        voice = VoiceProcessingService(
            settings=VoiceSettings(language="en"),
            ports=voice_ports(Folders.under(tmp_path / "home")),
            data=tmp_path,
            clock=clock,
        )
        routes = audio.routes(voice.uploads, note=noted.append, clock=clock)
        try:
            async with (
                running_gateway(tmp_path / "gateway", routes=routes) as running,
                openai.AsyncOpenAI(api_key=running.key, base_url=running.url) as client,
            ):
                create = client.audio.transcriptions.create
                whole = await create(model="whisper-1", file=speech.path)
                assert word_error_rate(speech.text, whole.text) <= 0.2
                stream = await create(model="base", file=speech.path, stream=True)
                told = [each async for each in stream]
                assert told[-1].type == "transcript.text.done"
                assert told[-1].text == whole.text
                with pytest.raises(openai.BadRequestError, match=r"notes\.txt is no sound"):
                    await create(model="base", file=nonsense)
        finally:
            await voice.aclose()

    asyncio.run(work())
    assert [record.status for record in noted] == [200, 200, 400]
