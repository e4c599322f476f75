"""Parameter analytics on a loop whose time leaps, and requests to ask it about."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from engine.analytics.adapters.simulated import SimulatedSearch
from engine.analytics.service import ParameterAnalytics
from engine.analytics.settings import AnalyticsSettings
from engine.analytics.study_policies import policy_makers
from engine.exchange import LlmRequest, Reply, Usage
from tests.leaping import LeapingLoop, leap

ResultT = TypeVar("ResultT")
Work = Callable[[ParameterAnalytics, LeapingLoop], Awaitable[ResultT]]


def analytics(folder: Path, clock: Any, seed: int = 1, **fields: Any) -> ParameterAnalytics:
    """Return a service that is not started; fields: of its constructor or its settings."""
    given: dict[str, Any] = {
        name: fields.pop(name) for name in ("search", "channel", "policy", "host") if name in fields
    }
    random = Random(seed)
    usual: dict[str, Any] = {
        "search": SimulatedSearch(),
        "channel": None,
        "policy": policy_makers(random),
    }
    return ParameterAnalytics(
        settings=AnalyticsSettings(**({"mode": "automatic"} | fields)),
        data=folder,
        clock=clock,
        random=random,
        **(usual | given),
    )


def with_analytics(folder: Path, work: Work[ResultT], **fields: Any) -> ResultT:
    """Return what `work(service, loop)` returns; nothing may be left behind."""

    async def run(loop: LeapingLoop) -> ResultT:
        async with analytics(folder, loop, **fields) as service:
            return await work(service, loop)

    return leap(run)


def request(text: str = "Hello", **fields: Any) -> LlmRequest:
    """Return a request; fields: of its body, or `of_request` of itself."""
    own = fields.pop("of_request", {})
    body = {"model": "fast", "messages": [{"role": "user", "content": text}], **fields}
    return LlmRequest(**({"model": "fast", "body": body, "id": "req-1"} | own))


def reply(latency_s: float = 0.5, **fields: Any) -> Reply:
    """Return an answer that is over."""
    usual: dict[str, Any] = {
        "finish_reason": "stop",
        "ended_s": latency_s,
        "usage": Usage(9, 3),
        "cost_usd": 0.001,
    }
    return Reply("m", "s", **(usual | fields))


async def advised(service: ParameterAnalytics, asked: LlmRequest, model: str = "m") -> Any:
    """Return the advice for `asked` once its study is in memory."""
    found = service.advise(asked, model, tier="fast", mode="")
    if found is None:
        await service.best(model, found_type(asked))
        found = service.advise(asked, model, tier="fast", mode="")
    return found


def found_type(asked: LlmRequest) -> str:
    """Return the type of task that `asked` counts as."""
    from engine.analytics.task_types import task_type_of

    return task_type_of(asked.task_type, "fast", asked.body).name
