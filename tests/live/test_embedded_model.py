"""The built-in model, for real: llama.cpp in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import psutil
import pytest

from engine.assembly import cache_of_user
from engine.book import Book
from engine.cache.settings import CacheSettings
from engine.clock import SystemClock
from engine.coordinator.adapters.embedded_llama import EmbeddedLlama, EmbeddedProvider
from engine.coordinator.adapters.factory import HttpProviders
from engine.coordinator.adapters.llama_child import MOST_TOKENS
from engine.coordinator.adapters.llama_process import LlamaProcess, child_command
from engine.coordinator.embedded_model import ENDPOINT, ENTRY, MODEL, child_job, model_file
from engine.coordinator.price_table import PriceTable
from engine.coordinator.service import FastLLMCoordinator
from engine.coordinator.settings import CoordinatorSettings, Endpoint, Price
from engine.coordinator.snapshot import EndpointState
from engine.errors import Rejected, Unreachable
from engine.exchange import DONE, LlmRequest
from engine.folders import Folders
from engine.joints import CachedAnswers
from engine.keychain import FileStore
from engine.llm_path import servers_of_user
from engine.model_store.store import ModelStore, shipped_models

pytestmark = pytest.mark.live

HERE = ModelStore(shipped=shipped_models(), own=Path("/nonexistent"), entries=(ENTRY,))
QUESTION = [{"role": "user", "content": "What is the capital of France?"}]


@pytest.fixture(scope="module")
def model() -> Path:
    """Return the model's file."""
    if not HERE.is_installed(MODEL):
        pytest.skip(f"{MODEL} is not in {shipped_models()}: `make test` fetches it")
    found = model_file(HERE)
    assert found is not None
    return found


def chat(**fields: Any) -> LlmRequest:
    """Return a short question."""
    return LlmRequest(
        MODEL, {"messages": QUESTION, "temperature": 0, "max_tokens": 16, "model": MODEL, **fields}
    )


def with_model(
    path: Path,
    work: Callable[[EmbeddedProvider], Awaitable[None]],
    settings: CoordinatorSettings | None = None,
) -> None:
    """Run `work` with the provider of the built-in model; fail where a process stays."""

    async def main() -> None:
        providers = HttpProviders()
        llama = EmbeddedLlama(model_path=lambda: path, clock=SystemClock(), http=providers.open)
        provider = llama.open(ENDPOINT, settings or CoordinatorSettings())
        assert isinstance(provider, EmbeddedProvider)
        try:
            await work(provider)
        finally:
            await provider.aclose()
            await providers.aclose()

    asyncio.run(main())
    assert children() == []


def children() -> list[psutil.Process]:
    """Return the processes of models that this one has started."""
    found = []
    for each in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # one that is ending right now
            is_model = "llama_child" in " ".join(each.cmdline())
            found += [each] if is_model and each.status() != psutil.STATUS_ZOMBIE else []
    return found


async def until(is_so: Callable[[], object]) -> None:
    """Return once `is_so()`; the limit is for a busy machine."""
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110 - what changes does not tell
            await asyncio.sleep(0.02)


def test_it_answers(model: Path):
    """It sleeps until it is asked, then answers whole and streamed, and tells the tokens."""

    async def work(provider: EmbeddedProvider) -> None:
        assert provider.state is not None
        assert provider.state[0] is EndpointState.ASLEEP
        assert [each.is_loaded for each in await provider.models()] == [False]
        assert children() == []
        answer = await provider.send(chat(), MODEL)
        assert b"Paris" in answer.body
        assert b'"completion_tokens"' in answer.body
        assert provider.state is None
        assert [each.is_loaded for each in await provider.models()] == [True]
        streamed = await provider.send(
            chat(stream=True, stream_options={"include_usage": True}), MODEL
        )
        assert streamed.stream is not None
        text = b"".join([piece async for piece in streamed.stream])
        assert text.count(b"chat.completion.chunk") > 3
        assert b'"usage"' in text
        assert text.endswith(DONE)

    with_model(model, work)


def test_many_at_once_share_one_process(model: Path):
    """However many ask while it starts, it is started once, and all are answered."""

    async def work(provider: EmbeddedProvider) -> None:
        answers = await asyncio.gather(*(provider.send(chat(), MODEL) for _ in range(6)))
        assert all(b"Paris" in answer.body for answer in answers)
        assert len(children()) == 1

    with_model(model, work)


