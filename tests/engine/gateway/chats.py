"""Chat completions for tests: the same answer whole and in chunks of any size and order."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

import msgspec
from hypothesis import strategies as st

from engine.exchange import DONE
from tests.engine.gateway.fake_router import MODEL, completion, event

USAGE = {
    "prompt_tokens": 21,
    "completion_tokens": 9,
    "total_tokens": 30,
    "prompt_tokens_details": {"cached_tokens": 5},
    "completion_tokens_details": {"reasoning_tokens": 4},
}


@dataclass(frozen=True)
class Said:
    """What a model said, whatever the dialect."""

    reasoning: str = ""
    text: str = ""
    refusal: str = ""
    calls: tuple[tuple[str, str, dict[str, Any]], ...] = ()
    """Id, name and arguments."""
    finish_reason: str = "stop"
    usage: dict[str, Any] | None = field(default_factory=lambda: USAGE)

    def whole(self) -> dict[str, Any]:
        """Return it as one chat completion."""
        message: dict[str, Any] = {"role": "assistant", "content": self.text or None}
        if self.reasoning:
            message["reasoning_content"] = self.reasoning
        if self.refusal:
            message["refusal"] = self.refusal
        if self.calls:
            message["tool_calls"] = [
                {"id": id, "type": "function", "function": {"name": name, "arguments": encoded(a)}}
                for id, name, a in self.calls
            ]
        choice = {"index": 0, "finish_reason": self.finish_reason, "message": message}
        return completion(choices=[choice], usage=self.usage)

    def deltas(self, random: Random) -> list[dict[str, Any]]:
        """Return it in deltas; the arguments of several calls come mixed."""
        found: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        found += [{"reasoning_content": part} for part in cut(self.reasoning, random)]
        found += [{"content": part} for part in cut(self.text, random)]
        found += [{"refusal": part} for part in cut(self.refusal, random)]
        lanes = []
        for at, (id, name, arguments) in enumerate(self.calls):
            head = {"index": at, "id": id, "type": "function"}
            lane = [head | {"function": {"name": name, "arguments": ""}}]
            lane += [
                {"index": at, "function": {"arguments": part}}
                for part in cut(encoded(arguments), random)
            ]
            lanes.append(lane)
        while any(lanes):
            started = [at for at, lane in enumerate(lanes) if lane]
            # A call never begins before those in front of it have begun.
            may = [at for at in started if all("id" not in lane[0] for lane in lanes[:at] if lane)]
            found.append({"tool_calls": [lanes[random.choice(may)].pop(0)]})
        return found

    def pieces(self, random: Random) -> list[bytes]:
        """Return it as the events of a stream."""
        base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": MODEL}
        told = [
            event(base | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
            for delta in self.deltas(random)
        ]
        last = {"index": 0, "delta": {}, "finish_reason": self.finish_reason}
        told.append(event(base | {"choices": [last]}))
        if self.usage is not None:
            told.append(event(base | {"choices": [], "usage": self.usage}))
        return [*told, DONE]


def encoded(arguments: dict[str, Any]) -> str:
    """Return `arguments` as a model writes them."""
    return msgspec.json.encode(arguments).decode()


def cut(text: str, random: Random) -> list[str]:
    """Return `text` in parts of one to five letters."""
    parts = []
    while text:
        size = random.randint(1, 5)
        parts.append(text[:size])
        text = text[size:]
    return parts


WORDS = st.text(st.characters(codec="utf-8"), max_size=20)
ARGUMENTS = st.dictionaries(WORDS, WORDS | st.integers(-99, 99) | st.none(), max_size=3)
CALLS = st.lists(ARGUMENTS, max_size=3).map(
    lambda many: tuple((f"call_{at}", f"tool_{at}", each) for at, each in enumerate(many))
)
ANSWERS = st.builds(
    Said,
    reasoning=WORDS,
    text=WORDS,
    calls=CALLS,
    finish_reason=st.sampled_from(["stop", "length"]),
)
"""Anything a model may say."""

NAMES = [
    "type",
    "role",
    "content",
    "text",
    "input",
    "name",
    "id",
    "call_id",
    "output",
    "arguments",
    "source",
    "data",
    "tool_use_id",
    "input_schema",
    "parameters",
    "thinking",
    "summary",
]

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(allow_nan=False)
    | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(NAMES),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)
"""Anything a client may send for a field."""
