"""Programs that ask language models all the time, for `--demo`."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from random import Random
from typing import Any

from engine.coordinator.service import FastLLMCoordinator
from engine.coordinator.settings import Endpoint
from engine.errors import EngineError
from engine.exchange import LlmRequest
from engine.router.service import LLMRouter

PAUSE_S = 0.8
"""Between two questions, on average."""
MOST_ASKING = 8
CLIENTS = ("editor", "notebook", "shell", "playground")
ASKED = ("fast", "balanced", "code", "expert-reasoning", "auto", "llama3.1:8b", "gpt-4o-mini")
QUESTIONS = (
    "Explain this stack trace in two sentences.",
    "Write a test for a function that parses dates.",
    "Summarise the meeting notes of Tuesday as a list.",
    "Which index would make this query faster, and why?",
    "Translate the paragraph into Portuguese, keeping its tone.",
    "Name three risks of this migration plan.",
    "Rewrite the function without recursion.",
)
REPEATED = 0.25
"""Share of questions that are asked with temperature 0, so that the cache may know them."""


class DemoCallers:
    """Asks through `router`, some of it streamed; gives `coordinator` the servers to ask."""

    def __init__(
        self,
        router: LLMRouter,
        coordinator: FastLLMCoordinator,
        random: Random,
        *,
        endpoints: Sequence[Endpoint] = (),
    ) -> None:
        self._router = router
        self._coordinator = coordinator
        self._random = random
        self._endpoints = endpoints

    async def live(self) -> None:
        """Ask until cancelled."""
        known = {each.endpoint.name for each in self._coordinator.snapshot().endpoints}
        for endpoint in self._endpoints:
            if endpoint.name not in known:
                await self._coordinator.put_endpoint(endpoint)
        asking = asyncio.Semaphore(MOST_ASKING)
        async with asyncio.TaskGroup() as group:
            while True:
                await asyncio.sleep(self._random.expovariate(1 / PAUSE_S))
                await asking.acquire()
                task = group.create_task(self._ask(self._question()))
                task.add_done_callback(lambda _: asking.release())

    def _question(self) -> LlmRequest:
        random = self._random
        model = random.choice(ASKED)
        body: dict[str, Any] = {
            "model": model,
            "messages": [{"role": "user", "content": random.choice(QUESTIONS)}],
            "max_tokens": random.randint(40, 240),
            "temperature": 0.7,
        }
        if random.random() < REPEATED:
            body |= {"temperature": 0, "max_tokens": 160}
        elif random.random() < 2 / 3:
            body |= {"stream": True}
        return LlmRequest(model=model, body=body, client=random.choice(CLIENTS))

    async def _ask(self, request: LlmRequest) -> None:
        # What fails is what the demo is to show.
        with contextlib.suppress(EngineError):
            reply = await self._router.handle(request)
            if reply.stream is not None:
                async for _ in reply.stream:
                    pass
