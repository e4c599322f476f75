"""What a request needs of a model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from engine.errors import Rejected
from engine.exchange import LlmRequest, Task
from engine.router.snapshot import CAPABILITIES
from engine.tokens import prompt_tokens

USUAL_ANSWER_TOKENS = 512
"""What an answer is taken to be where the request sets no limit."""
MOST_COUNTED = 10**9
"""A larger number of tokens or answers counts as this one: JSON has numbers that no float holds."""

SYNONYMS = {
    "deep_reasoning": "reasoning",
    "thinking": "reasoning",
    "function_calling": "tools",
    "tool_use": "tools",
    "images": "vision",
    "image": "vision",
    "json_mode": "json",
    "json_schema": "json",
    "structured_output": "json",
    "coding": "code",
    "embeddings": "embedding",
}
"""Words that others use for what we call otherwise."""

_BY_TASK = {task: frozenset({task.value}) for task in Task}


@dataclass(frozen=True, slots=True)
class Needs:
    """What a model must be able to do for one request."""

    capabilities: frozenset[str]
    prompt_tokens: int
    answer_tokens: int
    answers: int = 1
    """How many are wanted at once (`n`)."""

    @property
    def total_tokens(self) -> int:
        """What the model's window must hold."""
        return self.prompt_tokens + self.answer_tokens


def needs_of(request: LlmRequest, extra: frozenset[str] = frozenset()) -> Needs:
    """Return what `request` needs, and `extra`; fields of wrong types need nothing."""
    body, task = request.body, request.task
    wanted = _BY_TASK[task]
    if extra:
        wanted |= extra
    if task is Task.CHAT and (found := _features(body)):
        wanted |= found
    answers = _positive(body.get("n")) or 1
    return Needs(wanted, prompt_tokens(body), _answer_tokens(request), answers)


def known_capabilities(asked: Iterable[str]) -> frozenset[str]:
    """Return `asked` in our own words. Raises Rejected for a word that nobody knows."""
    found = set()
    for word in asked:
        name = word.strip().lower().replace("-", "_").replace(" ", "_")
        name = SYNONYMS.get(name, name)
        if name not in CAPABILITIES:
            known = ", ".join(CAPABILITIES)
            raise Rejected(
                f"there is no capability {word!r}; known are: {known}",
                code="unknown_capability",
                param="capabilities",
            )
        found.add(name)
    return frozenset(found)


def _features(body: dict[str, Any]) -> set[str]:
    found = set()
    if body.get("tools") or body.get("functions"):
        found.add("tools")
    form = body.get("response_format")
    if isinstance(form, dict) and form.get("type") in ("json_object", "json_schema"):
        found.add("json")
    messages = body.get("messages")
    if isinstance(messages, list):
        for message in messages:
            content = message.get("content") if isinstance(message, dict) else None
            if isinstance(content, list):
                found |= _senses(content)
    return found


def _senses(parts: list[Any]) -> set[str]:
    kinds = {part.get("type") for part in parts if isinstance(part, dict) and _has_word(part)}
    found = set()
    if kinds & {"image_url", "image", "input_image"}:
        found.add("vision")
    if kinds & {"input_audio", "audio"}:
        found.add("audio")
    return found


def _has_word(part: dict[str, Any]) -> bool:
    return isinstance(part.get("type"), str)


def _answer_tokens(request: LlmRequest) -> int:
    if request.task is Task.EMBEDDING:
        return 0
    body = request.body
    asked = _positive(body.get("max_completion_tokens")) or _positive(body.get("max_tokens"))
    return asked or USUAL_ANSWER_TOKENS


def _positive(value: Any) -> int | None:
    return min(value, MOST_COUNTED) if type(value) is int and value > 0 else None
