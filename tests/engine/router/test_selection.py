"""Who is in, who is out and why, and in which order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.exchange import ServedModel
from engine.router.constraints import passing_reason
from engine.router.needs import Needs
from engine.router.scoring import cost_usd
from engine.router.selection import candidates_in, candidates_out, select
from engine.router.snapshot import CAPABILITIES, ModelEntry, Tier
from tests.conftest import FakeClock
from tests.engine.router.world import board, embedded, server

CHAT = Needs(frozenset({"chat"}), 100, 400)


def chosen(tier, *servers, needs=CHAT, local_only=False, **fields):
    found = board(*servers, clock=FakeClock(), **fields)
    return select(found.shelf(tier, local_only), needs)


def order(*args, **fields):
    return [row.name for row in chosen(*args, **fields).rows]


def reasons(*args, **fields):
    return {each.model: each.excluded for each in candidates_out(chosen(*args, **fields))}


def served(name, context=None, *capabilities, **fields):
    return ServedModel(name, context, frozenset(capabilities or {"chat"}), **fields)


@pytest.mark.parametrize(
    ("tier", "needs", "why"),
    [
        (Tier("t", models=("other",)), CHAT, "not one of the tier's 1 models"),
        (Tier("t", requires=("vision",)), CHAT, "not known for vision, which the tier requires"),
        (
            Tier("t", least_context_tokens=9_000),
            CHAT,
            "context 4,096 is less than the tier's 9,000",
        ),
        (Tier("t", least_parameters_b=20), CHAT, "3 billion weights are less than the tier's 20"),
        (Tier("t", most_parameters_b=1), CHAT, "3 billion weights are more than the tier's 1"),
        (Tier("t"), Needs(frozenset({"chat", "tools"}), 1, 1), "not known for tools"),
        (
            Tier("t"),
            Needs(frozenset({"chat"}), 9_000, 300),
            "context 4,096 is less than the 9,300 needed",
        ),
    ],
)
def test_why_a_model_is_out(tier, needs, why):
    """Each hard constraint says with its numbers why a model is out."""
    assert reasons(tier, server("a", served("m:3b", 4_096)), needs=needs) == {"m:3b": why}


def test_unknown_context_is_not_long():
    """A tier for long contexts takes no model of which nobody knows how much fits into it."""
    tier = Tier("t", least_context_tokens=9_000)
    said = reasons(tier, server("a", served("m")))
    assert said == {"m": "its context is not known, and the tier requires 9,000"}
    assert order(Tier("t"), server("a", served("m"))) == ["m"]


def test_server_down_and_money():
    """A server that is down, a price above the tier's and a request above the budget are out."""
    far = server("far", "m", is_local=False)
    dear = {("m", "far"): (10.0, 30.0)}
    down = server("a", "m", is_usable=False, reason="it does not answer")
    assert reasons(Tier("t"), down) == {"m": "it does not answer"}
    assert "10 USD a million" in reasons(Tier("t", most_input_usd=5.0), far, prices=dear)["m"]
    said = reasons(Tier("t"), far, prices=dear, budget_usd=0.01)["m"]
    assert said == "would cost 0.013 USD, more than the 0.01 allowed"
    assert "price is not known" in reasons(Tier("t"), far, budget_usd=0.01)["m"]
    assert reasons(Tier("t", local_only=True), far) == {"m": "not on a server of your own"}
    assert reasons(Tier("t"), far, local_only=True) == {"m": "not on a server of your own"}
    assert order(Tier("t"), far, prices=dear, budget_usd=0.02) == ["m"]


def test_built_in_model_is_no_candidate():
    """The built-in model is in only where a tier names it."""
    assert order(Tier("t"), embedded()) == []
    assert order(Tier("t", models=("smollm2*",)), embedded()) == ["smollm2-135m-instruct"]


def test_the_first_of_a_tier_is_preferred():
    """Of equals a tier's first pattern wins, whatever the order of the servers."""
    tier = Tier("t", models=("b", "c*", "a"))
    assert order(tier, server("s", "a", "b", "c1", "c2")) == ["b", "c1", "c2", "a"]


