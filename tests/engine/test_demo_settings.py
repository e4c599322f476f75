"""Tests of the settings of a demonstration."""

from __future__ import annotations

from pathlib import Path

from engine.assembly import Settings
from engine.demo_settings import DemoSettings


def test_demonstration_learns_though_the_user_does_not(tmp_path: Path):
    """Parameters are chosen in a demonstration, and the user's file is not touched for that."""
    path = tmp_path / "settings.toml"
    file = DemoSettings(path)
    assert file.read(Settings).analytics.mode == "automatic"
    assert not path.exists()
    assert Settings().analytics.mode == "off"


def test_what_is_chosen_in_a_demonstration_counts(tmp_path: Path):
    """Another setting leaves the demonstration's as it is; its own, chosen anew, counts."""
    file = DemoSettings(tmp_path / "settings.toml")
    changed = file.change(Settings, "analytics.is_paused", True)
    assert (changed.analytics.mode, changed.analytics.is_paused) == ("automatic", True)
    assert file.change(Settings, "analytics.mode", "off").analytics.mode == "off"
    assert file.read(Settings).analytics.mode == "off"


def test_what_others_write_is_noticed(tmp_path: Path):
    """A file that somebody else has written is read again."""
    path = tmp_path / "settings.toml"
    file = DemoSettings(path)
    assert not file.has_changed()
    path.write_text('[voice]\nlanguage = "de"\n', encoding="utf-8")
    assert file.has_changed()
    assert file.read(Settings).voice.language == "de"
    assert not file.has_changed()
