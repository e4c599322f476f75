from __future__ import annotations

import dataclasses
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.configuration import Bounds, SettingsFile, bounds_of, check, setting, settings_from
from engine.errors import Refused, SettingsError


@dataclass(frozen=True, slots=True)
class Ear:
    loudness: float = setting(0.5, "How loud", unit="dB", low=-10, high=10)
    is_open: bool = setting(True, "Listening")

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, slots=True)
class Robot:
    name: str = setting("Robbie", "What it is called")
    mood: str = setting("calm", "How it feels", choices=("calm", "angry"))
    legs: int = setting(2, "How many", low=0)
    cap: int = setting(3, "How many at most", high=9)
    tune: str | None = setting(None, "What it hums")
    ear: Ear = Ear()


robots = st.builds(
    Robot,
    name=st.text(),
    mood=st.sampled_from(["calm", "angry"]),
    legs=st.integers(0, 2**60),
    cap=st.integers(-(2**60), 9),
    ear=st.builds(Ear, loudness=st.floats(-10, 10), is_open=st.booleans()),
)


@pytest.fixture
def file(tmp_path: Path) -> SettingsFile:
    return SettingsFile(tmp_path / "config" / "settings.toml")


def write(file: SettingsFile, text: str) -> None:
    file.path.parent.mkdir(parents=True, exist_ok=True)
    file.path.write_text(text, encoding="utf-8")


def test_absent_file_means_defaults(file: SettingsFile):
    """Without a file, every setting has its default, and reading makes no file."""
    assert file.read(Robot) == Robot()
    assert not file.path.exists()


@given(robots)
def test_settings_survive_the_file(tmp_path_factory: pytest.TempPathFactory, robot: Robot):
    """Whatever settings are written key by key, the same settings are read."""
    file = SettingsFile(tmp_path_factory.mktemp("config") / "settings.toml")
    for key in ("name", "mood", "legs", "cap"):
        file.change(Robot, key, getattr(robot, key))
    for key in ("loudness", "is_open"):
        changed = file.change(Robot, f"ear.{key}", getattr(robot.ear, key))
    assert changed == robot
    assert SettingsFile(file.path).read(Robot) == robot


def test_change_keeps_the_users_comments(file: SettingsFile):
    """Changing one key leaves comments, order and the other keys as the user wrote them."""
    write(file, '# mine\nname = "Ann"  # my robot\n\n[ear]\nloudness = 1 # loud\n')
    file.change(Robot, "ear.loudness", 2.5)
    assert (
        file.path.read_text()
        == '# mine\nname = "Ann"  # my robot\n\n[ear]\nloudness = 2.5 # loud\n'
    )


def test_removed_key_has_its_default_again(file: SettingsFile):
    """Setting a key to None removes it from the file."""
    file.change(Robot, "legs", 4)
    assert file.change(Robot, "legs", None) == Robot()
    assert "legs" not in file.path.read_text()


def test_removing_what_is_not_there_is_fine(file: SettingsFile):
    """Removing a key that the file does not have changes nothing."""
    assert file.change(Robot, "ear.loudness", None) == Robot()


