"""Model servers behind TLS, with certificates of a test's own."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest

from engine.coordinator.adapters.factory import HttpProviders
from engine.coordinator.adapters.httpx_prober import HttpxProber
from engine.coordinator.settings import Endpoint, EndpointKind
from engine.errors import Unreachable
from tests.contracts.provider_worlds import MODEL, SETTINGS, request
from tests.live.certificates import make_certificates
from tests.live.upstream import Upstream

pytestmark = pytest.mark.live


def test_certificates_that_nobody_vouches_for(tmp_path: Path):
    """A server whose certificate is not trusted gets no request, and the reason is said."""
    folder = make_certificates(tmp_path)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(folder / "server.pem", folder / "server.key")

    async def work() -> None:
        async with Upstream(tls=tls) as server:
            providers, prober = HttpProviders(), HttpxProber(ports=())
            endpoint = Endpoint("mock", EndpointKind.OPENAI, server.url + "/v1")
            provider = providers.open(endpoint, lambda: "sk-secret", SETTINGS)
            with pytest.raises(Unreachable, match="certificate is not valid"):
                await provider.send(request(), MODEL)
            found = await prober.look(server.url, "sk-secret")
            assert "certificate" in found.message
            assert not found.ok
            await providers.aclose()
            await prober.aclose()
            assert server.seen == []

    asyncio.run(work())


def test_certificates_that_are_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """With the authority among the trusted ones, requests go through, streams as well."""
    import aiohttp.connector

    folder = make_certificates(tmp_path)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(folder / "server.pem", folder / "server.key")
    trusting = ssl.create_default_context(cafile=folder / "ca.pem")
    monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", trusting)

    async def work() -> None:
        async with Upstream(tls=tls) as server:
            providers = HttpProviders()
            endpoint = Endpoint("mock", EndpointKind.OPENAI, server.url + "/v1")
            provider = providers.open(endpoint, lambda: "sk-secret", SETTINGS)
            assert (await provider.send(request(), MODEL)).body
            answer = await provider.send(request(stream=True), MODEL)
            assert answer.stream is not None
            assert b"".join([piece async for piece in answer.stream]).endswith(b"[DONE]\n\n")
            await providers.aclose()

    asyncio.run(work())
