"""A request to which something is being added, and how many tokens are left for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.exchange import LlmRequest
from engine.router.memory import INSTRUCTIONS, Message, text_in
from engine.tokens import message_tokens, prompt_tokens


class Draft:
    """Takes what is to be added as long as it fits; the request's own messages all stay."""

    def __init__(self, request: LlmRequest, *, window_tokens: int) -> None:
        self._request = request
        self.own: Sequence[Message] = request.messages
        self.window_tokens = window_tokens
        self._used = prompt_tokens(request.body)
        self._begins_at = 0
        """Of `own`: how many of them are instructions at the beginning."""
        while self._begins_at < len(self.own) and _instructs(self.own[self._begins_at]):
            self._begins_at += 1
        self._instructions: list[str] = []
        self._earlier: list[Message] = []

    @property
    def left(self) -> int:
        """Tokens that may still be added; negative where the request itself is too long."""
        return self.window_tokens - self._used

    @property
    def has_instructions(self) -> bool:
        """Whether the request came with a system prompt."""
        return any(_instructs(message) for message in self.own)

    @property
    def question(self) -> str:
        """The words of the user's last message."""
        for message in reversed(self.own):
            if message.get("role") == "user":
                return text_in(message.get("content"))
        return ""

    def add(self, text: str) -> bool:
        """Add `text` to the instructions, or return False where it does not fit."""
        # Counted as a whole: one foreign letter makes every byte of a text count more.
        more = self._lead_tokens([*self._instructions, text]) - self._lead_tokens(
            self._instructions
        )
        if more > self.left:
            return False
        self._instructions.append(text)
        self._used += more
        return True

    def put_before(self, earlier: list[Message]) -> None:
        """Put `earlier` messages, which fit, between the instructions and the rest."""
        self._earlier = earlier
        self._used += sum(message_tokens(message) for message in earlier)

    def request(self) -> LlmRequest:
        """Return the request as it has become; the same object where nothing was added."""
        if not self._instructions and not self._earlier:
            return self._request
        begin = list(self.own[: self._begins_at])
        if lead := self._lead(self._instructions):
            begin[-1:] = [lead]
        messages = [*begin, *self._earlier, *self.own[self._begins_at :]]
        # A server that speaks another dialect must not get the request as it was.
        body = {**self._request.body, "messages": messages}
        return replace(self._request, body=body, native=None)

    def _lead_tokens(self, instructions: list[str]) -> int:
        lead = self._lead(instructions)
        return message_tokens(lead) if lead else 0

    def _lead(self, instructions: list[str]) -> Message | None:
        """Return the message that carries `instructions`: the request's own, or one of ours."""
        text = "\n\n".join(instructions)
        if not self._begins_at:
            return {"role": "system", "content": text} if text else None
        own = self.own[self._begins_at - 1]
        if not text:
            return own
        content = own.get("content")
        if isinstance(content, list):
            return {**own, "content": [*content, {"type": "text", "text": text}]}
        return {**own, "content": f"{content}\n\n{text}" if content else text}


def _instructs(message: Message) -> bool:
    return message.get("role") in INSTRUCTIONS
