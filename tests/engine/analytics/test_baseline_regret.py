"""Tests of what suggestions lost or gained against leaving requests as they come."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np

from engine.analytics.baseline_regret import MOST_POINTS, regret_view
from engine.analytics.observations import AS_CAME, Observation, StudyKey
from tests.engine.analytics.opened import with_analytics

KEY = StudyKey("m", "chat")
ARMS = [AS_CAME, "precise"]


def always(mean: float) -> Callable[[int], float]:
    return lambda number: mean


def logged(
    count: int, came: Callable[[int], float], precise: Callable[[int], float], *, seed: int = 1
) -> list[Observation]:
    """Return choices that move from even odds to nine in ten of "precise"; arms earn as told."""
    random, found = Random(seed), []
    for number in range(count):
        share = 0.5 + 0.4 * min(1.0, number / 200)
        arm = "precise" if random.random() < share else AS_CAME
        mean = (precise if arm == "precise" else came)(number)
        found.append(
            Observation(
                str(number),
                KEY,
                1.0 + number,
                arm=arm,
                propensity=share if arm == "precise" else 1 - share,
                reward=float(random.random() < mean),
                counted_s=2.0 + number,
            )
        )
    return found


def truth(found: list[Observation], came: Callable[[int], float]) -> float:
    """Return the regret that whoever knows the baseline's mean would tell."""
    return sum(came(number) - (each.reward or 0.0) for number, each in enumerate(found))


def test_the_interval_holds_the_regret_that_one_who_knows_would_tell():
    """In nine of ten logs the true regret lies within: with gain, without, with loss, drifting."""
    drifting = (lambda number: 0.8 if number < 400 else 0.3, always(0.6))
    for came, precise in ((always(0.4), always(0.8)), (always(0.5), always(0.5)),
                          (always(0.7), always(0.5)), drifting):  # fmt: skip
        held = 0
        for seed in range(40):
            log = logged(800, came, precise, seed=seed)
            found = regret_view(log, ARMS, AS_CAME)
            held += found.low[-1] <= truth(log, came) <= found.high[-1]
        assert held >= 32  # of 40 with 90 %: below this in one of 100 runs


def test_regret_falls_where_suggestions_are_better_and_rises_where_they_are_worse():
    """Below 0 is gained; the sign of a clear difference is told."""
    gained = regret_view(logged(800, always(0.3), always(0.8)), ARMS, AS_CAME)
    lost = regret_view(logged(800, always(0.8), always(0.3)), ARMS, AS_CAME)
    assert gained.high[-1] < 0 < lost.low[-1]
    assert (gained.model, gained.task_type, gained.baseline) == ("m", "chat", AS_CAME)


def test_the_course_is_thinned_and_ends_at_the_last_choice():
    """A long course has as many points as can be seen, and counts every choice."""
    found = regret_view(logged(3000, always(0.4), always(0.8)), ARMS, AS_CAME)
    assert found.choices == found.numbers[-1] == 3000
    assert len(found.numbers) == MOST_POINTS
    assert found.at_s[-1] == 3001.0
    assert (np.diff(found.numbers) > 0).all()
    assert (found.low <= found.regret).all()
    assert (found.regret <= found.high).all()


def test_too_little_is_refused_with_a_reason():
    """Nothing is drawn from a few choices of the baseline, nor from none."""
    few = regret_view(logged(20, always(0.4), always(0.8)), ARMS, AS_CAME)
    assert "effective samples" in few.refusal
    assert len(few.regret) == 0
    none = regret_view([], ARMS, AS_CAME)
    assert none.refusal
    assert none.choices == 0
    never = [each for each in logged(800, always(0.4), always(0.8)) if each.arm != AS_CAME]
    assert regret_view(never, ARMS, AS_CAME).refusal


def test_choices_of_unknown_arms_are_left_out():
    """What was chosen of arms that are gone is not counted."""
    log = logged(800, always(0.4), always(0.8))
    log[0].arm = "gone"
    assert regret_view(log, ARMS, AS_CAME).choices == 799


def test_the_service_tells_the_regret_of_a_study(tmp_path):
    """What a program learnt is summed against requests as they come; a new study tells nothing."""

    async def work(service, loop):
        random = Random(3)
        for _ in range(200):
            got = await service.optimize("m", "chat")
            good = 0.4 if got.arm == AS_CAME else 0.7
            await service.observe(got.id, float(random.random() < good))
        found = await service.regret("m", "chat")
        assert (found.model, found.task_type, found.baseline) == ("m", "chat", AS_CAME)
        assert found.choices == 200
        assert bool(found.refusal) == (len(found.regret) == 0)
        unknown = await service.regret("other", "chat")
        assert (unknown.model, unknown.choices) == ("other", 0)
        assert unknown.refusal

    with_analytics(tmp_path, work)
