"""A request in OpenAI's shape, as Anthropic wants it.

Anthropic refuses fields it does not know: those that only OpenAI has are left out or refused
here, all others go along.
"""

from __future__ import annotations

from typing import Any

from engine.coordinator.adapters.anthropic_wire_messages import conversation
from engine.coordinator.adapters.openai_chunks import (
    Table,
    listed,
    messages_of,
    reject,
    unsupported,
)
from engine.errors import Rejected

SERVER = "Anthropic"
MOST_TOKENS = 4096
"""Where the request has no limit: Anthropic insists on one, and every model may write so much."""
HOTTEST = 1.0
TRANSLATED = frozenset(
    {"model", "messages", "max_tokens", "max_completion_tokens", "stop", "tools", "tool_choice"}
    | {"parallel_tool_calls", "response_format", "reasoning_effort", "reasoning", "user"}
    | {"metadata", "service_tier", "stream"}
)
LEFT_OUT = frozenset(
    {"stream_options", "seed", "store", "prediction", "modalities", "verbosity", "n"}
    | {"logprobs", "logit_bias", "frequency_penalty", "presence_penalty", "functions"}
    | {"function_call", "audio", "top_logprobs", "safety_identifier", "prompt_cache_key"}
)
"""Of these, `reject` has refused what would change the answer."""
CANNOT = (
    *("n", "logprobs", "top_logprobs", "logit_bias", "frequency_penalty", "presence_penalty"),
    *("functions", "audio"),
)
TIERS = {"auto": "auto", "default": "standard_only"}


def chat_question(body: Table, model: str) -> Table:
    """Return the body for `/messages`. Raises Rejected for what Anthropic cannot do."""
    reject(body, SERVER, CANNOT)
    temperature = body.get("temperature")
    if isinstance(temperature, int | float) and temperature > HOTTEST:
        raise unsupported(SERVER, f"temperature above {HOTTEST:g}", "temperature")
    question = {
        name: value
        for name, value in body.items()
        if value is not None and name not in TRANSLATED and name not in LEFT_OUT
    }
    system, messages = conversation(messages_of(body))
    limit = body.get("max_completion_tokens") or body.get("max_tokens") or MOST_TOKENS
    question |= {"model": model, "max_tokens": limit, "messages": messages}
    if system:
        question["system"] = system
    if body.get("stream") is True:
        question["stream"] = True
    if stop := listed(body.get("stop")):
        question["stop_sequences"] = stop
    question |= _tools(body)
    question |= _about_the_caller(body)
    output = _output(body)
    if output:
        known = question.get("output_config")
        question["output_config"] = output | (known if isinstance(known, dict) else {})
    if body.get("reasoning_effort") == "none":
        question.setdefault("thinking", {"type": "disabled"})
    return question


def _tools(body: Table) -> Table:
    tools = body.get("tools")
    if not tools:
        return {}
    if not isinstance(tools, list):
        raise Rejected("tools: a list of tools is wanted", param="tools")
    choice = _choice(body.get("tool_choice"))
    if body.get("parallel_tool_calls") is False:
        choice = (choice or {"type": "auto"}) | {"disable_parallel_tool_use": True}
    made: Table = {"tools": [_tool(each) for each in tools]}
    return made | ({"tool_choice": choice} if choice else {})


def _tool(tool: Any) -> Table:
    """Return a function as Anthropic describes it; its own tools stay as they are."""
    if not isinstance(tool, dict):
        raise Rejected("tools: a tool is an object", param="tools")
    if tool.get("type") != "function":
        return tool
    function = tool.get("function")
    if not isinstance(function, dict) or not function.get("name"):
        raise Rejected("tools: a function needs a name", param="tools")
    schema = function.get("parameters") or {"type": "object", "properties": {}}
    made = {"name": function["name"], "input_schema": schema}
    for name in ("description", "strict"):
        if function.get(name):
            made[name] = function[name]
    if tool.get("cache_control"):
        made["cache_control"] = tool["cache_control"]
    return made


def _choice(choice: Any) -> Table | None:
    match choice:
        case None:
            return None
        case "auto" | "none":
            return {"type": choice}
        case "required":
            return {"type": "any"}
        case {"type": "function", "function": {"name": str(name)}}:
            return {"type": "tool", "name": name}
        case {"type": "auto" | "any" | "tool" | "none"}:
            return dict(choice)
        case _:
            raise unsupported(SERVER, "such a tool_choice", "tool_choice")


def _about_the_caller(body: Table) -> Table:
    made: Table = {}
    metadata = body.get("metadata")
    user = body.get("user") or (metadata.get("user_id") if isinstance(metadata, dict) else None)
    if user:
        made["metadata"] = {"user_id": user}
    if tier := TIERS.get(str(body.get("service_tier"))):
        made["service_tier"] = tier
    return made


def _output(body: Table) -> Table:
    """Return `output_config`: the schema to hold to, and how much effort to take."""
    made: Table = {}
    wanted = body.get("response_format")
    if isinstance(wanted, dict) and wanted.get("type") not in (None, "text"):
        described = wanted.get("json_schema")
        if not isinstance(described, dict) or not isinstance(described.get("schema"), dict):
            raise unsupported(SERVER, "response_format but json_schema", "response_format")
        made["format"] = {"type": "json_schema", "schema": described["schema"]}
    reasoning = body.get("reasoning")
    effort = body.get("reasoning_effort") or (
        reasoning.get("effort") if isinstance(reasoning, dict) else None
    )
    if effort and effort != "none":
        made["effort"] = "low" if effort == "minimal" else effort
    return made
