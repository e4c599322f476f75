"""What holds for everybody who tells which version is out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest

from engine.errors import OutsideError
from engine.updates.adapters.httpx_feed import HttpxFeed
from engine.updates.adapters.simulated import NEWEST, SIMULATED_URL, SimulatedFeed
from engine.updates.address import wrong_with
from engine.updates.check import Running, UpdateCheck
from engine.updates.ports import Feed
from engine.updates.release import LARGEST_BYTES, release_in
from engine.updates.settings import UpdateSettings
from engine.updates.snapshot import UpdateState
from tests.engine.updates.feed_server import answer, serving
from tests.engine.voice.doubles import until

World = Callable[[bytes], tuple[Feed, str]]
"""Makes a feed that tells the given bytes, and where."""


@pytest.fixture(params=["httpx", "simulated"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """Return what makes each kind of feed."""
    if request.param == "simulated":
        yield lambda body: (SimulatedFeed(lambda _: body), SIMULATED_URL)
        return
    with serving() as server:

        def make(body: bytes) -> tuple[Feed, str]:
            server.pages["/newest.json"] = answer(body)
            return HttpxFeed(), f"{server.url}/newest.json"

        yield make


def test_what_is_told_is_a_version(world: World):
    """The bytes come as they are, and from an address that may be asked."""
    feed, url = world(NEWEST)
    assert wrong_with(url) == ""
    assert release_in(asyncio.run(feed.read(url)), "example.org").version == "99.0.0"


def test_too_much_is_an_error_and_no_version(world: World):
    """Whether the feed or the reader refuses it: nobody is told of a version."""
    feed, url = world(NEWEST + b" " * LARGEST_BYTES)
    with pytest.raises(OutsideError):
        release_in(asyncio.run(feed.read(url)), "example.org")


@pytest.mark.parametrize(
    ("body", "state", "is_newer"),
    [(NEWEST, UpdateState.KNOWN, True), (b"nonsense", UpdateState.FAILED, False)],
)
def test_a_look_ends_with_what_is_known(world: World, tmp_path, clock, body, state, is_newer):
    """From the user's yes to what the page shows, over a real connection too."""
    feed, url = world(body)

    async def scene() -> None:
        check = UpdateCheck(
            settings=UpdateSettings(),
            running=Running("0.1.0", url),
            feed=feed,
            folder=tmp_path,
            clock=clock,
        )
        await check.start()
        await check.change_settings(UpdateSettings(check=True))
        await until(lambda: check.snapshot().state is state, f"the state {state}")
        assert check.snapshot().is_newer == is_newer
        await check.aclose()

    asyncio.run(scene())
