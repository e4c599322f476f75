"""From one model to the next until one answers."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import (
    Damaged,
    Overloaded,
    Refused,
    Rejected,
    TimedOut,
    Unreachable,
)
from engine.router.snapshot import Tier
from tests.conftest import FakeClock
from tests.engine.router.world import chat, embedded, server, world

TIER = Tier("mine", models=("a", "b"), next_tier="rest")
REST = Tier("rest", models=("c",))


def mine(tmp_path, clock, *servers, **fields):
    """Return a world with the tiers `mine` (a, b) and `rest` (c)."""
    around = world(tmp_path, clock, *(servers or (server("s", "a", "b", "c"),)), **fields)
    around.tiers().write((TIER, REST))
    return around


def ask(around, request):
    """Return the reply or the error, and the models that were tried."""

    async def work(router):
        try:
            found = await router.handle(request)
        except Exception as error:  # noqa: BLE001 - it is what the test asks for
            found = error
        return found, [model for model, _ in around.coordinator.sent], router.snapshot()

    return around.run(work)


@pytest.mark.parametrize(
    "error",
    [
        Unreachable("gone"),
        TimedOut("slow"),
        Refused("no"),
        Damaged("odd"),
        Overloaded("busy", retry_after_s=3.0),
        Rejected("no such model", status=404, code="model_not_found"),
        Rejected("too long", status=400, code="context_length_exceeded"),
        Rejected("This model's maximum context length is 8192 tokens", status=400),
    ],
)
def test_next_model_answers(tmp_path, clock, error):
    """Where a model fails, is busy, is gone or too small, the next of the tier answers."""
    around = mine(tmp_path, clock)
    around.coordinator.says["a"] = error
    reply, tried, snapshot = ask(around, chat("mine"))
    assert (reply.model, tried) == ("b", ["a", "b"])
    assert snapshot.counts["moved_model"] == 1
    decision = snapshot.decisions[0]
    assert (decision.chosen, decision.plan) == ("b", ("a", "b"))
    assert [each.outcome for each in decision.attempts] == ["failed", "answered"]


@pytest.mark.parametrize("status", [400, 401, 413, 422])
def test_wrong_request_goes_back_at_once(tmp_path, clock, status):
    """A request that is wrong whatever the model goes back as the server said it."""
    around = mine(tmp_path, clock)
    wrong = Rejected("temperature must be a number", status=status, param="temperature")
    around.coordinator.says["a"] = wrong
    error, tried, _ = ask(around, chat("mine"))
    assert error is wrong
    assert tried == ["a"]


def test_next_tier_then_the_built_in(tmp_path, clock):
    """After the tier comes the next tier, and last the built-in model; the moves are counted."""
    around = mine(tmp_path, clock, server("s", "a", "b", "c"), embedded())
    for model in "abc":
        around.coordinator.says[model] = Unreachable("gone")
    reply, tried, snapshot = ask(around, chat("mine"))
    assert tried == ["a", "b", "c", "smollm2-135m-instruct"]
    assert reply.model == "smollm2-135m-instruct"
    assert (snapshot.counts["moved_model"], snapshot.counts["moved_tier"]) == (1, 2)


def test_named_model_fails_as_it_does(tmp_path, clock):
    """Who names a model gets its own error, and no other model."""
    around = mine(tmp_path, clock)
    error = around.coordinator.says["a"] = Damaged("HTML")
    found, tried, _ = ask(around, chat("a"))
    assert found is error
    assert tried == ["a"]


@pytest.mark.parametrize(
    ("errors", "kind"),
    [
        ((Unreachable("x"), TimedOut("y"), Damaged("z")), Unreachable),
        ((TimedOut("x"), TimedOut("y"), TimedOut("z")), TimedOut),
        ((Unreachable("x"), Overloaded("y", retry_after_s=9.0), Overloaded("z")), Overloaded),
    ],
)
def test_all_fail(tmp_path, clock, errors, kind):
    """Where all fail the error names every model; who may ask again later is told when."""
    around = mine(tmp_path, clock)
    around.coordinator.says.update(zip("abc", errors, strict=True))
    error, tried, snapshot = ask(around, chat("mine"))
    assert type(error) is kind
    assert str(error) == "none of 3 models answered: a: x; b: y; c: z"
    assert tried == ["a", "b", "c"]
    assert getattr(error, "retry_after_s", 9.0) == 9.0
    assert snapshot.counts["failed"] == 1
    assert snapshot.decisions[0].outcome.startswith("failed: none of 3")
    (record,) = around.activity.records
    assert record.status in (429, 503, 504)


def test_no_time_for_another(tmp_path, clock):
    """Once the time of a request is up no further model is tried."""
    around = mine(tmp_path, clock)

    async def slow(request):
        clock.advance(5)
        raise Unreachable("gone")

    around.coordinator.says["a"] = slow
    error, tried, _ = ask(around, replace(chat("mine"), deadline_s=4.0))
    assert isinstance(error, TimedOut)
    assert tried == ["a"]


def test_private_requests_say_so(tmp_path, clock):
    """A request of a private tier, or of a user who wants nothing else, is sent as local only."""
    around = world(tmp_path, clock, server("s", "a"))

    async def work(router):
        await router.handle(chat("private"))
        await router.handle(chat("a"))
        await router.change_settings(replace(around.settings, local_only=True))
        await router.handle(chat("a"))

    around.run(work)
    assert [request.local_only for _, request in around.coordinator.sent] == [True, False, True]


def test_client_that_leaves(tmp_path, clock):
    """A client that goes away while its request is sent is written down as such."""
    around = mine(tmp_path, clock)

    async def work(router):
        asked = asyncio.Event()

        async def never(request):
            asked.set()
            await asyncio.Event().wait()

        around.coordinator.says["a"] = never
        task = asyncio.create_task(router.handle(chat("mine")))
        await asked.wait()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    around.run(work)
    (record,) = around.activity.records
    assert (record.status, record.problem) == (499, "the client went away")


FAULTS = st.sampled_from(
    [
        None,
        Unreachable("x"),
        TimedOut("x"),
        Overloaded("x"),
        Rejected("x", status=404),
        Rejected("x", status=400),
    ]
)


@settings(max_examples=25)  # each starts and closes a router
@given(st.lists(FAULTS, min_size=3, max_size=3))
def test_always_an_answer_or_an_error(tmp_path_factory, faults):
    """Whatever models do, the first that answers is taken, or an error of ours is raised."""
    around = mine(tmp_path_factory.mktemp("world"), FakeClock())
    around.coordinator.says.update(
        {model: fault for model, fault in zip("abc", faults, strict=True) if fault is not None}
    )
    found, tried, snapshot = ask(around, chat("mine"))
    stops = [
        at
        for at, fault in enumerate(faults)
        if fault is None or (isinstance(fault, Rejected) and fault.status == 400)
    ]
    assert tried == list("abc"[: stops[0] + 1] if stops else "abc")
    if stops and faults[stops[0]] is None:
        assert found.model == tried[-1]
    else:
        assert isinstance(found, Unreachable | TimedOut | Overloaded | Rejected)
    assert snapshot.counts["decisions"] == 1
    assert snapshot.counts.get("answered", 0) + snapshot.counts.get("failed", 0) == 1
    assert len(around.activity.records) == 1
