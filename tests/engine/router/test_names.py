"""A client's word for a model means a model, a family or a tier."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Rejected
from engine.router.catalogue import plain
from engine.router.snapshot import ModelEntry, Tier
from tests.conftest import FakeClock
from tests.engine.router.world import board, server

ENTRIES = (
    ModelEntry("gpt-4o*"),
    ModelEntry("gpt-4o-mini*"),
    ModelEntry("*llama3.2:3b*"),
)
TIERS = (Tier("fast"), Tier("balanced"), Tier("mine", models=("qwen3:8b",)))


def names(*models, tiers=TIERS):
    return board(server("s", *models), clock=FakeClock(), tiers=tiers, entries=ENTRIES).names


def found(asked, *models):
    return [row.name for row in names(*models).find(asked).rows]


@pytest.mark.parametrize(
    ("asked", "models", "means"),
    [
        ("qwen3:8b", ["qwen3:8b"], ["qwen3:8b"]),
        ("Qwen3:8B", ["qwen3:8b"], ["qwen3:8b"]),
        ("llama3", ["llama3:latest"], ["llama3:latest"]),
        ("llama3:latest", ["llama3"], ["llama3"]),
        ("qwen3:8b", ["QWEN3:8b", "qwen3:8b"], ["qwen3:8b"]),
        ("openai/gpt-4o", ["gpt-4o"], ["gpt-4o"]),
        ("gpt-4o", ["openai/gpt-4o"], ["openai/gpt-4o"]),
        ("llama-3.2-3b", ["llama3.2:3b"], ["llama3.2:3b"]),
        ("llama3.2", ["llama3.2:3b", "llama3.2:1b"], ["llama3.2:3b", "llama3.2:1b"]),
        ("gpt-4o", ["gpt-4o-mini", "gpt-4o-2024-08-06"], ["gpt-4o-2024-08-06"]),
        ("llama3.2:3b", ["llama3.2:3b-instruct-q8_0"], ["llama3.2:3b-instruct-q8_0"]),
        ("qwen*", ["qwen3:8b", "llama3.2:3b"], ["qwen3:8b"]),
    ],
)
def test_model_by_its_many_names(asked, models, means):
    """Case, `:latest` and maker may differ; a name without its tag means every tag of it."""
    assert found(asked, *models) == means


@pytest.mark.parametrize("asked", ["gpt-4o", "llama3.2:70b", "qwen3:80b", "*nothing*"])
def test_never_another_model(asked):
    """A name never means a model of another size or kind."""
    with pytest.raises(Rejected):
        found(asked, "gpt-4o-mini", "llama3.2:3b", "qwen3:8b")


def test_tiers_and_the_default():
    """A tier is found by its name in any case; nothing and "auto" mean the default."""
    known = names("qwen3:8b")
    assert known.find("Fast").tier.name == "fast"
    assert known.find("").tier.name == "balanced"
    assert known.find("auto").tier.name == "balanced"
    assert known.find("mine").tier.models == ("qwen3:8b",)


def test_model_goes_before_tier():
    """A model that is called as a tier is the model."""
    assert names("fast").find("fast").only.name == "fast"


def test_default_tier_that_is_gone():
    """Where the default tier does not exist, that is said."""
    with pytest.raises(Rejected, match="no model or tier 'balanced'"):
        names("a", tiers=()).find("auto")


def test_near_names():
    """Who mistypes is told what is near; a long word is neither compared nor repeated whole."""
    known = names("qwen3:8b", "llama3.2:3b")
    with pytest.raises(Rejected, match=r"did you mean qwen3:8b") as caught:
        known.find("qwn3:8b")
    assert (caught.value.status, caught.value.code) == (404, "model_not_found")
    with pytest.raises(Rejected) as caught:
        known.find("x" * 1_000_000)
    assert len(str(caught.value)) < 300


def test_long_words_leave_nothing_behind():
    """A client that tries words of megabytes does not fill the memory with them."""
    known = names("qwen3:8b")
    before = plain.cache_info().currsize
    for number in range(3):
        with pytest.raises(Rejected):
            known.find(f"{number}" + "x" * 1_000_000)
    assert plain.cache_info().currsize == before


@given(st.text(max_size=40))
def test_any_word_is_found_or_refused(asked):
    """Whatever a client writes, it means something or is refused; never anything else."""
    known = names("qwen3:8b", "openai/gpt-4o")
    try:
        target = known.find(asked)
    except Rejected:
        return
    assert target.rows or target.tier is not None
    assert known.find(asked) == target
