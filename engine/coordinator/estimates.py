"""About how many tokens an answer took whose server did not come to tell them."""

from __future__ import annotations

import re
from typing import Any

from engine.exchange import Usage
from engine.tokens import prompt_tokens

LAST_EVENTS = 2
"""Of a stream that ended well: the one that says why, and `[DONE]`."""
_words = re.compile(rb'"(?:content|text|refusal|arguments|reasoning\w*)":\s?"[^"]')


def estimated(body: dict[str, Any], told: Usage | None, completion_tokens: int) -> Usage:
    """Return the tokens of an answer to `body` as far as they were `told`, else estimated.

    Servers tell tokens last, so of a stream that broke off or was left nobody told them; they are
    billed all the same. completion_tokens: see `streamed_tokens()`. A server that told those of
    the beginning alone, as Anthropic's do, told too few.
    """
    if told is None:
        return Usage(prompt_tokens(body), completion_tokens, is_estimated=True)
    if told.completion_tokens >= completion_tokens:
        return told
    return Usage(told.prompt_tokens, completion_tokens, told.cached_tokens, is_estimated=True)


def streamed_tokens(events: int, first: bytes, *, is_complete: bool) -> int:
    """Return about how many tokens so many events of a stream brought: servers send each as soon
    as they have it.

    first: the first of them, which often tells the role and no words. A server that sends several
    tokens an event makes this too small; nothing makes it much too large.
    """
    wordless = (_words.search(first) is None) + LAST_EVENTS * is_complete
    return max(0, events - wordless)
