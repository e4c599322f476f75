"""How much two questions have in common, word by word; what they mean nobody asks here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.full_text import COMMON, UNSPACED, WORD, pairs
from engine.router.memory import INSTRUCTIONS, text_in

LETTERS = 4_000
"""Of a question; the activity list keeps as much."""
LEAST_WORDS, MOST_WORDS = 2, 128
"""Telling words of a question: one is a greeting or a topic, and many are a text with a task."""
DENIALS = frozenset(("no", "not", "never", "without", "except"))
PASSED = COMMON - DENIALS
"""Words that tell nothing."""
SIGN = re.compile(r"(?<!\S)[-+*/%^<>=!&|]+(?!\S)")
"""Standing alone: 3 + 4 is not 3 * 4."""


@dataclass(frozen=True, slots=True)
class Essence:
    """What of a question is compared: numbers for its words, from which they cannot be read.

    They are other numbers for another client or other instructions, to whom it is nothing.
    """

    words: frozenset[int]
    exact: frozenset[int]
    """Of numbers, signs and denials: a question with others is another question."""


def likeness_of(one: Essence, other: Essence) -> float:
    """Return which share of their words two questions have in common, 0 to 1.

    0 where a number, a sign or a denial differs. Source: Jaccard's index. The order of words does
    not count, for who asks again seldom keeps it.
    """
    if one.exact != other.exact:
        return 0.0
    common = len(one.words & other.words)
    return common / (len(one.words) + len(other.words) - common)


def essence_of(client: str, body: Mapping[str, Any]) -> Essence | None:
    """Return what of a chat is compared; None for what is no question that stands by itself.

    With earlier turns, tools or pictures it means what those make it mean.
    """
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages or body.get("tools"):
        return None
    if not all(isinstance(each, dict) for each in messages):
        return None
    *before, last = messages
    if last.get("role") != "user" or not _is_text(last.get("content")):
        return None
    if any(each.get("role") not in INSTRUCTIONS for each in before):
        return None
    whose = hash((client, *(text_in(each.get("content")) for each in before)))
    words, exact = _words(text_in(last.get("content"))[:LETTERS].casefold())
    if not LEAST_WORDS <= len(words) <= MOST_WORDS:
        return None
    return Essence(
        frozenset(hash((whose, word)) for word in words),
        frozenset(hash((whose, word)) for word in exact),
    )


def _words(text: str) -> tuple[set[str], set[str]]:
    """Return the words of `text` that tell something, and those of them that must be the same."""
    exact = set(SIGN.findall(text))
    words = {*exact, *pairs(text)}
    for word in WORD.findall(UNSPACED.sub(" ", text)):
        if word not in PASSED:
            words.add(word)
            if word in DENIALS or any(map(str.isdigit, word)):
                exact.add(word)
    return words, exact


def _is_text(content: Any) -> bool:
    if isinstance(content, str):
        return True
    parts = content if isinstance(content, list) else [None]
    return all(isinstance(part, dict) and part.get("type") == "text" for part in parts)
