"""People who rate answers, for `--demo`: what parameter analytics learns from."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from random import Random

from engine.analytics.service import ParameterAnalytics
from engine.analytics.snapshot import Value
from engine.errors import EngineError

PAUSE_S = 0.4
BEFORE = 400
"""Ratings from before the demo began, so that there is something to look at."""
AT_ONCE = 10
STUDIES = (
    ("llama3.1:8b", "code-generation", 0.15, 900.0),
    ("llama3.1:8b", "summary", 0.5, 700.0),
    ("gpt-4o-mini", "code-generation", 0.3, 450.0),
    ("gpt-4o-mini", "creative-writing", 1.0, 600.0),
)
"""Models, types of tasks, the temperature that is liked there, and how long answers take, in ms."""
NARROW = 0.35
"""How far from it a temperature may be, before answers are liked much less."""
USUAL_TEMPERATURE = 0.8
"""Of a server that is told none."""
LIKED, DISLIKED = 0.9, 0.3
DRIFT_AT = 0.6
"""When, of the ratings before, the first model became slower."""
SLOWER = 2.2
ONE_IN_FIVE = 0.2


class DemoRatings:
    """Asks `analytics` for parameters and tells what they earned."""

    def __init__(self, analytics: ParameterAnalytics, random: Random) -> None:
        self._analytics = analytics
        self._random = random
        self._count = 0

    async def live(self) -> None:
        """Rate until cancelled."""
        while True:
            await self._rate()
            if self._count > BEFORE:
                await asyncio.sleep(self._random.expovariate(1 / PAUSE_S))
            elif self._count % AT_ONCE == 0:
                await asyncio.sleep(0.02)  # others get their turn

    async def _rate(self) -> None:
        random = self._random
        model, task_type, liked, usual_ms = random.choice(STUDIES)
        self._count += 1
        try:
            got = await self._analytics.optimize(model, task_type)
            if random.random() < ONE_IN_FIVE:
                return  # nobody rated it
            if model == STUDIES[0][0] and self._count > BEFORE * DRIFT_AT:
                usual_ms *= SLOWER
            await self._analytics.observe(
                got.id,
                thumbs="up" if random.random() < self._chance(got.parameters, liked) else "down",
                latency_ms=random.lognormvariate(0, 0.3) * usual_ms,
                cost=random.lognormvariate(-7, 0.3),
            )
        except EngineError:
            return  # limits that nobody keeps are what the demo may show, too

    def _chance(self, parameters: Mapping[str, Value], liked: float) -> float:
        """Return how probable it is that an answer with these parameters is liked."""
        found = parameters.get("temperature", USUAL_TEMPERATURE)
        assert isinstance(found, int | float)
        off = abs(found - liked) / NARROW
        return DISLIKED + (LIKED - DISLIKED) / (1 + off * off)
