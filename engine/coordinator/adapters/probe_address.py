"""Addresses as people type them."""

from __future__ import annotations

from urllib.parse import urlsplit

ENDINGS = (
    *("/chat/completions", "/completions", "/embeddings", "/models", "/messages", "/responses"),
    *("/api/chat", "/api/generate", "/api/tags", "/api/v0", "/api"),
)
"""Of addresses copied from examples: what comes before is meant."""


def candidate(typed: str) -> str | None:
    """Return the base address that `typed` means, `/v1` included; None where it is none.

    Without a scheme it is https for a name on the net, and http for this machine and numbers.
    """
    text = typed.strip()
    if not text or any(each.isspace() for each in text):
        return None
    if "://" not in text:
        host = text.partition("/")[0].partition(":")[0].strip("[]")
        text = ("https://" if _is_on_the_net(host) else "http://") + text
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    # 0.0.0.0 is where a server listens, and nowhere one can ask.
    host = "127.0.0.1" if parts.hostname == "0.0.0.0" else parts.hostname
    shown = f"[{host}]" if ":" in host else host
    where = f"{parts.scheme}://{shown}" + (f":{port}" if port is not None else "")
    path = parts.path.rstrip("/")
    for ending in ENDINGS:
        path = path.removesuffix(ending)
    return where + (path or "/v1")


def root_of(url: str) -> str | None:
    """Return `url` without its `/v1`; None where it is a path within something larger."""
    root = url.removesuffix("/v1")
    return root if urlsplit(root).path in ("", "/") else None


def is_anthropic(url: str) -> bool:
    """Return whether it is Anthropic's own server."""
    host = urlsplit(url).hostname or ""
    return host == "anthropic.com" or host.endswith(".anthropic.com")


def _is_on_the_net(host: str) -> bool:
    is_number = host.replace(".", "").isdigit()
    return "." in host and not is_number and not host.endswith((".local", ".lan", ".localhost"))
