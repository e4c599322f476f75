"""Which earlier messages go along with a request: whole turns, the newest that fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from engine.router.conversations import NewMessage
from engine.tokens import message_tokens

Message = dict[str, Any]
INSTRUCTIONS = ("system", "developer")


def turns_of(messages: Iterable[Message]) -> list[list[Message]]:
    """Return `messages` as turns: a question of the user and all that followed it.

    Instructions, and what came before the first question, belong to no turn: servers want a
    conversation to begin with the user.
    """
    turns: list[list[Message]] = []
    for message in messages:
        role = message.get("role")
        if role == "user":
            turns.append([message])
        elif turns and role not in INSTRUCTIONS:
            turns[-1].append(message)
    return turns


def fitting(earlier: Sequence[Message], own: Sequence[Message], most_tokens: int) -> list[Message]:
    """Return the newest turns of `earlier` that fit into `most_tokens`, the oldest first.

    A call of a tool and its result are never separated: a turn that lacks a result is left out,
    unless `own`, the messages that follow, begin with it.
    """
    given = _answered(_leading_results(own))
    kept: list[list[Message]] = []
    left = most_tokens
    for number, turn in enumerate(reversed(turns_of(earlier))):
        if not _is_complete(turn, given if number == 0 else set()):
            continue
        left -= sum(message_tokens(message) for message in turn)
        if left < 0:
            break
        kept.append(turn)
    return [message for turn in reversed(kept) for message in turn]


def brings_its_own(own: Sequence[Message]) -> bool:
    """Tell whether a request has earlier messages already: something was answered in it."""
    return any(message.get("role") == "assistant" for message in own)


def worth_keeping(own: Sequence[Message], answer: Message) -> list[NewMessage]:
    """Return what a session remembers of a request with the messages `own` and its `answer`.

    own: everything, or only what is new; what was answered in it before is remembered already.
    """
    new = [message for message in own if message.get("role") not in INSTRUCTIONS]
    for at in range(len(new) - 1, -1, -1):
        if new[at].get("role") == "assistant":
            new = new[at + 1 :]
            break
    return [_kept(message) for message in (*new, answer)]


def text_in(content: Any) -> str:
    """Return the words of a message's content: a text, or the texts among its parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = [part.get("text") for part in parts if isinstance(part, dict)]
    return "\n".join(text for text in texts if isinstance(text, str))


def _kept(message: Message) -> NewMessage:
    is_plain = set(message) <= {"role", "content"} and isinstance(message.get("content"), str)
    return NewMessage(
        role=str(message.get("role", "")),
        content=text_in(message.get("content")),
        whole=None if is_plain else message,
    )


def _leading_results(own: Sequence[Message]) -> list[Message]:
    found = []
    for message in own:
        if message.get("role") == "tool":
            found.append(message)
        elif message.get("role") not in INSTRUCTIONS:
            break
    return found


def _answered(messages: Iterable[Message]) -> set[Any]:
    return {
        str(message.get("tool_call_id")) for message in messages if message.get("role") == "tool"
    }


def _is_complete(turn: Sequence[Message], given: set[Any]) -> bool:
    """Tell whether every call of a tool in `turn` has its result, there or in `given`."""
    calls: set[Any] = set()
    for message in turn:
        for call in message.get("tool_calls") or ():
            calls.add(str(call.get("id")) if isinstance(call, dict) else "")
    results = _answered(turn)
    return calls <= results | given and results <= calls
