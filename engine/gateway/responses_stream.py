"""An answer in OpenAI's chat shape as a response, whole or as its events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.gateway.chat_blocks import Block, ChatBlocks, Counted, Step
from engine.gateway.fields import JsonObject
from engine.gateway.sse import event

_PREFIXES = {"reasoning": "rs", "text": "msg", "refusal": "msg", "call": "fc"}
_DELTAS = {
    "reasoning": "response.reasoning_text",
    "text": "response.output_text",
    "refusal": "response.refusal",
    "call": "response.function_call_arguments",
}
_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


class ResponseEvents:
    """A Translator to the events of a response, from `response.created` to its end.

    head: the fields of the response that are known before it begins, its id among them. wall:
    seconds since 1970. keep: hears the finished response, once.
    """

    def __init__(
        self,
        *,
        head: JsonObject,
        has_logprobs: bool,
        ids: Callable[[], str],
        wall: Callable[[], float],
        keep: Callable[[JsonObject], None],
    ) -> None:
        self._has_logprobs = has_logprobs
        self._ids = ids
        self._wall = wall
        self._keep = keep
        self._blocks = ChatBlocks(ids=ids)
        self._item_ids: list[str] = []
        self._number = 0
        unknown = {"completed_at": None, "error": None, "incomplete_details": None, "usage": None}
        self.response = head | unknown | {"status": "in_progress", "output": []}
        """As far as it is known."""

    @property
    def is_whole(self) -> bool:
        """Whether the answer has come to its end as it should."""
        return bool(self._blocks.finish_reason) and self._blocks.error is None

    def begin(self) -> bytes:
        """Return `response.created` and `response.in_progress`."""
        return self._state("response.created") + self._state("response.in_progress")

    def take(self, chunk: Any) -> bytes:
        """Return the events that say what `chunk` says; may be none."""
        return b"".join(map(self._told, self._blocks.take(chunk)))

    def end(self, problem: str = "") -> bytes:
        """Return the last events: the response is completed, incomplete or failed then."""
        error = self._blocks.error
        if error is not None or problem:
            message = str((error or {}).get("message") or problem or "The server broke off")
            is_load = "rate_limit" in f"{(error or {}).get('type')} {(error or {}).get('code')}"
            code = "rate_limit_exceeded" if is_load else "server_error"
            failed = {"code": code, "message": message}
            self.response = self.response | {"status": "failed", "error": failed}
            return self._state("response.failed")
        told = b"".join(map(self._told, self._blocks.finish()))
        reason = _INCOMPLETE.get(self._blocks.finish_reason)
        status = "incomplete" if reason else "completed"
        self.response = self.response | {
            "status": status,
            "incomplete_details": {"reason": reason} if reason else None,
            "completed_at": None if reason else int(self._wall()),
            "usage": _usage(self._blocks.counted),
        }
        self._keep(self.response)
        return told + self._state(f"response.{status}")

    def _told(self, step: Step) -> bytes:
        if step.what == "opened":
            return self._opened(step.block)
        if step.what == "closed":
            return self._closed(step.block)
        delta: JsonObject = {"delta": step.text}
        if step.block.kind == "text":
            delta["logprobs"] = self._logprobs(step.logprobs)
        return self._part_event(f"{_DELTAS[step.block.kind]}.delta", step.block, delta)

    def _opened(self, block: Block) -> bytes:
        self._item_ids.append(f"{_PREFIXES[block.kind]}_{self._ids()}")
        item = self._item(block, "in_progress", parts=[])
        told = self._event("response.output_item.added", {"item": item}, block)
        if block.kind == "call":
            return told
        part = {"part": self._part(block, "", [])}
        return told + self._part_event("response.content_part.added", block, part)

    def _closed(self, block: Block) -> bytes:
        is_cut = self._blocks.finish_reason in _INCOMPLETE and block is self._blocks.blocks[-1]
        part = self._part(block, block.text, block.logprobs)
        item = self._item(block, "incomplete" if is_cut else "completed", parts=[part])
        self.response["output"].append(item)
        done = self._part_event(f"{_DELTAS[block.kind]}.done", block, self._whole_text(block))
        if block.kind != "call":
            done += self._part_event("response.content_part.done", block, {"part": part})
        return done + self._event("response.output_item.done", {"item": item}, block)

    def _whole_text(self, block: Block) -> JsonObject:
        match block.kind:
            case "call":
                return {"arguments": block.text, "name": block.name}
            case "refusal":
                return {"refusal": block.text}
            case "reasoning":
                return {"text": block.text}
            case "text":
                return {"text": block.text, "logprobs": self._logprobs(block.logprobs)}

    def _item(self, block: Block, status: str, *, parts: list[JsonObject]) -> JsonObject:
        id = self._item_ids[block.number]
        if block.kind == "reasoning":
            return {"id": id, "type": "reasoning", "summary": [], "content": parts}
        if block.kind == "call":
            return {
                "id": id,
                "type": "function_call",
                "status": status,
                "call_id": block.id,
                "name": block.name,
                "arguments": block.text if parts else "",
            }
        message = {"id": id, "type": "message", "status": status, "role": "assistant"}
        return message | {"content": parts}

    def _part(self, block: Block, text: str, logprobs: list[Any]) -> JsonObject:
        if block.kind == "refusal":
            return {"type": "refusal", "refusal": text}
        if block.kind == "reasoning":
            return {"type": "reasoning_text", "text": text}
        part = {"type": "output_text", "text": text, "annotations": []}
        return part | {"logprobs": self._logprobs(logprobs)}

    def _logprobs(self, tokens: list[Any]) -> list[JsonObject]:
        if not self._has_logprobs:
            return []
        return [
            _token(token) | {"top_logprobs": _others(token.get("top_logprobs"))}
            for token in tokens
            if isinstance(token, dict)
        ]

    def _state(self, name: str) -> bytes:
        return self._event(name, {"response": self.response})

    def _part_event(self, name: str, block: Block, fields: JsonObject) -> bytes:
        place = {"item_id": self._item_ids[block.number]}
        if block.kind != "call":
            place["content_index"] = 0  # type: ignore[assignment]  # each item has one part
        return self._event(name, place | fields, block)

    def _event(self, name: str, fields: JsonObject, block: Block | None = None) -> bytes:
        told: JsonObject = {"type": name, "sequence_number": self._number} | fields
        if block is not None:
            told["output_index"] = block.number
        self._number += 1
        return event(name, told)


def _token(token: JsonObject) -> JsonObject:
    """Return a token with its probability; servers that tell no bytes get an empty list."""
    return {
        "token": token.get("token") or "",
        "logprob": token.get("logprob") or 0.0,
        "bytes": token.get("bytes") or [],
    }


def _others(tokens: Any) -> list[JsonObject]:
    found = tokens if isinstance(tokens, list) else []
    return [_token(token) for token in found if isinstance(token, dict)]


def _usage(counted: Counted | None) -> JsonObject | None:
    if counted is None:
        return None
    return {
        "input_tokens": counted.prompt,
        "input_tokens_details": {"cached_tokens": counted.cached, "cache_write_tokens": 0},
        "output_tokens": counted.completion,
        "output_tokens_details": {"reasoning_tokens": counted.reasoning},
        "total_tokens": counted.prompt + counted.completion,
    }
