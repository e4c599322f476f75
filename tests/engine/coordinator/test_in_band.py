"""Errors within a stream."""

from __future__ import annotations

import msgspec

from engine.coordinator.events import data_of
from engine.coordinator.in_band import BROKEN, LATE, in_band


def test_openai_clients_find_an_error_object():
    """One event with `error`, and no [DONE] after it."""
    said = in_band("it broke", BROKEN, "openai")
    error = msgspec.json.decode(data_of(said))["error"]
    assert (error["message"], error["code"]) == ("it broke", "upstream_broken")
    assert said.endswith(b"\n\n")
    assert b"[DONE]" not in said
    late = msgspec.json.decode(data_of(in_band("late", LATE, "openai")))["error"]
    assert late["code"] == "upstream_timeout"


def test_anthropic_clients_find_an_error_event():
    """Theirs is an event of its own."""
    said = in_band("it broke", BROKEN, "anthropic")
    assert said.startswith(b"event: error\n")
    assert msgspec.json.decode(data_of(said))["error"]["message"] == "it broke"
