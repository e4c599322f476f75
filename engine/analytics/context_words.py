"""What speaks for an arm at a request, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.analytics.contextual_arms import ContextualArms
from engine.analytics.request_context import (
    APART,
    FLAG,
    MOST_TURNS_LOG2,
    OTHER,
    PLACES,
    TASKS,
    USUAL_DIGITS,
)
from engine.analytics.snapshot import Floats

TELLING = 0.01
"""Reward below which a term is not worth a word."""
MOST_TOLD = 3
HOW = (
    "the choice with the highest bound for such a request is taken; how far bounds lie above what "
    "is believed is drawn at random (LinUCB of random width)"
)
NOT_TOLD = "nothing is known of the request: it counts as a usual one"


def term_words(terms: Mapping[str, float], at: Floats, rival: str) -> str:
    """Return which terms of a request matter between an arm and `rival`, the largest first.

    terms: reward by name, above 0 where it speaks for the arm; see `ContextualArms.terms`. at: the
    request's vector (SIZE,).
    """
    told = [(name, value) for name, value in terms.items() if name in _SAID]
    telling = [each for each in told if abs(each[1]) >= TELLING]
    if not telling:
        return f"beside {rival}, nothing in this request makes more of a difference than usual"
    telling.sort(key=lambda each: -abs(each[1]))
    words = ", ".join(
        f"{_SAID[name](float(at[PLACES[name]]))} ({value:+.2f})"
        for name, value in telling[:MOST_TOLD]
    )
    return f"what matters in this request, beside {rival}: {words}"


def usual_words(policy: ContextualArms) -> str:
    """Return the usual request of a study in words, such as "about 800 tokens, turn 2"."""
    at = policy.usual
    parts = [f"about {_tokens(at[PLACES['length']]):,} tokens", f"turn {_turn(_of(at, 'turns'))}"]
    for name, words in (("tools", "tools"), ("images", "images"), ("json", "JSON wanted"),
                        ("again", "asked again")):  # fmt: skip
        share = _of(at, name) / FLAG
        if share >= TELLING:
            parts.append(f"{words} in {share:.0%}")
    unknown = _of(at, "unknown") / APART
    if unknown >= TELLING:
        parts.append(f"nothing known in {unknown:.0%}")
    return ", ".join(parts)


def _of(at: Floats, name: str) -> float:
    return float(at[PLACES[name]])


def _tokens(value: float) -> int:
    """Return the length that a feature stands for, with two digits that count."""
    return int(float(f"{10 ** (USUAL_DIGITS * (value + 1)) - 1:.1e}"))


def _turn(value: float) -> int:
    return round(2 ** (MOST_TURNS_LOG2 * value))


def _task(name: str) -> Callable[[float], str]:
    words = "the type of task" if name == OTHER else f"that it is {name}"
    return lambda _: words


_SAID: Mapping[str, Callable[[float], str]] = {
    "length": lambda value: f"a prompt of about {_tokens(value):,} tokens",
    "tools": lambda value: "tools" if value else "no tools",
    "images": lambda value: "images" if value else "no images",
    "json": lambda value: "JSON is wanted" if value else "no JSON is wanted",
    "turns": lambda value: f"turn {_turn(value)} of the conversation",
    "again": lambda value: "it is asked again" if value else "it is not asked again",
    **{name: _task(name) for name in (*TASKS, OTHER)},
}
