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
    """Return the reply itself, once, where whoever it was made for has left without it.

    What it cost is told with it, and somebody must account for that.
    """
    reply = shared.reply
    if reply is None or not shared.is_orphan:
        return None
    shared.is_orphan = False
    reply.id = request.id
    return reply


def forget(
    flights: dict[str, SharedAnswer] | dict[str, SharedStream], key: str, it: Shared
) -> None:
    """Let nobody join `it` any more; another one that has taken its place stays."""
    if flights.get(key) is it:
        del flights[key]
