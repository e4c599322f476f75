"""A request of the Responses dialect as one for a chat, and what its response repeats of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.gateway.asking import Malformed
from engine.gateway.fields import JsonObject, entries, entry, required, text, whole
from engine.gateway.response_items import messages_of, unsupported

LOGPROBS = "message.output_text.logprobs"
"""In `include`: the words shall come with their probabilities."""

_OWN = frozenset(
    {
        "input", "instructions", "max_output_tokens", "tools", "tool_choice", "text", "reasoning",
        "stream", "stream_options", "top_logprobs", "include", "previous_response_id", "store",
        "metadata", "truncation", "background", "background_options", "conversation", "prompt",
        "max_tool_calls", "service_tier", "safety_identifier", "prompt_cache_key",
        "prompt_cache_options", "prompt_cache_retention", "context_management", "moderation",
        "image", "access_programs",
    }
)  # fmt: skip
"""Fields that only this dialect has: translated, answered here, or hints for OpenAI's servers."""

_REFUSED = {
    "background": "wait for the answer, or have it streamed",
    "conversation": "send previous_response_id, or the whole conversation",
    "prompt": "send the text of the prompt",
}


def to_chat(
    body: JsonObject, items: Sequence[JsonObject], known: Sequence[JsonObject] = ()
) -> JsonObject:
    """Return the body of the chat request that asks the same as `body`.

    items: its input. known: items of earlier turns. Raises Malformed for what is missing or
    wrong, and for what cannot be done.
    """
    text(required(body, "model"), "model")
    for name, remedy in _REFUSED.items():
        if body.get(name):
            raise unsupported(name, f"'{name}'", remedy)
    chat = {
        name: value for name, value in body.items() if name not in _OWN and value is not None
    } | conversation(body, items, known)
    if body.get("max_output_tokens") is not None:
        chat["max_tokens"] = whole(body["max_output_tokens"], "max_output_tokens")
    if body.get("reasoning") is not None:
        effort = entry(body["reasoning"], "reasoning").get("effort")
        if effort is not None:
            chat["reasoning_effort"] = text(effort, "reasoning.effort")
    if wants_logprobs(body):
        chat["logprobs"] = True
    if body.get("top_logprobs"):
        chat |= {"logprobs": True, "top_logprobs": whole(body["top_logprobs"], "top_logprobs")}
    chat |= _format(body)
    if body.get("metadata") is not None:
        entry(body["metadata"], "metadata")
    if body.get("stream") is not None:
        chat["stream"] = body["stream"]
        if body["stream"] is True:
            chat["stream_options"] = {"include_usage": True}
    return chat


def conversation(
    body: JsonObject, items: Sequence[JsonObject], known: Sequence[JsonObject] = ()
) -> JsonObject:
    """Return what of the chat request counts as its prompt: messages and tools."""
    messages = messages_of(items, known)
    instructions = body.get("instructions")
    if instructions is not None:
        words = text(instructions, "instructions")
        messages.insert(0, {"role": "system", "content": words})
    if not messages:
        raise Malformed("'input' must say something", param="input")
    return {"messages": messages} | _tools(body)


def wants_logprobs(body: JsonObject) -> bool:
    """Tell whether the words shall come with their probabilities."""
    include = body.get("include")
    return bool(body.get("top_logprobs")) or (isinstance(include, list) and LOGPROBS in include)


def repeated(body: JsonObject) -> JsonObject:
    """Return the fields of a response that say how it was asked for; for a body that is right."""
    reasoning = body.get("reasoning") or {}
    form = (body.get("text") or {}).get("format") or {"type": "text"}
    if form["type"] == "json_schema":
        form = {"description": None, "strict": None} | form
    return {
        "previous_response_id": body.get("previous_response_id"),
        "instructions": body.get("instructions"),
        "tools": [_repeated_tool(tool) for tool in body.get("tools") or ()],
        "tool_choice": body.get("tool_choice") or "auto",
        # Nothing is cut off here: too long a conversation is an error of the server's.
        "truncation": "disabled",
        "parallel_tool_calls": body.get("parallel_tool_calls") is not False,
        "text": {"format": form},
        "top_p": _or(body, "top_p", 1.0),
        "presence_penalty": _or(body, "presence_penalty", 0.0),
        "frequency_penalty": _or(body, "frequency_penalty", 0.0),
        "top_logprobs": _or(body, "top_logprobs", 0),
        "temperature": _or(body, "temperature", 1.0),
        "reasoning": {"effort": reasoning.get("effort"), "summary": reasoning.get("summary")},
        "max_output_tokens": body.get("max_output_tokens"),
        "max_tool_calls": body.get("max_tool_calls"),
        "store": body.get("store") is not False,
        "background": False,
        "service_tier": "default",
        "metadata": body.get("metadata") or {},
        "safety_identifier": body.get("safety_identifier"),
        "prompt_cache_key": body.get("prompt_cache_key"),
    }


