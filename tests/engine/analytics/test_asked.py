"""What programs and people ask, one after the other."""

from __future__ import annotations

import asyncio

import pytest

from engine.analytics.adapters.optimiser_thread import OptimiserThread
from engine.analytics.asked import study_key
from engine.analytics.rewards import Signs
from engine.clock import SystemClock
from engine.errors import Rejected
from tests.engine.analytics.opened import advised, reply, request, with_analytics


def test_names_of_studies_are_checked():
    """A model has a name, and a type of task one that can be written alike."""
    assert study_key("m", "Code Generation") == ("m", "code-generation")
    for model, task_type in ((" ", "chat"), ("m" * 301, "chat"), ("m\ud800", "chat"), ("m", "<>")):
        with pytest.raises(Rejected):
            study_key(model, task_type)


def test_a_suggestion_is_found_by_its_request_after_a_restart(tmp_path):
    """The id of a request finds its suggestion in the database too."""

    async def ask(service, loop):
        advice = await advised(service, request(of_request={"id": "req-77", "client": "editor"}))
        advice.over(reply(), "")

    async def rate(service, loop):
        noted = await service.feedback(Signs(thumbs="up"), request_id="req-77", client="editor")
        assert noted.reward == 1.0
        with pytest.raises(Rejected, match="request_id 'req-78' belongs"):
            await service.feedback(Signs(thumbs="up"), request_id="req-78")
        seen = (await service.refreshed()).studies[0]
        assert (seen.choices, seen.rewards) == (1, 1)

    with_analytics(tmp_path, ask)
    with_analytics(tmp_path, rate)


def test_an_answer_that_nobody_rated_before_a_restart_still_settles(tmp_path):
    """What waited for a rating when the application ended counts with its other signs."""

    async def ask(service, loop):
        advice = await advised(service, request(response_format={"type": "json_object"}))
        advice.over(reply(), "[]")

    async def wait(service, loop):
        await asyncio.sleep(700)
        seen = (await service.refreshed()).studies[0]
        assert (seen.choices, seen.rewards, list(seen.columns.reward)) == (1, 1, [1.0])

    with_analytics(tmp_path, ask)
    with_analytics(tmp_path, wait)


def test_part_of_a_study_is_forgotten(tmp_path):
    """What came before a time is forgotten, the rest still counts and may be rated."""

    async def work(service, loop):
        old = await service.optimize("m")
        await service.observe(old.id, 1.0)
        await asyncio.sleep(10)
        new = await service.optimize("m")
        gone = await service.forget(model="m", before_s=new.at_s - 5)
        assert gone.observations == 1
        with pytest.raises(Rejected, match="belongs to no suggestion"):
            await service.observe(old.id, 0.0)
        assert (await service.observe(new.id, 0.5)).state == "noted"
        seen = (await service.refreshed()).studies[0]
        assert (seen.choices, seen.rewards) == (1, 1)

    with_analytics(tmp_path, work)


def test_what_is_under_way_is_forgotten_too(tmp_path):
    """An answer that comes after its study was forgotten teaches nothing, others go on."""

    async def work(service, loop):
        gone, other = [await advised(service, request(), model) for model in ("m", "n")]
        await service.forget(model="m")
        for each in (gone, other):
            each.over(reply(), "")
        with pytest.raises(Rejected, match="belongs to no suggestion"):
            await service.feedback(Signs(thumbs="up"), suggestion_id=gone.found.id)
        await service.feedback(Signs(thumbs="up"), suggestion_id=other.found.id)
        seen = {each.model: each.rewards for each in (await service.refreshed()).heat}
        assert seen == {"m": 0, "n": 1}

    with_analytics(tmp_path, work)


def test_forgetting_an_arm_and_one_observation(tmp_path):
    """Single observations and those of one arm can be forgotten too."""

    async def work(service, loop):
        got = [await service.optimize("m") for _ in range(12)]
        for each in got:
            await service.observe(each.id, 1.0)
        assert (await service.forget(id=got[0].id)).observations == 1
        of_arm = sum(each.arm == got[1].arm for each in got[1:])
        assert (await service.forget(model="m", arm=got[1].arm)).observations == of_arm
        assert (await service.refreshed()).observations == 11 - of_arm

    with_analytics(tmp_path, work)


