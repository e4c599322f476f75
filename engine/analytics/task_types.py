"""What kind of task a request is: as the client says, as its tier says, or by its words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.errors import Rejected

GENERAL = "chat"
LONGEST = 60
"""Characters of a name that a client gives."""
READ = 2_000
"""Characters of a question that are read, half of them from its end: there the wish stands."""
OF_TIERS: Mapping[str, str] = {
    "code": "code-generation",
    "expert-reasoning": "reasoning",
    "vision": "vision",
}
"""Tiers that were made for one kind of task."""
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_BLANKS = re.compile(r"[\s_]+")


@dataclass(frozen=True, slots=True)
class TaskType:
    """A kind of task, and how it was recognised."""

    name: str
    why: str


_RULES: tuple[tuple[str, str, re.Pattern[str]], ...] = tuple(
    (name, why, re.compile(pattern, re.IGNORECASE))
    for name, why, pattern in (
        ("translation", "asks for a translation", r"\btranslat|\bübersetz|\btradu"),
        ("summary", "asks for a summary", r"\bsummar|\btl;?dr\b|\bkey points\b|\bzusammenfass"),
        (
            "code-generation",
            "speaks of code",
            r"```|\b(write|fix|refactor|implement|debug|review)\b.{0,60}\b(function|class|code|"
            r"script|program|test|tests|query|method|module|bug)\b|\b(python|javascript|typescript|"
            r"rust|golang|sql|regex|stack trace|traceback|compiler)\b",
        ),
        (
            "extraction",
            "asks to extract or classify",
            r"\b(extract|classify|categori[sz]e|label|parse)\b",
        ),
        (
            "creative-writing",
            "asks for a text of its own",
            r"\b(write|compose|tell)\b.{0,40}\b(story|poem|song|lyrics|slogan|joke|novel|haiku)\b|"
            r"\bbrainstorm",
        ),
        (
            "reasoning",
            "asks to work something out",
            r"\b(prove|derive|solve|calculate|compute|step by step|how many|probability)\b",
        ),
    )
)


def named(text: str) -> str:
    """Return the name of a kind of task as a client gave it, such as "code-generation".

    Raises Rejected where it is none.
    """
    name = _BLANKS.sub("-", text.strip().lower())
    if len(name) > LONGEST or not _NAME.fullmatch(name):
        raise Rejected(
            f"task type {text[:LONGEST]!r}: use at most {LONGEST} letters, digits, dots and "
            "hyphens, such as code-generation",
            param="task_type",
            code="invalid_task_type",
        )
    return name


def task_type_of(told: str, tier: str, body: Mapping[str, Any]) -> TaskType:
    """Return what kind of task a request is.

    told: what the client said, "" for nothing. tier: "" where a model was named. body: in
    OpenAI's shape.
    """
    if told:
        return TaskType(told, "the request says so")
    if tier in OF_TIERS:
        return TaskType(OF_TIERS[tier], f"the tier {tier} is for that")
    if wants_json(body):
        return TaskType("extraction", "JSON is asked for")
    words = _wish(body)
    for name, why, pattern in _RULES:
        if pattern.search(words):
            return TaskType(name, f"the question {why}")
    return TaskType(GENERAL, "nothing says otherwise")


def wants_json(body: Mapping[str, Any]) -> bool:
    """Tell whether the answer to `body` must be JSON."""
    wanted = body.get("response_format")
    return isinstance(wanted, dict) and wanted.get("type") in ("json_object", "json_schema")


def _wish(body: Mapping[str, Any]) -> str:
    """Return the words of the last message of the user, shortened."""
    messages = body.get("messages")
    found: Any = body.get("prompt")
    for message in reversed(messages if isinstance(messages, list) else []):
        if isinstance(message, dict) and message.get("role") == "user":
            found = message.get("content")
            break
    if isinstance(found, list):
        texts = [each.get("text") for each in found if isinstance(each, dict)]
        found = "\n".join(each for each in texts if isinstance(each, str))
    if not isinstance(found, str):
        return ""
    return found if len(found) <= READ else f"{found[: READ // 2]}\n{found[-READ // 2 :]}"