def _or(body: JsonObject, name: str, default: float) -> Any:
    found = body.get(name)
    return default if found is None else found


def _repeated_tool(tool: JsonObject) -> JsonObject:
    names = ("name", "description", "parameters", "strict")
    return {"type": "function"} | {name: tool.get(name) for name in names}


def _tools(body: JsonObject) -> JsonObject:
    chat: JsonObject = {}
    sent = entries(body.get("tools") or [], "tools")
    tools = [_tool(each, f"tools[{at}]") for at, each in enumerate(sent)]
    choice = body.get("tool_choice")
    if isinstance(choice, dict) and choice.get("type") == "allowed_tools":
        tools, choice = _allowed(tools, choice)
    if tools:
        chat["tools"] = tools
    if choice is not None:
        chat["tool_choice"] = _choice(choice)
    return chat


def _tool(value: Any, param: str) -> JsonObject:
    tool = entry(value, param)
    kind = required(tool, "type", f"{param}.type")
    if kind != "function":
        raise unsupported(f"{param}.type", f"A tool of type '{kind}'", "offer it as a function")
    function: JsonObject = {"name": text(required(tool, "name", f"{param}.name"), f"{param}.name")}
    for name in ("description", "parameters", "strict"):
        if tool.get(name) is not None:
            function[name] = tool[name]
    if "parameters" in function:
        entry(function["parameters"], f"{param}.parameters")
    return {"type": "function", "function": function}


def _choice(choice: Any) -> Any:
    if choice in ("auto", "none", "required"):
        return choice
    if isinstance(choice, str):
        raise unsupported("tool_choice", f"'{choice}'", "use auto, none, required or a function")
    kind = entry(choice, "tool_choice").get("type")
    if kind != "function":
        raise unsupported("tool_choice.type", f"A choice of type '{kind}'", "choose a function")
    name = text(required(choice, "name", "tool_choice.name"), "tool_choice.name")
    return {"type": "function", "function": {"name": name}}


def _allowed(tools: list[JsonObject], choice: JsonObject) -> tuple[list[JsonObject], Any]:
    """Return the tools that `choice` allows, and how the model chooses among them."""
    listed = entries(choice.get("tools"), "tool_choice.tools")
    names = [each.get("name") for each in listed if isinstance(each, dict)]
    kept = [tool for tool in tools if tool["function"]["name"] in names]
    return kept, choice.get("mode") or "auto"


def _format(body: JsonObject) -> JsonObject:
    if body.get("text") is None:
        return {}
    wanted = entry(body["text"], "text")
    chat: JsonObject = {}
    if wanted.get("verbosity") is not None:
        chat["verbosity"] = text(wanted["verbosity"], "text.verbosity")
    if wanted.get("format") is None:
        return chat
    form = entry(wanted["format"], "text.format")
    match form.get("type"):
        case "text":
            return chat
        case "json_object":
            return chat | {"response_format": {"type": "json_object"}}
        case "json_schema":
            schema: JsonObject = {
                name: form[name] for name in ("description", "strict") if name in form
            }
            schema["name"] = text(required(form, "name", "text.format.name"), "text.format.name")
            found = required(form, "schema", "text.format.schema")
            schema["schema"] = entry(found, "text.format.schema")
            return chat | {"response_format": {"type": "json_schema", "json_schema": schema}}
        case kind:
            raise unsupported("text.format.type", f"The format '{kind}'", "use json_schema")
