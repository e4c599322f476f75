"""Errors as OpenAI's and Anthropic's clients expect them."""

from __future__ import annotations

import math

import msgspec

from engine.errors import EngineError, OutsideError, Overloaded, Rejected, TimedOut, Unreachable
from engine.gateway.ports import Result

ANTHROPIC_PATHS = ("/v1/messages",)
"""Under these, errors have Anthropic's shape."""
BUG = "this request met a mistake in the application itself: its log has more, please report it"
INTERNAL = 500

_OPENAI_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    429: "rate_limit_error",
    500: "server_error",
    502: "upstream_error",
    503: "service_unavailable",
    504: "timeout_error",
}
_ANTHROPIC_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}


class Full(Overloaded):
    """The gateway itself, not a server behind it, has too much to do."""


def error_result(error: EngineError, path: str = "") -> Result:
    """Return `error` as it goes to a client that called `path`."""
    status = status_of(error)
    write = anthropic_body if path.startswith(ANTHROPIC_PATHS) else openai_body
    headers = {}
    if isinstance(error, Overloaded) and error.retry_after_s is not None:
        headers["retry-after"] = str(max(1, math.ceil(error.retry_after_s)))
    return Result(status=status, body=write(status, error), headers=headers)


def mistake_result(path: str = "") -> Result:
    """Return what a client is told about a programming mistake: nothing of what it was."""
    write = anthropic_body if path.startswith(ANTHROPIC_PATHS) else openai_body
    return Result(status=INTERNAL, body=write(INTERNAL, EngineError(BUG)))


def status_of(error: EngineError) -> int:
    """Return what HTTP calls `error`."""
    if isinstance(error, Rejected):
        return error.status if 400 <= error.status <= 499 else 400
    if isinstance(error, Overloaded):
        return 503 if isinstance(error, Full) else 429
    if isinstance(error, Unreachable):
        return 503
    if isinstance(error, TimedOut):
        return 504
    return 502 if isinstance(error, OutsideError) else INTERNAL


def openai_body(status: int, error: EngineError) -> bytes:
    """Return `error` in OpenAI's shape; a server's own words go on as they are."""
    if isinstance(error, Rejected) and error.body is not None and _is_openai(error.body):
        return error.body
    kind = _OPENAI_TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
    told = {"message": message_of(error), "type": kind, "param": None, "code": _code(status)}
    if isinstance(error, Rejected):
        told |= {"param": error.param, "code": error.code or told["code"]}
    return msgspec.json.encode({"error": told})


def anthropic_body(status: int, error: EngineError) -> bytes:
    """Return `error` in Anthropic's shape."""
    if isinstance(error, Rejected) and error.body is not None and _is_anthropic(error.body):
        return error.body
    kind = _ANTHROPIC_TYPES.get(status, "invalid_request_error" if status < 500 else "api_error")
    return msgspec.json.encode(
        {"type": "error", "error": {"type": kind, "message": message_of(error)}}
    )


def message_of(error: EngineError) -> str:
    """Return what a person reads: a server's own words where it said why, else ours."""
    if isinstance(error, Rejected) and error.body is not None:
        found = _error_in(error.body)
        if found is not None:
            return str(found["message"])
    return str(error)


def _code(status: int) -> str | None:
    return "rate_limit_exceeded" if status == 429 else None


def _error_in(body: bytes) -> dict[str, object] | None:
    """Return the error object that both dialects have, where `body` holds one."""
    try:
        found = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return None
    error = found.get("error") if isinstance(found, dict) else None
    is_one = isinstance(error, dict) and isinstance(error.get("message"), str)
    return error if is_one else None


def _is_openai(body: bytes) -> bool:
    return _error_in(body) is not None and not _is_anthropic(body)


def _is_anthropic(body: bytes) -> bool:
    return _error_in(body) is not None and msgspec.json.decode(body).get("type") == "error"
