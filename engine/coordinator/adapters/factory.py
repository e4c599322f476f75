"""Opens the provider that speaks a server's API."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from engine.coordinator.adapters.aiohttp_session import HttpPool
from engine.coordinator.adapters.anthropic_http import VERSION, AnthropicHttp, api_key
from engine.coordinator.adapters.http_endpoint import Authorize, HttpEndpoint
from engine.coordinator.adapters.ollama_http import OllamaHttp
from engine.coordinator.adapters.openai_http import OpenAiHttp, bearer
from engine.coordinator.ports import Provider
from engine.coordinator.settings import CoordinatorSettings, Endpoint, EndpointKind
from engine.errors import SettingsError

OpenEmbedded = Callable[[Endpoint, CoordinatorSettings], Provider]


class HttpProviders:
    """See `ports.ProviderFactory`. embedded: opens the application's own model."""

    def __init__(self, *, embedded: OpenEmbedded | None = None) -> None:
        self._embedded = embedded
        self._pool = HttpPool()

    def open(
        self, endpoint: Endpoint, key: Callable[[], str], settings: CoordinatorSettings
    ) -> Provider:
        """Return the provider of `endpoint`. Raises SettingsError where there is none for it."""

        def at(url: str, authorize: Authorize, *headers: tuple[str, str]) -> HttpEndpoint:
            return HttpEndpoint(
                endpoint=dataclasses.replace(
                    endpoint, url=url, headers=(*headers, *endpoint.headers)
                ),
                key=key,
                settings=settings,
                pool=self._pool,
                authorize=authorize,
            )

        url = endpoint.url.strip().rstrip("/")
        match endpoint.kind:
            case EndpointKind.OPENAI:
                return OpenAiHttp(at(url, bearer))
            case EndpointKind.OLLAMA:
                return OllamaHttp(at(url.removesuffix("/v1").removesuffix("/api"), bearer))
            case EndpointKind.ANTHROPIC:
                base = url.removesuffix("/v1") + "/v1"
                version = ("anthropic-version", VERSION)
                return AnthropicHttp(at(base, api_key, version))
            case EndpointKind.EMBEDDED:
                if self._embedded is None:
                    raise SettingsError(f"{endpoint.name}: there is no built-in model here")
                return self._embedded(endpoint, settings)

    async def aclose(self) -> None:
        """Close every connection to every server. May be called twice."""
        await self._pool.aclose()
