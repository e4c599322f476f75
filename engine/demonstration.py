"""Callers who use the engines as people and programs would, for `--demo`."""

from __future__ import annotations

import asyncio
from random import Random

from engine.cache.freshness import Freshness
from engine.cache.service import RedisService

PAUSE_S = 0.02
NEIGHBOUR_PAUSE_S = 0.15
POPULAR = 1.1
"""How much more often the first of many questions is asked than the last (a Pareto exponent)."""
NAMESPACES = ("answers", "embeddings", "models")
ANSWER = Freshness(ttl_s=900, soft_ttl_s=300)
QUESTIONS = (
    "How do I undo the last commit?",
    "Summarise the meeting of Tuesday.",
    "Which of these two functions is faster?",
    "Translate the letter into Portuguese.",
    "What does this error message mean?",
)
SESSIONS = 4
CHANNEL = "activity"
OWNERS = ("editor", "playground", "notebook")


class Demonstration:
    """Asks the cache the same things again and again, some more often than others.

    neighbour: a cache on the same Redis, as of another workstation, not yet started; it writes
    what both ask for.
    """

    def __init__(
        self, cache: RedisService, random: Random, *, neighbour: RedisService | None = None
    ) -> None:
        self._cache = cache
        self._neighbour = neighbour
        self._random = random

    async def live(self) -> None:
        """Ask until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._ask())
            group.create_task(self._listen())
            if self._neighbour is not None:
                group.create_task(self._be_neighbour(self._neighbour))

    async def _listen(self) -> None:
        async with self._cache.messages.subscribe(CHANNEL) as messages:
            async for _ in messages:
                pass  # the page counts what is received

    async def _be_neighbour(self, cache: RedisService) -> None:
        async with cache:
            while True:
                await asyncio.sleep(self._random.expovariate(1 / NEIGHBOUR_PAUSE_S))
                namespace, name = self._choose()
                await cache.set(name, await self._make(), ANSWER.ttl_s, namespace=namespace)

    async def _ask(self) -> None:
        random, cache = self._random, self._cache
        sessions = [await cache.sessions.create(random.choice(OWNERS)) for _ in range(SESSIONS)]
        while True:
            await asyncio.sleep(random.expovariate(1 / PAUSE_S))
            namespace, name = self._choose()
            if namespace == NAMESPACES[0]:
                await cache.fetch(name, self._make, ANSWER, namespace=namespace)
            elif await cache.get(name, namespace=namespace) is None:
                await cache.set(name, await self._make(), ANSWER.ttl_s, namespace=namespace)
            if random.random() < 1 / 50:
                question = random.choice(QUESTIONS)
                await cache.sessions.append(
                    random.choice(sessions).id, {"role": "user", "content": question}
                )
                await cache.messages.publish(CHANNEL, question)

    def _choose(self) -> tuple[str, str]:
        """Return a namespace and the name of a value in it."""
        number = int(self._random.paretovariate(POPULAR))
        namespace = self._random.choices(NAMESPACES, weights=(6, 3, 1))[0]
        return namespace, f"{namespace}-{number}"

    async def _make(self) -> object:
        await asyncio.sleep(self._random.uniform(0.005, 0.05))
        question = self._random.choice(QUESTIONS)
        return {
            "object": "chat.completion",
            "model": "simulated-8b",
            "choices": [
                {"index": 0, "message": {"role": "assistant", "content": f"{question} " * 20}}
            ],
            "usage": {"prompt_tokens": 24, "completion_tokens": 160},
        }
