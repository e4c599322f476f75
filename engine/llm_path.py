"""The way of a request, built: gateway over router over coordinator, and what lies beside it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from random import Random, SystemRandom
from typing import Any

from engine.activity import ActivitySettings
from engine.activity_log import ACTIVITY_FILE, ActivityLog
from engine.analytics.adapters.optimiser_thread import OptimiserThread
from engine.analytics.service import ParameterAnalytics
from engine.analytics.settings import AnalyticsSettings
from engine.analytics.study_policies import policy_makers
from engine.book import Book
from engine.cache.service import RedisService
from engine.clock import SystemClock
from engine.coordinator.adapters.embedded_llama import EmbeddedLlama
from engine.coordinator.adapters.factory import HttpProviders
from engine.coordinator.adapters.httpx_prober import HttpxProber
from engine.coordinator.adapters.simulated import SimulatedProber, SimulatedProviders
from engine.coordinator.adapters.simulated_servers import SERVERS
from engine.coordinator.embedded_model import ENTRY, model_file
from engine.coordinator.ports import Provider, ProviderFactory, ServerProber
from engine.coordinator.price_table import PriceTable, starter_prices
from engine.coordinator.service import FastLLMCoordinator
from engine.coordinator.settings import CoordinatorSettings, Endpoint, Price
from engine.folders import NAME, Folders
from engine.gateway import (
    audio,
    chat,
    embeddings,
    feedback,
    leases,
    messages,
    models,
    responses,
    whip,
)
from engine.gateway.adapters.aiohttp_server import AiohttpServer
from engine.gateway.adapters.aiortc_ingest import AiortcIngest
from engine.gateway.client_keys import ClientKeys
from engine.gateway.ports import Handler, Ingest
from engine.gateway.response_shelf import ResponseShelf
from engine.gateway.service import Gateway
from engine.gateway.settings import GatewaySettings
from engine.gateway.whereabouts import Whereabouts
from engine.gpu.service import VisionResourceManager
from engine.joints import OBSERVATION_CHANNEL, CachedAnswers, HostChannel
from engine.keychain import SecretStore
from engine.model_room import ModelRoom
from engine.outsides import model_store
from engine.parameter_joints import LearntParameters
from engine.router.service import LLMRouter
from engine.router.settings import RouterSettings
from engine.router.snapshot import ModelEntry, Tier
from engine.tokens import prompt_tokens
from engine.voice.service import VoiceProcessingService


@dataclass(frozen=True, slots=True)
class LlmSettings:
    """What the user may change along the way."""

    coordinator: CoordinatorSettings
    router: RouterSettings
    gateway: GatewaySettings
    activity: ActivitySettings
    analytics: AnalyticsSettings


@dataclass(frozen=True, slots=True)
class LlmPath:
    """The engines along the way, not yet started, in the order in which they are."""

    activity: ActivityLog
    coordinator: FastLLMCoordinator
    analytics: ParameterAnalytics
    router: LLMRouter
    ingest: Ingest
    gateway: Gateway


@dataclass(frozen=True, slots=True)
class Servers:
    """The outside of the coordinator."""

    providers: ProviderFactory
    prober: ServerProber


def servers_of_user(folders: Folders, room: ModelRoom | None = None) -> Servers:
    """Return the real servers, and the model that comes with the application.

    room: where that is loaded onto graphics cards; None where nobody shares them out.
    """
    store = model_store(folders, (ENTRY,))

    def open_http(
        endpoint: Endpoint, key: Callable[[], str], settings: CoordinatorSettings
    ) -> Provider:
        # The built-in model's process speaks OpenAI's API.
        return providers.open(endpoint, key, settings)

    embedded = EmbeddedLlama(
        model_path=lambda: model_file(store), clock=SystemClock(), http=open_http, room=room
    )
    providers = HttpProviders(embedded=embedded.open)
    return Servers(providers, HttpxProber())


def simulated_servers() -> Servers:
    """Return servers that are not there, for demonstrations."""
    return Servers(SimulatedProviders(random=Random()), SimulatedProber())


def demo_endpoints() -> tuple[Endpoint, ...]:
    """Return the simulated servers that are not found by themselves."""
    found = (each.endpoint for each in SERVERS)
    return tuple(each for each in found if each.url and not each.is_discovered)


def llm_path(
    folders: Folders,
    settings: LlmSettings,
    servers: Servers,
    *,
    beside: tuple[RedisService, VoiceProcessingService, VisionResourceManager],
    secrets: SecretStore,
) -> LlmPath:
    """Return the engines along the way.

    beside: the engines that they use: the cache, the voice engine, and the machine's resources.
    """
    clock, (cache, voice, resources) = SystemClock(), beside
    activity = ActivityLog(
        path=folders.data / ACTIVITY_FILE, settings=settings.activity, clock=clock
    )
    coordinator = _coordinator(folders, settings.coordinator, servers, cache, secrets)
    analytics = _analytics(folders, settings.analytics, cache)
    router = _router(folders, settings.router, coordinator, (cache, activity, analytics))
    ingest = AiortcIngest(
        open_sender=voice.open_guest,
        addresses=lambda: gateway.settings.ice,
        clock=clock,
    )
    gateway = Gateway(
        settings=settings.gateway,
        routes=_routes(router, ingest, voice, activity) | _beside(resources, analytics),
        keys=ClientKeys(folders.config, clock=clock),
        server=AiohttpServer,
        clock=clock,
        version=app_version(),
        activity=activity,
        coordinator=coordinator.snapshot,
        ingests=ingest.views,
        whereabouts=Whereabouts(folders.data),
    )
    return LlmPath(activity, coordinator, analytics, router, ingest, gateway)


def _coordinator(
    folders: Folders,
    settings: CoordinatorSettings,
    servers: Servers,
    cache: RedisService,
    secrets: SecretStore,
) -> FastLLMCoordinator:
    prices: Book[Price] = Book(folders.config / "prices.toml", kind=Price, table="price")
    return FastLLMCoordinator(
        settings=settings,
        book=Book(folders.config / "endpoints.toml", kind=Endpoint, table="endpoint"),
        prices=PriceTable(prices, starter_prices()),
        providers=servers.providers,
        prober=servers.prober,
        answers=CachedAnswers(cache),
        secrets=secrets,
        clock=SystemClock(),
        random=Random(),
    )


def _router(
    folders: Folders,
    settings: RouterSettings,
    coordinator: FastLLMCoordinator,
    beside: tuple[RedisService, ActivityLog, ParameterAnalytics],
) -> LLMRouter:
    cache, activity, analytics = beside
    return LLMRouter(
        settings=settings,
        coordinator=coordinator,
        models=Book(folders.config / "models.toml", kind=ModelEntry, table="model"),
        tiers=Book(folders.config / "tiers.toml", kind=Tier, table="tier"),
        data=folders.data,
        activity=activity,
        channel=HostChannel(cache),
        clock=SystemClock(),
        random=Random(),
        advisor=LearntParameters(analytics),
    )


def _analytics(
    folders: Folders, settings: AnalyticsSettings, cache: RedisService
) -> ParameterAnalytics:
    clock, random = SystemClock(), SystemRandom()
    return ParameterAnalytics(
        settings=settings,
        data=folders.data,
        search=OptimiserThread(clock=clock, seed=partial(random.getrandbits, 63)),
        channel=HostChannel(cache, OBSERVATION_CHANNEL),
        policy=policy_makers(random),
        clock=clock,
        random=random,
        host=socket.gethostname(),
    )


def app_version() -> str:
    """Return the version of this application."""
    try:
        return version(NAME)
    except PackageNotFoundError:  # run from a checkout that was not installed
        return "0"


def _routes(
    router: LLMRouter, ingest: Ingest, voice: VoiceProcessingService, activity: ActivityLog
) -> dict[tuple[str, str], Handler]:
    clock = SystemClock()
    return {
        **chat.routes(router),
        **embeddings.routes(router),
        **models.routes(router, clock),
        **messages.routes(router, count=_count_tokens),
        **responses.routes(router, shelf=ResponseShelf(), count=_count_tokens, clock=clock),
        **audio.routes(voice.uploads, note=activity.add, clock=clock),
        **whip.routes(ingest),
    }


def _beside(
    resources: VisionResourceManager, analytics: ParameterAnalytics
) -> dict[tuple[str, str], Handler]:
    return {
        **leases.routes(resources.leases, SystemClock()),
        **feedback.routes(analytics),
    }


def _count_tokens(body: Mapping[str, Any]) -> int:
    return prompt_tokens(dict(body))
