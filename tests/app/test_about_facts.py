from __future__ import annotations

import platform

import PySide6
import pytest

from app import about_facts
from app.about_facts import About, about_this, c_library, qt_folder, system_name
from app.ui.about_values import AboutView
from engine.build import Build, this_build
from engine.updates.snapshot import UpdateState, UpdateView


def test_the_program_that_runs_is_told():
    """Its build, and the versions of what it stands on, each with a value."""
    found = about_this()
    versions = dict(found.versions)
    assert found.build == this_build()
    assert versions["Python"] == platform.python_version()
    assert versions["PySide6"] == PySide6.__version__
    assert all(versions.values())
    assert found.qt_folder.is_dir()


def test_what_does_not_change_is_looked_up_once(monkeypatch):
    """The same news give the very same object, others another one."""
    looks = []

    def look():
        looks.append(1)
        return AboutView(Build("0.1.0"))

    monkeypatch.setattr(about_facts, "about_this", look)
    about, off, waiting = About(), UpdateView(), UpdateView(UpdateState.WAITING)
    first = about.view(off)
    assert about.view(off) is first
    assert about.view(waiting) == AboutView(Build("0.1.0"), news=waiting)
    assert looks == [1]


def test_qts_libraries_are_found_where_they_lie(tmp_path):
    """In a folder of their own on Linux and macOS, beside the modules on Windows."""
    assert qt_folder(tmp_path) == tmp_path
    (tmp_path / "Qt" / "lib").mkdir(parents=True)
    assert qt_folder(tmp_path) == tmp_path / "Qt" / "lib"


@pytest.mark.parametrize("error", [OSError("no such file"), KeyError("PRETTY_NAME")])
def test_a_system_without_a_name_is_told_by_its_kernel(monkeypatch, error):
    """Not every system says what it is called."""

    def refuse():
        raise error

    monkeypatch.setattr(platform, "freedesktop_os_release", refuse)
    monkeypatch.setattr(platform, "system", lambda: "Plan9")
    assert system_name() == f"Plan9 {platform.release()}"


def test_a_mac_tells_its_version(monkeypatch):
    """As people know it, not its kernel's."""
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setattr(platform, "mac_ver", lambda: ("14.5", ("", "", ""), "arm64"))
    assert system_name() == "macOS 14.5"


@pytest.mark.parametrize("error", [AttributeError, ValueError, OSError])
def test_a_c_library_that_does_not_tell_is_left_out(monkeypatch, error):
    """Windows and musl know no such question."""

    def refuse(name):
        raise error

    monkeypatch.setattr(about_facts.os, "confstr", refuse, raising=False)
    assert c_library() == []
