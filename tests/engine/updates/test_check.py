from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from engine.errors import Refused, Unreachable
from engine.updates.adapters.simulated import NEWEST, SimulatedFeed
from engine.updates.check import EVERY, FIRST_AFTER_S, GLANCE_S, Running, UpdateCheck
from engine.updates.notes import UPDATES_FILE
from engine.updates.settings import UpdateSettings
from engine.updates.snapshot import UpdateState, UpdateView
from tests.leaping import leap

URL, OTHER = "https://example.org/newest.json", "https://example.com/newest.json"
ON, OFF = UpdateSettings(check=True), UpdateSettings()
DAY_S = EVERY.total_seconds()


class World:
    """A feed, and looks at it on a loop whose time leaps."""

    def __init__(self, folder):
        self.folder = folder
        self.times = []
        self.answer = lambda url: NEWEST
        self.feed = SimulatedFeed(self._answer)
        self.running = Running("1.0.0", URL)

    def _answer(self, url):
        self.times.append(self.loop.time())
        return self.answer(url)

    def check(self, settings=ON, clock=None):
        self.loop = asyncio.get_running_loop()
        return UpdateCheck(
            settings=settings,
            running=self.running,
            feed=self.feed,
            folder=self.folder,
            clock=clock or self.loop,
        )

    def run(self, scene, settings=ON):
        """Run `scene(check)` with a check that has started, and close it."""

        async def work(loop):
            check = self.check(settings)
            await check.start()
            try:
                return await scene(check)
            finally:
                await check.aclose()
                await check.aclose()

        return leap(work)


@pytest.fixture
def world(tmp_path):
    return World(tmp_path / "data")


def after(seconds):
    """Return a scene that waits, and returns what is known then."""

    async def scene(check):
        await asyncio.sleep(seconds)
        return check.snapshot()

    return scene


def test_off_nobody_is_asked_and_nothing_is_read(world):
    """Until the user says yes there is no task, no file and no request, for days."""

    async def scene(check):
        assert len(asyncio.all_tasks()) == 1
        with pytest.raises(Refused, match="switch that on"):
            check.look_now()
        return await after(3 * DAY_S)(check)

    assert UpdateSettings(check=False, url="") == OFF
    assert world.run(scene, OFF) == UpdateView()
    assert world.feed.asked == []
    assert not world.folder.exists()


def test_a_newer_version_is_told(world):
    """What the feed says is compared with what runs."""
    seen = world.run(after(FIRST_AFTER_S + 1))
    assert (seen.state, seen.host, seen.is_newer) == (UpdateState.KNOWN, "example.org", True)
    assert seen.latest.version == "99.0.0"
    assert seen.problem == ""
    assert world.feed.asked == [URL]


@pytest.mark.parametrize("version", ["99.0.0", "99.0.1", "100.0.0-rc.1", "0.2.0.dev1", None])
def test_nothing_is_called_newer_that_is_not(world, version):
    """The same version, an older one, and one that cannot be compared are no news."""
    world.running = Running(version, URL)
    seen = world.run(after(FIRST_AFTER_S + 1))
    assert (seen.state, seen.is_newer) == (UpdateState.KNOWN, False)


def test_it_looks_once_a_day(world):
    """Days later it has asked as often as there were days, a day or more apart."""
    world.run(after(5 * DAY_S - 1))
    assert len(world.times) == 5
    apart = [two - one for one, two in zip(world.times, world.times[1:], strict=False)]
    assert all(DAY_S <= each <= DAY_S + GLANCE_S for each in apart)


def test_a_restart_is_no_reason_to_ask(world):
    """What was found out today is known at once, and nobody is asked again."""
    first = world.run(after(FIRST_AFTER_S + 1))
    second = world.run(after(FIRST_AFTER_S + 1))
    assert replace(second, looked_at=first.looked_at) == first
    assert len(world.feed.asked) == 1


def test_who_is_killed_while_he_asks_does_not_ask_at_every_start(world):
    """That somebody was asked is written down before."""

    async def killed(loop):
        check = world.check()
        never = loop.create_future()

        async def hang(url):
            world.feed.asked.append(url)
            await never

        check._feed.read = hang
        await check.start()
        await asyncio.sleep(FIRST_AFTER_S + 1)
        assert check.snapshot().state is UpdateState.LOOKING
        await check.aclose()

    leap(killed)
    del world.feed.read
    world.run(after(FIRST_AFTER_S + 1))
    assert len(world.feed.asked) == 1


