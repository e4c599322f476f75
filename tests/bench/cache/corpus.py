"""Text and chats that the dictionary learns from, and others that it is measured on."""

from __future__ import annotations

import ast
import json
import re
import sysconfig
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from pydoc_data import topics
from random import Random

import msgspec

ROOT = Path(__file__).resolve().parents[3]
LEAST_DOCSTRING, LEAST_COMMENT = 200, 300
"""Shorter ones say little in sentences."""
MODELS = ("llama-3.3-70b-instruct", "qwen3-32b", "gpt-4o-mini", "gemma3:12b", "mistral-small")
PIECES = (300, 800, 2000, 6000)
"""Characters that are taken from one text at a time."""
LEAST_TEXT = 40


def training_texts() -> list[str]:
    """Return the prose of Python's standard library, which may be redistributed."""
    library = Path(sysconfig.get_path("stdlib"))
    sources = sorted(path for path in library.rglob("*.py") if "-packages" not in path.as_posix())
    return [
        *docstrings(sources),
        *comments(sources),
        # Twice: they are the best prose of the library.
        *topics.topics.values(),
        *topics.topics.values(),
    ]


@cache
def unseen_texts(package: str = "numpy") -> Sequence[str]:
    """Return text of a package that the dictionary has not learned from."""
    found = find_spec(package)
    assert found is not None
    assert found.origin is not None
    return docstrings(sorted(Path(found.origin).parent.rglob("*.py")))


def docstrings(sources: Iterable[Path]) -> list[str]:
    """Return the longer docstrings of `sources`."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    found = []
    for source in sources:
        try:
            tree = ast.parse(source.read_text(encoding="utf-8"))
        except (SyntaxError, UnicodeDecodeError, ValueError):
            continue  # the library's tests of Python hold files that are wrong on purpose
        for node in ast.walk(tree):
            text = ast.get_docstring(node) if isinstance(node, documented) else None
            if text and len(text) > LEAST_DOCSTRING:
                found.append(text)
    return found


def comments(sources: Iterable[Path]) -> list[str]:
    """Return the longer comments of `sources`, several lines each."""
    found = []
    for source in sources:
        text = source.read_text(encoding="utf-8", errors="ignore")
        for block in re.findall(r"(?:^[ \t]*#.*\n)+", text, re.MULTILINE):
            said = re.sub(r"^[ \t]*# ?", "", block, flags=re.MULTILINE)
            if len(said) > LEAST_COMMENT:
                found.append(said)
    return found


def chat_completion(random: Random, texts: Sequence[str], size_bytes: int) -> bytes:
    """Return the answer of a chat server as JSON, of about `size_bytes`, around pieces of `texts`.

    About 420 bytes are the server's; the numbers in them are random.
    """
    message: dict[str, object] = {
        "role": "assistant",
        "content": passage(random, texts, size_bytes - 420),
        "refusal": None,
        "tool_calls": [],
    }
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    prompt, completion = random.randrange(4000), random.randrange(4000)
    return _json(
        {
            "id": f"chatcmpl-{random.getrandbits(128):032x}",
            "object": "chat.completion",
            "created": 1_760_000_000 + random.randrange(10**7),
            "model": random.choice(MODELS),
            "choices": [choice],
            "usage": {
                "prompt_tokens": prompt,
                "completion_tokens": completion,
                "total_tokens": prompt + completion,
            },
            "system_fingerprint": f"fp_{random.getrandbits(40):010x}",
            "latency_ms": random.random() * 9000,
        }
    )


def any_chat(random: Random, texts: Sequence[str], size_bytes: int) -> bytes:
    """Return what a chat may look like: a server's answer, a history, as JSON or msgpack."""
    kind = random.random()
    if kind < 0.5:
        return chat_completion(random, texts, size_bytes)
    if kind < 0.65:
        return _json(_local_answer(random, passage(random, texts, size_bytes - 300)))
    history = _history(random, texts, size_bytes)
    return _json(history) if kind < 0.8 else msgspec.msgpack.encode(history)


def passage(random: Random, texts: Sequence[str], length: int) -> str:
    """Return `length` characters of pieces of `texts`."""
    length = max(LEAST_TEXT, length)
    pieces: list[str] = []
    while sum(map(len, pieces)) < length:
        text = random.choice(texts)
        start = random.randrange(max(1, len(text) - 200))
        pieces.append(text[start : start + random.choice(PIECES)])
    return "\n\n".join(pieces)[:length]


def _local_answer(random: Random, text: str) -> dict[str, object]:
    """Return an answer as local servers give it."""
    return {
        "model": random.choice(MODELS),
        "created_at": f"2026-{random.randrange(1, 13):02d}-{random.randrange(1, 29):02d}"
        f"T{random.randrange(24):02d}:{random.randrange(60):02d}:00.{random.randrange(10**9)}Z",
        "message": {"role": "assistant", "content": text},
        "done_reason": "stop",
        "done": True,
        "total_duration": random.randrange(10**10),
        "load_duration": random.randrange(10**8),
        "prompt_eval_count": random.randrange(4000),
        "prompt_eval_duration": random.randrange(10**9),
        "eval_count": random.randrange(4000),
        "eval_duration": random.randrange(10**10),
    }


def _history(random: Random, texts: Sequence[str], size_bytes: int) -> list[dict[str, str]]:
    """Return a conversation of a few turns."""
    turns = random.randrange(1, 4)
    history = [{"role": "system", "content": passage(random, texts, 120)}]
    for _ in range(turns):
        history.append({"role": "user", "content": passage(random, texts, 100)})
        answer = passage(random, texts, size_bytes // turns - 200)
        history.append({"role": "assistant", "content": answer})
    return history


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
