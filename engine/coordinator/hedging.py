"""A second try beside the first, where that is unusually slow; the faster one counts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from engine.coordinator.pace import Pace
from engine.exchange import Reply

LEAST_S = 0.02
"""A hedge sooner than this costs more than it can save."""
SLACK = 1.1
"""A server whose answers all take the same would have every one of them hedged at its p95."""
SLOWER = "another server was faster"

Try = Coroutine[Any, Any, Reply]


def delay_s(pace: Pace) -> float | None:
    """Return after how long without a first token a second try is worth it; None: unknown.

    Source: Dean and Barroso, The Tail at Scale (2013): after the 95th percentile, which adds about
    5 % of load.
    """
    p95_s = pace.p95_s()
    return None if p95_s is None else max(LEAST_S, SLACK * p95_s)


async def faster(
    first: Try,
    after_s: float,
    second: Callable[[], Try | None],
    unused: Callable[[Reply], None] = lambda reply: None,
) -> Reply:
    """Return the reply of `first`, or of `second()` where that is asked and answers sooner.

    second: called once, after `after_s` seconds without an end of `first`; None where nobody else
    can be asked. unused: called with an answer that came too late, once it is closed. Who loses is
    cancelled. Raises what the first raised where both fail.
    """
    tasks = [asyncio.create_task(first, name="try")]
    reply: Reply | None = None
    try:
        await asyncio.wait(tasks, timeout=after_s)
        if not tasks[0].done() and (hedge := second()) is not None:
            tasks.append(asyncio.create_task(hedge, name="hedge"))
        reply = await _first_good(tasks)
        return reply
    finally:
        try:
            await _end(tasks, unused)
        except asyncio.CancelledError:
            if reply is not None:
                await reply.aclose()  # nobody is there to take it
                unused(reply)
            raise


async def _first_good(tasks: list[asyncio.Task[Reply]]) -> Reply:
    waiting = set(tasks)
    while True:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:  # in their order: the first wins where both are there
            if task in done and task.exception() is None:
                tasks.remove(task)
                return task.result()
        if not waiting:
            return tasks[0].result()


async def _end(tasks: list[asyncio.Task[Reply]], unused: Callable[[Reply], None]) -> None:
    """Cancel what still runs, and close the stream of who came second at the same moment."""
    for task in tasks:
        task.cancel(SLOWER)
    try:
        if tasks:
            await asyncio.wait(tasks)
    finally:  # also where whoever waits here is cancelled: nobody else knows of these streams
        for task in tasks:
            if task.done() and not task.cancelled() and task.exception() is None:
                await task.result().aclose()
                unused(task.result())
