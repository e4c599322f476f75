"""`/whip` of a real `serve`, with aiortc as the sender."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.live.programs import wait_until
from tests.live.served import Served, serving
from tests.live.speech import GARDEN, STATION, Speech, word_error_rate
from tests.live.whip import SDP, AiortcSender, headers

pytestmark = pytest.mark.live

KEYS = {"event", "id", "text", "stable", "start_s", "end_s", "at_s"}
WORST = 0.15
STORY_S = 90.0
"""For a whole test on a busy machine: the model is loaded for its first sound."""
GONE_S = 30.0
SENDERS = "uat_gateway_webrtc_senders"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Return a `serve` that hears English."""
    folder = tmp_path_factory.mktemp("whip")
    with serving(folder, settings='[voice]\nlanguage = "en"\n') as found:
        yield found
        assert found.key not in found.said


@pytest.fixture(autouse=True)
def loopback_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let aiortc send from loopback, which it leaves out: a machine may have nothing else."""
    monkeypatch.setattr("aioice.ice.get_host_addresses", lambda *_, **__: ["127.0.0.1"])


@asynccontextmanager
async def sending(
    served: Served, sound: Path
) -> AsyncIterator[tuple[AiortcSender, aiohttp.ClientSession]]:
    """Return a sender of `sound` that is connected, and what it calls with."""
    sender = AiortcSender(served, sound)
    async with aiohttp.ClientSession() as http:
        await sender.connect(http)
        try:
            yield sender, http
        finally:
            await sender.aclose()


def run(story: Coroutine[Any, Any, None]) -> None:
    """Run `story`, which fails where it hangs."""

    async def timed() -> None:
        async with asyncio.timeout(STORY_S):
            await story

    asyncio.run(timed())


async def wait_for_senders(served: Served, count: int) -> None:
    """Return when `served` knows of `count` senders."""
    await asyncio.to_thread(
        wait_until,
        lambda: served.metric(SENDERS) == count,
        f"{count} senders",
        within_s=GONE_S,
    )


def test_words_come_back_until_the_sender_deletes(served: Served, speak: Callable[[str], Speech]):
    """Words appear while they are said; DELETE ends the last sentence, whose text still comes."""
    speech = speak(GARDEN)

    async def story() -> None:
        async with sending(served, speech.path) as (sender, http):
            partial = await sender.wait_for("partial")
            assert partial.keys() == KEYS
            assert partial["text"]
            await wait_for_senders(served, 1)
            await sender.has_ended.wait()
            assert await sender.delete(http) == 200
            final = await sender.wait_for("final")
            assert word_error_rate(speech.text, final["text"]) <= WORST, final
            await wait_for_senders(served, 0)
            assert await sender.delete(http) == 404

    run(story())


def test_two_at_once_are_told_their_own_words(served: Served, speak: Callable[[str], Speech]):
    """Senders at the same time hear nothing of each other."""
    speeches = [speak(GARDEN), speak(STATION)]

    async def one(speech: Speech) -> None:
        async with sending(served, speech.path) as (sender, http):
            await sender.has_ended.wait()
            assert await sender.delete(http) == 200
            final = await sender.wait_for("final")
            assert word_error_rate(speech.text, final["text"]) <= WORST, final

    async def story() -> None:
        await asyncio.gather(*(one(speech) for speech in speeches))

    run(story())


def test_sender_that_vanishes_is_forgotten(served: Served, speak: Callable[[str], Speech]):
    """A page that is closed without DELETE leaves no connection behind."""
    speech = speak(GARDEN)

    async def story() -> None:
        async with sending(served, speech.path) as (sender, http):
            await sender.wait_for("partial")
            await wait_for_senders(served, 1)
            await sender.aclose()
            await wait_for_senders(served, 0)
            assert await sender.delete(http) == 404

    run(story())


@pytest.mark.parametrize(
    ("method", "path", "changes", "status"),
    [
        ("POST", "/whip", {"authorization": "Bearer sk-nobody"}, 401),
        ("POST", "/whip", {"authorization": ""}, 401),
        ("POST", "/whip", {}, 400),
        ("POST", "/whip", {"content-type": "application/json"}, 415),
        ("POST", "/whip", {"origin": "https://evil.example"}, 403),
        ("DELETE", "/whip/nobody", {}, 404),
        ("DELETE", "/whip/nobody", {"authorization": "Bearer sk-nobody"}, 401),
        ("PATCH", "/whip/nobody", {}, 405),
    ],
)
def test_what_is_refused(
    served: Served, method: str, path: str, changes: dict[str, str], status: int
):
    """Strangers, rubbish and connections that never were get a clear answer and nothing else."""

    async def story() -> None:
        async with (
            aiohttp.ClientSession() as http,
            http.request(
                method, served.base + path, data="v=0\r\nrubbish", headers=headers(served) | changes
            ) as answer,
        ):
            assert answer.status == status, await answer.text()
            assert (await answer.json())["error"]["message"]
            assert answer.content_type != SDP

    run(story())
    assert served.metric(SENDERS) == 0
