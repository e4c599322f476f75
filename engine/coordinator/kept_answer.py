"""An answer as it lies in the cache, and as it comes out again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from engine.coordinator.settings import ResponseCacheSettings
from engine.exchange import DONE, CacheWish, Dialect, LlmRequest, Reply, Task, Usage

COMPLETE = frozenset(
    {
        *("stop", "length", "tool_calls", "function_call"),
        *("end_turn", "max_tokens", "stop_sequence", "tool_use"),
    }
)
"""Ends after which asking again would bring the same: OpenAI's words, then Anthropic's. Not among
them: what a filter or an error cut off."""
LIVING = ("web_search_options",)
"""Fields that ask for what is true today."""
PIECE_BYTES = 16 << 10
"""Events are replayed joined up to about this size: each piece is one write to a socket."""

From = Literal["hit", "stale", "joined"]
COUNTED: dict[From, str] = {
    "hit": "cache_hits",
    "stale": "cache_stale",
    "joined": "cache_joined",
}
"""What each is called in `CoordinatorSnapshot.counts`."""


class KeptAnswer(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A complete answer. `pieces` holds one body, or the events of a stream, joined."""

    model: str
    endpoint: str
    dialect: Dialect
    pieces: list[bytes]
    is_stream: bool
    finish_reason: str
    tokens: tuple[int, int, int] | None
    """Of the prompt, of the completion, and of the prompt those the server had at hand."""
    fresh_until_s: float
    """Seconds since 1970; after that it serves only where nobody answers."""

    @property
    def usage(self) -> Usage | None:
        """The tokens it took to make it."""
        return None if self.tokens is None else Usage(*self.tokens)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(KeptAnswer)


def kept_from(reply: Reply, pieces: Iterable[bytes], fresh_until_s: float) -> KeptAnswer:
    """Return `reply` as it is kept; `pieces` is what came of it."""
    usage = reply.usage
    return KeptAnswer(
        model=reply.model,
        endpoint=reply.endpoint,
        dialect=reply.dialect,
        pieces=joined(pieces) if reply.stream is not None else list(pieces),
        is_stream=reply.stream is not None,
        finish_reason=reply.finish_reason,
        tokens=None
        if usage is None or usage.is_estimated
        else (usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens),
        fresh_until_s=fresh_until_s,
    )


def written(answer: KeptAnswer) -> bytes:
    """Return `answer` as bytes."""
    return _encoder.encode(answer)


def read(found: bytes | None) -> KeptAnswer | None:
    """Return the answer in `found`; None where there is none, or none of ours."""
    if found is None:
        return None
    try:
        return _decoder.decode(found)
    except msgspec.MsgspecError:
        return None


def joined(pieces: Iterable[bytes]) -> list[bytes]:
    """Return the same bytes in few pieces that still end where an event ends."""
    result: list[bytes] = []
    part: list[bytes] = []
    size = 0
    for piece in pieces:
        part.append(piece)
        size += len(piece)
        if size >= PIECE_BYTES:
            result.append(b"".join(part))
            part, size = [], 0
    return [*result, b"".join(part)] if part else result


def may_serve(request: LlmRequest, settings: ResponseCacheSettings) -> bool:
    """Tell whether the answer to `request` may be given again and to others."""
    if not settings.is_enabled or request.cache is CacheWish.NEVER:
        return False
    if request.cache is CacheWish.ALWAYS or request.task is Task.EMBEDDING:
        return True
    temperature = request.body.get("temperature")
    is_drawn = temperature != 0 or isinstance(temperature, bool)
    if is_drawn and not settings.any_temperature:
        return False
    return not any(request.body.get(field) for field in LIVING)


def is_complete(request: LlmRequest, reply: Reply, pieces: list[bytes]) -> bool:
    """Tell whether all of the answer came, so that it may be given to others.

    reply: over; its last fields are filled in. pieces: its body, or all of its stream.
    """
    if reply.problem or not any(pieces):
        return False
    if request.task is Task.EMBEDDING:
        return True
    if reply.stream is None:
        return all(each in COMPLETE for each in _ends_of_body(pieces[0]))
    if reply.finish_reason not in COMPLETE:
        return False
    if reply.dialect != "openai":
        return True
    return pieces[-1].endswith(DONE) and (
        request.body.get("n") in (None, 1)
        or all(each in COMPLETE for each in _ends_of_stream(pieces))
    )


class _Choice(msgspec.Struct):
    finish_reason: str | None = None


class _Ends(msgspec.Struct):
    choices: list[_Choice] = []
    stop_reason: str | None = None


_ends_decoder = msgspec.json.Decoder(_Ends)


def _ends_of_body(body: bytes) -> list[str]:
    """Return why each choice ended; [""] for an answer that does not say."""
    try:
        found = _ends_decoder.decode(body)
    except msgspec.MsgspecError:
        return [""]
    reasons = [choice.finish_reason or "" for choice in found.choices]
    return reasons or [found.stop_reason or ""]


def _ends_of_stream(pieces: list[bytes]) -> list[str]:
    lines = (line for piece in pieces for line in piece.splitlines())
    bodies = (line[5:] for line in lines if line.startswith(b"data:") and b"finish_reason" in line)
    return [reason for body in bodies for reason in _ends_of_body(body) if reason]
