"""A request in Anthropic's dialect as one in OpenAI's.

What only Anthropic's servers know, such as their own tools, goes along as it is: such a server
gets the original anyway, and any other refuses it in its own words instead of answering as if
nothing had been asked.
"""

from __future__ import annotations

from typing import Any

from engine.gateway.fields import JsonObject, entries, entry, required, text, whole, wrong
from engine.gateway.message_blocks import assistant_message, joined_text, user_messages

SMALL_BUDGET, MEDIUM_BUDGET = 4096, 16_384
"""Tokens of thinking up to which the effort is low and medium; Anthropic has no such words for
its budgets."""

_TRANSLATED = frozenset(
    {
        "messages", "system", "max_tokens", "stop_sequences", "tools", "tool_choice", "thinking",
        "output_config", "stream",
    }
)  # fmt: skip
_HINTS = frozenset(
    {
        "cache_control", "container", "context_management", "diagnostics", "inference_geo",
        "metadata", "service_tier", "speed", "user_profile_id", "workspace_id",
    }
)  # fmt: skip
"""Of no meaning elsewhere, and without them the answer is the same."""

_CHOICES = {"auto": "auto", "any": "required", "none": "none"}
_EFFORTS = {"low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}


def to_chat(body: JsonObject) -> JsonObject:
    """Return the body of the chat request that asks the same as `body`.

    Raises Malformed naming the field that is missing or wrong.
    """
    text(required(body, "model"), "model")
    chat = {
        name: value
        for name, value in body.items()
        if name not in _TRANSLATED and name not in _HINTS and value is not None
    }
    chat["messages"] = _messages(body)
    chat["max_tokens"] = whole(required(body, "max_tokens"), "max_tokens")
    stop = body.get("stop_sequences")
    if stop:
        chat["stop"] = [text(each, "stop_sequences") for each in entries(stop, "stop_sequences")]
    chat |= _tools(body) | _effort(body) | _format(body) | _user(body)
    if body.get("stream") is not None:
        chat["stream"] = body["stream"]
        if body["stream"] is True:
            chat["stream_options"] = {"include_usage": True}
    return chat


def conversation(body: JsonObject) -> JsonObject:
    """Return what of the chat request counts as its prompt: messages and tools.

    Raises Malformed as `to_chat`; a length of the answer is not asked for.
    """
    text(required(body, "model"), "model")
    return {"messages": _messages(body)} | _tools(body)


def _messages(body: JsonObject) -> list[JsonObject]:
    found: list[JsonObject] = []
    if body.get("system"):
        found.append({"role": "system", "content": joined_text(body["system"], "system")})
    sent = entries(required(body, "messages"), "messages")
    if not sent:
        raise wrong("messages", None, "a list with at least one message")
    for number, each in enumerate(sent):
        param = f"messages.{number}"
        message = entry(each, param)
        role = text(required(message, "role", f"{param}.role"), f"{param}.role")
        content = required(message, "content", f"{param}.content")
        if role == "user":
            found += user_messages(content, f"{param}.content")
        elif role == "assistant":
            found.append(assistant_message(content, f"{param}.content"))
        elif role == "system":
            found.append({"role": role, "content": joined_text(content, f"{param}.content")})
        else:
            raise wrong(f"{param}.role", role, '"user" or "assistant"')
    return found


def _tools(body: JsonObject) -> JsonObject:
    chat: JsonObject = {}
    if body.get("tools"):
        tools = entries(body["tools"], "tools")
        chat["tools"] = [_tool(each, f"tools.{number}") for number, each in enumerate(tools)]
    if body.get("tool_choice") is not None:
        choice = entry(body["tool_choice"], "tool_choice")
        kind = text(required(choice, "type", "tool_choice.type"), "tool_choice.type")
        if kind == "tool":
            name = text(required(choice, "name", "tool_choice.name"), "tool_choice.name")
            chat["tool_choice"] = {"type": "function", "function": {"name": name}}
        elif kind in _CHOICES:
            chat["tool_choice"] = _CHOICES[kind]
        else:
            raise wrong("tool_choice.type", kind, '"auto", "any", "tool" or "none"')
        if choice.get("disable_parallel_tool_use") is True:
            chat["parallel_tool_calls"] = False
    return chat


def _tool(value: Any, param: str) -> JsonObject:
    tool = entry(value, param)
    if tool.get("type") not in (None, "custom"):
        return tool
    name = text(required(tool, "name", f"{param}.name"), f"{param}.name")
    schema = required(tool, "input_schema", f"{param}.input_schema")
    function: JsonObject = {
        "name": name,
        "parameters": entry(schema, f"{param}.input_schema"),
    }
    for each in ("description", "strict"):
        if tool.get(each) is not None:
            function[each] = tool[each]
    return {"type": "function", "function": function}


def _effort(body: JsonObject) -> JsonObject:
    """Return how much the model is to think, where that was said."""
    config = body.get("output_config")
    effort = config.get("effort") if isinstance(config, dict) else None
    if isinstance(effort, str) and effort in _EFFORTS:
        return {"reasoning_effort": _EFFORTS[effort]}
    if body.get("thinking") is None:
        return {}
    thinking = entry(body["thinking"], "thinking")
    if thinking.get("type") != "enabled":
        return {}
    budget = whole(
        required(thinking, "budget_tokens", "thinking.budget_tokens"), "thinking.budget_tokens"
    )
    steps = ((SMALL_BUDGET, "low"), (MEDIUM_BUDGET, "medium"))
    return {"reasoning_effort": next((name for most, name in steps if budget <= most), "high")}


def _format(body: JsonObject) -> JsonObject:
    if body.get("output_config") is None:
        return {}
    form = entry(body["output_config"], "output_config").get("format")
    if form is None:
        return {}
    param = "output_config.format"
    if entry(form, param).get("type") != "json_schema":
        raise wrong(f"{param}.type", form.get("type"), '"json_schema"')
    schema = entry(required(form, "schema", f"{param}.schema"), f"{param}.schema")
    described = {"name": "answer", "schema": schema, "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": described}}


def _user(body: JsonObject) -> JsonObject:
    metadata = body.get("metadata")
    user = metadata.get("user_id") if isinstance(metadata, dict) else None
    return {"user": user} if isinstance(user, str) else {}
