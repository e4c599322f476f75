"""A request in OpenAI's shape, as Ollama wants it.

Ollama ignores what it does not know, so unknown fields simply go along.
"""

from __future__ import annotations

from typing import Any

from engine.coordinator.adapters.openai_chunks import (
    Table,
    arguments_of,
    calls_of,
    image_of,
    listed,
    messages_of,
    parts_of,
    reject,
    unsupported,
)
from engine.errors import Rejected

SERVER = "Ollama"
OPTIONS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "seed": "seed",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "max_tokens": "num_predict",
    "max_completion_tokens": "num_predict",
}
"""OpenAI's name of a field, and Ollama's of an option; the later of two that mean the same."""
OWN_OPTIONS = (
    *("num_predict", "num_ctx", "num_keep", "num_batch", "num_gpu", "main_gpu", "num_thread"),
    *("top_k", "min_p", "typical_p", "repeat_last_n", "repeat_penalty", "penalize_newline"),
    *("mirostat", "mirostat_tau", "mirostat_eta", "use_mmap"),
)
"""Options that some clients write beside `temperature`."""
TRANSLATED = frozenset(
    {"model", "messages", "options", "stop", "response_format", "reasoning_effort"}
    | {"reasoning", "tool_choice", "stream_options", "encoding_format", *OPTIONS, *OWN_OPTIONS}
)
CANNOT = ("n", "best_of", "logit_bias", "functions", "audio", "echo")


def chat_question(body: Table, model: str) -> Table:
    """Return the body for `/api/chat`. Raises Rejected for what Ollama cannot do."""
    reject(body, SERVER, CANNOT)
    given = messages_of(body)
    names = _tool_names(given)
    question = _shared(body, model) | {"messages": [_message(each, names) for each in given]}
    match body.get("tool_choice"):
        case None | "auto":
            pass
        case "none":
            question.pop("tools", None)
        case _:
            raise unsupported(SERVER, "tool_choice but auto and none", "tool_choice")
    return question


def completion_question(body: Table, model: str) -> Table:
    """Return the body for `/api/generate`. Raises Rejected."""
    reject(body, SERVER, CANNOT)
    prompts = listed(body.get("prompt"))
    if len(prompts) != 1 or not isinstance(prompts[0], str):
        raise unsupported(SERVER, "prompt but one text", "prompt")
    return _shared(body, model) | {"prompt": prompts[0]}


def embedding_question(body: Table, model: str) -> Table:
    """Return the body for `/api/embed`. Raises Rejected."""
    given = listed(body.get("input"))
    if not given or not all(isinstance(each, str) for each in given):
        raise unsupported(SERVER, "input but texts", "input")
    question = _shared(body, model) | {"input": given}
    del question["stream"]
    return question


def _shared(body: Table, model: str) -> Table:
    """Return what the three have in common: unknown fields, options, format, thinking."""
    question = {name: value for name, value in body.items() if name not in TRANSLATED}
    question["model"] = model
    question["stream"] = body.get("stream") is True
    if options := _options(body):
        question["options"] = options
    if (form := _format(body.get("response_format"))) is not None:
        question.setdefault("format", form)
    reasoning = body.get("reasoning")
    effort = body.get("reasoning_effort") or (
        reasoning.get("effort") if isinstance(reasoning, dict) else None
    )
    if effort is not None:
        question.setdefault("think", False if effort == "none" else _effort(effort))
    return question


def _effort(effort: Any) -> Any:
    """Return Ollama's nearest of low, medium and high."""
    return {"minimal": "low", "xhigh": "high", "max": "high"}.get(str(effort), effort)


def _options(body: Table) -> Table:
    options = {name: body[field] for field, name in OPTIONS.items() if body.get(field) is not None}
    options |= {name: body[name] for name in OWN_OPTIONS if body.get(name) is not None}
    if stop := listed(body.get("stop")):
        options["stop"] = stop
    given = body.get("options")
    return options | (given if isinstance(given, dict) else {})


def _format(response_format: Any) -> Any:
    """Return "json", a schema, or None for plain text. Raises Rejected."""
    if not isinstance(response_format, dict) or response_format.get("type") == "text":
        return None
    if response_format.get("type") == "json_object":
        return "json"
    described = response_format.get("json_schema")
    if not isinstance(described, dict) or not isinstance(described.get("schema"), dict):
        raise Rejected("response_format: json_schema.schema is missing", param="response_format")
    return described["schema"]


def _tool_names(messages: list[Table]) -> dict[str, str]:
    """Return the tool of each call's id, which Ollama wants with its result."""
    return {
        str(call.get("id")): arguments_of(call)[0]
        for message in messages
        for call in calls_of(message)
    }


def _message(message: Table, tool_names: dict[str, str]) -> Table:
    texts, images = [], []
    for part in parts_of(message):
        if part.get("type") == "text":
            texts.append(part.get("text") or "")
        elif part.get("type") == "image_url":
            kind, data = image_of(part)
            if not kind:
                raise unsupported(SERVER, "images by address, only data: URLs", "messages")
            images.append(data)
        else:
            raise unsupported(SERVER, f"part of type {part.get('type')!r}", "messages")
    kept = {"name", "refusal", "reasoning", "reasoning_content", "thinking_blocks", "annotations"}
    made = {name: value for name, value in message.items() if name not in kept}
    role = message.get("role")
    made["role"] = {"developer": "system", "function": "tool"}.get(str(role), role)
    made["content"] = "\n".join(texts)
    if images:
        made["images"] = images
    if thought := message.get("reasoning") or message.get("reasoning_content"):
        made["thinking"] = thought
    if calls := calls_of(message):
        made["tool_calls"] = [_call(each) for each in calls]
    if made["role"] == "tool":
        name = message.get("name") or tool_names.get(str(message.get("tool_call_id")))
        made |= {"tool_name": name} if name else {}
    return made


def _call(call: Table) -> Table:
    name, arguments = arguments_of(call)
    made: Table = {"function": {"name": name, "arguments": arguments}}
    return made | ({"id": call["id"]} if call.get("id") else {})
