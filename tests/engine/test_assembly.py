"""The engines are built from settings, start in spite of each other, and follow the settings."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

import engine.assembly
from engine.assembly import Engines, Settings, build_engines
from engine.errors import SettingsError
from engine.folders import Folders
from engine.outsides import voice_ports
from engine.updates.snapshot import UpdateState
from engine.voice.settings import VoiceSettings
from engine.voice.snapshot import VoiceState
from tests.engine.voice.doubles import until


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the settings file all the time."""
    monkeypatch.setattr(engine.assembly, "RELOAD_S", 0.01)


@asynccontextmanager
async def demo(folders: Folders) -> AsyncIterator[Engines]:
    """Run the engines of the demonstration."""
    engines = build_engines(folders, demo=True)
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


@pytest.mark.parametrize("is_demo", [True, False])
def test_building_does_nothing(folders: Folders, is_demo: bool):
    """Building the engines starts no thread and makes no file, and what was built can be closed."""
    before = threading.active_count()
    engines = build_engines(folders, demo=is_demo)
    assert threading.active_count() == before
    assert not folders.data.exists()
    assert not folders.cache.exists()
    assert engines.voice.snapshot().state is VoiceState.STOPPED
    asyncio.run(engines.aclose())


def test_real_outside_is_complete(folders: Folders):
    """The real outside has gates, detectors and stages to give, each a new one."""
    ports = voice_ports(folders)
    assert ports.gate() is not ports.gate()
    assert ports.detector() is not ports.detector()
    names = [stage.name for stage in ports.stages()]
    assert names == ["high_pass", "noise_suppression", "gain_control"]


def test_demonstration_listens_and_writes(folders: Folders):
    """The demonstration hears sentences without microphone and model, and keeps to its folder."""

    async def scene() -> None:
        async with demo(folders) as engines:
            assert engines.started_problems == ()
            await until(
                lambda: engines.voice.snapshot().state is VoiceState.READY, "the model to be loaded"
            )
            await engines.voice.start_recording()
            await until(lambda: engines.voice.snapshot().live, "words while they are said")
            await engines.voice.stop_recording()
            assert engines.voice.snapshot().recent
            await until(lambda: engines.resources.snapshot().host, "a reading of the host")
        await engines.aclose()
        assert not folders.data.exists()

    run(scene())


def test_wrong_settings_are_told_and_defaults_used(folders: Folders):
    """A wrong settings file is a problem to show, not a reason not to start."""
    write(folders, "[voice]\nthreads = 0\n")
    engines = build_engines(folders, demo=True)
    assert engines.settings == Settings()
    (problem,) = engines.started_problems
    assert "voice.threads" in problem
    assert "defaults" in problem
    asyncio.run(engines.aclose())


def test_changed_setting_is_written_and_used(folders: Folders):
    """A setting that is changed stands in the file and counts at once; None brings the default."""

    async def scene() -> None:
        async with demo(folders) as engines:
            settings = await engines.change_setting("voice.stages.gain_control", True)
            assert settings.voice.stages.gain_control
            stages = {one.name: one.is_on for one in engines.voice.snapshot().stages}
            assert stages["gain_control"]
            assert "gain_control = true" in folders.settings_file.read_text(encoding="utf-8")
            await engines.change_setting("resources.sample_period_s", 5.0)
            assert engines.settings.resources.sample_period_s == 5.0
            settings = await engines.change_setting("voice.stages.gain_control", None)
            assert not settings.voice.stages.gain_control

    run(scene())


@pytest.mark.parametrize(
    ("key", "value"), [("voice.threads", 0), ("voice.nothing", 1), ("voice.model", 3)]
)
def test_wrong_setting_changes_nothing(folders: Folders, key: str, value: int):
    """A setting that cannot be is refused with its name, and nothing is written."""

    async def scene() -> None:
        async with demo(folders) as engines:
            before = engines.settings
            with pytest.raises(SettingsError, match=key.split(".")[1]):
                await engines.change_setting(key, value)
            assert engines.settings == before
            assert not folders.settings_file.exists()

    run(scene())


def test_file_edited_outside_is_used(folders: Folders):
    """What somebody writes into the file counts soon; what is wrong waits until it is right."""

    async def scene() -> None:
        async with demo(folders) as engines:
            write(folders, '[voice]\nlanguage = "de"\n')
            await until(lambda: engines.settings.voice.language == "de", "the file to be read")
            write(folders, "[voice]\nlanguage = 3\n")
            await until(lambda: engines.started_problems, "the mistake to be told")
            assert "voice.language" in engines.started_problems[-1]
            assert engines.settings.voice.language == "de"
            write(folders, '[voice]\nlanguage = "fr"\n')
            await until(lambda: engines.settings.voice.language == "fr", "the file to be read")

    run(scene())


def test_changes_at_once_count_in_their_order(folders: Folders, monkeypatch: pytest.MonkeyPatch):
    """Of two changes at the same time the later one counts, however long the first takes."""

    async def scene() -> None:
        async with demo(folders) as engines:
            change, goes_on = engines.voice.change_settings, asyncio.Event()

            async def slow(settings: VoiceSettings) -> None:
                if settings.language == "de":
                    await goes_on.wait()
                await change(settings)

            monkeypatch.setattr(engines.voice, "change_settings", slow)
            first = asyncio.ensure_future(engines.change_setting("voice.language", "de"))
            second = asyncio.ensure_future(engines.change_setting("voice.language", "fr"))
            await until(folders.settings_file.exists, "the first change to be written")
            goes_on.set()
            await asyncio.gather(first, second)
            assert engines.settings.voice.language == "fr"
            assert engines.voice._settings.language == "fr"

    run(scene())


def test_watch_survives_a_mistake(folders: Folders, monkeypatch: pytest.MonkeyPatch):
    """A mistake in an engine is told, and the next change of the file is used again."""

    async def scene() -> None:
        async with demo(folders) as engines:
            change = engines.voice.change_settings

            async def broken(settings: VoiceSettings) -> None:
                if settings.language == "de":
                    raise ZeroDivisionError("oh")
                await change(settings)

            monkeypatch.setattr(engines.voice, "change_settings", broken)
            write(folders, '[voice]\nlanguage = "de"\n')
            await until(lambda: engines.started_problems, "the mistake to be told")
            assert "ZeroDivisionError" in engines.started_problems[-1]
            write(folders, '[voice]\nlanguage = "fr"\n')
            await until(lambda: engines.settings.voice.language == "fr", "the file to be read")

    run(scene())


def test_engine_that_does_not_start_is_told(folders: Folders):
    """When one engine cannot start, its problem is told and the other works."""
    data = folders.cache / "demo" / "data"
    data.mkdir(parents=True)
    (data / "history.sqlite").write_bytes(b"no database" * 1000)

    async def scene() -> None:
        async with demo(folders) as engines:
            (problem,) = engines.started_problems
            assert "history.sqlite" in problem
            assert engines.voice.snapshot().state is VoiceState.STOPPED
            await until(lambda: engines.resources.snapshot().host, "a reading of the host")

    run(scene())


def test_what_is_said_of_new_versions_is_followed(folders: Folders):
    """Off at first; a yes in the settings is followed like any other change."""

    async def scene() -> None:
        async with demo(folders) as engines:
            assert engines.updates.snapshot().state is UpdateState.OFF
            settings = await engines.change_setting("updates.check", True)
            assert settings.updates.check
            await until(lambda: engines.updates.snapshot().is_newer, "the version that is out")
            with pytest.raises(SettingsError, match=r"updates\.url"):
                await engines.change_setting("updates.url", "http://example.org/")

    run(scene())
