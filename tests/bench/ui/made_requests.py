"""A list of requests as long as a busy month makes it."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from random import Random

from engine.activity import ActivityRecord, ActivitySettings
from engine.activity_log import ActivityLog
from engine.clock import SystemClock
from engine.exchange import Attempt

MODELS = ("llama3.1:8b", "qwen2.5:14b", "mistral:7b", "claude-sonnet-4-5", "gpt-4o-mini")
SERVERS = ("workstation", "attic", "anthropic", "openai")
CLIENTS = ("default", "notebook", "editor plugin")
KINDS = ("chat", "chat", "embedding", "messages", "playground")
QUESTIONS = (
    "What is the capital of Portugal, and what is it known for?",
    "Summarise this meeting in three bullets: the launch moves to May, Ana takes the press.",
    "Why does my closure not implement Fn?",
    "Translate to German: the quick brown fox jumps over the lazy dog",
)
GAP_S = 23.0
BATCH = 5_000


def made(number: int, random: Random, at_s: float) -> ActivityRecord:
    """Return one request like any other."""
    is_good, server = random.random() > 0.04, random.choice(SERVERS)
    first_ms = 60 + random.expovariate(1 / 250)
    total_ms = first_ms + random.expovariate(1 / 1_500)
    model = random.choice(MODELS)
    return ActivityRecord(
        id=f"req_{number:08x}",
        at_s=at_s,
        kind=random.choice(KINDS),
        client=random.choice(CLIENTS),
        asked=random.choice(("fast", "balanced", model)),
        model=model if is_good else "",
        endpoint=server,
        status=200 if is_good else random.choice((404, 429, 499, 503)),
        problem="" if is_good else f"{server} does not answer",
        cached="hit" if random.random() < 0.1 else "",
        is_stream=random.random() < 0.6,
        prompt_tokens=random.randrange(20, 4_000) if is_good else None,
        completion_tokens=random.randrange(5, 900) if is_good else None,
        cost_usd=random.random() * 0.01 if is_good else None,
        routed_ms=0.05,
        first_byte_ms=first_ms if is_good else None,
        total_ms=total_ms,
        attempts=(Attempt(server, model, 0.0, total_ms / 1e3, "answered", first_ms / 1e3),),
        request={"messages": [{"role": "user", "content": random.choice(QUESTIONS)}]},
        answer="Words, words, words.",
    )


async def fill(path: Path, count: int) -> None:
    """Write `count` requests into a new list at `path`, the last of them a moment ago."""
    log = ActivityLog(path=path, settings=ActivitySettings(keep_days=0), clock=SystemClock())
    await log.start()
    random, now_s = Random(7), time.time()
    for number in range(count):
        log.add(made(number, random, now_s - (count - number) * GAP_S))
        if number % BATCH == BATCH - 1:
            await log.flush()
    await log.aclose()


def filled(path: Path, count: int) -> None:
    """Do the same where no loop runs."""
    asyncio.run(fill(path, count))
