"""What servers with OpenAI's API list, each with further fields of its own."""

from __future__ import annotations

from typing import Any

from engine.exchange import ServedModel

CONTEXT_FIELDS = ("loaded_context_length", "max_model_len", "context_length", "max_context_length")
"""LM Studio, vLLM, OpenRouter and others; the first that is there counts."""
LM_STUDIO_TYPES = {
    "llm": frozenset({"chat", "completion"}),
    "vlm": frozenset({"chat", "completion", "vision"}),
    "embeddings": frozenset({"embedding"}),
}
OPENROUTER_PARAMETERS = {
    "tools": "tools",
    "response_format": "json",
    "structured_outputs": "json",
    "reasoning": "reasoning",
}


def served_models(listed: dict[str, Any]) -> tuple[ServedModel, ...]:
    """Return the models of a `/models` answer; entries without a name are left out."""
    found = listed.get("data")
    entries = found if isinstance(found, list) else []
    return tuple(
        _served(each)
        for each in entries
        if isinstance(each, dict) and isinstance(each.get("id"), str) and each["id"]
    )


def _served(entry: dict[str, Any]) -> ServedModel:
    meta = entry.get("meta") if isinstance(entry.get("meta"), dict) else {}
    assert isinstance(meta, dict)
    sizes = [entry.get(name) for name in CONTEXT_FIELDS]
    sizes += [meta.get("n_ctx"), meta.get("n_ctx_train")]
    state = entry.get("state")
    return ServedModel(
        name=entry["id"],
        context_tokens=next((each for each in sizes if isinstance(each, int) and each > 0), None),
        capabilities=_capabilities(entry),
        size_bytes=size if isinstance(size := meta.get("size"), int) else None,
        is_loaded=state == "loaded" if isinstance(state, str) else None,
        details=_details(entry, meta),
    )


def _capabilities(entry: dict[str, Any]) -> frozenset[str] | None:
    """Return what LM Studio and OpenRouter say of a model; None where nothing is said."""
    if (known := LM_STUDIO_TYPES.get(str(entry.get("type")))) is not None:
        given = entry.get("capabilities")
        has_tools = isinstance(given, list) and "tool_use" in given
        return known | {"tools"} if has_tools else known
    architecture, parameters = entry.get("architecture"), entry.get("supported_parameters")
    if not isinstance(architecture, dict) or not isinstance(parameters, list):
        return None
    found = {ours for theirs, ours in OPENROUTER_PARAMETERS.items() if theirs in parameters}
    takes = architecture.get("input_modalities")
    if isinstance(takes, list) and "image" in takes:
        found.add("vision")
    return frozenset(found | {"chat"})


def _details(entry: dict[str, Any], meta: dict[str, Any]) -> str:
    parameters = meta.get("n_params")
    words = [
        f"{parameters / 1e9:.1f}B" if isinstance(parameters, int) else "",
        quantization if isinstance(quantization := entry.get("quantization"), str) else "",
    ]
    return " ".join(word for word in words if word)
