"""The cache among the engines: first to start, last to close, and it follows the settings."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

import engine.assembly
import engine.outsides
from engine.assembly import Engines, build_engines
from engine.cache.settings import PASSWORD, CacheSettings
from engine.cache.snapshot import CacheState
from engine.errors import Refused, SettingsError
from engine.folders import Folders
from engine.keychain import FileStore
from engine.outsides import cache_of_user
from tests.engine.cache.simulated_cache import HERE, THERE, Outside, Secrets
from tests.engine.voice.doubles import until

SECRET = "hunter2-correct-horse"


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Outside:
    """Return the servers that the engines reach; the settings file is looked at all the time."""
    outside = Outside()
    monkeypatch.setattr(engine.outsides, "redis_backend", outside.open)
    monkeypatch.setattr(engine.outsides, "best_store", FileStore)
    monkeypatch.setattr(engine.assembly, "RELOAD_S", 0.01)
    return outside


def engines_of(folders: Folders) -> Engines:
    """Return the engines of the demonstration with the cache of the user."""
    engines = build_engines(folders, demo=True)
    engines.cache = cache_of_user(folders, engines.settings.cache)
    engines._demonstrations = ()
    return engines


@asynccontextmanager
async def demo(folders: Folders) -> AsyncIterator[Engines]:
    """Run those engines."""
    engines = engines_of(folders)
    try:
        await engines.start()
        yield engines
    finally:
        await engines.aclose()


def write(folders: Folders, text: str) -> None:
    """Write the user's settings file."""
    folders.settings_file.parent.mkdir(parents=True, exist_ok=True)
    folders.settings_file.write_text(text, encoding="utf-8")


def run(scene: Coroutine[Any, Any, None]) -> None:
    """Run `scene` to its end."""
    asyncio.run(asyncio.wait_for(scene, 30))


def noting(name: str, what: Callable[[], Coroutine[Any, Any, None]], order: list[str]) -> Any:
    """Return `what`, which notes that it is called."""

    async def call() -> None:
        order.append(name)
        await what()

    return call


def test_order(folders: Folders, outside: Outside, monkeypatch: pytest.MonkeyPatch):
    """The cache starts before what may use it, and is closed after it."""
    order: list[str] = []

    async def scene() -> None:
        engines = engines_of(folders)
        for name in ("voice", "resources", "cache"):
            part = getattr(engines, name)
            monkeypatch.setattr(part, "start", noting(f"+{name}", part.start, order))
            monkeypatch.setattr(part, "aclose", noting(f"-{name}", part.aclose, order))
        await engines.start()
        await engines.aclose()
        assert order[0] == "+cache"
        assert order[-1] == "-cache"
        assert len(order) == 6
        await engines.aclose()

    run(scene())


def test_without_an_address(folders: Folders, outside: Outside):
    """By default the cache works in this process and opens nothing."""

    async def scene() -> None:
        async with demo(folders) as engines:
            assert engines.started_problems == ()
            assert engines.cache.snapshot().state is CacheState.MEMORY
            await engines.cache.set("one", 1)
            assert await engines.cache.get("one") == 1
        assert outside.opened == []
        assert engines.cache.snapshot().state is CacheState.STOPPED

    run(scene())


def test_address_is_changed(folders: Folders, outside: Outside):
    """A changed address is written to the file and used at once; None goes back to none."""

    async def scene() -> None:
        async with demo(folders) as engines:
            settings = await engines.change_setting("cache.url", HERE)
            assert settings.cache.url == HERE
            assert HERE in folders.settings_file.read_text(encoding="utf-8")
            snapshot = engines.cache.snapshot()
            assert (snapshot.state, snapshot.address) == (CacheState.REDIS, "here:6379")
            await engines.change_setting("cache.first_tier_mib", 7)
            assert engines.cache.snapshot().first_tier.limit_bytes == 7 * 2**20
            assert len(outside.opened) == 1
            await engines.change_setting("cache.url", None)
            assert engines.cache.snapshot().state is CacheState.MEMORY
            assert outside.closed == 1

    run(scene())


@pytest.mark.parametrize(
    "url",
    [
        "here",
        "http://here",
        "redis://",
        "redis://here:99999",
        f"redis://me:{SECRET}@here",
        f"redis:/me:{SECRET}@here",
        f"redis://me:{SECRET}@here:port",
    ],
)
def test_wrong_address(
    url: str, folders: Folders, outside: Outside, caplog: pytest.LogCaptureFixture
):
    """A wrong address is refused by its name, without a password in it, and nothing changes."""
    caplog.set_level(logging.DEBUG)

    async def scene() -> None:
        async with demo(folders) as engines:
            await engines.change_setting("cache.url", HERE)
            with pytest.raises(SettingsError, match=r"cache\.url") as caught:
                await engines.change_setting("cache.url", url)
            assert engines.settings.cache.url == engines.cache.settings.url == HERE
            assert engines.cache.snapshot().state is CacheState.REDIS
            assert HERE in folders.settings_file.read_text(encoding="utf-8")
            trace = "".join(traceback.format_exception(caught.value))
            # Its last frames quote this test's own line, without the URL.
            assert SECRET not in f"{trace}{caught.value!r}{caplog.text}"

    run(scene())


