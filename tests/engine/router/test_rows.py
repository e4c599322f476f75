"""What is known of the models that are served."""

from __future__ import annotations

import pytest

from engine.exchange import ServedModel
from engine.router.needs import Needs
from engine.router.rows import size_in
from engine.router.scoring import cost_usd
from engine.router.snapshot import ModelEntry
from tests.engine.router.world import board, server


@pytest.mark.parametrize(
    ("text", "billions"),
    [
        ("llama3.2:3b", 3.0),
        ("8.0B Q4_K_M", 8.0),
        ("smollm2-135m-instruct", 0.135),
        ("Mixtral-8x7B-Instruct", 56.0),
        ("gpt-4o", None),
        ("qwen2.5-0.5b", 0.5),
        ("nomic-embed-text-v1.5", None),
        ("4bit", None),
    ],
)
def test_size_in_a_name(text, billions):
    """The billions of weights are read from names and from servers' words."""
    assert size_in(text) == billions


def row(clock, *servers, **fields):
    (found,) = board(*servers, clock=clock, **fields).rows.values()
    return found


def test_server_knows_its_build(clock):
    """What a server says of its build counts, and the catalogue adds what servers do not tell."""
    entry = ModelEntry("m", capabilities=("chat", "vision", "code"), context_tokens=128_000)
    said = ServedModel("m", 4_096, frozenset({"chat", "tools"}))
    found = row(clock, server("a", said), entries=(entry,))
    assert found.capabilities == {"chat", "tools", "code", "json", "completion"}
    assert found.context_tokens == 4_096


def test_catalogue_where_the_server_is_silent(clock):
    """Where a server says nothing of a model the catalogue counts."""
    entry = ModelEntry("m", capabilities=("chat", "vision"), context_tokens=9, parameters_b=7.0)
    found = row(clock, server("a", "m"), entries=(entry,))
    assert found.capabilities >= {"chat", "vision"}
    assert (found.context_tokens, found.parameters_b) == (9, 7.0)


@pytest.mark.parametrize(
    ("name", "can"),
    [("something", "chat"), ("my-embed-model", "embedding"), ("llava-next", "vision")],
)
def test_unknown_models(clock, name, can):
    """A model nobody knows chats, unless its name says that it makes vectors or sees."""
    assert can in row(clock, server("a", name)).capabilities


def test_two_servers_of_one_model(clock):
    """A model on two servers is dear as the dearest, fast as the fastest, and local if one is."""
    found = row(
        clock,
        server("near", "m", first_token_ms=50.0, token_ms=20.0),
        server("far", "m", is_local=False, first_token_ms=200.0, token_ms=5.0),
        prices={("m", "far"): (2.0, 8.0)},
    )
    assert (found.input_usd, found.output_usd) == pytest.approx((2e-6, 8e-6))
    assert (found.first_token_ms, found.token_ms) == (50.0, 5.0)
    assert found.is_local
    assert not found.is_free


def test_server_that_is_down_does_not_count(clock):
    """Price, place and speed are those of the servers that may be asked."""
    found = row(
        clock,
        server("near", "m", is_usable=False, reason="down", first_token_ms=1.0),
        server("far", "m", is_local=False),
    )
    assert not found.is_local
    assert found.first_token_ms is None
    assert [home.name for home in found.homes] == ["far"]


def test_nobody_may_be_asked(clock):
    """A model whose servers are all down says why, and has no health."""
    found = row(
        clock,
        server("a", "m", is_usable=False, reason="refused the key"),
        server("b", "m", is_usable=False),
    )
    assert not found.is_usable
    assert found.why_unusable == "not usable; refused the key"
    assert found.health == 0.0


def test_half_a_price_is_none(clock):
    """With the prompt's price alone no answer is taken for free; a vector has no answer."""
    entry = ModelEntry("m", input_usd=1.0)
    priced = row(clock, server("far", "m", is_local=False), entries=(entry,))
    assert (priced.input_usd, priced.output_usd) == (pytest.approx(1e-6), None)
    assert cost_usd(priced, Needs(frozenset({"chat"}), 1_000, 500)) is None
    assert cost_usd(priced, Needs(frozenset({"embedding"}), 1_000, 0)) == pytest.approx(1e-3)


def test_price_of_the_catalogue(clock):
    """Where the price table knows nothing the catalogue counts; with neither there is no price."""
    entry = ModelEntry("m", input_usd=1.0, output_usd=2.0)
    priced = row(clock, server("far", "m", is_local=False), entries=(entry,))
    assert (priced.input_usd, priced.output_usd) == pytest.approx((1e-6, 2e-6))
    assert row(clock, server("far", "m", is_local=False)).input_usd is None
