"""A draft takes what fits."""

from __future__ import annotations

from engine.exchange import LlmRequest
from engine.router.draft import Draft
from engine.tokens import prompt_tokens


def draft(window_tokens: int, *roles: str) -> Draft:
    messages = [{"role": role, "content": "Be kind to all."} for role in roles]
    return Draft(LlmRequest("m", {"messages": messages}), window_tokens=window_tokens)


def test_what_does_not_fit_changes_nothing() -> None:
    """A text too long is refused, and a shorter one afterwards is taken."""
    one = draft(30, "user")
    left = one.left
    assert not one.add("word " * 100)
    assert one.left == left
    assert one.add("short")
    assert one.request().messages[0] == {"role": "system", "content": "short"}


def test_what_is_left_is_counted_as_it_will_be_sent() -> None:
    """One foreign letter makes the whole of the instructions it joins count as foreign."""
    one = draft(1_000, "system", "user")
    assert one.add("ü")
    assert one.left == 1_000 - prompt_tokens(one.request().body)


def test_only_instructions_at_the_beginning_are_joined() -> None:
    """A system message in the middle of a conversation stays what it is."""
    one = draft(1_000, "user", "system", "user")
    assert one.has_instructions
    assert one.add("short")
    roles = [message["role"] for message in one.request().messages]
    assert roles == ["system", "user", "system", "user"]
    assert one.question == "Be kind to all."


def test_what_fits_exactly_is_taken() -> None:
    """The last token that is left may be used, and not one more."""
    text = "four letters make a token"
    needed = 1_000 - _left_after(1_000, text)
    assert _left_after(needed, text) == 0
    assert not draft(needed - 1, "user").add(text)


def _left_after(window_tokens: int, text: str) -> int:
    one = draft(window_tokens, "user")
    assert one.add(text)
    return one.left
