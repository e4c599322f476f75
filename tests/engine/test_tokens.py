"""Tokens are estimated before any server counts them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.tokens import (
    IMAGE_TOKENS,
    MESSAGE_TOKENS,
    SMALL_IMAGE_TOKENS,
    message_tokens,
    prompt_tokens,
    text_tokens,
)

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def part(kind, **fields):
    return {"type": kind, **fields}


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        # Counted by tiktoken's o200k_base, as its own page shows them.
        ("The capital of France is Paris.", 7),
        ("The quick brown fox jumps over the lazy dog.", 10),
        ("def add(a, b):\n    return a + b\n", 12),
        ("东京是日本的首都。", 7),
    ],
)
def test_estimate_is_near(text, counted):
    """A short text is estimated within a third and three tokens of what is counted."""
    assert abs(text_tokens(text) - counted) <= counted / 3 + 3


def test_parts_are_added_up():
    """Texts, pictures and calls of tools of a message all count."""
    image = part("image_url", image_url={"url": "data:image/png;base64,AAAA"})
    small = part("image_url", image_url={"url": "x", "detail": "low"})
    text = part("text", text="a" * 400)
    content = [text, image, small]
    assert (
        message_tokens({"role": "user", "content": content})
        == MESSAGE_TOKENS + 100 + IMAGE_TOKENS + SMALL_IMAGE_TOKENS
    )
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "a" * 398}]}
    assert message_tokens(call) > MESSAGE_TOKENS + 100


def test_base64_is_no_text():
    """A picture of a megabyte counts as a picture, not as a book."""
    image = part("image_url", image_url={"url": "data:image/png;base64," + "A" * 1_000_000})
    assert message_tokens({"role": "user", "content": [image]}) == MESSAGE_TOKENS + IMAGE_TOKENS


def test_inputs_of_all_shapes():
    """An embedding's input is a text, several, or tokens."""
    assert prompt_tokens({"input": "a" * 40}) == 10
    assert prompt_tokens({"input": ["a" * 40, "b" * 40]}) == 20
    assert prompt_tokens({"input": [1, 2, 3]}) == 3
    assert prompt_tokens({"input": [[1, 2, 3], [4]]}) == 4
    assert prompt_tokens({"prompt": "a" * 40}) == 10


@given(st.dictionaries(st.sampled_from(["messages", "prompt", "input", "tools"]), ANYTHING))
def test_any_body_has_a_number(body):
    """Whatever a client sends, there is a number of tokens, and none below 0."""
    assert prompt_tokens(body) >= 0


@given(st.text(), st.text())
def test_more_text_is_not_less(first, second):
    """A longer text never has fewer tokens."""
    assert text_tokens(first + second) >= text_tokens(first)
