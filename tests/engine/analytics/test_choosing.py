"""What was chosen, and why."""

from __future__ import annotations

from engine.analytics.choosing import chosen_arm, chosen_by_search, fits, left_alone
from engine.analytics.limits import limits_from
from engine.analytics.ports import Prepared
from tests.engine.analytics.test_study import FREE, observe, study


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
