"""Looks what answers at an address, by questions that load no model and change nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from engine.coordinator.adapters.openai_wire import served_models
from engine.coordinator.adapters.probe_address import candidate, is_anthropic, root_of
from engine.coordinator.adapters.probe_errors import Page, outside_errors, problem, refusal
from engine.coordinator.adapters.probe_products import (
    Product,
    anthropic_server,
    ollama_server,
    openai_server,
)
from engine.coordinator.secrecy import login_of, masked_wholly
from engine.coordinator.snapshot import FoundServer

if TYPE_CHECKING:
    from httpx import AsyncClient

LOOK_TIMEOUT_S = 5.0
"""For each step of asking: to connect, to send, and each part of the answer."""
STEPS = 3
DISCOVER_TIMEOUT_S = 1.0
LARGEST_PAGE_BYTES = 8 * 1024 * 1024
OLLAMA_PORT = 11434
USUAL_PORTS = (OLLAMA_PORT, 1234, 8080, 9292, 8000, 5000, 5001, 1337)
"""Ollama, LM Studio, llama.cpp and llama-swap, llama-swap, vLLM, text-generation-webui, KoboldCpp,
Jan."""
LOOPBACK = "127.0.0.1"
ANTHROPIC_VERSION = {"anthropic-version": "2023-06-01"}


class _Door(NamedTuple):
    """How one asks at an address."""

    client: AsyncClient
    headers: Mapping[str, str]
    timeout_s: float
    more: Mapping[str, str] = MappingProxyType({})
    """Sent whatever the server speaks; names in lower case, here and in `headers`."""

    async def get(self, url: str) -> Page:
        """Return what is there, cut at a size that no list of models has. Raises httpx's errors."""
        began_s = asyncio.get_running_loop().time()
        # httpx limits each step, and closes what it leaves; this limits one that drips for ever.
        async with asyncio.timeout(self.timeout_s * STEPS):
            async with self.client.stream(
                "GET", url, headers={**self.headers, **self.more}, timeout=self.timeout_s
            ) as response:
                body = b""
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) > LARGEST_PAGE_BYTES:
                        break
        took_ms = (asyncio.get_running_loop().time() - began_s) * 1000
        return Page(url, response.status_code, dict(response.headers), body, took_ms)

    async def table(self, url: str) -> Page | None:
        """Return what is there if it is a JSON object that is no error; else None."""
        try:
            page = await self.get(url)
        except outside_errors():
            return None
        return page if page.is_good and page.json and "error" not in page.json else None


class HttpxProber:
    """See `ports.ServerProber`. ports: of this machine, where `discover` looks."""

    def __init__(self, *, ports: Sequence[int] = USUAL_PORTS) -> None:
        self._ports = tuple(ports)
        self._client: AsyncClient | None = None
        self._opening = asyncio.Lock()

    async def look(
        self, url: str, key: str = "", headers: Iterable[tuple[str, str]] = ()
    ) -> FoundServer:
        """Return what is at `url`; a missing scheme or `/v1` is added."""
        address = candidate(url)
        if address is None:
            typed = masked_wholly(url)
            message = f"{typed!r} is no address: write it like http://127.0.0.1:11434"
            return FoundServer(typed, ok=False, message=message)
        login = login_of(url)
        more = ({"authorization": login} if login else {}) | {
            name.lower(): value for name, value in headers
        }
        if not all(each.isascii() and each.isprintable() for pair in more.items() for each in pair):
            message = "Its headers cannot be sent: enter them anew, in plain letters"
            return FoundServer(address, ok=False, message=message)
        shown = {"authorization": f"Bearer {key}"} if key else {}
        if is_anthropic(address):
            shown = ANTHROPIC_VERSION | ({"x-api-key": key} if key else {})
        door = _Door(await self._open(), shown, LOOK_TIMEOUT_S, more)
        try:
            return await _identified(door, address, key)
        except outside_errors() as error:
            return FoundServer(address, ok=False, message=problem(error, address))

    async def discover(self) -> tuple[FoundServer, ...]:
        """Return the model servers on the usual ports; every port is asked at the same time."""
        door = _Door(await self._open(), {}, DISCOVER_TIMEOUT_S)
        found = await asyncio.gather(*(self._at_port(door, port) for port in self._ports))
        return tuple(each for each in found if each is not None)

    async def aclose(self) -> None:
        """Close every connection. May be called twice."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    @staticmethod
    async def _at_port(door: _Door, port: int) -> FoundServer | None:
        try:
            async with asyncio.timeout(DISCOVER_TIMEOUT_S):
                found = await _identified(door, f"http://{LOOPBACK}:{port}/v1", "")
        except outside_errors():
            return None
        return found if found.ok else None

    async def _open(self) -> AsyncClient:
        """Return the client. Loading it takes long enough to be felt, so a thread does it."""
        async with self._opening:
            if self._client is None:
                self._client = await asyncio.to_thread(_make_client)
            return self._client


async def _identified(door: _Door, url: str, key: str) -> FoundServer:
    """Return what is at `url`. Raises httpx's errors where nothing answers."""
    page = await door.get(f"{url}/models")
    if _is_list(page):
        if is_anthropic(url) or _lists_anthropic(page):
            return anthropic_server(url, page)
        return await _product(door, url, page)
    if _speaks_anthropic(page) and "anthropic-version" not in door.headers:
        shown = {"x-api-key": key} if key else {}
        return await _identified(door._replace(headers=ANTHROPIC_VERSION | shown), url, key)
    # Only Ollama of old has no such list.
    root = root_of(url) if page.status in (404, 405) else None
    if root is not None and (found := await _ollama(door, root, page)) is not None:
        return found
    return FoundServer(url, ok=False, message=refusal(page, key), answered_ms=page.took_ms)


async def _product(door: _Door, url: str, listing: Page) -> FoundServer:
    """Return which server it is that lists its models as OpenAI does."""
    assert listing.json is not None
    owners = {str(each.get("owned_by")) for each in listing.entries("data")}
    root = root_of(url)
    if root is None:
        return openai_server(url, listing, None, served_models(listing.json))
    for product in Product:
        if not product.may_be_owner(owners):
            continue
        if product is Product.OLLAMA:
            if (found := await _ollama(door, root, listing)) is not None:
                return found
            continue
        page = await door.table(root + product.path)
        if page is not None and product.is_shown_by(page):
            rich = page if product is Product.LM_STUDIO else listing
            models = served_models(rich.json or {})
            return openai_server(url, listing, (product, page), models)
    return openai_server(url, listing, None, served_models(listing.json))


async def _ollama(door: _Door, root: str, first: Page) -> FoundServer | None:
    version = await door.table(f"{root}/api/version")
    if version is None or "version" not in (version.json or {}):
        return None
    tags = await door.table(f"{root}/api/tags")
    running = await door.table(f"{root}/api/ps")
    return ollama_server(root, first.took_ms, version, tags, running)


def _is_list(page: Page) -> bool:
    return page.is_good and page.json is not None and isinstance(page.json.get("data"), list)


def _lists_anthropic(page: Page) -> bool:
    entries = page.entries("data")
    return bool(entries) and all(each.get("type") == "model" for each in entries)


def _speaks_anthropic(page: Page) -> bool:
    return not page.is_good and page.json is not None and page.json.get("type") == "error"


def _make_client() -> AsyncClient:
    import httpx

    return httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=LOOK_TIMEOUT_S)
