"""The engines' outsides."""

from __future__ import annotations

import asyncio

import pytest

import engine.outsides
from engine.build import Build
from engine.folders import Folders
from engine.outsides import (
    demo_cache,
    demo_ports,
    demo_updates,
    model_store,
    updates_of_user,
    voice_ports,
)
from engine.updates.settings import UpdateSettings
from engine.updates.snapshot import UpdateState, UpdateView
from tests.engine.voice.doubles import until


def test_looking_at_the_users_models_writes_nothing(folders: Folders):
    """What the user has is only read until something is asked of an engine."""
    store = model_store(folders)
    assert [entry.name for entry in store.entries]
    voice_ports(folders)
    demo_cache(folders)
    assert not folders.data.exists()
    assert not folders.config.exists()


def test_the_demo_has_every_model_and_no_file(folders: Folders):
    """Nothing has to be fetched before the demo works."""
    models = demo_ports(folders).models
    assert all(models.is_installed(entry.name) for entry in models.entries)
    assert not (folders.data / "models").exists()


@pytest.mark.parametrize(
    ("url", "state"),
    [(None, UpdateState.NO_ADDRESS), ("https://example.org/newest.json", UpdateState.WAITING)],
)
def test_the_build_says_whom_to_ask_for_new_versions(
    folders: Folders, monkeypatch: pytest.MonkeyPatch, url: str | None, state: UpdateState
):
    """No host is built in: a build without an address asks nobody, also where that is wanted."""
    monkeypatch.setattr(engine.outsides, "this_build", lambda: Build("1.0.0", updates_url=url))
    assert updates_of_user(folders, UpdateSettings(check=True)).snapshot().state is state
    assert updates_of_user(folders, UpdateSettings()).snapshot() == UpdateView()


def test_the_demo_hears_of_a_version_from_nobody(folders: Folders):
    """Somebody made up tells of one, so that there is something to see."""

    async def scene() -> None:
        check = demo_updates(folders, UpdateSettings())
        await check.start()
        await check.change_settings(UpdateSettings(check=True))
        await until(lambda: check.snapshot().is_newer, "the version that is out")
        await check.aclose()

    asyncio.run(scene())
