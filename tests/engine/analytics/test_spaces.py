"""One space for each model."""

from __future__ import annotations

import numpy as np

from engine.analytics.own_parameters import own_constraints, own_parameters
from engine.analytics.parameter_sets import space_of, spaces_of
from engine.analytics.settings import RangeSettings
from engine.analytics.spaces import goes_on

PARAMETERS = [
    {"name": "effort", "choices": ["low", "high"], "models": ["gpt*"]},
    {"name": "min_p", "low": 0.0, "high": 1.0},
    {"name": "depth", "low": 1, "high": 9, "models": ["gpt*"]},
    {"name": "width", "low": 1, "high": 9, "only_if": {"parameter": "effort", "values": ["high"]}},
]
CONSTRAINTS = [
    {"weights": {"temperature": 1, "min_p": 1}, "at_most": 0.8},
    {"weights": {"depth": 1, "min_p": 1}, "at_most": 5},
]


def ranges(parameters=PARAMETERS, **fields) -> RangeSettings:
    return RangeSettings(
        parameter=own_parameters("p", parameters),
        constraint=own_constraints("c", CONSTRAINTS),
        **fields,
    )


def names(space) -> list[str]:
    return [each.name for each in space.parameters]


def test_a_model_has_its_own_parameters():
    """Parameters of other models are left out, and with them what depends on them."""
    found = spaces_of(ranges())
    assert names(found.of("gpt-5")) == ["temperature", "top_p", "effort", "min_p", "depth", "width"]
    assert names(found.of("llama")) == ["temperature", "top_p", "min_p"]
    assert found.of("llama") is found.of("qwen")
    assert names(found.whole) == names(found.of("gpt-5"))


def test_constraints_hold_where_all_their_parameters_are():
    """What is drawn keeps them; a constraint of what is not there says nothing."""
    llama = spaces_of(ranges()).of("llama")
    assert llama is not None
    assert len(llama.constraints) == 1
    drawn = [llama.decode(each) for each in llama.sample(np.random.default_rng(0), 200)]
    assert max(each["temperature"] + each["min_p"] for each in drawn) <= 0.8 + 1e-9


def test_a_model_may_have_none():
    """Where everything is switched off but another model's parameter, there is no space."""
    only = [{"name": "effort", "choices": ["low"], "models": ["gpt*"]}]
    found = spaces_of(
        RangeSettings(temperature=False, top_p=False, parameter=own_parameters("p", only))
    )
    assert found.of("llama") is None
    assert found.of("gpt") is not None


def test_only_other_choices_go_on():
    """A study goes on where choices differ, not where bounds, names or constraints do."""
    before = space_of(ranges())
    more = [{**PARAMETERS[0], "choices": ["low", "high", "max"]}, *PARAMETERS[1:]]
    assert goes_on(before, space_of(ranges(more)))
    assert goes_on(space_of(ranges(more)), before)
    assert not goes_on(before, space_of(ranges(top_p_low=0.6)))
    assert not goes_on(before, space_of(ranges(PARAMETERS, max_tokens=True)))
    assert not goes_on(before, space_of(RangeSettings(parameter=ranges().parameter)))