def test_a_failure_is_a_state_and_waits_for_tomorrow(world):
    """The reason shows, what was known stays, and the next day's look takes the reason away."""

    def fail(url):
        raise Unreachable("example.org cannot be reached: check the network")

    async def scene(check):
        good = await after(FIRST_AFTER_S + 1)(check)
        world.answer = fail
        bad = await after(DAY_S + GLANCE_S)(check)
        world.answer = lambda url: NEWEST
        return good, bad, await after(DAY_S)(check)

    good, bad, again = world.run(scene)
    assert (bad.state, bad.latest, bad.is_newer) == (UpdateState.FAILED, good.latest, True)
    assert "check the network" in bad.problem
    assert (again.state, again.problem) == (UpdateState.KNOWN, "")
    assert len(world.times) == 3


@pytest.mark.parametrize("answer", [b"", b"{}", b'{"version": "new", "page": "https://a.b"}'])
def test_a_bad_answer_is_a_state(world, answer):
    """What is no version leaves the rest of the application alone."""
    world.answer = lambda url: answer
    seen = world.run(after(FIRST_AFTER_S + 1))
    assert (seen.state, seen.latest) == (UpdateState.FAILED, None)
    assert "example.org answers" in seen.problem


def test_a_mistake_in_the_feed_is_a_state_too(world):
    """The loop lives on, and asks again the next day."""

    def mistake(url):
        raise AssertionError("no such thing")

    world.answer = mistake
    seen = world.run(after(DAY_S + FIRST_AFTER_S + GLANCE_S))
    assert "no such thing" in seen.problem
    assert len(world.times) == 2


def test_the_user_may_ask_for_a_look(world):
    """It comes at once, however soon after the last, and at most once for a few presses."""

    async def scene(check):
        await after(FIRST_AFTER_S + 1)(check)
        check.look_now()
        check.look_now()
        return await after(1)(check)

    seen = world.run(scene)
    assert seen.state is UpdateState.KNOWN
    assert len(world.times) == 2


def test_a_yes_is_followed_at_once_and_a_no_too(world):
    """Switched on it looks; switched off nothing of it shows and nobody is asked."""

    async def scene(check):
        await check.change_settings(ON)
        assert check.snapshot().state is UpdateState.WAITING
        seen = await after(1)(check)
        await check.change_settings(OFF)
        assert check.snapshot() == UpdateView()
        await after(2 * DAY_S)(check)
        return seen

    assert world.run(scene, OFF).state is UpdateState.KNOWN
    assert len(world.times) == 1


def test_a_no_ends_a_look_that_is_under_way(world):
    """The request is given up with the setting."""

    async def scene(check):
        ended = []

        async def hang(url):
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(url)

        world.feed.read = hang
        await after(FIRST_AFTER_S + 1)(check)
        await check.change_settings(OFF)
        return ended

    assert world.run(scene) == [URL]


def test_another_address_is_asked_at_once(world):
    """What another one said is none of its news."""

    async def scene(check):
        await after(FIRST_AFTER_S + 1)(check)
        await check.change_settings(replace(ON, url=OTHER))
        assert check.snapshot() == UpdateView(UpdateState.WAITING, "example.com")
        return await after(1)(check)

    assert world.run(scene).host == "example.com"
    assert world.feed.asked == [URL, OTHER]


@pytest.mark.parametrize("url", ["", "http://example.org/", "nonsense"])
def test_without_an_address_nobody_is_asked(world, url):
    """A build that names nobody, or names somebody who may not be asked, says so."""
    world.running = Running("1.0.0", url)
    seen = world.run(after(DAY_S))
    assert seen == UpdateView(UpdateState.NO_ADDRESS)
    assert world.feed.asked == []


def test_a_calendar_that_was_set_back_does_not_stop_it(world, clock):
    """A look that lies in the future is no reason to wait for it."""

    async def scene(loop):
        check = world.check(clock=clock)
        await check.start()
        await asyncio.sleep(FIRST_AFTER_S + 1)
        clock.wall_at -= timedelta(days=400)
        await asyncio.sleep(GLANCE_S + 1)
        await check.aclose()

    leap(scene)
    assert len(world.times) == 2


def test_a_disk_that_cannot_be_written_is_no_reason_to_ask_more(world):
    """It is known in memory then."""
    world.folder.parent.mkdir(exist_ok=True)
    world.folder.write_text("a file where the folder should be")
    seen = world.run(after(2 * DAY_S - GLANCE_S))
    assert seen.state is UpdateState.KNOWN
    assert len(world.times) == 2


def test_the_file_lies_with_the_users_data(world):
    """One small file is all that looking leaves."""
    world.run(after(FIRST_AFTER_S + 1))
    assert [each.name for each in world.folder.iterdir()] == [UPDATES_FILE]
