"""A request as text: what was asked, as people read it, and as a command that asks it again."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.activity import ActivityRecord

PATHS = {
    "completion": "/completions",
    "embedding": "/embeddings",
    "messages": "/chat/completions",
    "responses": "/chat/completions",
    "transcription": "/audio/transcriptions",
    "translation": "/audio/translations",
}
"""Under the gateway's address. What came in another dialect is kept in OpenAI's."""
USUAL_PATH = "/chat/completions"
KEY = "YOUR_KEY"
USUAL_ADDRESS = "http://127.0.0.1:11480/v1"
ROLES = {"system": "System", "user": "User", "assistant": "Assistant", "tool": "Tool"}
HELLO = "Say hello."


def request_text(request: Any) -> str:
    """Return what was asked: the messages, or the prompt, then every parameter; "" for nothing."""
    if not isinstance(request, Mapping):
        return request if isinstance(request, str) else ""
    parts = [_message(each) for each in _list(request.get("messages"))]
    for name in ("prompt", "input"):
        if name in request:
            parts.append(_words(request[name]))
    said = {"messages", "prompt", "input"}
    rest = {name: value for name, value in request.items() if name not in said}
    if rest:
        parts.append("Parameters\n" + json.dumps(rest, ensure_ascii=False, indent=2))
    return "\n\n".join(parts)


def curl_of(record: ActivityRecord, address: str) -> str:
    """Return the command that sends the same request again, with a placeholder for the key."""
    path = PATHS.get(record.kind, USUAL_PATH)
    head = [
        f"curl {address or USUAL_ADDRESS}{path}",
        f'-H "Authorization: Bearer {KEY}"',
    ]
    if path.startswith("/audio/"):
        return _joined([*head, "-F file=@sound.wav", f"-F model={shlex.quote(record.asked)}"])
    body = record.request if isinstance(record.request, Mapping) else _stand_in(record)
    return _joined([*head, *_json(body)])


def example_curl(address: str, key_file: Path | None) -> str:
    """Return a command that can be pasted: it asks the default tier and reads the key itself."""
    key = f"$(cat {shlex.quote(str(key_file))})" if key_file else KEY
    body = {"model": "auto", "messages": [{"role": "user", "content": HELLO}]}
    return _joined(
        [
            f"curl {address or USUAL_ADDRESS}{USUAL_PATH}",
            f'-H "Authorization: Bearer {key}"',
            *_json(body),
        ]
    )


def _json(body: Mapping[str, Any]) -> list[str]:
    text = json.dumps(body, ensure_ascii=False)
    return ['-H "Content-Type: application/json"', f"-d {shlex.quote(text)}"]


def _joined(parts: list[str]) -> str:
    return " \\\n  ".join(parts)


def _stand_in(record: ActivityRecord) -> dict[str, Any]:
    """Return a request like `record`'s, whose own body was not kept."""
    words = record.question or HELLO
    if record.kind == "embedding":
        return {"model": record.asked, "input": words}
    if record.kind == "completion":
        return {"model": record.asked, "prompt": words}
    body = {"model": record.asked, "messages": [{"role": "user", "content": words}]}
    return body | ({"stream": True} if record.is_stream else {})


def _message(message: Any) -> str:
    if not isinstance(message, Mapping):
        return _words(message)
    role = str(message.get("role", ""))
    words = [_words(message.get("content"))]
    for call in _list(message.get("tool_calls")):
        asked = call.get("function") if isinstance(call, Mapping) else None
        if isinstance(asked, Mapping):
            words.append(f"calls {asked.get('name')}({asked.get('arguments')})")
    said = "\n".join(each for each in words if each)
    return f"{ROLES.get(role, role.capitalize())}\n{said}".strip()


def _words(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(filter(None, map(_part, content)))
    return "" if content is None else json.dumps(content, ensure_ascii=False)


def _part(part: Any) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, Mapping):
        text = part.get("text")
        return text if isinstance(text, str) else f"[{part.get('type', 'part')}]"
    return json.dumps(part, ensure_ascii=False)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
