"""An answer in OpenAI's chat shape, whole or in chunks, as blocks that follow each other.

Other dialects send an answer block by block: thoughts, words, calls of tools. In chat chunks those
may come in any order, calls of several tools at once included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

Kind = Literal["reasoning", "text", "refusal", "call"]

_encode = msgspec.json.Encoder().encode


@dataclass(slots=True, eq=False)
class Block:
    """A stretch of an answer that is of one kind."""

    kind: Kind
    number: int
    """Its place in the answer, from 0."""
    id: str = ""
    """For a call: what its result must name."""
    name: str = ""
    """For a call: the tool's."""
    parts: list[str] = field(default_factory=list)
    logprobs: list[Any] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The words so far; for a call its arguments as JSON."""
        return "".join(self.parts)

    @property
    def arguments(self) -> Any:
        """The arguments of a call decoded; None while they are no JSON."""
        try:
            return msgspec.json.decode(self.text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to a block."""

    what: Literal["opened", "added", "closed"]
    block: Block
    text: str = ""
    """What was added."""
    logprobs: list[Any] = field(default_factory=list)
    """Of the added tokens, as the server sent them."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Tokens as the server counted them."""

    prompt: int
    completion: int
    cached: int = 0
    reasoning: int = 0


class ChatBlocks:
    """Takes chunks or one whole answer and returns what happens, one block after the other.

    A block is closed when the next has begun, a call only once its arguments are whole; what
    comes meanwhile for later blocks waits. ids: makes names for calls that came without one.
    """

    def __init__(self, *, ids: Callable[[], str]) -> None:
        self.blocks: list[Block] = []
        self.finish_reason = ""
        self.stop_sequence: str | None = None
        self.counted: Counted | None = None
        self.error: dict[str, Any] | None = None
        """What the server said in the stream instead of going on."""
        self._ids = ids
        self._calls: dict[Any, Block] = {}
        self._head = 0
        self._is_open = False
        self._sent = self._sent_logprobs = 0

    def take(self, chunk: Any) -> list[Step]:
        """Return what `chunk` changes; what is no chunk changes nothing."""
        if not isinstance(chunk, dict):
            return []
        if chunk.get("error"):
            error = chunk["error"]
            self.error = error if isinstance(error, dict) else {"message": str(error)}
        self.counted = _counted(chunk.get("usage")) or self.counted
        choices = chunk.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            # Other choices cannot be told in a dialect that knows one answer.
            if isinstance(choice, dict) and not choice.get("index"):
                self._take_choice(choice)
        return list(self._steps(is_over=False))

    def finish(self) -> list[Step]:
        """Return what is left: nothing more comes."""
        return list(self._steps(is_over=True))

    @property
    def has_calls(self) -> bool:
        """Whether a tool is called."""
        return any(block.kind == "call" for block in self.blocks)

    def _take_choice(self, choice: dict[str, Any]) -> None:
        delta = choice.get("delta") or choice.get("message")
        if isinstance(delta, dict):
            reasoning = delta.get("reasoning_content") or delta.get("reasoning")
            self._add("reasoning", reasoning)
            self._add("text", _words(delta.get("content")), _logprobs(choice))
            self._add("refusal", delta.get("refusal"))
            calls = delta.get("tool_calls")
            for call in calls if isinstance(calls, list) else ():
                if isinstance(call, dict):
                    self._add_call(call)
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason:
            self.finish_reason = reason
            stopped_by = choice.get("stop_reason")
            self.stop_sequence = stopped_by if isinstance(stopped_by, str) else None

    def _add(self, kind: Kind, words: Any, logprobs: list[Any] | None = None) -> None:
        if not isinstance(words, str) or not words:
            return
        if not self.blocks or self.blocks[-1].kind != kind:
            self.blocks.append(Block(kind, len(self.blocks)))
        self.blocks[-1].parts.append(words)
        self.blocks[-1].logprobs += logprobs or ()

    def _add_call(self, call: dict[str, Any]) -> None:
        found = call.get("function")
        function = found if isinstance(found, dict) else {}
        id, name = _string(call.get("id")), _string(function.get("name"))
        place = call.get("index")
        place = place if isinstance(place, int) else None
        block = self._calls.get(place)
        # Some servers give every call the same index: another id with a name is another call.
        if block is None or (id and name and block.id and block.id != id):
            block = Block("call", len(self.blocks), id or f"call_{self._ids()}", name)
            self.blocks.append(block)
            self._calls[place] = block
        elif name and not block.name:
            block.name = name
        arguments = function.get("arguments")
        if isinstance(arguments, dict):
            arguments = _encode(arguments).decode()
        if isinstance(arguments, str) and arguments:
            block.parts.append(arguments)

    def _steps(self, *, is_over: bool) -> Iterator[Step]:
        while self._head < len(self.blocks):
            block = self.blocks[self._head]
            is_last = self._head == len(self.blocks) - 1
            if not self._is_open:
                if block.kind == "call" and not block.name and not is_over:
                    return
                self._is_open = True
                yield Step("opened", block)
            if len(block.parts) > self._sent:
                text = "".join(block.parts[self._sent :])
                yield Step("added", block, text, block.logprobs[self._sent_logprobs :])
                self._sent, self._sent_logprobs = len(block.parts), len(block.logprobs)
            if not is_over and (is_last or not _is_whole(block)):
                return
            yield Step("closed", block)
            self._head += 1
            self._is_open = False
            self._sent = self._sent_logprobs = 0


def _is_whole(block: Block) -> bool:
    """Tell whether nothing more can come for `block` once another has begun."""
    return block.kind != "call" or block.arguments is not None


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _words(content: Any) -> str | None:
    """Return the words of a message's content, which some servers send in parts."""
    if isinstance(content, list):
        return "".join(_string(part.get("text")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else None


def _logprobs(choice: dict[str, Any]) -> list[Any]:
    found = choice.get("logprobs")
    tokens = found.get("content") if isinstance(found, dict) else None
    return tokens if isinstance(tokens, list) else []


def _counted(usage: Any) -> Counted | None:
    if not isinstance(usage, dict):
        return None
    prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if not isinstance(prompt, int) or not isinstance(completion, int | None):
        return None
    return Counted(
        prompt,
        completion or 0,
        _detail(usage, "prompt_tokens_details", "cached_tokens"),
        _detail(usage, "completion_tokens_details", "reasoning_tokens"),
    )


def _detail(usage: dict[str, Any], group: str, name: str) -> int:
    details = usage.get(group)
    found = details.get(name) if isinstance(details, dict) else None
    return found if isinstance(found, int) else 0
