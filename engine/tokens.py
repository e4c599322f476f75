"""How many tokens a request will be, estimated from its bytes before any server counts them."""

from __future__ import annotations

from typing import Any

import msgspec

ENGLISH_BYTES = 4
"""Bytes of a token of English: what OpenAI and Meta say of their vocabularies."""
OTHER_BYTES = 3
"""Bytes of a token of anything else: one Chinese character, or half a Greek word."""
MESSAGE_TOKENS = 4
"""Marks around each message: role, begin and end."""
IMAGE_TOKENS = 1_100
"""A large picture, as OpenAI counts it; others are near it or below."""
SMALL_IMAGE_TOKENS = 85
"""A picture sent with `detail: low`."""
AUDIO_TOKENS = 600
"""A minute of speech; its length cannot be seen without decoding it."""


def text_tokens(text: str) -> int:
    """Return about how many tokens `text` is; a quarter more or less is usual."""
    if text.isascii():
        return (len(text) + ENGLISH_BYTES - 1) // ENGLISH_BYTES
    # A lone surrogate is no text, yet JSON can carry it.
    length = len(text.encode("utf-8", "surrogatepass"))
    return (length + OTHER_BYTES - 1) // OTHER_BYTES


def content_tokens(content: Any) -> int:
    """Return about how many tokens a message's content is: text, or a list of parts."""
    if isinstance(content, str):
        return text_tokens(content)
    if not isinstance(content, list):
        return 0
    return sum(_part_tokens(part) for part in content)


def message_tokens(message: Any) -> int:
    """Return about how many tokens one message is, its calls of tools and its marks included."""
    if not isinstance(message, dict):
        return MESSAGE_TOKENS
    found = MESSAGE_TOKENS + content_tokens(message.get("content"))
    calls = message.get("tool_calls")
    return found + _json_tokens(calls) if calls else found


def prompt_tokens(body: dict[str, Any]) -> int:
    """Return about how many tokens the prompt of a request's `body` is; wrong types are nothing."""
    found = 0
    messages = body.get("messages")
    if isinstance(messages, list):
        for message in messages:
            found += message_tokens(message)
    for key in ("prompt", "input"):
        if key in body:
            found += _input_tokens(body[key])
    for key in ("tools", "functions", "response_format"):
        if body.get(key):
            found += _json_tokens(body[key])
    return found


def _part_tokens(part: Any) -> int:
    if isinstance(part, str):
        return text_tokens(part)
    if not isinstance(part, dict):
        return 0
    text = part.get("text")
    if isinstance(text, str):
        return text_tokens(text)
    kind = part.get("type")
    if kind in ("image_url", "image", "input_image"):
        image = part.get("image_url")
        is_small = isinstance(image, dict) and image.get("detail") == "low"
        return SMALL_IMAGE_TOKENS if is_small else IMAGE_TOKENS
    return AUDIO_TOKENS if kind in ("input_audio", "audio") else 0


def _input_tokens(value: Any) -> int:
    """Return the tokens of a completion's prompt or an embedding's input; numbers are tokens."""
    if isinstance(value, str):
        return text_tokens(value)
    if isinstance(value, list):
        return sum(_input_tokens(each) if isinstance(each, str | list) else 1 for each in value)
    return 0


def _json_tokens(value: Any) -> int:
    try:
        return len(msgspec.json.encode(value)) // ENGLISH_BYTES
    except (TypeError, ValueError, RecursionError):
        return 0
