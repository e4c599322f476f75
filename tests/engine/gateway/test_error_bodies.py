"""Errors as clients expect them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from engine.errors import (
    Damaged,
    EngineError,
    Overloaded,
    Refused,
    Rejected,
    SettingsError,
    TimedOut,
    Unreachable,
)
from engine.gateway.error_bodies import Full, error_result, mistake_result
from engine.gateway.ports import Result

OPENAI, ANTHROPIC = "/v1/chat/completions", "/v1/messages"
OPENAI_BODY = b'{"error":{"message":"no such model","type":"x","param":null,"code":"y"},"more":1}'
ANTHROPIC_BODY = b'{"type":"error","error":{"type":"not_found_error","message":"no such model"}}'


def told(result: Result) -> dict[str, Any]:
    """Return the error object of `result`."""
    error = msgspec.json.decode(result.body)["error"]
    assert isinstance(error, dict)
    return error


@pytest.mark.parametrize(
    ("error", "status", "openai", "anthropic"),
    [
        (Rejected("x"), 400, "invalid_request_error", "invalid_request_error"),
        (Rejected("x", status=401), 401, "authentication_error", "authentication_error"),
        (Rejected("x", status=403), 403, "permission_error", "permission_error"),
        (Rejected("x", status=404), 404, "invalid_request_error", "not_found_error"),
        (Rejected("x", status=413), 413, "invalid_request_error", "request_too_large"),
        (Rejected("x", status=200), 400, "invalid_request_error", "invalid_request_error"),
        (Overloaded("x"), 429, "rate_limit_error", "rate_limit_error"),
        (Full("x"), 503, "service_unavailable", "overloaded_error"),
        (Unreachable("x"), 503, "service_unavailable", "overloaded_error"),
        (TimedOut("x"), 504, "timeout_error", "timeout_error"),
        (Refused("x"), 502, "upstream_error", "api_error"),
        (Damaged("x"), 502, "upstream_error", "api_error"),
        (SettingsError("x"), 500, "server_error", "api_error"),
    ],
)
def test_status_and_type(error: EngineError, status: int, openai: str, anthropic: str):
    """Each error has one status, and the type that each dialect's clients know."""
    for path, kind in ((OPENAI, openai), (ANTHROPIC, anthropic), ("/metrics", openai)):
        result = error_result(error, path)
        assert result.status == status
        assert (told(result)["type"], told(result)["message"]) == (kind, "x")
    whole = msgspec.json.decode(error_result(error, ANTHROPIC).body)
    assert whole["type"] == "error"


def test_openai_s_fields():
    """The field that is wrong and a word for programs go along."""
    error = Rejected("x", param="model", code="model_not_found")
    assert told(error_result(error))["param"] == "model"
    assert told(error_result(error))["code"] == "model_not_found"
    assert told(error_result(Overloaded("x")))["code"] == "rate_limit_exceeded"


@pytest.mark.parametrize(
    ("after_s", "header"), [(None, None), (0.2, "1"), (1.0, "1"), (1.1, "2"), (60.0, "60")]
)
def test_when_to_come_again(after_s: float | None, header: str | None):
    """Whole seconds, never too early."""
    result = error_result(Overloaded("x", retry_after_s=after_s))
    assert result.headers.get("retry-after") == header


def test_server_s_own_words():
    """What a server said goes on as it is in its own dialect, and as its words in the other."""
    plain = Rejected("HTTP 404", status=404, body=OPENAI_BODY)
    assert error_result(plain, OPENAI).body == OPENAI_BODY
    assert told(error_result(plain, ANTHROPIC)) == {
        "type": "not_found_error",
        "message": "no such model",
    }
    other = Rejected("HTTP 404", status=404, body=ANTHROPIC_BODY)
    assert error_result(other, ANTHROPIC).body == ANTHROPIC_BODY
    assert told(error_result(other, OPENAI))["message"] == "no such model"


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"{}", b"[]", b'{"error":"x"}', b'{"error":{"message":1}}', b"[" * 9999],
)
@pytest.mark.parametrize("path", [OPENAI, ANTHROPIC])
def test_words_that_are_none(body: bytes, path: str):
    """Where a server's body is no error, ours takes its place."""
    assert told(error_result(Rejected("HTTP 400", body=body), path))["message"] == "HTTP 400"


@pytest.mark.parametrize("path", [OPENAI, ANTHROPIC])
def test_mistakes(path: str):
    """A mistake of ours is a 500 that tells what to do."""
    result = mistake_result(path)
    assert result.status == 500
    assert "report" in told(result)["message"]
