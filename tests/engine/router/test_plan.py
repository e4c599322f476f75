"""Which models are tried for a request, and why no more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Rejected, Unreachable
from engine.exchange import ServedModel
from engine.router.board import Board
from engine.router.needs import Needs
from engine.router.plan import MOST_OF_A_TIER, Plan
from engine.router.snapshot import Tier
from tests.conftest import FakeClock
from tests.engine.router.world import board, embedded, server

CHAT = Needs(frozenset({"chat"}), 100, 400)
TIERS = (
    Tier("small", models=("a", "b"), next_tier="large"),
    Tier("large", models=("c",), next_tier="small"),
    Tier("private", local_only=True, next_tier="small"),
    Tier("balanced"),
)
TINY = "smollm2-135m-instruct"


def plan(found: Board, asked: str, needs: Needs = CHAT, **fields) -> Plan:
    return Plan(found, asked, needs, **fields)


def tried(found: Board, asked: str, needs: Needs = CHAT, **fields):
    return [(step.row.name, step.tier) for step in plan(found, asked, needs, **fields).steps()]


def here(*servers, **fields) -> Board:
    return board(*servers, clock=FakeClock(), tiers=TIERS, **fields)


def test_tier_then_the_next_then_the_built_in():
    """A tier's models come first, then those of the next tier, last the built-in model."""
    found = here(server("s", "c", "b", "a"), embedded())
    assert tried(found, "small") == [("a", "small"), ("b", "small"), ("c", "large"), (TINY, "")]
    assert tried(found, "large") == [("c", "large"), ("a", "small"), ("b", "small"), (TINY, "")]


def test_built_in_model_is_the_last_resort_for_its_kind():
    """The built-in model chats for a tier that asks for more, but is none of a tier for vectors."""
    tiers = (Tier("see", requires=("chat", "vision")), Tier("vectors", requires=("embedding",)))
    found = board(server("s", "e"), embedded(), clock=FakeClock(), tiers=tiers)
    assert tried(found, "see") == [(TINY, "")]
    with pytest.raises(Rejected):
        tried(found, "vectors")


def test_next_tier_is_looked_at_when_it_is_needed():
    """What follows is only worked out once everything before has been tried."""
    found = plan(here(server("s", "a", "c")), "small")
    steps = found.steps()
    assert next(steps).row.name == "a"
    assert len(found.selections) == 1
    assert next(steps).row.name == "c"
    assert found.models == ["a", "c"]


def test_named_model_alone():
    """Who names a model gets that one or an error, also where its server is down."""
    assert tried(here(server("s", "a", "b"), embedded()), "a") == [("a", "")]
    down = server("s", "a", is_usable=False, reason="down")
    assert tried(here(down, embedded()), "a") == [("a", "")]


def test_private_stays_private_in_the_next_tier():
    """A tier for one's own servers keeps to them also where it goes on to the next."""
    far = server("far", "a", is_local=False)
    found = here(far, server("near", "b"))
    steps = list(plan(found, "private").steps())
    assert [(step.row.name, step.local_only) for step in steps] == [("b", True)]
    assert (
        "not on a server"
        in {each.model: each.excluded for each in plan_candidates(found, "private")}["a"]
    )


def plan_candidates(found: Board, asked: str):
    made = plan(found, asked)
    list(made.steps())
    return made.candidates()


def test_each_model_once():
    """Every model is one candidate: in where some tier has it in, else out for its first reason."""
    found = here(server("s", "a", "b", "c"), embedded())
    names = [each.model for each in plan_candidates(found, "small")]
    assert names == ["a", "b", "c", TINY]


def test_forbidden_models():
    """A model that is named but not on one's own servers, or above the budget, is refused."""
    far = server("far", "a", is_local=False)
    with pytest.raises(Rejected, match="not on a server of your own") as caught:
        tried(here(far), "a", local_only=True)
    assert (caught.value.status, caught.value.code) == (403, "not_allowed")
    with pytest.raises(Rejected, match="would cost") as caught:
        tried(here(far, prices={("a", "far"): (1e3, 1e3)}, budget_usd=0.1), "a")
    assert caught.value.code == "budget_exceeded"
    with pytest.raises(Rejected):
        tried(here(far, local_only=True), "a")


