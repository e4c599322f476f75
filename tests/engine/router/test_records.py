"""What the activity list keeps of a request that nobody answered."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from engine.errors import Damaged, Overloaded, Refused, Rejected, TimedOut, Unreachable
from engine.exchange import Attempt, LlmRequest, Reply, Usage
from engine.router.decisions import Draft
from engine.router.records import answered, failed, status_of


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Rejected("no", status=404), 404),
        (Overloaded("wait"), 429),
        (Unreachable("gone"), 503),
        (TimedOut("slow"), 504),
        (Refused("key"), 502),
        (Damaged("html"), 502),
        (KeyError("a mistake of ours"), 500),
        (asyncio.CancelledError(), 499),
    ],
)
def test_an_error_has_the_status_that_the_client_sees(error: BaseException, status: int):
    """The list and the gateway tell the same."""
    assert status_of(error) == status


def test_who_leaves_early_still_finds_what_it_cost():
    """The tokens of tries that nobody took are in the list, marked as estimates; where none was
    begun, they are unknown and not nothing.
    """
    request = LlmRequest("m", {"messages": []}, came_s=1.0)
    draft = Draft("id", datetime(2026, 1, 1, tzinfo=UTC), "m", "chat", "")
    bare = failed(request, draft, asyncio.CancelledError(), 3.0)
    assert (bare.prompt_tokens, bare.cost_usd, bare.is_estimated) == (None, None, False)
    draft.trail += [
        Attempt("a", "m", 0, 1, "failed"),
        Attempt("b", "m", 1, 2, "abandoned", unused=Usage(10, 0), unused_usd=0.5),
        Attempt("c", "m", 1, 2, "abandoned", unused=Usage(10, 4)),
    ]
    left = failed(request, draft, asyncio.CancelledError(), 3.0)
    assert (left.status, left.prompt_tokens, left.completion_tokens) == (499, 20, 4)
    assert (left.cost_usd, left.is_estimated) == (0.5, True)


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [(["answered", "abandoned"], 200), (["abandoned", "answered"], 200), (["abandoned"], 499)],
)
def test_a_hedge_that_lost_is_nobody_who_left(outcomes: list[Any], status: int):
    """Of an answer that came whole the slower try is entered last."""
    request = LlmRequest("m", {"messages": []}, came_s=1.0)
    draft = Draft("id", datetime(2026, 1, 1, tzinfo=UTC), "m", "chat", "")
    draft.trail += [Attempt("a", "m", 0, 1, each) for each in outcomes]
    assert answered(request, draft, Reply("m", "a"), "42", 3.0).status == status
