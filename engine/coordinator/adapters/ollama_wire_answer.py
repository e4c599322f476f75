"""What Ollama answers, in OpenAI's words; fields that OpenAI does not have keep their names."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from engine.coordinator.adapters.http_errors import error_from
from engine.coordinator.adapters.line_cutter import LineCutter
from engine.coordinator.adapters.openai_chunks import (
    Chunks,
    Table,
    count,
    listed,
    new_id,
    tool_call,
    usage_of,
)
from engine.errors import Damaged, Unreachable
from engine.exchange import DONE

TRANSLATED = frozenset(
    {"model", "created_at", "message", "response", "done", "done_reason", "embeddings", "logprobs"}
)
REASONS = {"length": "length"}
"""Everything else, such as "stop", "load" and none at all, is "stop"."""

_decode = msgspec.json.Decoder(dict[str, Any]).decode


def chat_answer(body: bytes) -> bytes:
    """Return a whole chat. Raises Damaged."""
    answer = _decoded(body)
    said, calls = _said(answer, first_call=0)
    # What OpenAI always sends, some clients always want.
    message = {"role": "assistant", "content": said.get("content"), "refusal": None} | said
    choice: Table = {"index": 0, "message": message, "finish_reason": _reason(answer, bool(calls))}
    choice["logprobs"] = _logprobs(answer)
    return _whole(answer, "chat.completion", choice)


def completion_answer(body: bytes) -> bytes:
    """Return a whole completion. Raises Damaged."""
    answer = _decoded(body)
    text = answer.get("response") or ""
    choice = {"index": 0, "text": text, "finish_reason": _reason(answer, False), "logprobs": None}
    return _whole(answer, "text_completion", choice)


def embedding_answer(body: bytes) -> bytes:
    """Return vectors. Raises Damaged."""
    answer = _decoded(body)
    vectors = answer.get("embeddings")
    if not isinstance(vectors, list):
        raise Damaged("Ollama answers without embeddings: is the model one for embedding?")
    counted = count(answer.get("prompt_eval_count"))
    return msgspec.json.encode(
        {
            "object": "list",
            "model": answer.get("model"),
            "data": [
                {"object": "embedding", "index": index, "embedding": vector}
                for index, vector in enumerate(vectors)
            ],
            "usage": {"prompt_tokens": counted, "total_tokens": counted},
        }
        | _unknown(answer)
    )


class OllamaEvents:
    """Turns lines of JSON into events; see `http_streams.Translator`. where: the server."""

    def __init__(self, *, where: str, with_usage: bool, is_chat: bool = True) -> None:
        self._where = where
        self._with_usage = with_usage
        self._is_chat = is_chat
        self._lines = LineCutter(where=where)
        self._chunks: Chunks | None = None
        self._calls = 0
        self._is_done = False

    def feed(self, piece: bytes) -> bytes:
        """Return the events of the lines that `piece` ends. Raises Damaged, or what a line says."""
        return b"".join(self._events(line) for line in self._lines.add(piece) if line.strip())

    def end(self) -> bytes:
        """Return what a last line without its end says. Raises Unreachable where none was last."""
        events = self.feed(b"\n") if self._lines.has_rest else b""
        if not self._is_done:
            raise Unreachable(f"{self._where}: the answer ended before it was complete")
        return events

    def _events(self, line: bytes) -> bytes:
        answer = _decoded(line)
        if "error" in answer and not answer.get("done"):
            raise error_from(500, {}, line, where=self._where)
        events = b""
        if self._chunks is None:
            created, model = _created(answer), str(answer.get("model") or "")
            self._chunks = Chunks(model=model, created=created, is_chat=self._is_chat)
            if self._is_chat:
                events = self._chunks.delta({"role": "assistant", "content": ""})
        said, calls = _said(answer, first_call=self._calls)
        self._calls += len(calls)
        said = {name: value for name, value in said.items() if value}
        if said:
            logprobs = _logprobs(answer)
            events += self._chunks.delta(said, more={"logprobs": logprobs} if logprobs else None)
        if answer.get("done") is True and not self._is_done:
            events += self._ending(self._chunks, answer)
        return events

    def _ending(self, chunks: Chunks, answer: Table) -> bytes:
        self._is_done = True
        events = chunks.end(_reason(answer, self._calls > 0), _unknown(answer))
        usage = _usage(answer)
        if self._with_usage and usage is not None:
            events += chunks.usage(usage)
        return events + DONE


def _whole(answer: Table, kind: str, choice: Table) -> bytes:
    made: Table = {
        "id": new_id("chatcmpl-" if kind == "chat.completion" else "cmpl-"),
        "object": kind,
        "created": _created(answer),
        "model": answer.get("model"),
        "choices": [choice],
    }
    if (usage := _usage(answer)) is not None:
        made["usage"] = usage
    return msgspec.json.encode(made | _unknown(answer))


def _decoded(body: bytes) -> Table:
    try:
        return _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Damaged(f"Ollama answers broken JSON ({error})") from error


def _said(answer: Table, *, first_call: int) -> tuple[Table, list[Table]]:
    """Return what a message says, and its tool calls, which are part of it too."""
    message = answer.get("message")
    if not isinstance(message, dict):
        return {"content": answer.get("response") or ""}, []
    said = {
        name: value
        for name, value in message.items()
        if name not in ("role", "thinking", "tool_calls")
    }
    if thought := message.get("thinking"):
        said["reasoning"] = thought
    calls = [
        _call(first_call + number, each)
        for number, each in enumerate(listed(message.get("tool_calls")))
        if isinstance(each, dict)
    ]
    return said | ({"tool_calls": calls} if calls else {}), calls


def _call(index: int, call: Table) -> Table:
    function = call.get("function")
    if not isinstance(function, dict):
        raise Damaged("Ollama answers a tool call without a function")
    arguments = function.get("arguments")
    known = arguments if isinstance(arguments, dict) else {}
    return tool_call(index, str(function.get("name")), known, str(call.get("id") or ""))


def _reason(answer: Table, has_calls: bool) -> str:
    return "tool_calls" if has_calls else REASONS.get(str(answer.get("done_reason")), "stop")


def _usage(answer: Table) -> Table | None:
    """Return tokens; None where they were not counted. Ollama leaves a zero out."""
    read, written = answer.get("prompt_eval_count"), answer.get("eval_count")
    if not isinstance(read, int) and not isinstance(written, int):
        return None
    return usage_of(count(read), count(written))


def _logprobs(answer: Table) -> Table | None:
    found = answer.get("logprobs")
    return {"content": found} if isinstance(found, list) else None


def _unknown(answer: Table) -> Table:
    return {name: value for name, value in answer.items() if name not in TRANSLATED}


def _created(answer: Table) -> int:
    try:
        return int(datetime.fromisoformat(str(answer.get("created_at"))).timestamp())
    except ValueError:
        return 0
