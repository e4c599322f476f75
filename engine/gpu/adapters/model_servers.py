"""Servers on this machine that hold models, and asking them to let one go.

Ollama, llama-swap, LM Studio and llama.cpp's router each have their own way; which one answers at
an address is found by questions that load nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import msgspec

from engine.errors import Refused, Unreachable
from engine.gpu.loaded_models import LoadedModel

if TYPE_CHECKING:
    from httpx import AsyncClient, Response

LOOK_TIMEOUT_S = 2.0
UNLOAD_TIMEOUT_S = 30.0
"""A server may finish what it is answering first."""
LARGEST_PAGE_BYTES = 4 * 2**20
MIB = 2**20
OLLAMA, LLAMA_SWAP, LM_STUDIO, LLAMA_CPP = "Ollama", "llama-swap", "LM Studio", "llama.cpp"

Table = dict[str, Any]


class HttpModelServers:
    """See `ports.ModelServers`.

    addresses: where servers may be, with or without `/v1`, as they may be shown: a password in one
    stands for nothing. headers: what the one at an address must be sent, the password included.
    """

    def __init__(
        self,
        *,
        addresses: Callable[[], Sequence[str]],
        headers: Callable[[str], Mapping[str, str]] = lambda url: {},
    ) -> None:
        self._addresses = addresses
        self._headers = headers
        self._client: AsyncClient | None = None
        self._opening = asyncio.Lock()

    async def loaded(self) -> tuple[LoadedModel, ...]:
        """Return the models that are in memory, of every server that tells; never raises."""
        roots = sorted(set(filter(None, map(_root, self._addresses()))))
        found = await asyncio.gather(*map(self._look, roots))
        return tuple(model for models in found for model in models)

    async def unload(self, model: LoadedModel) -> None:
        """Ask for `model` to be unloaded, and return when the server has agreed.

        Its memory may come free seconds later. Raises Unreachable, Refused.
        """
        path, body = _order(model)
        client = await self._open()
        try:
            answer = await client.post(
                f"{_without_login(model.server_url)}{path}",
                json=body,
                headers=self._headers(model.server_url),
                timeout=UNLOAD_TIMEOUT_S,
            )
        except _http_errors() as error:
            raise Unreachable(
                f"{model.product} at {model.server_url} was asked to unload {model.name} and did "
                f"not answer ({type(error).__name__})"
            ) from error
        if answer.is_error:
            raise Refused(
                f"{model.product} at {model.server_url} does not unload {model.name} "
                f"(HTTP {answer.status_code})"
            )

    async def aclose(self) -> None:
        """Close every connection. May be called twice."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _look(self, root: str) -> tuple[LoadedModel, ...]:
        for path, read in QUESTIONS:
            table = await self._table(root, path)
            if table is not None and (models := read(root, table)) is not None:
                return models
        return ()

    async def _table(self, root: str, path: str) -> Table | None:
        client = await self._open()
        url, headers = f"{_without_login(root)}{path}", self._headers(root)
        try:
            return _decoded(await client.get(url, headers=headers, timeout=LOOK_TIMEOUT_S))
        except _http_errors():
            return None

    async def _open(self) -> AsyncClient:
        """Return the client. Loading it takes long enough to be felt, so a thread does it."""
        async with self._opening:
            if self._client is None:
                self._client = await asyncio.to_thread(_made_client)
            return self._client


def _made_client() -> AsyncClient:
    import httpx

    return httpx.AsyncClient(trust_env=False)


def _http_errors() -> tuple[type[Exception], ...]:
    import httpx

    return (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError)


def _decoded(answer: Response) -> Table | None:
    if answer.is_error or len(answer.content) > LARGEST_PAGE_BYTES:
        return None
    try:
        found = msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return found if isinstance(found, dict) else None


def _root(address: str) -> str | None:
    place = urlsplit(address)
    return f"{place.scheme}://{place.netloc}" if place.scheme in ("http", "https") else None


def _without_login(root: str) -> str:
    """Return where to send to: the login goes in a header, and so into no log of addresses."""
    scheme, _, netloc = root.partition("://")
    return f"{scheme}://{netloc.rpartition('@')[2]}"


def _ollama(root: str, table: Table) -> tuple[LoadedModel, ...] | None:
    entries = _entries(table, "models")
    if entries is None:
        return None
    return tuple(
        LoadedModel(
            name=str(each.get("name")),
            server_url=root,
            product=OLLAMA,
            instance=str(each.get("model") or each.get("name")),
            used_mib=_mib(each.get("size_vram")),
            used_mark=str(each.get("expires_at", "")),  # each use puts it off
        )
        for each in entries
    )


def _llama_swap(root: str, table: Table) -> tuple[LoadedModel, ...] | None:
    entries = _entries(table, "running")
    if entries is None:
        return None
    return tuple(
        LoadedModel(str(each["model"]), root, LLAMA_SWAP, str(each["model"]))
        for each in entries
        if each.get("model") and each.get("state") == "ready"
    )


def _lm_studio(root: str, table: Table) -> tuple[LoadedModel, ...] | None:
    entries = _entries(table, "models")
    if entries is None:
        return None
    return tuple(
        LoadedModel(
            name=str(each.get("key")),
            server_url=root,
            product=LM_STUDIO,
            instance=str(instance.get("id")),
            used_mib=_mib(each.get("size_bytes")),
        )
        for each in entries
        for instance in _entries(each, "loaded_instances") or ()
    )


def _llama_cpp(root: str, table: Table) -> tuple[LoadedModel, ...] | None:
    entries = _entries(table, "data")
    if entries is None or not any("status" in each for each in entries):
        return None  # one that serves a single model for good
    return tuple(
        LoadedModel(str(each.get("id")), root, LLAMA_CPP, str(each.get("id")))
        for each in entries
        if isinstance(each.get("status"), dict) and each["status"].get("value") == "loaded"
    )


QUESTIONS: tuple[tuple[str, Callable[[str, Table], tuple[LoadedModel, ...] | None]], ...] = (
    ("/api/ps", _ollama),
    ("/running", _llama_swap),
    ("/api/v1/models", _lm_studio),
    ("/models", _llama_cpp),
)


def _order(model: LoadedModel) -> tuple[str, Table]:
    match model.product:
        case "Ollama":
            return "/api/generate", {"model": model.instance, "keep_alive": 0}
        case "llama-swap":
            return f"/api/models/unload/{quote(model.instance, safe='')}", {}
        case "LM Studio":
            return "/api/v1/models/unload", {"instance_id": model.instance}
        case _:
            return "/models/unload", {"model": model.instance}


def _entries(table: Table, name: str) -> list[Table] | None:
    found = table.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else None


def _mib(size_bytes: object) -> int | None:
    return -(-size_bytes // MIB) if isinstance(size_bytes, int) and size_bytes > 0 else None
