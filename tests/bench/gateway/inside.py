"""What the engines themselves cost: `route()`, the choice among many models, the import."""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import aiohttp

from engine.activity import ActivitySettings
from engine.activity_log import ActivityLog
from engine.assembly import build_engines
from engine.book import Book
from engine.clock import SystemClock
from engine.exchange import Attempt, LlmRequest, Reply, ServedModel
from engine.folders import Folders
from engine.router.service import LLMRouter
from engine.router.settings import RouterSettings
from engine.router.snapshot import ModelEntry, Tier
from tests.bench.gateway import parties
from tests.bench.gateway.callers import QUESTION
from tests.bench.table import Row

ROUTE_MS, SELECT_MS, IMPORT_S = 0.15, 0.2, 0.15
CALLS, ROUNDS = 500, 15
MODELS = 200
IMPORT = "import engine.coordinator.service"
ROOT = Path(__file__).resolve().parents[3]
MESSAGES = [{"role": "user", "content": QUESTION}]


def rows() -> list[Row]:
    """Return the three of them."""
    with parties.upstream() as url:
        bare_ms, route_ms = asyncio.run(_routed(url))
    return [
        Row("route() over the bare client, one after the other", route_ms - bare_ms, "ms CPU",
            ROUTE_MS, f"bare aiohttp {bare_ms:.3f}, route {route_ms:.3f}"),
        Row(f"choice among {MODELS} models", asyncio.run(_chosen()), "ms", SELECT_MS),
        Row("import of engine.coordinator and its service", _imported(), "s", IMPORT_S,
            f"without bytecode {_imported_from_source():.3f} s, an empty program {_empty():.3f} s"),
    ]  # fmt: skip


async def _routed(url: str) -> tuple[float, float]:
    """Return the CPU of a request by the bare client and by `route()`, ms; medians by turns."""
    with tempfile.TemporaryDirectory() as home:
        folders = Folders.under(Path(home))
        folders.config.mkdir()
        folders.settings_file.write_text(
            "[gateway]\nis_enabled = false\n[coordinator]\ndiscover = false\nembedded = false\n"
        )
        (folders.config / "endpoints.toml").write_text(
            f'[[endpoint]]\nname = "mock"\nkind = "openai"\nurl = "{url}"\n'
        )
        engines = build_engines(folders)
        await engines.cache.start()
        await engines.coordinator.start()
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

            async def bare() -> None:
                body = {"model": "mock-small", "messages": MESSAGES}
                async with session.post(f"{url}/chat/completions", json=body) as answer:
                    await answer.read()

            async def ours() -> None:
                await engines.coordinator.route(model="mock-small", messages=MESSAGES)

            found: dict[str, list[float]] = {"bare": [], "ours": []}
            for number in range(ROUNDS + 1):
                for name, call in (("bare", bare), ("ours", ours)):
                    spent_ms = await _cpu_ms(call)
                    if number:
                        found[name].append(spent_ms)
        await engines.coordinator.aclose()
        await engines.cache.aclose()
    return statistics.median(found["bare"]), statistics.median(found["ours"])


async def _cpu_ms(call: Callable[[], Awaitable[None]]) -> float:
    began_s = time.process_time()
    for _ in range(CALLS):
        await call()
    return 1000 * (time.process_time() - began_s) / CALLS


class ManyServers:
    """A coordinator of many models that answers at once."""

    version = 1

    def __init__(self) -> None:
        models = tuple(
            ServedModel(
                f"model-{number}",
                context_tokens=4096 << number % 5,
                capabilities=frozenset({"chat", "tools"} if number % 2 else {"chat"}),
            )
            for number in range(MODELS)
        )
        self._servers = tuple(_Now(f"server-{at}", models[at::4]) for at in range(4))

    async def first_look(self) -> None:
        """Say that everything is known."""

    def servers(self) -> tuple[_Now, ...]:
        """Return four servers."""
        return self._servers

    async def send(self, request: LlmRequest, model: str, trail: list[Attempt]) -> Reply:
        """Answer at once."""
        reply = Reply(model=model, endpoint="server-0", body=b'{"choices":[]}')
        reply.finish()
        return reply

    async def probe(self, server: str) -> bool:
        """Say that it lives."""
        return True

    def price(self, model: str, server: str) -> tuple[float, float] | None:
        """Return a price."""
        return 1.0, 2.0


class _Now:
    """A server that is well."""

    address, is_local, is_embedded, is_usable, reason = "", True, False, True, ""
    first_token_ms, token_ms, requests, failures = 200.0, 20.0, 100, 1

    def __init__(self, name: str, models: tuple[ServedModel, ...]) -> None:
        self.name = name
        self.models = models


async def _chosen() -> float:
    """Return what a request for a tier costs, with its decision, in ms; the median."""
    with tempfile.TemporaryDirectory() as home:
        clock, data = SystemClock(), Path(home)
        activity = ActivityLog(
            path=data / "activity.sqlite", settings=ActivitySettings(), clock=clock
        )
        tier = Tier("anything", requires=("tools",), least_context_tokens=4000)
        book: Book[Tier] = Book(data / "tiers.toml", kind=Tier, table="tier")
        book.write([tier])
        router = LLMRouter(
            settings=RouterSettings(),
            coordinator=ManyServers(),
            models=Book(data / "models.toml", kind=ModelEntry, table="model"),
            tiers=book,
            data=data,
            activity=activity,
            channel=None,
            clock=clock,
            random=Random(1),
        )
        async with router:
            request = LlmRequest("anything", {"model": "anything", "messages": MESSAGES})
            spent = []
            for _ in range(ROUNDS):
                began_s = time.perf_counter()
                for _ in range(CALLS // 5):
                    await router.handle(request)
                spent.append(1000 * (time.perf_counter() - began_s) / (CALLS // 5))
    return statistics.median(spent)


def _imported() -> float:
    """Return what the import takes where Python keeps bytecode, as after any first start."""
    with _copied() as home:
        return _started(IMPORT, home)


def _imported_from_source() -> float:
    """Return what the import takes where the bytecode of this repository is kept nowhere."""
    with _copied() as home:
        return _started(IMPORT, home, PYTHONDONTWRITEBYTECODE="1")


def _empty() -> float:
    return _started("pass", ROOT)


@contextmanager
def _copied() -> Iterator[Path]:
    """Yield a folder with the engines' code and without their bytecode."""
    with tempfile.TemporaryDirectory() as home:
        for name in ("engine", "resources"):
            without = shutil.ignore_patterns("__pycache__", "models")
            shutil.copytree(ROOT / name, Path(home) / name, ignore=without)
        yield Path(home)


def _started(program: str, home: Path, **environment: str) -> float:
    """Return what a Python program takes in `home`, in seconds; the median after the first."""
    usual = {key: each for key, each in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    spent = []
    for _ in range(1 + ROUNDS):
        began_s = time.perf_counter()
        subprocess.run(
            [sys.executable, "-c", program], check=True, cwd=home, env=usual | environment
        )
        spent.append(time.perf_counter() - began_s)
    return statistics.median(spent[1:])
