"""One answer while it is written: the engines' thread adds to it, the page reads it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.chat_values import ChatEntry, EntryState, Rating
from engine.errors import EngineError

if TYPE_CHECKING:
    from app.chat_ports import ChatRouter
    from engine.exchange import LlmRequest, Reply, Similar

LEAST_S = 0.001
"""A rate over less than this says nothing."""
THINKS, THOUGHT = "<think>", "</think>"
"""Some models write what they think into their answer, between these."""


class Turn:
    """Pieces go into lists and are joined when somebody looks, at most once for each piece."""

    def __init__(self, key: int, asked: str, at: datetime) -> None:
        self.key = key
        self.version = 0
        """Moves with every change."""
        self._asked = asked
        self._at = at
        self._state = EntryState.WAITING
        self._problem = ""
        self._model = self._endpoint = self._decision_id = ""
        self._figures: Mapping[str, float] = {}
        self._similar: Similar | None = None
        self._message_id: int | None = None
        self._suggestion_id, self._rating = "", Rating.NONE
        self._words: list[str] = []
        self._thoughts: list[str] = []
        # Below: the reader's only.
        self._joined: dict[int, tuple[int, str]] = {}
        self._seen: tuple[int, ChatEntry] | None = None

    def sent_as(self, request_id: str) -> None:
        """Take note of the request's id, by which the decision is found."""
        self._decision_id = request_id

    def answered_by(self, reply: Reply) -> None:
        """Take note of who answers."""
        self._model, self._endpoint = reply.model, reply.endpoint
        self._decision_id = reply.id or self._decision_id
        self._similar = reply.similar
        self._suggestion_id = reply.suggestion_id
        self._state = EntryState.STREAMING
        self.version += 1

    def rated(self, rating: Rating) -> None:
        """Take note of what the user says of it."""
        self._rating = rating
        self.version += 1

    def take(self, chunk: Any) -> None:
        """Add the words of a decoded chunk of the stream."""
        if not isinstance(chunk, dict):
            return
        error = chunk.get("error")
        if error:
            self._problem = _message_of(error)
        for choice in chunk.get("choices") or ():
            delta = choice.get("delta") or {}
            words = delta.get("content")
            if isinstance(words, str) and words:
                self._words.append(words)
            thought = delta.get("reasoning_content") or delta.get("reasoning")
            if isinstance(thought, str) and thought:
                self._thoughts.append(thought)
        self.version += 1

    def over(self, state: EntryState, problem: str = "", reply: Reply | None = None) -> None:
        """Say how it ended; the first call counts. A problem that came in the stream is a failure.

        `reply` tells what it took.
        """
        if self._state not in (EntryState.WAITING, EntryState.STREAMING):
            return
        self._problem = problem or self._problem or (reply.problem if reply else "")
        self._state = EntryState.FAILED if self._problem else state
        self._figures = figures_of(reply) if reply else {}
        if self._state is EntryState.STOPPED:
            self._figures = {**self._figures, "stopped": 1.0}
        self.version += 1

    def stored_as(self, message_id: int) -> None:
        """Take note of where it is kept."""
        self._message_id = message_id
        self.version += 1

    def entry(self) -> ChatEntry:
        """Return it as it is now; the same object while nothing has changed."""
        version = self.version
        if self._seen is not None and self._seen[0] == version:
            return self._seen[1]
        thoughts, words = _parted(self._join(self._thoughts), self._join(self._words))
        found = ChatEntry(
            self.key,
            "assistant",
            words,
            self._at,
            state=self._state,
            asked=self._asked,
            model=self._model,
            endpoint=self._endpoint,
            reasoning=thoughts,
            problem=self._problem,
            figures=self._figures,
            decision_id=self._decision_id,
            similar=self._similar,
            message_id=self._message_id,
            suggestion_id=self._suggestion_id,
            rating=self._rating,
        )
        self._seen = (version, found)
        return found

    def _join(self, pieces: list[str]) -> str:
        taken, text = self._joined.get(id(pieces), (0, ""))
        news = pieces[taken:]
        if news:
            text += "".join(news)
            self._joined[id(pieces)] = (taken + len(news), text)
        return text


async def write(router: ChatRouter, request: LlmRequest, turn: Turn) -> None:
    """Let `turn` take an answer to its end; what goes wrong outside is told in it."""
    turn.sent_as(request.id)
    try:
        reply = await router.handle(request)
    except EngineError as error:
        turn.over(EntryState.FAILED, str(error))
        return
    turn.answered_by(reply)
    try:
        async for chunk in reply:
            turn.take(chunk)
    except EngineError as error:
        turn.over(EntryState.FAILED, str(error), reply)
    except asyncio.CancelledError:
        await reply.aclose()
        turn.over(EntryState.STOPPED, reply=reply)
        raise
    else:
        turn.over(EntryState.DONE, reply=reply)
    finally:
        await reply.aclose()


def figures_of(reply: Reply) -> dict[str, float]:
    """Return what an answer that is over has taken, as far as it is known."""
    found: dict[str, float] = {}
    if reply.first_byte_s is not None:
        found["first_token_ms"] = reply.first_byte_s * 1000
    if reply.ended_s is not None:
        found["total_ms"] = reply.ended_s * 1000
    if reply.usage is not None and not reply.usage.is_estimated:
        found["prompt_tokens"] = reply.usage.prompt_tokens
        found["completion_tokens"] = reply.usage.completion_tokens
        written_s = (reply.ended_s or 0.0) - (reply.first_byte_s or 0.0)
        if written_s > LEAST_S and not reply.cached:
            found["tokens_per_s"] = reply.usage.completion_tokens / written_s
    if reply.cost_usd is not None:
        found["cost_usd"] = reply.cost_usd
    if reply.cached:
        found["cached"] = 1.0
    return found


def _parted(thoughts: str, words: str) -> tuple[str, str]:
    """Return (thoughts, words), with what stands between the signs of thinking moved."""
    begun = words.lstrip()
    if not begun.startswith(THINKS):
        # Half a sign is not shown: it would be gone with the next piece.
        return thoughts, "" if begun and THINKS.startswith(begun) else words
    inside, _, rest = begun.removeprefix(THINKS).partition(THOUGHT)
    return f"{thoughts}{inside}".strip(), rest.lstrip()


def _message_of(error: Any) -> str:
    if isinstance(error, dict):
        error = error.get("message") or "the server gave no reason"
    return str(error)
