"""What can be asked for."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from engine.errors import Rejected
from engine.gateway import models
from engine.gateway.dispatching import Routes
from engine.gateway.ports import Call
from engine.router.snapshot import ModelEntry, ModelView, Tier
from tests.conftest import FakeClock
from tests.engine.gateway.fake_router import MODEL, FakeRouter


def get(router: FakeRouter, path: str) -> Any:
    """Return the decoded answer to a GET of `path`."""
    found = Routes(models.routes(router, FakeClock())).find(path)
    assert found is not None
    result = asyncio.run(found[1]["GET"](Call("GET", path, "", "")))
    return msgspec.json.decode(result.body)


def test_list():
    """Models that somebody serves and tiers are listed; what nobody serves is not."""
    listed = get(FakeRouter(), "/v1/models")
    assert listed["object"] == "list"
    assert [row["id"] for row in listed["data"]] == [MODEL, "org/large", "fast", "balanced"]
    assert {row["object"] for row in listed["data"]} == {"model"}
    assert all(isinstance(row["created"], int) for row in listed["data"])
    assert listed["data"][2]["owned_by"] == "tier"


def test_list_for_anthropic_s_clients():
    """The same list has what Anthropic's clients look for."""
    listed = get(FakeRouter(), "/v1/models")
    assert (listed["first_id"], listed["last_id"], listed["has_more"]) == (MODEL, "balanced", False)
    row = listed["data"][0]
    assert (row["type"], row["created_at"]) == ("model", "2026-03-01T12:00:00Z")


def test_nothing_is_served():
    """Without models and tiers the list is empty."""
    listed = get(FakeRouter(models=(), tiers=()), "/v1/models")
    assert (listed["data"], listed["first_id"]) == ([], None)


def test_model_wins_over_tier():
    """A tier called like a model is not listed twice."""
    router = FakeRouter(tiers=(Tier(MODEL),))
    assert [row["id"] for row in get(router, "/v1/models")["data"]] == [MODEL, "org/large"]


def test_facts():
    """What is known of a model stands in its row."""
    view = ModelView(
        "m",
        entry=ModelEntry("m", label="The M"),
        endpoints=("a", "b"),
        context_tokens=4096,
        capabilities=frozenset({"tools", "chat"}),
    )
    row = get(FakeRouter(models=(view,)), "/v1/models/m")
    assert (row["owned_by"], row["display_name"], row["context_length"]) == ("a", "The M", 4096)
    assert (row["capabilities"], row["endpoints"]) == (["chat", "tools"], ["a", "b"])


@pytest.mark.parametrize("name", [MODEL, "org/large", "fast"])
def test_one(name: str):
    """A model or tier can be looked up by its name, slashes and all."""
    assert get(FakeRouter(), f"/v1/models/{name}")["id"] == name


@pytest.mark.parametrize("name", ["nowhere", "x" * 500])
def test_unknown(name: str):
    """What nobody serves is not found, as OpenAI says it."""
    with pytest.raises(Rejected, match="does not exist") as error:
        get(FakeRouter(), f"/v1/models/{name}")
    assert (error.value.status, error.value.code) == (404, "model_not_found")
    assert len(str(error.value)) < 300
