"""The engines' outsides."""

from __future__ import annotations

from engine.folders import Folders
from engine.outsides import demo_cache, demo_ports, model_store, voice_ports


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
