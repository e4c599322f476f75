"""The model servers of a demonstration, and what their models write."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from engine.coordinator.settings import EMBEDDED, Endpoint, EndpointKind
from engine.exchange import ServedModel

GIB = 1024**3
TALK = frozenset({"chat", "completion", "json"})
TOKEN = re.compile(r"\s*\S+\s*$|\s*\S+")


@dataclass(frozen=True, slots=True)
class SimulatedServer:
    """One server: what it has, how fast it is, and how often it fails."""

    endpoint: Endpoint
    product: str
    models: tuple[ServedModel, ...]
    first_token_s: float = 0.3
    """Typical; each answer is drawn around it, and it grows where more is asked than there are
    slots."""
    token_s: float = 0.02
    busy_share: float = 0.0
    """Of requests that it says 429 to."""
    failing_share: float = 0.0
    """Of requests that it says 500 to."""
    breaking_share: float = 0.0
    """Of streams that break in the middle."""


def _model(name: str, gib: float, details: str, *more: str, window: int = 32_768) -> ServedModel:
    return ServedModel(
        name=name,
        context_tokens=window,
        capabilities=TALK | set(more),
        size_bytes=int(gib * GIB) or None,
        is_loaded=None,
        details=details,
    )


SERVERS = (
    SimulatedServer(
        Endpoint("ollama", EndpointKind.OLLAMA, "http://127.0.0.1:11434", is_discovered=True),
        product="Ollama 0.12.3",
        models=(
            _model("llama3.1:8b", 4.6, "8.0B Q4_K_M", "tools", window=131_072),
            _model("qwen2.5-coder:7b", 4.4, "7.6B Q4_K_M", "tools"),
            _model("gemma3:4b", 3.1, "4.3B Q4_K_M", "vision", window=131_072),
            ServedModel("nomic-embed-text", 2048, frozenset({"embedding"}), GIB // 4),
        ),
        first_token_s=0.18,
        token_s=0.014,
        breaking_share=0.004,
    ),
    SimulatedServer(
        Endpoint(
            "workbench",
            EndpointKind.OPENAI,
            "http://127.0.0.1:8080/v1",
            slots=2,
            is_discovered=True,
        ),
        product="llama.cpp b6700",
        models=(_model("llama3.1:8b", 4.6, "8.0B Q4_K_M", "tools", window=131_072),),
        first_token_s=0.7,
        token_s=0.055,
        failing_share=0.02,
    ),
    SimulatedServer(
        Endpoint("cloud", EndpointKind.OPENAI, "https://api.example.com/v1", is_local=False),
        product="",
        models=(
            _model("gpt-4o-mini", 0, "", "tools", "vision", window=128_000),
            _model("gpt-4o", 0, "", "tools", "vision", window=128_000),
        ),
        first_token_s=0.45,
        token_s=0.009,
        busy_share=0.05,
        failing_share=0.01,
    ),
    SimulatedServer(
        Endpoint(EMBEDDED, EndpointKind.EMBEDDED, "", slots=1),
        product="built-in",
        models=(_model("smollm2-135m-instruct", 0.1, "135M Q4_1", window=8192),),
        first_token_s=0.25,
        token_s=0.03,
    ),
)
"""A fast and a slow one on this machine, which share a model, one that costs money, and the
built-in one."""

OPENINGS = (
    "In short: it depends on what you measure.",
    "Yes, and there are two good ways to do it.",
    "That is a common question, and the answer is simpler than it looks.",
    "Let us go through it step by step.",
)
BODIES = (
    "Start with the smallest case that still shows the problem. Change one thing at a time, and "
    "write down what you see before you decide what it means.",
    "1. Measure first, on the machine that matters.\n"
    "2. Keep what you measured beside the code.\n"
    "3. Only then change something, and measure **again**.",
    "```python\ndef mean(values: list[float]) -> float:\n"
    '    """Return the arithmetic mean."""\n'
    "    return sum(values) / len(values)\n```\n"
    "It raises `ZeroDivisionError` for an empty list, which is most likely what you want.",
    "| choice | good at | costs |\n|---|---|---|\n| local | privacy | memory |\n"
    "| cloud | quality | money |\n\nMost people end up with both.",
)
ENDINGS = (
    "Tell me more about your case and I can be more exact.",
    "Would you like an example with your own data?",
    "That is all there is to it.",
)


def written(random: Random, most_tokens: int | None) -> tuple[list[str], str]:
    """Return an answer as tokens, and why it ended: "stop", or "length" at `most_tokens`."""
    parts = [random.choice(OPENINGS), random.choice(BODIES), random.choice(ENDINGS)]
    tokens = list(_tokens("\n\n".join(parts)))
    if most_tokens is not None and len(tokens) > most_tokens:
        return tokens[:most_tokens], "length"
    return tokens, "stop"


def counted(text: str) -> int:
    """Return about how many tokens `text` has."""
    return len(text) // 4 + 1


def _tokens(text: str) -> Iterator[str]:
    """Yield `text` in pieces: words, each with the space before it."""
    return (found[0] for found in TOKEN.finditer(text))