def test_what_was_suggested_for_requests_is_told_by_their_ids(tmp_path):
    """With what was said of the answers, after a restart too; requests without are left out."""

    async def ask(service, loop):
        advice = await advised(service, request(of_request={"id": "req-1"}))
        advice.over(reply(), "")
        await service.feedback(Signs(thumbs="up"), request_id="req-1")
        return await service.suggestions_of(["req-1", "req-2"])

    async def look(service, loop):
        return await service.suggestions_of(["req-1", "", "req-2"])

    for found in (with_analytics(tmp_path, ask), with_analytics(tmp_path, look)):
        assert list(found) == ["req-1"]
        assert found["req-1"].terms["rated"] == 1.0


def test_a_rating_that_is_taken_back_is_unlearnt(tmp_path):
    """The arm is as it was before; what is on the disk says the same."""

    async def rate(service, loop):
        advice = await advised(service, request(of_request={"id": "req-1"}))
        advice.over(reply(), "")
        await service.feedback(Signs(thumbs="up"), request_id="req-1")
        assert (await service.refreshed()).studies[0].rewards == 1
        await service.feedback(Signs(thumbs="none"), request_id="req-1")
        assert (await service.refreshed()).studies[0].rewards == 0

    async def look(service, loop):
        assert (await service.best("m", "chat")).rewards == 0

    with_analytics(tmp_path, rate)
    with_analytics(tmp_path, look)


def test_an_arm_that_was_removed_comes_back_with_what_it_earned(tmp_path):
    """Added again with the same values it is the same arm, own or preset; with others a new one."""

    async def work(service, loop):
        await service.add_arm("mine", {"temperature": 0.4}, model="m")
        for name in ("mine", "precise"):
            earned = await _earn(service, name)
            gone = await service.remove_arm(name, model="m")
            await service.refreshed()
            assert not _arm(await service.refreshed(), name).is_allowed
            back = await service.add_arm(gone.name, gone.values, model="m")
            assert back == gone
            found = _arm(await service.refreshed(), name)
            assert (found.is_allowed, found.rewards) == (True, earned)
            assert found.reward.mean > 0.6
        await service.remove_arm("mine", model="m")
        await service.add_arm("mine", {"temperature": 0.5}, model="m")
        assert _arm(await service.refreshed(), "mine").rewards == 0

    with_analytics(tmp_path, work)


async def _earn(service, name):
    """Let the arm be rewarded a few times; return how often."""
    count = 0
    while count < 3:
        got = await service.optimize("m")
        await service.observe(got.id, 1.0 if got.arm == name else 0.2)
        count += got.arm == name
    await asyncio.sleep(1)
    return _arm(await service.refreshed(), name).rewards


def _arm(seen, name):
    return next(each for each in seen.studies[0].arms if each.name == name)


def test_what_if_goes_by_what_was_observed(tmp_path):
    """Values that nobody tried are foreseen from the answers of the study, as weighed now."""

    async def work(service, loop):
        with pytest.raises(Rejected, match="min_p"):
            await service.what_if({"min_p": 0.1}, model="m")
        assert (await service.what_if({"temperature": 0.3}, model="m")).reward is None
        for _ in range(12):
            got = await service.optimize("m")
            warm = got.parameters.get("temperature", 0.7)
            await service.observe(got.id, 1.0 - warm / 2, latency_ms=1000)
        found = await service.what_if({"temperature": 0.3}, model="m")
        assert found.rated > 5
        assert 0.5 < found.reward.mean < 1.0
        assert found.latency_ms.mean == pytest.approx(1000, rel=0.05)

    with_analytics(tmp_path, work, search=OptimiserThread(clock=SystemClock(), seed=lambda: 1))
