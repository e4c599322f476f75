"""Addresses as people type them."""

from __future__ import annotations

import pytest

from engine.coordinator.adapters.probe_address import candidate, is_anthropic, root_of


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("http://127.0.0.1:11434", "http://127.0.0.1:11434/v1"),
        ("127.0.0.1:8080/", "http://127.0.0.1:8080/v1"),
        (" localhost:1234/v1 ", "http://localhost:1234/v1"),
        ("0.0.0.0:8000", "http://127.0.0.1:8000/v1"),
        ("box.local:8000", "http://box.local:8000/v1"),
        ("api.openai.com", "https://api.openai.com/v1"),
        ("https://openrouter.ai/api/v1/chat/completions", "https://openrouter.ai/api/v1"),
        ("https://host/openai/v1/", "https://host/openai/v1"),
        ("http://127.0.0.1:11434/api/chat", "http://127.0.0.1:11434/v1"),
        ("http://[::1]:8080", "http://[::1]:8080/v1"),
        ("http://user:secret@host:1", "http://host:1/v1"),
        ("", None),
        ("two words", None),
        ("ftp://host", None),
        ("http://", None),
        ("http://host:port", None),
        ("http://[::1", None),
    ],
)
def test_what_is_meant(typed: str, expected: str | None):
    """Schemes and /v1 are added, endings copied from examples are taken off."""
    assert candidate(typed) == expected


def test_roots_and_hosts():
    """Only an address without a further path has a root where a program can be told."""
    assert root_of("http://127.0.0.1:8080/v1") == "http://127.0.0.1:8080"
    assert root_of("https://openrouter.ai/api/v1") is None
    assert is_anthropic("https://api.anthropic.com/v1")
    assert not is_anthropic("https://anthropic.com.example.com/v1")