def test_json_by_schema(model: Path):
    """An answer is held to a JSON schema."""
    schema = {
        "type": "object",
        "properties": {"age": {"type": "integer"}},
        "required": ["age"],
        "additionalProperties": False,
    }
    wanted = {"type": "json_schema", "json_schema": {"name": "one", "schema": schema}}

    async def work(provider: EmbeddedProvider) -> None:
        import msgspec

        answer = await provider.send(chat(response_format=wanted, max_tokens=40), MODEL)
        content = msgspec.json.decode(answer.body)["choices"][0]["message"]["content"]
        assert set(msgspec.json.decode(content)) == {"age"}

    with_model(model, work)


def test_nobody_else_may_ask(model: Path):
    """Other programs on this machine do not get in without the key."""

    async def work(provider: EmbeddedProvider) -> None:
        await provider.send(chat(max_tokens=1), MODEL)
        (child,) = children()
        (socket,) = [each for each in child.net_connections() if each.status == "LISTEN"]
        assert socket.laddr.ip == "127.0.0.1"
        import httpx

        async with httpx.AsyncClient() as client:
            base = f"http://127.0.0.1:{socket.laddr.port}/v1"
            refused = await client.post(f"{base}/chat/completions", json={"messages": QUESTION})
        assert refused.status_code == 401
        assert "key" not in " ".join(child.cmdline())

    with_model(model, work)


def test_it_stays_with_its_subject(model: Path):
    """Who names no temperature gets the makers' advice: at a usual one so small a model babbles."""

    async def usual() -> dict[str, Any]:
        import httpx

        child = LlamaProcess(child_command(), ended=lambda reason: None)
        url = await child.start(child_job(model, key="k", threads=1))
        try:
            async with httpx.AsyncClient(headers={"Authorization": "Bearer k"}) as client:
                told = (await client.get(f"{url}/props")).json()
        finally:
            await child.stop()
        found: dict[str, Any] = told["default_generation_settings"]["params"]
        return found

    params = asyncio.run(usual())
    assert [round(params[name], 3) for name in ("temperature", "top_p")] == [0.2, 0.9]


def test_it_comes_to_an_end(model: Path):
    """Who names no limit gets an answer that ends, also where the model itself would not."""

    async def work(provider: EmbeddedProvider) -> None:
        endless = {"messages": QUESTION, "temperature": 0, "ignore_eos": True, "model": MODEL}
        answer = await provider.send(LlmRequest(MODEL, endless), MODEL)
        told = json.loads(answer.body or b"")
        assert told["choices"][0]["finish_reason"] == "length"
        assert told["usage"]["completion_tokens"] == MOST_TOKENS

    with_model(model, work)


@pytest.mark.parametrize(
    ("number", "words"),
    [(signal.SIGILL, "this processor lacks instructions"), (signal.SIGKILL, "want of memory")],
)
def test_a_crash_is_a_state_with_a_reason(model: Path, number: signal.Signals, words: str):
    """Where the process dies while it answers, the caller is told why, and so is who looks."""

    async def work(provider: EmbeddedProvider) -> None:
        streamed = await provider.send(chat(stream=True, max_tokens=2000), MODEL)
        assert streamed.stream is not None
        await anext(streamed.stream)
        (child,) = children()
        os.kill(child.pid, number)
        with pytest.raises(Unreachable):
            async for _ in streamed.stream:
                pass
        await until(lambda: provider.state)
        assert provider.state is not None
        state, reason = provider.state
        assert state is EndpointState.FAILED
        assert words in reason
        with pytest.raises(Unreachable, match="tried again in"):
            await provider.send(chat(), MODEL)

    with_model(model, work)


def test_a_file_that_is_no_model(tmp_path: Path):
    """A damaged file is a failure with llama.cpp's own words, not a crash."""
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"GGUF" + bytes(1000))

    async def work(provider: EmbeddedProvider) -> None:
        with pytest.raises(Unreachable, match="cannot run"):
            await provider.send(chat(), MODEL)
        assert provider.state is not None
        assert provider.state[0] is EndpointState.FAILED

    with_model(path, work)