def test_an_ill_favourite_waits():
    """A preferred model whose server fails all the time comes after one that is well."""
    clock = FakeClock()
    found = board(server("ill", "a"), server("well", "b"), clock=clock)
    shelf = found.shelf(Tier("t", models=("a", "b"), quality_weight=0.0), False)
    assert [row.name for row in select(shelf, CHAT).rows] == ["a", "b"]
    found.rows["a"].homes[0].value = 0.0
    found.rows["b"].homes[0].value = 1.0
    selection = select(shelf, CHAT)
    gap = selection.ranked[0][0] - selection.ranked[1][0]
    assert gap == pytest.approx(0.0)  # two of two patterns: 1.0 x 2 against 0.5 x 2 + 1.0 x 1


def test_speed_quality_and_price():
    """The faster, the better and the cheaper model wins where its weight counts."""
    entries = (ModelEntry("good", quality=0.9), ModelEntry("weak", quality=0.3))
    servers = (
        server("a", "good", is_local=False, first_token_ms=4_000.0, token_ms=50.0),
        server("b", "weak", is_local=False, first_token_ms=100.0, token_ms=5.0),
    )
    prices = {("good", "a"): (5.0, 15.0), ("weak", "b"): (0.1, 0.4)}
    for weight, best in (("quality", "good"), ("speed", "weak"), ("price", "weak")):
        weights = dict.fromkeys(("quality_weight", "speed_weight", "price_weight"), 0.0)
        tier = Tier("t", **{**weights, f"{weight}_weight": 1.0})
        assert order(tier, *servers, entries=entries, prices=prices)[0] == best


def test_larger_is_taken_for_better():
    """Of models that nobody measured the larger is taken for the better one."""
    tier = Tier("t", speed_weight=0.0, price_weight=0.0)
    assert order(tier, server("s", "m:1b", "m:70b", "m:8b")) == ["m:70b", "m:8b", "m:1b"]


def test_terms_add_up():
    """A score is the sum of its terms, value times weight, each with a note."""
    selection = chosen(Tier("t", models=("a", "b")), server("s", "a", "b", first_token_ms=100.0))
    for candidate in candidates_in(selection):
        total = sum(term.value * term.weight for term in candidate.terms)
        assert candidate.score == pytest.approx(total)
        names = [term.name for term in candidate.terms]
        assert names == ["preference", "quality", "speed", "price", "health"]
        assert all(term.note for term in candidate.terms)
    first = next(candidates_in(selection))
    assert first.terms[0].note == "1 of 2"
    assert first.terms[2].note == "100 ms to the first token"


MODELS = st.lists(
    st.tuples(
        st.sampled_from([None, 512, 4_096, 128_000]),
        st.frozensets(st.sampled_from(CAPABILITIES), max_size=4),
        st.booleans(),
        st.booleans(),
    ),
    min_size=1,
    max_size=12,
)
NEEDS = st.builds(
    Needs,
    st.frozensets(st.sampled_from(CAPABILITIES), max_size=2),
    st.integers(0, 200_000),
    st.integers(0, 9_000),
    st.integers(1, 4),
)


@given(MODELS, NEEDS, st.booleans(), st.sampled_from([0.0, 0.001, 1.0]))
def test_nobody_is_lost_and_the_order_holds(models, needs, local_only, budget_usd):
    """Every model is either in or out with a reason; who is in meets everything, best first."""
    servers, prices = [], {}
    for number, (context, capabilities, is_local, is_usable) in enumerate(models):
        model = ServedModel(f"m{number}", context, capabilities)
        servers.append(
            server(f"s{number}", model, is_local=is_local, is_usable=is_usable, reason="down")
        )
        prices[f"m{number}", f"s{number}"] = (1.0 * number, 3.0 * number)
    selection = chosen(
        Tier("t"),
        *servers,
        needs=needs,
        local_only=local_only,
        prices=prices,
        budget_usd=budget_usd,
    )
    inside = {each.model for each in candidates_in(selection)}
    outside = {each.model for each in candidates_out(selection)}
    assert inside | outside == {f"m{number}" for number in range(len(models))}
    assert not inside & outside
    assert all(each.excluded for each in candidates_out(selection))
    scores = [each[0] for each in selection.ranked]
    assert scores == sorted(scores, reverse=True)
    for row in selection.rows:
        cost = 0.0 if local_only else cost_usd(row, needs)
        assert passing_reason(row, needs, cost, budget_usd) == ""
        assert row.is_usable
        assert row.is_local or not local_only
