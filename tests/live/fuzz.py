"""Requests that no honest client would send, made from a seed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import deepcopy
from random import Random
from typing import Any

PATHS = (
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/embeddings",
    "/v1/messages",
    "/v1/messages/count_tokens",
    "/v1/responses",
)
GOOD: Sequence[dict[str, Any]] = (
    {
        "model": "small:1b",
        "messages": [
            {"role": "system", "content": "Be brief"},
            {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
            {"role": "assistant", "content": None, "tool_calls": [{"id": "c", "function": {}}]},
            {"role": "tool", "tool_call_id": "c", "content": "42"},
        ],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}},
        "stream_options": {"include_usage": True},
        "max_tokens": 16,
        "temperature": 0,
    },
    {"model": "fast", "prompt": ["a", "b"], "n": 2, "stop": ["x"]},
    {"model": "small:1b", "input": ["a", "b"], "encoding_format": "base64"},
    {
        "model": "fast",
        "max_tokens": 9,
        "system": [{"type": "text", "text": "x"}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
        "tools": [{"name": "f", "input_schema": {"type": "object"}}],
    },
    {
        "model": "fast",
        "input": [{"role": "user", "content": [{"type": "input_text", "text": "Hi"}]}],
        "instructions": "x",
        "tools": [{"type": "function", "name": "f", "parameters": {}}],
        "text": {"format": {"type": "text"}},
    },
)
PLACES = range(len(GOOD))
GOOD_FOR = dict(zip(PATHS, (0, 1, 2, 3, 3, 4), strict=True))
"""Which of the bodies above fits a path."""
ODD: Sequence[Any] = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    10**30,
    1e308,
    "",
    "x",
    "\0",
    "\u2028é😀",
    "a" * 10_000,
    [],
    {},
    [[]],
    {"": ""},
    [None],
    {"type": "image_url", "image_url": {"url": "data:image/png;base64,!!!"}},
    {"type": "text"},
    {"role": "user"},
    "stream",
    "-1",
    "../../etc/passwd",
    "model\r\nx-evil: 1",
)
HEADERS = (
    ("X-Session-Id", "a"),
    ("X-Deadline-Ms", "-1"),
    ("X-Cache", "sometimes"),
    ("Cache-Control", "no-store"),
    ("Content-Type", "text/plain"),
    ("Content-Type", "multipart/form-data; boundary=x"),
    ("Content-Encoding", "gzip"),
    ("Content-Encoding", "nonsense"),
    ("Accept-Encoding", "br"),
    ("Origin", "http://evil.example"),
    ("Host", "evil.example"),
    ("Authorization", "Bearer nonsense"),
    ("Authorization", "Basic \xff"),
    ("X-Api-Key", "nonsense"),
    ("Expect", "100-continue"),
    ("Expect", "the unexpected"),
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Range", "bytes=0-"),
    ("Content-Length", "0"),
    ("Transfer-Encoding", "identity"),
)


def odd_call(random: Random) -> tuple[str, bytes]:
    """Return a path, and a JSON body that is almost right for it, or almost JSON."""
    path = random.choice(PATHS)
    place = GOOD_FOR[path] if random.random() < 0.8 else random.choice(PLACES)
    return path, _odd_body(place, random)


def _odd_body(place: int, random: Random) -> bytes:
    body: Any = deepcopy(GOOD[place])
    if random.random() < 0.2:
        body["stream"] = random.choice([True, True, "yes", None])
    for _ in range(random.randint(0, 3)):
        _change(body, random)
    if random.random() < 0.05:
        body = random.choice(ODD)
    content = json.dumps(body, ensure_ascii=random.random() < 0.5).encode("utf-8", "surrogatepass")
    if random.random() < 0.05:
        deep = random.choice([10, 500, 950, 20_000])
        content = b'{"model":' + b"[" * deep + b"]" * deep + b"}"
    if random.random() < 0.1:
        return _spoil(content, random)
    return content


def odd_request(good: bytes, random: Random) -> bytes:
    """Return `good`, a whole request, with something wrong in its head or anywhere."""
    head, _, body = good.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    for _ in range(random.randint(0, 2)):
        name, text = random.choice(HEADERS)
        lines.insert(random.randint(1, len(lines)), f"{name}: {text}".encode("latin-1"))
    if random.random() < 0.3:
        del lines[random.randrange(len(lines))]
    if random.random() < 0.2:
        methods = [b"GET", b"PUT", b"HEAD", b"OPTIONS", b"TRACE", b"CONNECT", b"x" * 99, b""]
        lines[0] = random.choice(methods) + lines[0][4:]
    raw = b"\r\n".join(lines) + b"\r\n\r\n" + body
    if random.random() < 0.5:
        return _spoil(raw, random)
    return raw


def _change(value: Any, random: Random) -> None:
    """Put something odd somewhere into `value`."""
    while True:
        places: list[Any] = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not places:
            return
        place = random.choice(places)
        inner = value[place]
        if isinstance(inner, dict | list) and inner and random.random() < 0.7:
            value = inner
            continue
        if isinstance(value, dict) and random.random() < 0.2:
            del value[place]
        elif isinstance(value, dict) and random.random() < 0.2:
            value[random.choice(["x", "", "\0", "tools", "n", "logprobs"])] = _odd(random)
        else:
            value[place] = _odd(random)
        return


def _odd(random: Random) -> Any:
    return deepcopy(random.choice(ODD))


def _spoil(content: bytes, random: Random) -> bytes:
    """Cut, double or change some bytes."""
    spoilt = bytearray(content)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(spoilt) + 1)
        kind = random.random()
        if kind < 0.3:
            del spoilt[at : at + random.choice([1, 1, 8, 64])]
        elif kind < 0.6:
            spoilt[at:at] = random.randbytes(random.choice([1, 1, 4]))
        elif kind < 0.7:
            del spoilt[at:]
        elif kind < 0.8:
            spoilt[at:at] = spoilt[: random.choice([1, 64])]
        elif at < len(spoilt):
            spoilt[at] = random.randrange(256)
    return bytes(spoilt)
