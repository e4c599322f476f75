"""What the mock model server says, in the words of the three APIs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

WORDS = ("Hello", " from", " the", " möck", " up", "stream", " 模型", ".")
"""Some are longer in UTF-8 than in characters, so that a cut can fall into one."""
PROMPT_TOKENS = 9
MOST_CHOICES = 128
TOOL = {"name": "get_weather", "arguments": {"city": "Zürich"}}
UNUSED = (
    *("cache_creation", "cache_creation_input_tokens", "cache_read_input_tokens"),
    *("inference_geo", "output_tokens_details", "server_tool_use", "service_tier"),
)
"""What Anthropic tells of tokens besides; null where there is nothing to tell."""
SSE, NDJSON, JSON = "text/event-stream", "application/x-ndjson", "application/json"
OPENAI_TASKS = ("/chat/completions", "/completions", "/embeddings")


@dataclass(frozen=True, slots=True)
class Spoken:
    """One answer: whole in one piece, or the pieces of a stream, each complete in itself."""

    content_type: str
    pieces: tuple[bytes, ...]
    is_stream: bool = False


def encode(value: Any) -> bytes:
    """Return `value` as JSON, compact and in UTF-8."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def error_body(path: str, status: int, message: str, code: str | None = None) -> bytes:
    """Return an error as the API at `path` words it."""
    if path.endswith("/messages"):
        kinds = {401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error"}
        kinds |= {500: "api_error", 529: "overloaded_error"}
        error = {"type": kinds.get(status, "invalid_request_error"), "message": message}
        return encode({"type": "error", "error": error, "request_id": "req_1"})
    if path.startswith("/api/"):
        return encode({"error": message})
    kind = "server_error" if status >= 500 else "invalid_request_error"
    return encode({"error": {"message": message, "type": kind, "param": None, "code": code}})


def speak(path: str, asked: dict[str, Any], tokens: int) -> Spoken:
    """Return the answer to `asked`, of `tokens` words at most. Raises LookupError for a path that
    no API has.
    """
    asked_for = asked.get("options", {}).get("num_predict") or asked.get("max_tokens")
    asked_for = asked_for or asked.get("max_completion_tokens") or tokens
    words = [WORDS[n % len(WORDS)] for n in range(min(int(asked_for), tokens))]
    if path == "/api/chat":
        return _ollama(asked, words)
    if path == "/api/generate":
        return _ollama(asked, words, is_chat=False)
    if path == "/api/embed":
        return _whole(_ollama_embeddings(asked))
    if path.endswith("/messages"):
        return _anthropic(asked, words)
    if path.endswith("/embeddings"):
        return _whole(_embeddings(asked))
    if path.endswith("/chat/completions"):
        return _chat(asked, words)
    if path.endswith("/completions"):
        return _completion(asked, words)
    raise LookupError(path)


def _whole(body: dict[str, Any]) -> Spoken:
    return Spoken(JSON, (encode(body),))


def _events(chunks: list[bytes]) -> Spoken:
    return Spoken(SSE, tuple(b"data: " + each + b"\n\n" for each in chunks), is_stream=True)


def _usage(words: list[str]) -> dict[str, int]:
    counted = len(words)
    return {
        "prompt_tokens": PROMPT_TOKENS,
        "completion_tokens": counted,
        "total_tokens": PROMPT_TOKENS + counted,
    }


def _chat(asked: dict[str, Any], words: list[str]) -> Spoken:
    head = {"id": "chatcmpl-1", "created": 1_700_000_000, "model": asked.get("model")}
    calls = [{"index": 0, "id": "call_1", "type": "function", "function": _called(asked)}]
    words = _formed((asked.get("response_format") or {}).get("json_schema"), words)
    uses_tool = bool(asked.get("tools")) and asked["messages"][-1].get("role") != "tool"
    reason = "tool_calls" if uses_tool else "stop"
    if not asked.get("stream"):
        said = {"content": None, "tool_calls": calls} if uses_tool else {"content": "".join(words)}
        said = {"role": "assistant", "refusal": None} | said
        choices = [
            {"index": n, "message": said, "finish_reason": reason, "logprobs": None}
            for n in range(min(asked.get("n") or 1, MOST_CHOICES))
        ]
        body = head | {"object": "chat.completion", "choices": choices, "usage": _usage(words)}
        return _whole(body | {"x_server": "mock"})
    head["object"] = "chat.completion.chunk"
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"tool_calls": calls}] if uses_tool else [{"content": word} for word in words]
    told: list[dict[str, Any]] = [
        head | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
        for delta in deltas
    ]
    told.append(head | {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
    if (asked.get("stream_options") or {}).get("include_usage"):
        told.append(head | {"choices": [], "usage": _usage(words)})
    return _events([*map(encode, told), b"[DONE]"])


def _called(asked: dict[str, Any]) -> dict[str, str]:
    """Return a call of the first function that may be called."""
    tools = asked.get("tools")
    tool = tools[0] if isinstance(tools, list) and tools else {}
    function = tool.get("function", tool)  # Anthropic's has no envelope
    if not isinstance(function, dict) or function.get("name") == TOOL["name"]:
        return {"name": TOOL["name"], "arguments": json.dumps(TOOL["arguments"])}
    schema = function.get("parameters") or function.get("input_schema") or {"type": "object"}
    arguments = fitting(schema)
    return {"name": function.get("name", ""), "arguments": json.dumps(arguments)}


def _formed(form: Any, words: list[str]) -> list[str]:
    """Return `words`, or JSON where a form is wanted."""
    schema = form.get("schema") if isinstance(form, dict) else None
    is_wanted = isinstance(schema, dict) and "properties" in schema
    return [json.dumps(fitting(schema), ensure_ascii=False)] if is_wanted else words


def fitting(schema: dict[str, Any]) -> Any:
    """Return the dullest value that fits a JSON schema."""
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    if schema.get("type") == "object":
        return {name: fitting(each) for name, each in schema.get("properties", {}).items()}
    dull = {"string": "Zürich", "integer": 7, "number": 0.5, "boolean": True, "array": []}
    return dull.get(str(schema.get("type")))


def _completion(asked: dict[str, Any], words: list[str]) -> Spoken:
    head = {"id": "cmpl-1", "object": "text_completion", "created": 1_700_000_000}
    head["model"] = asked.get("model")
    if not asked.get("stream"):
        choice = {"index": 0, "text": "".join(words), "finish_reason": "stop", "logprobs": None}
        return _whole(head | {"choices": [choice], "usage": _usage(words)})
    told = [
        head | {"choices": [{"index": 0, "text": word, "finish_reason": None}]} for word in words
    ]
    told.append(head | {"choices": [{"index": 0, "text": "", "finish_reason": "stop"}]})
    return _events([*map(encode, told), b"[DONE]"])


def _inputs(asked: dict[str, Any]) -> list[Any]:
    given = asked.get("input")
    return given if isinstance(given, list) else [given]


def _vector(number: int) -> list[float]:
    return [0.25, -0.5, 1.0, float(number)]


def _embeddings(asked: dict[str, Any]) -> dict[str, Any]:
    data = [
        {"object": "embedding", "index": n, "embedding": _vector(n)}
        for n in range(len(_inputs(asked)))
    ]
    usage = {"prompt_tokens": 4, "total_tokens": 4}
    return {"object": "list", "data": data, "model": asked.get("model"), "usage": usage}


def _ollama_embeddings(asked: dict[str, Any]) -> dict[str, Any]:
    vectors = [_vector(n) for n in range(len(_inputs(asked)))]
    return {"model": asked.get("model"), "embeddings": vectors, "prompt_eval_count": 4}


def _ollama(asked: dict[str, Any], words: list[str], *, is_chat: bool = True) -> Spoken:
    head = {"model": asked.get("model"), "created_at": "2026-03-01T12:00:00.123456789Z"}

    def said(text: str, **more: Any) -> dict[str, Any]:
        return (
            {"message": {"role": "assistant", "content": text} | more}
            if is_chat
            else {"response": text} | more
        )

    end = {"done": True, "done_reason": "stop", "total_duration": 5_000_000}
    end |= {"prompt_eval_count": PROMPT_TOKENS, "eval_count": len(words)}
    calls = [{"function": TOOL}]
    uses_tool = bool(asked.get("tools")) and asked["messages"][-1].get("role") != "tool"
    told = [said("", tool_calls=calls)] if uses_tool else [said(word) for word in words]
    if asked.get("think"):
        told.insert(0, said("", thinking="Hm."))
    if asked.get("stream") is False:
        whole = said("", tool_calls=calls) if uses_tool else said("".join(words))
        return _whole(head | whole | end)
    lines = [head | each | {"done": False} for each in told] + [head | said("") | end]
    return Spoken(NDJSON, tuple(encode(each) + b"\n" for each in lines), is_stream=True)


def _anthropic(asked: dict[str, Any], words: list[str]) -> Spoken:
    words = _formed((asked.get("output_config") or {}).get("format"), words)
    block: dict[str, Any] = {"type": "text", "text": "".join(words), "citations": None}
    reason = "end_turn"
    last = asked["messages"][-1]["content"]
    is_follow_up = isinstance(last, list) and last[0].get("type") == "tool_result"
    if asked.get("tools") and not is_follow_up:
        called = _called(asked)
        block = {"type": "tool_use", "id": "toolu_1", "name": called["name"]}
        block["caller"] = {"type": "direct"}
        block["input"] = json.loads(called["arguments"])
        reason = "tool_use"
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": asked.get("model"),
        "content": [block],
        "stop_reason": reason,
        "stop_sequence": None,
        "stop_details": None,
        "container": None,
        "usage": dict.fromkeys(UNUSED)
        | {"input_tokens": PROMPT_TOKENS, "output_tokens": len(words)},
    }
    if not asked.get("stream"):
        return _whole(message)
    pieces = tuple(
        b"event: %s\ndata: %s\n\n" % (each["type"].encode(), encode(each))
        for each in _anthropic_events(message, block, words)
    )
    return Spoken(SSE, pieces, is_stream=True)


def _anthropic_events(
    message: dict[str, Any], block: dict[str, Any], words: list[str]
) -> Iterator[dict[str, Any]]:
    usage = message["usage"] | {"output_tokens": 1}
    yield {
        "type": "message_start",
        "message": message | {"content": [], "stop_reason": None, "usage": usage},
    }
    if block["type"] == "text":
        empty, deltas = {"text": ""}, [{"type": "text_delta", "text": word} for word in words]
    else:
        given = json.dumps(block["input"])
        empty = {"input": {}}
        deltas = [
            {"type": "input_json_delta", "partial_json": part}
            for part in ("", given[:7], given[7:])
        ]
    yield {"type": "content_block_start", "index": 0, "content_block": block | empty}
    yield {"type": "ping"}
    for delta in deltas:
        yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    yield {
        "type": "message_delta",
        "delta": {"stop_reason": message["stop_reason"], "stop_sequence": None},
        "usage": {"output_tokens": len(words)},
    }
    yield {"type": "message_stop"}