def test_budget_leaves_the_free_servers_of_a_model():
    """A model that is too dear at one server is asked at one's own alone, named or by a tier."""
    near, far = server("near", "a"), server("far", "a", is_local=False)
    for budget_usd, stays in ((0.1, True), (100.0, False), (0.0, False)):
        found = here(near, far, prices={("a", "far"): (1e3, 1e3)}, budget_usd=budget_usd)
        for asked in ("a", "small"):
            (step,) = plan(found, asked).steps()
            assert (step.row.name, step.local_only) == ("a", stays), (budget_usd, asked)


def test_nobody_there():
    """Without any server that is said with a remedy."""
    with pytest.raises(Unreachable, match="start Ollama"):
        tried(here(), "balanced")


@pytest.mark.parametrize(
    ("needs", "code"),
    [
        (Needs(frozenset({"chat"}), 9_000, 300), "context_length_exceeded"),
        (Needs(frozenset({"chat", "vision"}), 1, 1), "no_suitable_model"),
    ],
)
def test_nobody_can(needs, code):
    """Where every model is out for what the request needs, it is refused with the reason."""
    model = ServedModel("a", 4_096, frozenset({"chat"}))
    with pytest.raises(Rejected) as caught:
        tried(here(server("s", model), embedded()), "balanced", needs)
    assert (caught.value.status, caught.value.code) == (400, code)


def test_tier_without_a_model():
    """A tier of which nobody serves a model is not found, and says why."""
    with pytest.raises(Rejected, match="not one of the tier's 2 models") as caught:
        tried(
            board(server("s", "x"), clock=FakeClock(), tiers=(Tier("t", models=("a", "b")),)), "t"
        )
    assert caught.value.status == 404


def test_only_the_built_in_model_is_there():
    """What it does not do is said with a remedy: no other model gives a reason to tell."""
    tier = Tier("t", requires=("embedding",))
    with pytest.raises(Rejected, match="start a server that has one"):
        tried(board(embedded(), clock=FakeClock(), tiers=(tier,)), "t")


def test_down_is_better_than_nothing():
    """Where all servers are down and there is no built-in model, they are tried all the same."""
    down = server("s", "a", "b", is_usable=False, reason="down")
    assert tried(here(down), "small") == [("a", "small"), ("b", "small")]
    assert tried(here(down, embedded()), "small") == [(TINY, "")]


def test_unknown_is_better_than_nothing():
    """Where no model is known for what is needed, those of which nothing is known are tried."""
    needs = Needs(frozenset({"chat", "tools"}), 1, 1)
    without = ServedModel("plain", None, frozenset({"chat"}))
    with_tools = ServedModel("able", None, frozenset({"chat", "tools"}))
    own = server("s", "my-finetune", "my-embed", without)
    assert tried(here(own, embedded()), "balanced", needs) == [("my-finetune", "balanced")]
    assert tried(here(own, server("t", with_tools)), "balanced", needs) == [("able", "balanced")]


def test_family_is_chosen_among():
    """A name for several models means the best of them."""
    found = here(server("s", "m:1b", "m:8b"))
    assert tried(found, "m") == [("m:8b", ""), ("m:1b", "")]
    assert tried(found, "m:*") == [("m:8b", ""), ("m:1b", "")]


def test_not_for_ever():
    """Of a tier with many models the best few are tried."""
    found = here(server("s", *(f"m{number}" for number in range(50))))
    assert len(tried(found, "balanced")) == MOST_OF_A_TIER
    made = plan(found, "balanced")
    list(made.steps())
    assert len(made.candidates()) == 50
    assert len(made.candidates(most=10)) == 10


CHAINS = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("abcdefg"), min_size=1)


@given(CHAINS)
def test_chains_of_tiers_end(chain):
    """However tiers lead to each other, each is taken once."""
    tiers = tuple(Tier(name, models=(name,), next_tier=to) for name, to in chain.items())
    found = board(server("s", *"abcdef"), clock=FakeClock(), tiers=tiers)
    names = [tier.name for tier in found.chain(tiers[0])]
    assert len(set(names)) == len(names) <= len(tiers)
