"""What is known of a request when its parameters are chosen, as numbers that arms learn from.

A few named features, each from -1 to 1 and 0 where a request is of the usual kind. They are kept
with each answer, with the version of this list: what another version has written is not looked at.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np

from engine.analytics.snapshot import Floats
from engine.analytics.task_types import GENERAL, wants_json
from engine.tokens import prompt_tokens

VERSION = 1
"""Moves whenever FEATURES or TASKS change, or what one of them means."""
FEATURES = ("length", "tools", "images", "json", "turns", "again")
"""Length of the prompt, whether tools, images or JSON are there or wanted, how far the conversation
is, and whether the same question was asked just before."""
TASKS = (GENERAL, "code-generation", "creative-writing", "extraction", "reasoning", "summary",
         "translation", "vision")  # fmt: skip
"""Types of task with a place of their own; all others share one."""
OTHER = "other"
NAMES = ("usual", "unknown", *FEATURES, *TASKS, OTHER)
"""Of a vector's entries. "usual" is always 1; "unknown" says that no feature is known."""
SIZE = len(NAMES)
PLACES: Mapping[str, int] = {name: place for place, name in enumerate(NAMES)}

FLAG = 0.5
"""Of a feature that is there or not. Weights are believed to be of one size before anything is
known, so a smaller number says that a feature is likely to change less."""
APART = 0.2
"""Of "unknown" and of types of task. What was learnt at another one is so worth half a dozen to a
dozen answers at most, however much that was, as what arms earned elsewhere is for other policies:
1 / (2 APART^2) where one side alone has such a weight, half of that where both do."""
USUAL_DIGITS, MOST_TURNS_LOG2 = 3.0, 5.0
"""A prompt of 10^3 tokens is usual, one of none or of 10^6 is as far from it as can be; the 32nd
turn of a conversation is as late as can be."""
MOST_KEPT, LONGEST_NAME, LARGEST = 32, 60, 1e6
"""What is kept of contexts, those of other versions included."""
IMAGES = frozenset({"image_url", "image", "input_image"})


@dataclass(frozen=True, slots=True)
class RequestContext:
    """Features by name; those that are 0 are left out."""

    values: Mapping[str, float] = field(default_factory=dict)
    version: int = VERSION

    @property
    def is_usable(self) -> bool:
        """Whether this version of the program knows what it says."""
        return self.version == VERSION and all(
            name in FEATURES and abs(value) <= 1.0 for name, value in self.values.items()
        )


class _Plain(msgspec.Struct):
    """A context as it is written down and told to other hosts."""

    v: int
    x: dict[str, float]


def context_of(body: Mapping[str, Any], *, is_again: bool) -> RequestContext:
    """Return the context of a request. Never raises; body: in OpenAI's shape.

    is_again: whether the same question was asked just before.
    """
    found = {
        "length": _share(math.log10(1 + prompt_tokens(dict(body))) / USUAL_DIGITS - 1),
        "tools": FLAG * bool(body.get("tools") or body.get("functions")),
        "images": FLAG * _has_image(body.get("messages")),
        "json": FLAG * wants_json(body),
        "turns": _share(math.log2(max(1, _turns(body.get("messages")))) / MOST_TURNS_LOG2),
        "again": FLAG * is_again,
    }
    return RequestContext({name: value for name, value in found.items() if value})


def vector(context: RequestContext | None, task_type: str) -> Floats:
    """Return what a policy looks at, shape (SIZE,), finite, -1 to 1.

    Without a context, or with one that this version does not know, that of an unknown request.
    """
    found = np.zeros(SIZE)
    found[0] = 1.0
    found[place_of(task_type)] = APART
    if context is None or not context.is_usable:
        found[PLACES["unknown"]] = APART
    else:
        for name, value in context.values.items():
            found[PLACES[name]] = value
    return found


def place_of(task_type: str) -> int:
    """Return the place of a type of task in a vector; custom ones share the last."""
    return PLACES[task_type if task_type in TASKS else OTHER]


def plain_of(context: RequestContext | None) -> dict[str, object] | None:
    """Return a context as JSON can hold it; None for none."""
    return None if context is None else {"v": context.version, "x": dict(context.values)}


def context_from(plain: object) -> RequestContext | None:
    """Return the context that `plain_of` made; None where it is none, or holds what cannot be."""
    try:
        told = msgspec.convert(plain, _Plain, strict=True)
    except (msgspec.ValidationError, RecursionError):
        return None
    if len(told.x) > MOST_KEPT or any(len(name) > LONGEST_NAME for name in told.x):
        return None
    if not all(abs(value) <= LARGEST for value in told.x.values()):  # False for NaN, too
        return None
    found = RequestContext(told.x, told.v)
    return found if found.is_usable or told.v != VERSION else None


def _share(value: float) -> float:
    """Return `value`, -1 to 1, with the digits that are kept."""
    return round(min(1.0, max(-1.0, value)), 4)


def _turns(messages: object) -> int:
    """Return how many messages are the user's."""
    found = messages if isinstance(messages, list) else []
    return sum(isinstance(each, dict) and each.get("role") == "user" for each in found)


def _has_image(messages: object) -> bool:
    for message in messages if isinstance(messages, list) else []:
        parts = message.get("content") if isinstance(message, dict) else None
        for part in parts if isinstance(parts, list) else []:
            kind = part.get("type") if isinstance(part, dict) else None
            if isinstance(kind, str) and kind in IMAGES:
                return True
    return False