def test_address_in_the_file(folders: Folders, outside: Outside):
    """An address that somebody writes into the file is used soon; a wrong one is told."""

    async def scene() -> None:
        async with demo(folders) as engines:
            write(folders, f'[cache]\nurl = "{THERE}"\n')
            await until(lambda: engines.cache.snapshot().address == "there:6379", "the address")
            write(folders, f'[cache]\nurl = "redis://me:{SECRET}@x"\n')
            await until(lambda: engines.started_problems, "the mistake to be told")
            assert "cache.url" in engines.started_problems[-1]
            assert SECRET not in engines.started_problems[-1]
            assert engines.cache.snapshot().address == "there:6379"

    run(scene())


def test_keyring_that_stays_locked(folders: Folders, monkeypatch: pytest.MonkeyPatch):
    """A cache that cannot read its password is a problem to show; the rest starts, it works too."""
    secrets = Secrets()
    secrets.fault = Refused("the keyring is locked: unlock it")
    monkeypatch.setattr(engine.outsides, "best_store", lambda _: secrets)
    write(folders, f'[cache]\nurl = "{HERE}"\n')

    async def scene() -> None:
        async with demo(folders) as engines:
            assert engines.started_problems == ("the keyring is locked: unlock it",)
            assert engines.cache.snapshot().state is CacheState.MEMORY
            assert await engines.cache.set("one", 1)
            await until(lambda: engines.resources.snapshot().host, "a reading of the host")

    run(scene())


def test_what_the_cache_refuses_holds_up_nobody(folders: Folders, outside: Outside):
    """When the file changes and the cache cannot use it, the other engines use theirs."""

    async def scene() -> None:
        async with demo(folders) as engines:
            outside.fault = SettingsError('cache.tls.ca_file is "x": it cannot be read')
            write(folders, f'[voice]\nlanguage = "de"\n[cache]\nurl = "{HERE}"\n')
            await until(lambda: engines.started_problems, "the mistake to be told")
            assert "ca_file" in engines.started_problems[-1]
            assert engines.voice._settings.language == "de"
            assert engines.cache.snapshot().state is CacheState.MEMORY

    run(scene())


def test_password_stays_in_the_keychain(
    folders: Folders, outside: Outside, caplog: pytest.LogCaptureFixture
):
    """The password is read from the keychain and is in no setting, file, snapshot, log or error."""
    caplog.set_level(logging.DEBUG)

    async def scene() -> None:
        async with demo(folders) as engines:
            await engines.change_setting("cache.url", HERE)
            await engines.cache.set_password(SECRET)
            assert outside.opened[-1][1] == SECRET
            assert FileStore(folders.secrets_file).read(PASSWORD) == SECRET
            outside.server().stop()
            await until(
                lambda: engines.cache.snapshot().state is CacheState.MEMORY, "Redis to be missed"
            )
            told = f"{engines.settings!r}{engines.cache.snapshot()!r}{vars(engines.cache)!r}"
            assert SECRET not in told + repr(outside.opened[-1][0])
            assert SECRET not in folders.settings_file.read_text(encoding="utf-8")
        assert SECRET not in caplog.text

    run(scene())
    files = [each for each in folders.settings_file.parent.rglob("*") if each.is_file()]
    holding = [each for each in files if SECRET in each.read_text(encoding="utf-8")]
    assert holding in ([], [folders.secrets_file])


def test_password_of_before(folders: Folders, outside: Outside):
    """A password that is in the keychain already is used at the start."""
    FileStore(folders.secrets_file).write(PASSWORD, SECRET)
    write(folders, f'[cache]\nurl = "{HERE}"\n')

    async def scene() -> None:
        async with demo(folders) as engines:
            assert outside.opened == [(CacheSettings(url=HERE), SECRET)]
            assert engines.cache.snapshot().state is CacheState.REDIS

    run(scene())


def test_closing_while_settings_change(folders: Folders, outside: Outside):
    """Engines that are closed in the middle of a change leave nothing open."""

    async def scene() -> None:
        engines = engines_of(folders)
        await engines.start()
        changing = asyncio.ensure_future(engines.change_setting("cache.url", HERE))
        await asyncio.sleep(0)
        await engines.aclose()
        await changing
        assert outside.closed == len(outside.opened)
        assert engines.cache.snapshot().state is CacheState.STOPPED

    run(scene())
