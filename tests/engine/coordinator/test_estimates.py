"""About how many tokens an answer took that nobody counted."""

from __future__ import annotations

import pytest

from engine.coordinator.estimates import estimated, streamed_tokens
from engine.exchange import Usage
from engine.tokens import prompt_tokens
from tests.engine.coordinator.fake_provider import event

BODY = {"messages": [{"role": "user", "content": "a" * 400}]}
ROLE = event({"role": "assistant", "content": ""})


def test_nothing_told_is_all_estimated():
    """The prompt is estimated as the router does, the answer by what came of it."""
    assert estimated(BODY, None, 7) == Usage(prompt_tokens(BODY), 7, is_estimated=True)


def test_what_was_told_counts():
    """Only where more came than a server had told until then is that an estimate."""
    assert estimated(BODY, Usage(9, 8, 3), 7) == Usage(9, 8, 3)
    assert estimated(BODY, Usage(9, 1, 3), 7) == Usage(9, 7, 3, is_estimated=True)


@pytest.mark.parametrize(
    ("first", "is_complete", "tokens"),
    [
        (event({"content": "a"}), False, 10),
        (event({"reasoning_content": "a"}), False, 10),
        (event({"tool_calls": [{"function": {"arguments": "{"}}]}), False, 10),
        (b'data: {"choices":[{"text": "a"}]}\n\n', False, 10),
        (ROLE, False, 9),
        (ROLE, True, 7),
    ],
)
def test_events_without_words_are_no_tokens(first: bytes, is_complete: bool, tokens: int):
    """The one that tells the role, the one that tells why it ended, and the end do not count."""
    assert streamed_tokens(10, first, is_complete=is_complete) == tokens


def test_tokens_are_never_fewer_than_none():
    """A stream that was left after the first event has brought nothing."""
    assert streamed_tokens(1, ROLE, is_complete=True) == 0
