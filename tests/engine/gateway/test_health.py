"""Whether somebody is there, and who."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from engine.gateway import health
from engine.gateway.client_keys import ClientKeys, proof_of
from engine.gateway.ports import Call
from engine.gateway.snapshot import GatewaySnapshot, GatewayState
from tests.conftest import FakeClock

URL = "http://127.0.0.1:11480/v1"


@pytest.fixture
def keys(tmp_path: Path, clock: FakeClock) -> ClientKeys:
    """Return the keys of a user."""
    keys = ClientKeys(tmp_path, clock=clock)
    keys.load()
    return keys


def ask(
    keys: ClientKeys, state: GatewayState = GatewayState.OPEN, **query: str
) -> tuple[int, dict[str, str]]:
    """Return status and body of the answer."""
    seen = GatewaySnapshot(0.0, state=state, url=URL)
    handler = health.routes(lambda: seen, keys, "1.2.3")["GET", "/health"]
    result = asyncio.run(handler(Call("GET", "/health", "", "", query=query)))
    return result.status, msgspec.json.decode(result.body, type=dict[str, str])


def test_open(keys: ClientKeys):
    """Who is there says so with its version, and tells nothing else."""
    told = {"status": "ok", "product": "universal-ai-tools", "version": "1.2.3"}
    assert ask(keys) == (200, told)


def test_closing(keys: ClientKeys):
    """Who closes is not healthy."""
    status, told = ask(keys, GatewayState.DRAINING)
    assert (status, told["status"]) == (503, "draining")


def test_proof(keys: ClientKeys):
    """Who asks can check that the answer comes from the owner of the key, at this address."""
    (entry,) = keys.entries()
    assert ask(keys, challenge="abc")[1]["proof"] == proof_of(entry.sha256, f"{URL} abc")


@pytest.mark.parametrize("challenge", ["", "x" * 129])
def test_no_proof(keys: ClientKeys, challenge: str):
    """No question, or one that is too long, gets no proof."""
    assert "proof" not in ask(keys, challenge=challenge)[1]