def test_the_coordinator_answers_with_it_on_a_fresh_machine(folders: Folders):
    """No server, no key: it answers, keeps the answer, and shows what it is doing."""
    if not HERE.is_installed(MODEL):
        pytest.skip(f"{MODEL} is not in {shipped_models()}: `make test` fetches it")

    async def main() -> None:
        servers = servers_of_user(folders)
        async with cache_of_user(folders, CacheSettings()) as cache:
            async with FastLLMCoordinator(
                settings=replace(CoordinatorSettings(), discover=False),
                book=Book(folders.config / "endpoints.toml", kind=Endpoint, table="endpoint"),
                prices=PriceTable(
                    Book(folders.config / "prices.toml", kind=Price, table="price"), ()
                ),
                providers=servers.providers,
                prober=servers.prober,
                answers=CachedAnswers(cache),
                secrets=FileStore(folders.secrets_file),
                clock=SystemClock(),
                random=Random(1),
            ) as coordinator:
                await _ask_all_ways(coordinator)

    asyncio.run(main())
    assert children() == []


async def _ask_all_ways(coordinator: FastLLMCoordinator) -> None:
    wanted: dict[str, Any] = {"model": MODEL, "messages": QUESTION, "max_tokens": 16}
    first = await coordinator.route(**wanted, temperature=0)
    again = await coordinator.route(**wanted, temperature=0)
    assert "Paris" in first.text
    assert (first.cached, again.cached) == ("", "hit")
    assert first.body == again.body
    assert (first.cost_usd, first.endpoint) == (0.0, "built-in")
    for cached in ("", "hit"):
        stream = await coordinator.route(**wanted, temperature=0, stream=True)
        assert stream.cached == cached
        chunks = [chunk async for chunk in stream]
        said = [each["delta"].get("content") or "" for chunk in chunks for each in chunk["choices"]]
        assert "".join(said) == first.text
        assert stream.finish_reason == "stop"
    same = {**wanted, "temperature": 0, "seed": 1, "stream": True}
    both = await asyncio.gather(*(coordinator.route(**same) for _ in range(2)))
    texts = [b"".join([piece async for piece in reply.stream or ()]) for reply in both]
    assert texts[0] == texts[1]
    assert sorted(reply.cached for reply in both) == ["", "joined"]
    snapshot = coordinator.snapshot()
    (view,) = snapshot.endpoints
    assert (view.state, view.requests) == (EndpointState.READY, 3)
    assert [snapshot.counts[f"cache_{each}"] for each in ("hits", "joined", "stored")] == [2, 1, 3]
    with pytest.raises(Rejected, match="calls no functions"):
        await coordinator.route(**wanted, tool_choice="required")


def test_it_ends_when_idle(model: Path):
    """Unused for the time that the settings say, it is ended; the next request starts it anew."""

    async def work(provider: EmbeddedProvider) -> None:
        await provider.send(chat(max_tokens=1), MODEL)
        await until(lambda: not children())
        assert provider.state is not None
        assert provider.state[0] is EndpointState.ASLEEP
        await provider.send(chat(max_tokens=1), MODEL)
        assert len(children()) == 1

    with_model(model, work, replace(CoordinatorSettings(), embedded_idle_s=5.0))


def test_it_dies_with_whoever_started_it(model: Path, tmp_path: Path):
    """Where the application is killed outright, the model's process ends by itself."""
    program = f"""
import json, subprocess, sys, time
child = subprocess.Popen({child_command()!r}, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
job = {{"model": {str(model)!r}, "alias": "m", "key": "k", "threads": 1, "slots": 1,
       "context_tokens": 256, "chat_template": ""}}
child.stdin.write(json.dumps(job).encode() + b"\\n")
child.stdin.flush()
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(600)
"""
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    child.wait(timeout=60)


def test_a_build_for_the_cpu_computes_there_and_says_so(model: Path):
    """Layers on a card are wanted, and this llama.cpp can use none: it answers, and says why."""

    async def work(provider: EmbeddedProvider) -> None:
        looking = LlamaProcess(child_command(), ended=lambda reason: None)
        if await looking.look():
            pytest.skip("this build of llama.cpp can use a graphics card")
        answer = await provider.send(chat(), MODEL)
        assert b"Paris" in answer.body
        (served,) = await provider.models()
        assert "on the CPU: this build of llama.cpp can use no graphics card" in served.details

    with_model(model, work, CoordinatorSettings(embedded_gpu_layers=99))
