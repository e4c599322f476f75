"""An answer under way that several wait for: whose time counts, and who accounts for it."""

from __future__ import annotations

from math import inf

from engine.coordinator.shared_answer import SharedAnswer
from engine.coordinator.shared_stream import SharedStream
from engine.exchange import LlmRequest, Reply

EARLY_S = 0.01
"""Timers ring a little before their time."""

Shared = SharedAnswer | SharedStream


def ends_s(request: LlmRequest) -> float:
    """Return the clock time of the deadline that `request` names itself; inf for none."""
    return inf if request.deadline_s is None else request.came_s + request.deadline_s


def cuts_short(shared: Shared, request: LlmRequest) -> bool:
    """Tell whether the deadline of whoever asked first comes before that of `request`."""
    return shared.ends_s < ends_s(request) - EARLY_S


def inherited(request: LlmRequest, shared: Shared) -> Reply | None:
    """Return the reply of its owner, once, where whoever asked first has left without it.

    What it cost is told with it, and somebody must account for that.
    """
    if shared.reply is None or not shared.is_orphan:
        return None
    shared.is_orphan = False
    return owned(request, shared)


def owned(request: LlmRequest, shared: Shared) -> Reply:
    """Return the reply of the one who accounts for what it cost. For one that has begun."""
    made = shared.reply
    assert made is not None
    if isinstance(shared, SharedAnswer) or made.stream is None:
        made.id = request.id
        return made
    own = Reply(made.model, made.endpoint, request.id, dialect=made.dialect)
    own.first_byte_s = made.first_byte_s
    is_read = False

    def end() -> None:
        nonlocal is_read
        is_read = True
        if made.is_over:
            _complete(own, made)

    own.stream = shared.reader(end)
    # Over is what the server has sent and the owner has read: the words he read are written down.
    made.when_over(lambda made: _complete(own, made) if is_read else None)
    return own


def _complete(own: Reply, made: Reply) -> None:
    own.usage, own.cost_usd, own.finish_reason = made.usage, made.cost_usd, made.finish_reason
    own.attempts, own.problem, own.ended_s = made.attempts, made.problem, made.ended_s
    own.finish()


def forget(
    flights: dict[str, SharedAnswer] | dict[str, SharedStream], key: str, it: Shared
) -> None:
    """Let nobody join `it` any more; another one that has taken its place stays."""
    if flights.get(key) is it:
        del flights[key]
