"""What the activity list keeps of a finished request."""

from __future__ import annotations

import asyncio

from engine.activity import ActivityRecord
from engine.errors import OutsideError, Overloaded, Rejected, TimedOut, Unreachable
from engine.exchange import LlmRequest, Reply
from engine.router.decisions import Draft

CLIENT_LEFT = 499
"""nginx's status for a client that went away; no server ever sends it."""
STATUSES = ((Overloaded, 429), (Unreachable, 503), (TimedOut, 504), (OutsideError, 502))
LONGEST_PROBLEM = 2_000


def status_of(error: BaseException) -> int:
    """Return the HTTP status with which the gateway tells `error`."""
    if isinstance(error, Rejected):
        return error.status
    if isinstance(error, asyncio.CancelledError):
        return CLIENT_LEFT
    for kind, status in STATUSES:
        if isinstance(error, kind):
            return status
    return 500


def failed(request: LlmRequest, draft: Draft, error: BaseException, now_s: float) -> ActivityRecord:
    """Return the record of a request that nobody answered."""
    trail = tuple(draft.trail)
    unused = [each.unused for each in trail if each.unused is not None]
    costs = [each.unused_usd for each in trail if each.unused_usd is not None]
    status = status_of(error)
    problem = "the client went away" if status == CLIENT_LEFT else str(error) or repr(error)
    return ActivityRecord(
        id=draft.id,
        at_s=draft.at.timestamp(),
        kind=request.via,
        client=request.client,
        asked=request.model,
        model=trail[-1].model if trail else "",
        endpoint=trail[-1].endpoint if trail else "",
        status=status,
        problem=problem[:LONGEST_PROBLEM],
        is_stream=request.is_stream,
        prompt_tokens=sum(each.prompt_tokens for each in unused) if unused else None,
        completion_tokens=sum(each.completion_tokens for each in unused) if unused else None,
        cost_usd=sum(costs) if costs else None,
        routed_ms=draft.routed_ms,
        total_ms=(now_s - request.came_s) * 1e3,
        attempts=trail,
        is_estimated=bool(unused),
        request=request.body,
        decision=draft.decision,
    )


def answered(
    request: LlmRequest, draft: Draft, reply: Reply, answer: str, now_s: float
) -> ActivityRecord:
    """Return the record of a request with an answer, which may have broken off."""
    trail, usage = tuple(draft.trail), reply.usage
    outcomes = [each.outcome for each in trail]
    # A hedge that lost is entered after whole answers: that is nobody who left.
    has_left = outcomes[-1:] == ["abandoned"] and "answered" not in outcomes
    ended_s = now_s - request.came_s if reply.ended_s is None else reply.ended_s
    first_s = reply.first_byte_s
    return ActivityRecord(
        id=draft.id,
        at_s=draft.at.timestamp(),
        kind=request.via,
        client=request.client,
        asked=request.model,
        model=reply.model,
        endpoint=reply.endpoint,
        status=CLIENT_LEFT if has_left else 200,
        problem=reply.problem[:LONGEST_PROBLEM],
        cached=reply.cached,
        is_stream=request.is_stream,
        prompt_tokens=None if usage is None else usage.prompt_tokens,
        completion_tokens=None if usage is None else usage.completion_tokens,
        cost_usd=reply.cost_usd,
        routed_ms=draft.routed_ms,
        first_byte_ms=None if first_s is None else first_s * 1e3,
        total_ms=ended_s * 1e3,
        attempts=trail,
        request=request.body,
        answer=answer,
        decision=draft.decision,
        is_estimated=usage is not None and usage.is_estimated,
    )
