"""Words go out while the rest is still being transcribed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.errors import Damaged, EngineError
from engine.gateway.audio_stream import SpokenText
from engine.gateway.sse import EventReader
from engine.voice.snapshot import Segment, Transcript
from engine.voice.uploads import UploadOrder
from tests.engine.gateway.spoken import TRANSCRIPT, FakeSpeech


def spoken(speech: FakeSpeech) -> SpokenText:
    """Return the text of `speech` while it is made."""

    def work(heard: Callable[[Segment], None]) -> Coroutine[Any, Any, Transcript]:
        return speech.transcribe(Path("/dev/null"), name="", order=UploadOrder(), heard=heard)

    return SpokenText(work, write_error=lambda error: b"data: {}\n\n")


def test_the_deltas_are_the_text():
    """Each segment is a delta; together they are what the last event says."""

    async def scene() -> list[bytes]:
        text = spoken(FakeSpeech())
        await text.begin()
        told = [piece async for piece in text.events()]
        await text.aclose()
        return told

    told = EventReader().feed(b"".join(asyncio.run(scene())))
    *deltas, done = [msgspec.json.decode(data) for data in told]
    assert {each["type"] for each in deltas} == {"transcript.text.delta"}
    assert "".join(each["delta"] for each in deltas) == done["text"] == TRANSCRIPT.text
    assert done["type"] == "transcript.text.done"


def test_the_first_word_does_not_wait_for_the_last():
    """While the second segment is not known, the first one is out."""

    async def scene() -> None:
        speech = FakeSpeech(hold=asyncio.Event())
        text = spoken(speech)
        await text.begin()
        events = text.events()
        assert b"Hello there." in await anext(events)
        assert speech.hold is not None
        speech.hold.set()
        assert b" Who is it?" in await anext(events)
        await events.aclose()
        await text.aclose()

    asyncio.run(scene())


@pytest.mark.parametrize("fails_after", [0, 1])
def test_errors_are_raised_before_and_told_after_the_first_word(fails_after: int):
    """What fails at once is an answer of its own; later the stream says it."""

    async def scene() -> list[bytes]:
        text = spoken(FakeSpeech(error=Damaged("no sound"), fails_after=fails_after))
        try:
            await text.begin()
            return [piece async for piece in text.events()]
        finally:
            await text.aclose()

    if fails_after:
        assert asyncio.run(scene())[-1] == b"data: {}\n\n"
    else:
        with pytest.raises(EngineError, match="no sound"):
            asyncio.run(scene())


def test_silence_ends_at_once():
    """A file without speech has an end and no delta."""

    async def scene() -> list[bytes]:
        text = spoken(FakeSpeech(Transcript((), None, 1.0, "base")))
        await text.begin()
        return [piece async for piece in text.events()]

    (only,) = asyncio.run(scene())
    assert b'"text":""' in only


@pytest.mark.parametrize("is_read", [False, True])
def test_closing_ends_the_work(is_read: bool):
    """Whoever goes away, before the first word too, has nothing transcribed any more."""

    async def scene() -> int:
        speech = FakeSpeech(hold=asyncio.Event())
        text = spoken(speech)
        await text.begin()
        if is_read:
            await anext(text.events())
        await text.aclose()
        await text.aclose()
        return speech.cancelled

    assert asyncio.run(scene()) == 1
