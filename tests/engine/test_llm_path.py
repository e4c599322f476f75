"""The way of a request, as it is built for a user and for the demo."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from engine.assembly import Engines, build_engines
from engine.exchange import LlmRequest
from engine.folders import Folders
from engine.llm_path import app_version
from tests.live.upstream import Upstream

MOCK = '[[endpoint]]\nname = "mock"\nkind = "openai"\nurl = "{url}/v1"\n'
ALONE = "[gateway]\nport = 0\n[coordinator]\ndiscover = false\n"
QUESTION = [{"role": "user", "content": "Say hello."}]


def with_engines(
    folders: Folders, work: Callable[[Engines], Awaitable[None]], *, demo: bool = False
) -> None:
    """Run `work` over engines whose only server is a mock of this process."""

    async def main() -> None:
        async with asyncio.timeout(60), Upstream() as upstream:
            folders.config.mkdir(parents=True)
            folders.settings_file.write_text(ALONE)
            (folders.config / "endpoints.toml").write_text(MOCK.format(url=upstream.url))
            engines = build_engines(folders, demo=demo)
            try:
                await engines.start()
                assert engines.started_problems == ()
                await work(engines)
            finally:
                await engines.aclose()

    asyncio.run(main())


def test_a_request_goes_through_all_engines(folders: Folders):
    """The router's answer is the server's; decision and activity have the request's name."""

    async def work(engines: Engines) -> None:
        body = {"model": "mock-small", "messages": QUESTION}
        reply = await engines.router.handle(LlmRequest("mock-small", body, id="r1"))
        assert reply.text.startswith("Hello")
        assert engines.router.snapshot().decisions[0].id == "r1"
        assert engines.coordinator.snapshot().counts["answered"] == 1
        assert engines.activity.latest()[-1].id == "r1"

    with_engines(folders, work)


def test_what_was_asked_before_comes_from_the_cache(folders: Folders):
    """The coordinator's answers lie in the cache engine."""

    async def work(engines: Engines) -> None:
        body = {"model": "mock-small", "messages": QUESTION, "temperature": 0}
        first = await engines.router.handle(LlmRequest("mock-small", body))
        again = await engines.router.handle(LlmRequest("mock-small", body))
        assert (first.cached, again.cached) == ("", "hit")
        assert again.body == first.body

    with_engines(folders, work)


def test_the_address_is_told_and_the_key_is_made(folders: Folders):
    """A gateway on any port says where it is; the key lies where only the user reads it."""

    async def work(engines: Engines) -> None:
        gateway = engines.gateway.snapshot()
        assert gateway.url is not None
        assert gateway.url.startswith("http://127.0.0.1:")
        assert gateway.key_file is not None
        assert gateway.key_file.stat().st_mode & 0o077 == 0

    with_engines(folders, work)


def test_the_demo_answers_without_any_server(folders: Folders):
    """What is simulated needs no network, and leaves the user's own files alone."""

    async def work(engines: Engines) -> None:
        reply = await engines.router.generate_response("fast", QUESTION, max_tokens=8)
        assert reply.text
        assert reply.endpoint != "mock"
        assert not folders.data.exists()

    with_engines(folders, work, demo=True)


def test_the_version_is_that_of_the_package():
    """What `/health` and About tell comes from one place."""
    assert app_version().count(".") == 2
