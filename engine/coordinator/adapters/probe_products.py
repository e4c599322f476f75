"""Which program a server is, by what only it says."""

from __future__ import annotations

import dataclasses
from collections.abc import Set
from enum import Enum

from engine.coordinator.adapters.anthropic_wire_answer import served_models as anthropic_models
from engine.coordinator.adapters.ollama_wire_models import served_model, tables
from engine.coordinator.adapters.probe_errors import Page
from engine.coordinator.settings import EndpointKind
from engine.coordinator.snapshot import FoundServer
from engine.exchange import ServedModel

NAMED = 3
"""Models that a message names."""


class Product(Enum):
    """Programs that can be told apart; in the order in which they are asked for.

    Each value: its name, the path only it has, the field there, and who it says owns its models.
    """

    OLLAMA = ("Ollama", "/api/version", "version", "library")
    LM_STUDIO = ("LM Studio", "/api/v0/models", "data", "organization_owner")
    LLAMA_SWAP = ("llama-swap", "/running", "running", "llama-swap")
    LLAMA_CPP = ("llama.cpp", "/props", "default_generation_settings", "llamacpp")
    VLLM = ("vLLM", "/version", "version", "vllm")

    @property
    def label(self) -> str:
        """What people call it."""
        return self.value[0]

    @property
    def path(self) -> str:
        """What only it answers."""
        return self.value[1]

    def is_shown_by(self, page: Page) -> bool:
        """Return whether what is at its path is its."""
        return self.value[2] in (page.json or {})

    def may_be_owner(self, owners: Set[str]) -> bool:
        """Return whether models owned by `owners` may be its: it, or nobody known."""
        known = {each.value[3] for each in Product}
        return self.value[3] in owners or not owners & known


def openai_server(
    url: str, listing: Page, found: tuple[Product, Page] | None, models: tuple[ServedModel, ...]
) -> FoundServer:
    """Return a server that lists models as OpenAI does; found: what it is, and by which page."""
    name = ""
    if found is not None:
        product, page = found
        told = page.json or {}
        name = product.label
        if product in (Product.VLLM, Product.LLAMA_CPP):
            name = f"{name} {told.get('version') or told.get('build_info') or ''}".rstrip()
        if product is Product.LLAMA_CPP:
            window = told["default_generation_settings"]
            size = window.get("n_ctx") if isinstance(window, dict) else None
            if isinstance(size, int) and size > 0:
                models = tuple(dataclasses.replace(each, context_tokens=size) for each in models)
        if product is Product.LLAMA_SWAP:
            running = {str(each.get("model")) for each in page.entries("running")}
            models = tuple(
                dataclasses.replace(each, is_loaded=each.name in running) for each in models
            )
    return _found(url, EndpointKind.OPENAI, name, models, listing.took_ms)


def anthropic_server(url: str, listing: Page) -> FoundServer:
    """Return a server that speaks Anthropic's API."""
    models = anthropic_models(listing.json or {})
    return _found(url, EndpointKind.ANTHROPIC, "Anthropic", models, listing.took_ms)


def ollama_server(
    root: str, took_ms: float, version: Page, tags: Page | None, running: Page | None
) -> FoundServer:
    """Return an Ollama; of models it is known what the lists say."""
    loaded = {each["name"]: each for each in tables((running and running.json) or {})}
    models = tuple(
        served_model(tag, None, loaded.get(tag["name"]))
        for tag in tables((tags and tags.json) or {})
    )
    name = f"Ollama {(version.json or {})['version']}"
    if not models:
        message = f"{name}, without any model yet: fetch one, such as `ollama pull llama3.2`"
        return FoundServer(root, True, message, EndpointKind.OLLAMA, name, (), answered_ms=took_ms)
    return _found(root, EndpointKind.OLLAMA, name, models, took_ms)


def _found(
    url: str, kind: EndpointKind, product: str, models: tuple[ServedModel, ...], took_ms: float
) -> FoundServer:
    some = ", ".join(each.name for each in models[:NAMED])
    more = ", ..." if len(models) > NAMED else ""
    count = f"{len(models)} model{'' if len(models) == 1 else 's'}"
    has = f"{count}: {some}{more}" if models else "no models yet"
    return FoundServer(
        url=url,
        ok=True,
        message=f"{product or 'A server with the API of OpenAI'}, {has}",
        kind=kind,
        product=product,
        models=models,
        answered_ms=took_ms,
    )
