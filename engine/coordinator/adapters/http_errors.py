"""What a server's status, headers and words mean, for every API spoken over HTTP."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from engine.errors import EngineError, KeyRefused, Overloaded, Refused, Rejected, TimedOut

LONGEST_WORDS = 500
"""Characters of a server's own message that are passed on."""
LONGEST_WAIT_S = 86_400.0
LOADING_RETRY_S = 2.0
"""llama.cpp says 503 without Retry-After while it reads a model; that takes seconds."""
TOO_LONG = re.compile(r"context.{0,20}(length|size|window)|prompt is too long|too many tokens")
NO_MODEL = re.compile(r"model.*(not (found|exist|supported|available)|does not exist|unknown)")
TOKEN_RESETS = ("x-ratelimit-reset-requests", "x-ratelimit-reset-tokens")
DURATION = re.compile(r"([\d.]+)(ms|s|m|h|d)?")
SECONDS = {"ms": 0.001, "": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}

Error = dict[str, Any]


def error_from(
    status: int, headers: Mapping[str, str], body: bytes, *, where: str, key: str = ""
) -> EngineError:
    """Return what an answer with `status` of 300 or more means.

    headers: names in any case, looked up in lower case. where: the server, for messages.
    key: taken out of whatever the server said, should it repeat it.
    """
    body = body.replace(key.encode(), b"[key]") if key else body
    error, is_json = _words_of(body)
    said = _sentence(error)
    kind = str(error.get("code") or error.get("type") or "")
    text = f"{where} says {status}{': ' if said else ''}{said}"
    if status < 400:
        return Refused(f"{where} has moved: enter {headers.get('location', 'its new address')}")
    if status in (401, 403):
        wish = "does not accept its key" if key else "wants a key, and has none"
        remedy = "enter the right one" if key else "enter one"
        return KeyRefused(f"{where} {wish} ({status}{_reason(said)}): {remedy}")
    if status == 402 or kind in ("insufficient_quota", "billing_error"):
        return Refused(f"{text}: look after the account")
    if status == 408:
        return TimedOut(text)
    if status in (429, 529) or (status == 503 and "retry-after" in headers):
        return Overloaded(text, retry_after_s=retry_after_s(headers))
    if status == 503 and "loading" in said.lower():
        return Overloaded(text, retry_after_s=LOADING_RETRY_S)
    if status >= 500:
        return Refused(text)
    if not is_json and status in (404, 405):
        return Refused(f"{where} has no such path ({status}): check the address, /v1 included")
    return Rejected(
        said or text,
        status=status,
        code=_code(status, error, said),
        param=param if isinstance(param := error.get("param"), str) else None,
        body=body if _is_openais(body) else None,
    )


def error_within(body: bytes, *, where: str, key: str = "") -> EngineError | None:
    """Return the error that a body with a good status is, or None where it is an answer."""
    document = _decoded(body)
    if not document.get("error") or "choices" in document:
        return None
    error, _ = _words_of(body)
    code = error.get("code")
    status = code if isinstance(code, int) and 400 <= code < 600 else 500
    return error_from(status, {}, body, where=where, key=key)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return how long a server wants to be left alone; None where it does not say.

    A date is compared with the answer's own `Date`, so that no clock of ours counts.
    """
    if given := headers.get("retry-after-ms"):
        return _bounded(_duration(given + "ms"))
    if given := headers.get("retry-after"):
        plain = _duration(given)
        return _bounded(plain if plain is not None else _until(given, headers))
    resets = [
        _duration(headers[name])
        for name in TOKEN_RESETS
        if name in headers and headers.get(name.replace("reset", "remaining")) == "0"
    ]
    resets += [
        _until(value, headers)
        for name, value in headers.items()
        if name.lower().startswith("anthropic-ratelimit-") and name.lower().endswith("-reset")
        if headers.get(name.lower().replace("-reset", "-remaining")) == "0"
    ]
    return _bounded(max((each for each in resets if each is not None), default=None))


def _bounded(seconds: float | None) -> float | None:
    return None if seconds is None else min(max(0.0, seconds), LONGEST_WAIT_S)


def _duration(text: str) -> float | None:
    """Return seconds of such as "2", "1.5s", "60ms" and "6m0s"; None for anything else."""
    compact = text.strip().lower()
    parts = DURATION.findall(compact)
    if not parts or "".join(number + unit for number, unit in parts) != compact:
        return None
    try:
        return sum(float(number) * SECONDS[unit] for number, unit in parts)
    except ValueError:
        return None


def _until(text: str, headers: Mapping[str, str]) -> float | None:
    try:
        answered = parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError, OverflowError):
        return None
    readers: tuple[Callable[[str], datetime], ...] = (parsedate_to_datetime, _from_iso)
    for read in readers:
        try:
            return (read(text) - answered).total_seconds()
        except (ValueError, TypeError, OverflowError):
            continue
    return None


def _from_iso(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _decoded(body: bytes) -> Error:
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def _words_of(body: bytes) -> tuple[Error, bool]:
    """Return the error's own table, whichever shape the API has, and whether it was JSON."""
    document = _decoded(body)
    error = document.get("error") or document.get("message") or document.get("detail")
    if isinstance(error, dict):
        return error, True
    if document.get("object") == "error":
        return document, True
    return {"message": error} if isinstance(error, str) else {}, bool(document)


def _sentence(error: Error) -> str:
    said = error.get("message")
    return " ".join(said.split())[:LONGEST_WORDS] if isinstance(said, str) else ""


def _reason(said: str) -> str:
    return f": {said}" if said else ""


def _is_openais(body: bytes) -> bool:
    document = _decoded(body)
    return isinstance(document.get("error"), dict) and document.get("type") != "error"


def _code(status: int, error: Error, said: str) -> str | None:
    """Return OpenAI's word for what is wrong, where the server has another or none."""
    code = error.get("code")
    words = f"{code} {error.get('type')} {said}".lower().replace("_", " ")
    if status in (400, 413, 422) and TOO_LONG.search(words):
        return "context_length_exceeded"
    if status == 404 and (NO_MODEL.search(words) or "model" in words):
        return "model_not_found"
    return code if isinstance(code, str) and code else None
