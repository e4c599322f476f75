"""What a session remembers: each question and its answer, once the answer is over."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Any

import msgspec

from engine.errors import OutsideError
from engine.exchange import LlmRequest, Reply
from engine.router.conversations import Conversations
from engine.router.memory import worth_keeping

_log = logging.getLogger(__name__)


class Remembering:
    """Writes to the conversations while nobody waits for it."""

    def __init__(self, conversations: Conversations) -> None:
        self._conversations = conversations
        self._tasks: set[asyncio.Task[None]] = set()
        self.problem: str | None = None
        """Why the last answer was not remembered."""

    def keep(self, request: LlmRequest, reply: Reply, words: str) -> None:
        """Remember `reply` and what it answers, soon; an answer that broke off is not."""
        answer = _answer(reply, words)
        if reply.problem or answer is None or not _is_conversation(request):
            return
        task = asyncio.create_task(self._keep(request, reply, answer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def aclose(self) -> None:
        """Wait for what is being written."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _keep(self, request: LlmRequest, reply: Reply, answer: dict[str, Any]) -> None:
        *asked, last = worth_keeping(request.messages, answer)
        last = replace(last, model=reply.model, decision_id=request.id, figures=_figures(reply))
        try:
            await self._conversations.append(request.session, *asked, last)
            self.problem = None
        except OutsideError as error:
            is_new = self.problem is None
            self.problem = f"The session {request.session} lacks its last answer: {error}"
            if is_new:  # not once for every request while a disk is full
                _log.warning("%s", self.problem)


def _is_conversation(request: LlmRequest) -> bool:
    """Tell whether the messages are messages: a server may have been more patient than we."""
    return all(isinstance(each, dict) for each in request.messages)


def _answer(reply: Reply, words: str) -> dict[str, Any] | None:
    """Return the message that answers, as OpenAI has it; None where there is none."""
    if reply.stream is None and reply.dialect == "openai":
        try:
            found = reply.json()["choices"][0]["message"]
        except (msgspec.DecodeError, KeyError, IndexError, TypeError):
            return None
        return found if isinstance(found, dict) else None
    if not words or reply.finish_reason in ("tool_calls", "tool_use"):
        return None  # the calls went by unread, and a turn without them would be refused
    return {"role": "assistant", "content": words}


def _figures(reply: Reply) -> dict[str, float]:
    usage, first_s = reply.usage, reply.first_byte_s
    found = {
        "first_token_ms": None if first_s is None or reply.stream is None else first_s * 1e3,
        "total_ms": None if reply.ended_s is None else reply.ended_s * 1e3,
        "prompt_tokens": None if usage is None else float(usage.prompt_tokens),
        "completion_tokens": None if usage is None else float(usage.completion_tokens),
        "cost_usd": reply.cost_usd,
    }
    return {name: value for name, value in found.items() if value is not None}
