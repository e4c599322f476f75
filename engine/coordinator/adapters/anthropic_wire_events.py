"""Anthropic's event stream, in OpenAI's words."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.coordinator.adapters.anthropic_wire_answer import finish_reason, usage_from
from engine.coordinator.adapters.http_errors import error_from
from engine.coordinator.adapters.line_cutter import LineCutter
from engine.coordinator.adapters.openai_chunks import Chunks, Table
from engine.errors import Damaged, Unreachable
from engine.exchange import DONE

STATUSES = {
    "overloaded_error": 529,
    "rate_limit_error": 429,
    "authentication_error": 401,
    "permission_error": 403,
    "invalid_request_error": 400,
}
"""What an error within a stream would have been as a status."""
ALIVE = b": ping\n\n"
"""A comment: whoever watches for silence sees that there is none."""

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class AnthropicEvents:
    """Turns Anthropic's events into OpenAI's; see `http_streams.Translator`. where: the server."""

    def __init__(self, *, where: str, with_usage: bool, created: int) -> None:
        self._where = where
        self._with_usage = with_usage
        self._created = created
        self._lines = LineCutter(where=where)
        self._chunks = Chunks(model="", created=created)
        self._usage: Table = {}
        self._calls: dict[Any, int] = {}
        """Number of a tool call, by its block's."""
        self._blocks: dict[Any, Table] = {}
        """Thoughts and what OpenAI has no words for, until they are complete."""
        self._thoughts: dict[Any, list[str]] = {}
        """Pieces of thoughts, by the number of their block."""
        self._is_done = False

    def feed(self, piece: bytes) -> bytes:
        """Return the events of the lines that `piece` ends. Raises Damaged, or what one says."""
        lines = self._lines.add(piece)
        # Every event is one line of data, which names its kind too.
        return b"".join(self._said(line[5:]) for line in lines if line.startswith(b"data:"))

    def end(self) -> bytes:
        """Return nothing. Raises Unreachable where the message was not complete."""
        if not self._is_done:
            raise Unreachable(f"{self._where}: the answer ended before it was complete")
        return b""

    def _said(self, data: bytes) -> bytes:
        try:
            event = _decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Damaged(f"{self._where}: an event is broken JSON ({error})") from error
        match event:
            case {"type": "message_start", "message": dict(message)}:
                return self._start(message)
            case {"type": "content_block_start", "index": int(index), "content_block": dict(block)}:
                return self._begin(index, block)
            case {"type": "content_block_delta", "index": int(index), "delta": dict(delta)}:
                return self._continue(index, delta)
            case {"type": "content_block_stop", "index": int(index)}:
                return self._complete(index)
            case {"type": "message_delta", "delta": dict(delta)}:
                return self._reason(delta, event.get("usage"))
            case {"type": "message_stop"}:
                return self._stop()
            case {"type": "ping"}:
                return ALIVE
            case {"type": "error"}:
                raise self._error(event, data)
        return b""  # kinds that came later

    def _start(self, message: Table) -> bytes:
        self._usage = _counted(message.get("usage"))
        self._chunks = Chunks(
            model=str(message.get("model") or ""),
            created=self._created,
            id=str(message.get("id") or ""),
        )
        return self._chunks.delta({"role": "assistant", "content": ""})

    def _begin(self, index: Any, block: Table) -> bytes:
        match block.get("type"):
            case "text":
                text = block.get("text")
                return self._chunks.delta({"content": text}) if text else b""
            case "tool_use":
                self._calls[index] = number = len(self._calls)
                given = block.get("input")
                arguments = msgspec.json.encode(given).decode() if given else ""
                function = {"name": block.get("name"), "arguments": arguments}
                call = {"index": number, "id": block.get("id"), "type": "function"}
                return self._chunks.delta({"tool_calls": [call | {"function": function}]})
            case _:
                self._blocks[index] = dict(block)
        return b""

    def _continue(self, index: Any, delta: Table) -> bytes:
        match delta:
            case {"type": "text_delta", "text": str(text)}:
                return self._chunks.delta({"content": text})
            case {"type": "input_json_delta", "partial_json": str(part)} if index in self._calls:
                call = {"index": self._calls[index], "function": {"arguments": part}}
                return self._chunks.delta({"tool_calls": [call]}) if part else b""
            case {"type": "thinking_delta", "thinking": str(text)}:
                self._blocks.setdefault(index, {"type": "thinking"})
                self._thoughts.setdefault(index, []).append(text)
                return self._chunks.delta({"reasoning": text})
            case {"type": "signature_delta", "signature": signature}:
                self._blocks.setdefault(index, {"type": "thinking"})["signature"] = signature
            case {"type": "citations_delta", "citation": citation}:
                return self._chunks.delta({"citations": [citation]})
        return b""

    def _complete(self, index: Any) -> bytes:
        block = self._blocks.pop(index, None)
        if block is None:
            return b""
        if thoughts := self._thoughts.pop(index, None):
            block["thinking"] = "".join((block.get("thinking") or "", *thoughts))
        is_thought = block.get("type") in ("thinking", "redacted_thinking")
        return self._chunks.delta({"thinking_blocks" if is_thought else "content_blocks": [block]})

    def _reason(self, delta: Table, usage: Any) -> bytes:
        self._usage |= _counted(usage)
        more = {name: value for name, value in delta.items() if value is not None}
        return self._chunks.end(finish_reason(delta.get("stop_reason")), more)

    def _stop(self) -> bytes:
        if self._is_done:
            return b""
        self._is_done = True
        told = self._chunks.usage(usage_from(self._usage)) if self._with_usage else b""
        return told + DONE

    def _error(self, event: Table, data: bytes) -> Exception:
        error = event.get("error")
        kind = str(error.get("type")) if isinstance(error, dict) else ""
        return error_from(STATUSES.get(kind, 500), {}, data, where=self._where)


def _counted(usage: Any) -> Table:
    known = usage if isinstance(usage, dict) else {}
    return {name: value for name, value in known.items() if value is not None}
