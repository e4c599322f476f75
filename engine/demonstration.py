"""Callers who use the engines as people and programs would, for `--demo`."""

from __future__ import annotations

import asyncio
import contextlib
from random import Random

from engine.cache.freshness import Freshness
from engine.cache.service import RedisService

PAUSE_S = 0.02
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
OWNERS = ("editor", "playground", "notebook")


class Demonstration:
    """Asks the cache the same things again and again, some more often than others."""

    def __init__(self, cache: RedisService, random: Random) -> None:
        self._cache = cache
        self._random = random
        self._asking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to ask."""
        self._asking = asyncio.ensure_future(self._ask())

    async def aclose(self) -> None:
        """Stop asking. May be called twice."""
        if self._asking is not None:
            self._asking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._asking

    async def _ask(self) -> None:
        random, cache = self._random, self._cache
        sessions = [await cache.sessions.create(random.choice(OWNERS)) for _ in range(SESSIONS)]
        while True:
            await asyncio.sleep(random.expovariate(1 / PAUSE_S))
            number = int(random.paretovariate(POPULAR))
            namespace = random.choices(NAMESPACES, weights=(6, 3, 1))[0]
            await cache.fetch(f"{namespace}-{number}", self._make, ANSWER, namespace=namespace)
            if random.random() < 1 / 50:
                question = random.choice(QUESTIONS)
                await cache.sessions.append(
                    random.choice(sessions).id, {"role": "user", "content": question}
                )
                await cache.messages.publish("activity", question)

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
