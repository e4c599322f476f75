"""`/v1/audio/transcriptions` and `/v1/audio/translations`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

from engine.activity import ActivityRecord
from engine.clock import Clock
from engine.errors import EngineError
from engine.gateway.answering import EVENTS, header_text
from engine.gateway.audio_formats import TEXTS, verbose
from engine.gateway.audio_orders import AudioOrder, audio_order
from engine.gateway.audio_stream import SpokenText
from engine.gateway.error_bodies import openai_body, status_of
from engine.gateway.ports import Call, Handler, Result, SpeechToText
from engine.gateway.translation import OwnedStream
from engine.voice.ports import SpeechTask
from engine.voice.snapshot import Segment, Transcript

HERE = "voice"
"""What the activity list calls the place where speech is transcribed."""

GONE = 499
"""The client went away."""

MS_PER_S = 1000
KINDS: Mapping[SpeechTask, str] = {"transcribe": "transcription", "translate": "translation"}


def routes(
    speech: SpeechToText, *, note: Callable[[ActivityRecord], None], clock: Clock
) -> Mapping[tuple[str, str], Handler]:
    """Return the handlers of this family. note: told every request once it is over."""
    family = _Audio(speech, note=note, clock=clock)
    return {
        ("POST", "/v1/audio/transcriptions"): family.transcribe,
        ("POST", "/v1/audio/translations"): family.translate,
    }


class _Audio:
    """The handlers of this family, and what they share."""

    def __init__(
        self, speech: SpeechToText, *, note: Callable[[ActivityRecord], None], clock: Clock
    ) -> None:
        self._speech = speech
        self._note = note
        self._clock = clock

    async def transcribe(self, call: Call) -> Result:
        """Write down what is said in a file."""
        return await self._answer(call, audio_order(call, "transcribe"))

    async def translate(self, call: Call) -> Result:
        """Write down in English what is said in a file."""
        return await self._answer(call, audio_order(call, "translate"))

    async def _answer(self, call: Call, wanted: AudioOrder) -> Result:
        if wanted.is_stream:
            return await self._stream(call, wanted)
        transcript = await self._work(call, wanted, lambda _: None)
        headers = {"x-model": header_text(transcript.model), "x-endpoint": HERE}
        if wanted.format == "verbose_json":
            body = verbose(transcript, wanted.task, wanted.granularities)
            return Result(body=body, headers=headers)
        write, kind = TEXTS[wanted.format]
        return Result(body=write(transcript), content_type=kind, headers=headers)

    async def _stream(self, call: Call, wanted: AudioOrder) -> Result:
        spoken = SpokenText(lambda heard: self._work(call, wanted, heard), write_error=_error_event)
        async with AsyncExitStack() as undo:
            undo.push_async_callback(spoken.aclose)
            await spoken.begin()
            undo.pop_all()
        headers = {"cache-control": "no-cache", "x-accel-buffering": "no", "x-endpoint": HERE}
        stream = OwnedStream(spoken.events(), spoken.aclose)
        return Result(stream=stream, content_type=EVENTS, headers=headers)

    async def _work(
        self, call: Call, wanted: AudioOrder, heard: Callable[[Segment], None]
    ) -> Transcript:
        """Return the transcript; however it ends is noted."""
        try:
            transcript = await self._speech.transcribe(
                wanted.upload.path, name=_name(wanted), order=wanted.order, heard=heard
            )
        except asyncio.CancelledError:
            self._note(self._record(call, wanted, _Ended(GONE, "The client went away")))
            raise
        except EngineError as error:
            self._note(self._record(call, wanted, _Ended(status_of(error), str(error))))
            raise
        self._note(self._record(call, wanted, _Ended(200, "", transcript)))
        return transcript

    def _record(self, call: Call, wanted: AudioOrder, ended: _Ended) -> ActivityRecord:
        took_s = self._clock.now() - call.at_s
        transcript = ended.transcript
        return ActivityRecord(
            id=call.id,
            at_s=self._clock.wall().timestamp() - took_s,
            kind=KINDS[wanted.task],
            client=call.client,
            asked=wanted.asked,
            model=transcript.model if transcript else wanted.order.model,
            endpoint=HERE,
            status=ended.status,
            problem=ended.problem,
            is_stream=wanted.is_stream,
            total_ms=took_s * MS_PER_S,
            request={
                "file": _name(wanted),
                "size_bytes": wanted.upload.size_bytes,
                "duration_s": transcript.duration_s if transcript else None,
                "language": wanted.order.language,
                "response_format": wanted.format,
            },
            answer=transcript.text if transcript else "",
        )


@dataclass(frozen=True, slots=True)
class _Ended:
    """How a transcription ended."""

    status: int
    problem: str
    transcript: Transcript | None = None


def _name(wanted: AudioOrder) -> str:
    """Return what the client calls the file; some name none."""
    return wanted.upload.name or "the file"


def _error_event(error: EngineError) -> bytes:
    return b"data: %b\n\n" % openai_body(status_of(error), error)
