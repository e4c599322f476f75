"""What was chosen, and why."""

from __future__ import annotations

from random import Random

from engine.analytics.choosing import chosen_arm, chosen_by_search, fits, left_alone
from engine.analytics.context_words import HOW, NOT_TOLD
from engine.analytics.limits import Limits, limits_from
from engine.analytics.parameter_sets import starting_arms
from engine.analytics.ports import Prepared
from engine.analytics.request_context import FLAG, RequestContext, vector
from engine.analytics.settings import RangeSettings
from engine.analytics.study import Study
from engine.analytics.study_policies import policy_makers
from tests.engine.analytics.test_study import FREE, KEY, observe, study


def test_an_arm_is_told_with_its_evidence():
    """Reward, latency and what is left out stand in sentences."""
    found = study()
    fresh = chosen_arm(found, "sug_1", found.pick(limits_from({"temperature": (0.1, 0.3)})))
    assert fresh.why[0] == "precise (temperature 0.2, top_p 0.9) was not rated yet: it is tried"
    assert any(each.startswith("as it came is left out: leaves temp") for each in fresh.why)
    assert (fresh.reward, fresh.latency_ms) == (None, None)
    observe(found, "a", "precise", latency_ms=100.0, reward=1.0)
    known = chosen_arm(found, "sug_2", found.pick(limits_from({"temperature": (0.1, 0.3)})))
    assert known.why[0].startswith("precise (temperature 0.2, top_p 0.9) earned 0.67")
    assert known.why[1].startswith("its answers took 10")
    assert known.values == {"temperature": 0.2, "top_p": 0.9}
    assert known.choice is not None


def test_a_request_that_stays_says_why():
    """What a client set is known as an arm where it is one, and nothing is filled in."""
    found = left_alone(study(), "sug_1", {"temperature": 0.2, "top_p": 0.9}, "it says so")
    assert (found.values, found.sent_arm, found.is_choice) == ({}, "precise", False)
    assert found.why == ("it says so",)


def test_what_the_search_found_is_no_arm():
    """Values of the search have no arm, and keep the bounds or are left out."""
    prepared = Prepared({"temperature": 0.31}, None, "little is known here")
    found = chosen_by_search(study(), "sug_1", prepared)
    assert (found.arm, found.choice) == ("", None)
    assert found.why[0] == "temperature 0.31: little is known here"
    assert fits(FREE, prepared)
    assert not fits(limits_from({"temperature": (0.5, 1)}), prepared)


def by_request() -> Study:
    """Return a study in which "free" is good with tools, and "precise" without."""
    found = Study(
        KEY, arms=starting_arms(RangeSettings()), policy=policy_makers(Random(1)).contextual
    )
    for number in range(60):
        tools = number % 2
        context = RequestContext({"tools": FLAG} if tools else {})
        for name, good in (("free", tools), ("precise", 1 - tools)):
            observe(found, f"{name}{number}", name, reward=float(good), context=context)
    return found


def test_what_of_the_request_speaks_for_an_arm_is_told():
    """The reason names the terms that matter beside the next best arm, and what is expected."""
    study = by_request()
    only = limits_from({"temperature": (0.9, 1.0)}), RequestContext({"tools": FLAG})
    found = chosen_arm(study, "sug_1", study.pick(*only))
    assert found.arm == "free"
    assert found.reward is not None
    assert found.reward.mean > 0.9
    assert found.why[0].startswith("free (temperature 1, top_p 1) should earn 0.9")
    assert found.why[1] == HOW  # nothing else was left to choose from
    open_ = Limits(), RequestContext({"tools": FLAG})
    picks = (study.pick(*open_) for _ in range(200))
    found = chosen_arm(study, "sug_2", next(each for each in picks if each.arm.name == "free"))
    assert found.why[1].startswith("what matters in this request, beside ")
    assert "tools (+0." in found.why[1]
    assert found.why[2] == HOW
    assert found.choice is not None
    assert found.choice.propensity > 0.3


def test_a_request_of_which_nothing_is_known_is_told_so():
    """A program that says nothing of its request gets what suits a usual one."""
    study = by_request()
    study.contextual.borrow(0, 0.5, vector(None, "summary"))
    found = chosen_arm(study, "sug_1", study.pick(Limits()))
    assert found.why[1] == NOT_TOLD
    assert found.why[2] == "1 answers to other types of task count a little as well"
