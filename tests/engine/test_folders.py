from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.folders import NAME, Folders


def test_home_of_the_application_holds_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """With UNIVERSAL_AI_TOOLS_HOME set, every folder lies under it."""
    monkeypatch.setenv("UNIVERSAL_AI_TOOLS_HOME", str(tmp_path))
    found = Folders.of_user()
    assert {found.config.parent, found.data.parent, found.cache.parent, found.log.parent} == {
        tmp_path
    }


def test_relative_home_does_not_move_with_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A relative UNIVERSAL_AI_TOOLS_HOME is read against the folder of the start."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UNIVERSAL_AI_TOOLS_HOME", "here")
    assert Folders.of_user().data == tmp_path / "here" / "data"


def test_platform_folders_carry_the_name(monkeypatch: pytest.MonkeyPatch):
    """Without it, the platform's own folders are used, named after the application."""
    monkeypatch.delenv("UNIVERSAL_AI_TOOLS_HOME")
    found = Folders.of_user()
    assert all(NAME in str(folder) for folder in (found.config, found.data, found.cache, found.log))


def test_asking_makes_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Asking where files would lie creates nothing."""
    monkeypatch.setenv("UNIVERSAL_AI_TOOLS_HOME", str(tmp_path / "home"))
    assert Folders.of_user().settings_file.name == "settings.toml"
    assert list(tmp_path.iterdir()) == []


def test_another_settings_file(tmp_path: Path):
    """Settings may lie elsewhere; everything else stays where it is."""
    folders = replace(Folders.under(tmp_path), settings=tmp_path / "mine.toml")
    assert folders.settings_file == tmp_path / "mine.toml"
    assert folders.secrets_file == Folders.under(tmp_path).secrets_file
