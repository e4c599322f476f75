"""`/v1/audio/...` answers OpenAI's own SDK, and is told in the activity list."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from engine.activity import ActivityRecord
from engine.errors import Damaged, Rejected
from engine.gateway.audio import routes
from engine.gateway.ports import Call, Form, Upload
from tests.conftest import FakeClock
from tests.engine.gateway.in_process import BASE_URL, InProcess
from tests.engine.gateway.spoken import TRANSCRIPT, FakeSpeech

FILE = ("talk.wav", b"RIFF....", "audio/wav")
Scene = Callable[[openai.AsyncOpenAI], Coroutine[Any, Any, Any]]


def play(speech: FakeSpeech, scene: Scene) -> list[ActivityRecord]:
    """Play `scene` with the SDK before the handlers of `speech`; return what was noted."""
    noted: list[ActivityRecord] = []

    async def stage() -> None:
        made = routes(speech, note=noted.append, clock=FakeClock())
        transport = InProcess(made, client="anna")
        async with httpx2.AsyncClient(transport=transport) as http:
            await scene(
                openai.AsyncOpenAI(
                    api_key="key", base_url=BASE_URL, http_client=http, max_retries=0
                )
            )

    asyncio.run(stage())
    return noted


def test_a_transcript():
    """A file's words come back, and the request stands in the list."""

    async def scene(client: openai.AsyncOpenAI) -> None:
        made = await client.audio.transcriptions.create(model="whisper-1", file=FILE, language="en")
        assert made.text == TRANSCRIPT.text

    speech = FakeSpeech()
    (record,) = play(speech, scene)
    assert (speech.names, speech.contents) == (["talk.wav"], [FILE[1]])
    assert (record.kind, record.client, record.asked, record.model, record.status) == (
        "transcription",
        "anna",
        "whisper-1",
        "base",
        200,
    )
    assert record.answer == TRANSCRIPT.text
    assert record.request["file"] == "talk.wav"


@pytest.mark.parametrize("format", ["text", "srt", "vtt"])
def test_texts_are_strings_for_the_sdk(format: Any):
    """Formats that are no JSON come as they are."""

    async def scene(client: openai.AsyncOpenAI) -> None:
        made: Any = await client.audio.transcriptions.create(
            model="base", file=FILE, response_format=format
        )
        assert isinstance(made, str)
        assert "Hello there." in made

    play(FakeSpeech(), scene)


def test_times_of_words():
    """The verbose format gives the SDK segments and words."""

    async def scene(client: openai.AsyncOpenAI) -> None:
        made = await client.audio.transcriptions.create(
            model="base",
            file=FILE,
            response_format="verbose_json",
            timestamp_granularities=["word", "segment"],
        )
        assert made.segments is not None
        assert made.words is not None
        assert (made.words[0].word, made.segments[1].start) == ("Hello", 62.0)

    play(FakeSpeech(), scene)


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # in the SDK, not here
def test_a_translation():
    """A translation is asked for as such, and stands as one in the list."""

    async def scene(client: openai.AsyncOpenAI) -> None:
        made: Any = await client.audio.translations.create(
            model="whisper-1", file=FILE, response_format="verbose_json", prompt="Ada"
        )
        assert (made.text, made.language) == (TRANSCRIPT.text, "english")

    speech = FakeSpeech()
    (record,) = play(speech, scene)
    assert (speech.orders[0].manner.task, speech.orders[0].manner.prompt) == ("translate", "Ada")
    assert record.kind == "translation"


def test_a_streamed_transcript():
    """The SDK gets a delta for each segment and the whole text at the end."""

    async def scene(client: openai.AsyncOpenAI) -> None:
        stream = await client.audio.transcriptions.create(model="base", file=FILE, stream=True)
        told = [each async for each in stream]
        assert [each.type for each in told] == [
            "transcript.text.delta",
            "transcript.text.delta",
            "transcript.text.done",
        ]
        assert told[-1].text == TRANSCRIPT.text

    (record,) = play(FakeSpeech(), scene)
    assert (record.is_stream, record.status) == (True, 200)


@pytest.mark.parametrize("is_stream", [False, True])
def test_errors_are_the_sdks(is_stream: bool):
    """A model that is not known and a file that is no sound raise what the SDK knows."""

    async def scene(client: openai.AsyncOpenAI) -> None:
        with pytest.raises(openai.NotFoundError, match="no such model"):
            await client.audio.transcriptions.create(model="x", file=FILE, stream=is_stream)
        with pytest.raises(openai.BadRequestError, match="response_format"):
            await client.audio.transcriptions.create(
                model="x", file=FILE, response_format="diarized_json"
            )

    (record,) = play(FakeSpeech(error=Rejected("no such model", status=404)), scene)
    assert (record.status, record.problem) == (404, "no such model")


def test_a_break_in_a_stream_is_told():
    """What fails after the first word is an error of the SDK's, and no end."""

    async def scene(client: openai.AsyncOpenAI) -> None:
        stream = await client.audio.transcriptions.create(model="base", file=FILE, stream=True)
        with pytest.raises(openai.APIError, match="gone bad"):
            _ = [each async for each in stream]

    (record,) = play(FakeSpeech(error=Damaged("gone bad"), fails_after=1), scene)
    assert record.status == 502


@pytest.mark.parametrize("is_stream", [False, True])
def test_a_client_that_leaves_ends_the_work(tmp_path: Path, is_stream: bool):
    """Nobody waits for the words any more: nothing is transcribed, and the list says why."""
    noted: list[ActivityRecord] = []
    path = tmp_path / "0"
    path.write_bytes(b"")
    fields = {"stream": ("true",)} if is_stream else {}
    form = Form(fields, {"file": Upload("", "", path, 0)})

    async def scene() -> int:
        speech = FakeSpeech(hold=asyncio.Event())
        handler = routes(speech, note=noted.append, clock=FakeClock())
        task = asyncio.ensure_future(
            handler["POST", "/v1/audio/transcriptions"](Call("POST", "/", "1", "anna", form=form))
        )
        await speech.is_asked.wait()
        if is_stream:
            result = await task
            assert result.stream is not None
            await result.stream.aclose()
        else:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        return speech.cancelled

    assert asyncio.run(scene()) == 1
    assert [record.status for record in noted] == [499]