WRONG: list[tuple[str, str]] = [
    ("lags = 3", "lags: there is no such setting; known here: cap, ear, legs, mood, name, tune"),
    ("[ear]\nloud = 3", "ear.loud: there is no such setting; known here: is_open, loudness"),
    ("ear = 3", "ear: this is a group of settings; write it as [ear]"),
    ('legs = "two"', "legs = 'two': must be a whole number"),
    ("legs = true", "legs = True: must be a whole number"),
    ("legs = 2.0", "legs = 2.0: must be a whole number"),
    ("legs = -1", "legs = -1: must be at least 0"),
    ("cap = 10", "cap = 10: must be at most 9"),
    ("tune = 3", "tune = 3: must be text in quotes"),
    ('mood = "sad"', "mood = 'sad': must be one of calm, angry"),
    ("[ear]\nloudness = 11", "ear.loudness = 11.0: must be from -10 to 10 dB"),
    ("[ear]\nloudness = nan", "ear.loudness = nan: must be from -10 to 10 dB"),
    ("name = 2026-01-01", "must be text in quotes"),
    ("name = [1]", "name = [1]: must be text in quotes"),
    ("name =", "mend the line or remove the file"),
    ('name = "a"\nname = "b"', "mend the line or remove the file"),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_wrong_file_names_itself_and_the_key(file: SettingsFile, text: str, message: str):
    """A file that cannot work is refused with its path, the key, the value and what would do."""
    write(file, text)
    with pytest.raises(SettingsError) as caught:
        file.read(Robot)
    assert str(file.path) in str(caught.value)
    assert message in str(caught.value)


def test_file_in_another_encoding_is_refused(file: SettingsFile):
    """Bytes that are not UTF-8 are reported, not guessed at."""
    file.path.parent.mkdir()
    file.path.write_bytes('name = "Zoë"'.encode("latin-1"))
    with pytest.raises(SettingsError, match="remove the file"):
        file.read(Robot)


@pytest.mark.parametrize(
    ("key", "value"), [("legs", -1), ("nose", 1), ("ear.nose", 1), ("nose.tip", 1), ("legs.x", 1)]
)
def test_wrong_change_leaves_the_file(file: SettingsFile, key: str, value: int):
    """A change that cannot work raises SettingsError and writes nothing."""
    write(file, "legs = 4\n")
    with pytest.raises(SettingsError):
        file.change(Robot, key, value)
    assert file.path.read_text() == "legs = 4\n"


def test_wrong_file_is_not_changed(file: SettingsFile):
    """A file with a mistake elsewhere is not written to: the user mends it first."""
    write(file, "ear = 3\n")
    with pytest.raises(SettingsError, match=r"settings\.toml: ear: this is a group"):
        file.change(Robot, "ear.loudness", 1.0)
    assert file.path.read_text() == "ear = 3\n"


def test_folder_in_place_of_the_file_is_reported(file: SettingsFile):
    """A settings file that cannot be read or written is an error of the right kind."""
    file.path.mkdir(parents=True)
    with pytest.raises(SettingsError, match="cannot be read"):
        file.read(Robot)


def test_file_that_cannot_be_written_is_refused(tmp_path: Path):
    """A change that cannot be stored raises Refused."""
    (tmp_path / "config").write_text("")
    file = SettingsFile(tmp_path / "config" / "settings.toml")
    with pytest.raises((Refused, SettingsError)):
        file.change(Robot, "legs", 3)


def test_edit_outside_is_noticed(file: SettingsFile):
    """The file has changed after others wrote it, not after reads and writes of our own."""
    assert not file.has_changed()
    file.change(Robot, "legs", 4)
    assert not file.has_changed()
    write(file, "legs = 6\n")
    os.utime(file.path, ns=(1, 1))  # the next write may fall into the same tick of the disk's clock
    assert file.has_changed()
    assert file.read(Robot).legs == 6
    assert not file.has_changed()
    file.path.unlink()
    assert file.has_changed()


def test_changes_from_two_threads_are_both_kept(file: SettingsFile):
    """Two changes at the same time both end up in the file."""
    keys = [("legs", n) for n in range(20)] + [("cap", -n) for n in range(20)]
    with ThreadPoolExecutor(4) as workers:
        for _ in workers.map(lambda pair: file.change(Robot, *pair), keys[:19] + keys[20:39]):
            pass
        workers.map(lambda pair: file.change(Robot, *pair), [keys[19], keys[39]])
    found = file.read(Robot)
    assert (found.legs, found.cap) == (19, -19)


def test_whole_number_is_a_fine_float():
    """A float setting may be written as a whole number."""
    loudness = settings_from(Ear, {"loudness": 3}).loudness
    assert loudness == 3.0
    assert isinstance(loudness, float)


def test_settings_made_in_code_are_checked_too():
    """A dataclass that calls `check` cannot be built with a wrong value."""
    with pytest.raises(SettingsError, match="loudness = 99"):
        Ear(loudness=99.0)
    with pytest.raises(SettingsError, match="is_open = 1: must be true or false"):
        Ear(is_open=1)  # type: ignore[arg-type]


def test_every_setting_explains_itself():
    """The panel finds help, unit and limits of each setting."""
    found = {field.name: bounds_of(field) for field in dataclasses.fields(Ear)}
    assert found["loudness"] == Bounds("How loud", "dB", -10, 10)
    assert found["is_open"].help == "Listening"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_are_finite(value: Any):
    """Not a number, and infinities, are no values, also where there are no limits."""
    assert not Bounds("free").allow(value)


def test_large_limits_are_written_out():
    """A limit is told in digits, as it is written into the file."""
    bounds = Bounds("How long", "s", low=1, high=31_536_000)
    assert bounds.sentence == "must be from 1 to 31536000 s"
    assert Bounds("Share", low=0.05, high=0.95).sentence == "must be from 0.05 to 0.95"
