"""Providers and servers that a form for a new server can begin with."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from engine.coordinator.settings import EndpointKind


@dataclass(frozen=True, slots=True)
class Preset:
    """What is known of a provider or a server before it was asked."""

    title: str
    kind: EndpointKind
    url: str
    needs_key: bool = False
    is_local: bool = True
    key_page: str = ""
    """Where the provider hands out keys."""


def _cloud(title: str, url: str, page: str, kind: EndpointKind = EndpointKind.OPENAI) -> Preset:
    return Preset(title, kind, url, needs_key=True, is_local=False, key_page=page)


PRESETS = (
    Preset("Ollama", EndpointKind.OLLAMA, "http://127.0.0.1:11434"),
    Preset("LM Studio", EndpointKind.OPENAI, "http://127.0.0.1:1234/v1"),
    Preset("llama.cpp", EndpointKind.OPENAI, "http://127.0.0.1:8080/v1"),
    Preset("vLLM", EndpointKind.OPENAI, "http://127.0.0.1:8000/v1"),
    _cloud("OpenAI", "https://api.openai.com/v1", "platform.openai.com/api-keys"),
    _cloud(
        "Anthropic",
        "https://api.anthropic.com",
        "console.anthropic.com/settings/keys",
        EndpointKind.ANTHROPIC,
    ),
    _cloud("OpenRouter", "https://openrouter.ai/api/v1", "openrouter.ai/settings/keys"),
    _cloud("Groq", "https://api.groq.com/openai/v1", "console.groq.com/keys"),
    _cloud("Mistral", "https://api.mistral.ai/v1", "console.mistral.ai/api-keys"),
)


def is_own_machine(url: str) -> bool:
    """Tell whether the host of `url` is this machine or one of a private network."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    if host == "localhost" or host.endswith((".local", ".lan", ".internal")):
        return True
    try:
        return ip_address(host).is_private
    except ValueError:
        return bool(host) and "." not in host


def sends_key_openly(url: str) -> bool:
    """Tell whether a key sent to `url` could be read on its way."""
    return url.lower().startswith("http://") and not is_own_machine(url)
