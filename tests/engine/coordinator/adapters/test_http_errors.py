"""What a server's status, headers and words mean."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.coordinator.adapters.http_errors import error_from, error_within, retry_after_s
from engine.errors import EngineError, Overloaded, Refused, Rejected, TimedOut

DATE = "Sun, 01 Mar 2026 12:00:00 GMT"


def meaning(status: int, body: Any, headers: dict[str, str] | None = None) -> EngineError:
    """Return the error that an answer is."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return error_from(status, headers or {}, raw, where="Mock (http://mock)")


@pytest.mark.parametrize(
    ("headers", "expected_s"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after": "Sun, 01 Mar 2026 12:01:30 GMT", "date": DATE}, 90.0),
        ({"retry-after": "Sun, 01 Mar 2026 11:00:00 GMT", "date": DATE}, 0.0),
        ({"retry-after": "Sun, 01 Mar 2026 12:01:30 GMT"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": f"Sun, 01 Mar 2026 12:01:30 +{'9' * 20}", "date": DATE}, None),
        ({"retry-after": "9" * 5000}, 86_400.0),
        (
            {
                "anthropic-ratelimit-tokens-reset": "2026-03-01T12:00:20Z",
                "anthropic-ratelimit-tokens-remaining": "0",
                "date": f"Sun, 01 Mar 2026 12:01:30 +{'9' * 20}",
            },
            None,
        ),
        ({"retry-after": "99999999"}, 86_400.0),
        (
            {"x-ratelimit-reset-requests": "6m0s", "x-ratelimit-remaining-requests": "0"},
            360.0,
        ),
        (
            {"x-ratelimit-reset-tokens": "60ms", "x-ratelimit-remaining-tokens": "0"},
            0.06,
        ),
        ({"x-ratelimit-reset-requests": "6m0s", "x-ratelimit-remaining-requests": "4"}, None),
        (
            {
                "anthropic-ratelimit-tokens-reset": "2026-03-01T12:00:20Z",
                "anthropic-ratelimit-tokens-remaining": "0",
                "date": DATE,
            },
            20.0,
        ),
    ],
)
def test_how_long_a_server_wants_to_be_left_alone(
    headers: dict[str, str], expected_s: float | None
):
    """Seconds, milliseconds, dates against the server's own, and limits that are used up."""
    assert retry_after_s(headers) == expected_s


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"error": {"message": "This model's maximum context length is 5 tokens"}}, "context"),
        ({"error": {"message": "x", "type": "exceed_context_size_error"}}, "context"),
        ({"error": {"message": "x", "code": "context_length_exceeded"}}, "context"),
        ({"type": "error", "error": {"message": "prompt is too long: 9 tokens > 5"}}, "context"),
        ({"error": {"message": "x", "code": "invalid_value"}}, "invalid_value"),
    ],
)
def test_requests_that_are_too_long_have_one_code(body: dict[str, Any], code: str):
    """Every server says it in its own words; the code is OpenAI's."""
    error = meaning(400, body)
    assert isinstance(error, Rejected)
    assert error.code == ("context_length_exceeded" if code == "context" else code)


@pytest.mark.parametrize(
    "body",
    [
        {"error": 'model "x" not found, try pulling it first'},
        {"error": {"message": "The model `x` does not exist", "type": "NotFoundError"}},
        {"object": "error", "message": "The model `x` does not exist.", "code": 404},
        {"type": "error", "error": {"type": "not_found_error", "message": "model: x"}},
        {"detail": "model x not found"},
    ],
)
def test_models_that_are_not_there_have_one_code(body: dict[str, Any]):
    """Ollama, vLLM, Anthropic and others word it differently; the code is OpenAI's."""
    error = meaning(404, body)
    assert isinstance(error, Rejected)
    assert (error.status, error.code) == (404, "model_not_found")
    assert "x" in str(error)


def test_openais_own_errors_are_passed_on():
    """A body in OpenAI's shape goes to the client as it is, with the field that is wrong."""
    body = {"error": {"message": "no", "type": "invalid_request_error", "param": "n"}}
    error = meaning(400, body)
    assert isinstance(error, Rejected)
    assert error.body is not None
    assert json.loads(error.body) == body
    assert error.param == "n"


@pytest.mark.parametrize(
    "body",
    [
        *({"error": "no"}, {"detail": "no"}, b"no", b"\xff"),
        {"type": "error", "error": {"type": "invalid_request_error", "message": "no"}},
    ],
)
def test_errors_in_other_shapes_are_not(body: Any):
    """Only the words of another shape count; the body is made anew by whoever answers."""
    error = meaning(422, body)
    assert isinstance(error, Rejected)
    assert (error.body, error.code) == (None, None)


@pytest.mark.parametrize(
    ("status", "body", "headers", "kind"),
    [
        (429, {"error": {"message": "x", "code": "insufficient_quota"}}, {}, Refused),
        (503, {"error": {"message": "Loading model", "type": "unavailable_error"}}, {}, Overloaded),
        (503, {}, {"retry-after": "5"}, Overloaded),
        (503, {}, {}, Refused),
        (408, {}, {}, TimedOut),
        (404, b"<html>404</html>", {}, Refused),
        (404, b"404 page not found", {}, Refused),
        (301, b"", {"location": "https://else/v1"}, Refused),
    ],
)
def test_special_cases(status: int, body: Any, headers: dict[str, str], kind: type[EngineError]):
    """No money is no overload, loading is, and a path that is not there is the address's fault."""
    assert type(meaning(status, body, headers)) is kind


def test_long_errors_are_cut():
    """A server's message is passed on up to a length, in one line."""
    error = meaning(500, {"error": {"message": "very\nlong " * 1000}})
    assert len(str(error)) < 600
    assert "\n" not in str(error)


def test_errors_with_a_good_status():
    """An error as an answer is one, with the status it names; an answer with words is none."""
    failed = error_within(b'{"error": {"message": "busy", "code": 429}}', where="Mock")
    assert isinstance(failed, Overloaded)
    assert error_within(b'{"error": null, "choices": []}', where="Mock") is None
    assert error_within(b'{"error": {"message": "x"}, "choices": [1]}', where="Mock") is None
