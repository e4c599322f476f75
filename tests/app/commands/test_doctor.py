from __future__ import annotations

import argparse
import json
import os
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from app.commands import doctor
from app.commands.doctor import language, machine, remedies, voice, window
from app.commands.doctor.remedies import PACKAGES, install_command, set_up_again
from app.commands.doctor.report import Check, as_json, as_text, is_healthy
from engine.assembly import Settings
from engine.build import Build, this_build
from engine.configuration import SettingsFile
from engine.errors import Damaged, Refused, SettingsError, Unreachable
from engine.folders import Folders
from engine.model_store.store import ModelStore
from engine.voice.catalogue import CATALOGUE
from engine.voice.ports import InputStream
from engine.voice.snapshot import Device

FINE = Check("python", "ok", "3.13")
COULD_BE_MORE = Check("display", "warning", "none", "log in")
BROKEN = Check("qt", "missing", "not here", "make run")


def without(monkeypatch: pytest.MonkeyPatch, module: str, error: Exception) -> None:
    """Let the import of `module` by the doctor end in `error`."""
    from importlib import import_module

    def load(name: str) -> types.ModuleType:
        if name == module:
            raise error
        return import_module(name)

    monkeypatch.setattr(voice, "import_module", load)
    monkeypatch.setattr(window, "import_module", load)


def with_fake(monkeypatch: pytest.MonkeyPatch, name: str, **contents: Any) -> None:
    """Put a module of these contents in the place of `name`."""
    module = types.ModuleType(name)
    vars(module).update(contents)
    monkeypatch.setitem(sys.modules, name, module)


@pytest.mark.parametrize(
    ("checks", "status"),
    [([FINE], 0), ([FINE, COULD_BE_MORE], 0), ([FINE, BROKEN, COULD_BE_MORE], 1)],
)
def test_exit_status_says_whether_something_is_missing(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    checks: list[Check],
    status: int,
):
    """The status is 1 when something is missing; warnings alone give 0."""
    monkeypatch.setattr(doctor, "examine", lambda: iter(checks))
    parser = argparse.ArgumentParser()
    doctor.add_arguments(parser)
    assert doctor.run(parser.parse_args([])) == status
    printed = capsys.readouterr().out
    assert doctor.run(parser.parse_args(["--json"])) == status
    assert json.loads(capsys.readouterr().out)["healthy"] == (status == 0)
    assert all(check.detail in printed for check in checks)


def test_text_shows_state_and_remedy():
    """People read the state in words, and the command that mends it on the next line."""
    lines = as_text([FINE, BROKEN]).splitlines()
    assert lines[0].split() == ["ok", "python", "3.13"]
    assert lines[1].split() == ["MISSING", "qt", "not", "here"]
    assert lines[2].split() == ["->", "make", "run"]
    assert lines[-1].startswith("1 missing, 0 to look at")


def test_json_is_one_object():
    """Programs read every field of every check, the build, and the verdict."""
    found = json.loads(as_json([FINE, BROKEN], Build("0.1.0", variant="lite")))
    assert found["healthy"] is False
    assert found["build"] == {
        "version": "0.1.0",
        "commit": None,
        "built_utc": None,
        "variant": "lite",
    }
    assert found["checks"][1] == {
        "name": "qt",
        "state": "missing",
        "detail": "not here",
        "remedy": "make run",
    }


def test_whole_examination_names_each_thing_once(folders: Folders):
    """A real examination of this machine ends, and whatever is missing has a remedy."""
    checks = list(doctor.examine())
    names = [check.name for check in checks]
    assert len(names) == len(set(names))
    assert {"python", "qt", "display", "speech model", "built-in model", "settings"} <= set(names)
    assert {"graphics cards", "nvidia library", "gateway"} <= set(names)
    assert checks[0] == Check("application", "ok", this_build().sentence)
    assert [check.name for check in checks if check.state == "missing" and not check.remedy] == []


def test_old_python_is_missing():
    """Python 3.10 does not do."""
    assert machine.python((3, 10, 4)).state == "missing"
    assert machine.python((3, 11, 0)).state == "ok"


def test_lists_with_a_mistake_are_named(folders: Folders):
    """Each list that the user wrote is read: what is wrong in it is told with its place."""
    assert list(language.lists(folders)) == []
    folders.config.mkdir(parents=True, exist_ok=True)
    (folders.config / "tiers.toml").write_text('[[tier]]\nname = "mine"\n')
    wrong = folders.config / "endpoints.toml"
    wrong.write_text('[[endpoint]]\nname = "a"\nkind = "openia"\nurl = "http://a:1/v1"\n')
    endpoints, tiers = language.lists(folders)
    assert (endpoints.name, endpoints.state, tiers.state) == ("endpoints", "missing", "ok")
    assert "openia" in endpoints.detail
    assert str(wrong) in endpoints.remedy
    wrong.write_text('[[endpoint]]\nname = "a"\nkind = "openai"\nurl = "a:1/v1"\n')
    assert "http://host:port" in next(language.lists(folders)).detail


def test_settings_with_a_mistake_are_named(tmp_path: Path):
    """A wrong settings file is reported with its key and the command to edit it."""
    path = tmp_path / "settings.toml"
    absent = machine.settings(SettingsFile(path), Settings)
    path.write_text("[voice]\nlanguage = 3\n")
    check = machine.settings(SettingsFile(path), Settings)
    assert absent.state == "ok"
    assert check.state == "missing"
    assert "voice.language" in check.detail
    assert str(path) in (check.remedy or "")


@pytest.mark.parametrize(
    ("content", "model"), [("", "base"), ('model = "small"', "small"), ("x = 1", "base")]
)
def test_chosen_model_is_the_one_examined(tmp_path: Path, content: str, model: str):
    """The model of the settings is looked for; the default where the settings are wrong."""
    path = tmp_path / "settings.toml"
    path.write_text(f"[voice]\n{content}\n")
    assert doctor._settings(SettingsFile(path)).voice.model == model


def test_closed_folder_is_missing(monkeypatch: pytest.MonkeyPatch, folders: Folders):
    """A folder that cannot be written is named in the command that opens it."""
    home = machine.existing(folders.data)
    monkeypatch.setattr(os, "access", lambda place, mode: place != home)
    check = machine.writable(folders)
    assert check.state == "missing"
    assert str(home) in (check.remedy or "")


def test_open_folders_are_fine_and_not_made(folders: Folders):
    """Looking at folders does not create them."""
    assert machine.writable(folders).state == "ok"
    assert not folders.data.exists()


@pytest.mark.parametrize(("free_gib", "state"), [(0.1, "missing"), (1.0, "warning"), (50.0, "ok")])
def test_disk_space_has_three_answers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free_gib: float, state: str
):
    """Next to nothing free is missing, little is a warning."""
    usage = types.SimpleNamespace(free=free_gib * (1 << 30))
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda place: usage)
    assert machine.disk_space(tmp_path / "later").state == state


def test_secrets_in_a_file_are_a_warning(monkeypatch: pytest.MonkeyPatch, folders: Folders):
    """Without a keyring the doctor says where secrets go, and how to get one."""
    from engine.keychain import FileStore

    monkeypatch.setattr(machine, "best_store", FileStore)
    check = machine.secrets(folders)
    assert check.state == "warning"
    assert str(folders.secrets_file) in check.detail


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (ModuleNotFoundError("No module named 'PySide6'"), "clean run"),
        (ImportError("libEGL.so.1: cannot open shared object file"), PACKAGES["qt"]["apt-get"]),
    ],
)
def test_qt_that_does_not_load_is_missing(
    monkeypatch: pytest.MonkeyPatch, error: ImportError, remedy: str
):
    """An absent Qt is set up again; an absent system library comes from the system."""
    monkeypatch.setattr(remedies.shutil, "which", lambda tool: tool == "apt-get" or None)
    without(monkeypatch, "PySide6.QtWidgets", error)
    check = window.qt()
    assert (check.state, check.detail) == ("missing", str(error))
    assert remedy in (check.remedy or "")


@pytest.mark.parametrize(("version", "state"), [("6.11.3", "ok"), ("6.12.0", "missing")])
def test_qt_with_the_crash_is_missing(monkeypatch: pytest.MonkeyPatch, version: str, state: str):
    """A Qt of the version that crashes is not accepted."""
    with_fake(monkeypatch, "PySide6.QtCore", qVersion=lambda: version)
    with_fake(monkeypatch, "PySide6.QtWidgets")
    assert window.qt().state == state


@pytest.mark.parametrize(
    ("environment", "system", "state"),
    [
        ({}, "linux", "warning"),
        ({"DISPLAY": ":0"}, "linux", "ok"),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", "ok"),
        ({"DISPLAY": ""}, "linux", "warning"),
        ({}, "darwin", "ok"),
    ],
)
def test_display_is_looked_for(environment: dict[str, str], system: str, state: str):
    """On Linux a display is named by the environment; elsewhere it is there."""
    assert window.display(environment, system).state == state


def test_typeface_that_is_missing_is_a_warning(tmp_path: Path):
    """Without Inter the application still works, in the system's typeface."""
    assert window.fonts(tmp_path).state == "warning"
    (tmp_path / "Inter-Regular.otf").touch()
    assert window.fonts(tmp_path).state == "ok"


def test_languages_without_a_font_are_named(monkeypatch: pytest.MonkeyPatch):
    """Scripts that would show as boxes are listed."""
    monkeypatch.setattr(window.shutil, "which", lambda tool: tool)
    monkeypatch.setattr(window, "_fonts_for", lambda code: "" if code == "ja" else "Noto")
    check = window.glyphs()
    assert check.state == "warning"
    assert "no font for Japanese:" in check.detail


def test_absent_portaudio_comes_from_the_system(monkeypatch: pytest.MonkeyPatch):
    """Where the C library is absent, the system's package is named."""
    monkeypatch.setattr(remedies.shutil, "which", lambda tool: tool == "dnf" or None)
    without(monkeypatch, "sounddevice", OSError("PortAudio library not found"))
    check = voice.sound_system()
    assert check.state == "missing"
    assert (check.remedy or "").endswith(
        "dnf install -y portaudio alsa-plugins-pulseaudio pulseaudio-utils"
    )


class Microphones:
    """A sound system with devices of these names."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def devices(self) -> tuple[Device, ...]:
        return tuple(Device(name, name.upper(), 1, 48_000, name == "usb") for name in self._names)

    def open(self, device: str) -> InputStream:
        raise AssertionError("the doctor records nothing")


@pytest.mark.parametrize(
    ("names", "state", "shown"),
    [
        ((), "warning", "none"),
        (("speakers.monitor",), "warning", "none"),
        (("usb", "line", "speakers.monitor"), "ok", "usb (default), line"),
    ],
)
def test_microphones_are_named(names: tuple[str, ...], state: str, shown: str):
    """Microphones are listed by the names that commands take; what is being played is none."""
    check = voice.microphones(Microphones(*names))
    assert check.state == state
    assert check.detail.startswith(shown)


def test_sound_system_that_fails_is_told():
    """Where microphones cannot even be listed, the reason is a finding, not a crash."""

    class Broken(Microphones):
        def devices(self) -> tuple[Device, ...]:
            raise Refused("The sound system fails (-9999): restart it")

    check = voice.microphones(Broken())
    assert (check.state, check.detail) == ("missing", "The sound system fails (-9999): restart it")


def test_library_that_does_not_load_is_named(monkeypatch: pytest.MonkeyPatch):
    """The first library that fails is named with the reason."""
    without(monkeypatch, "b", ImportError("libx.so is gone"))
    check = voice.libraries(["json", "b"])
    assert check.detail == "b: libx.so is gone"
    assert check.state == "missing"


class OneModel:
    """A store whose `verify` does what the test says."""

    def __init__(self, answer: Path | Exception) -> None:
        self._answer = answer

    def verify(self, name: str) -> Path:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer / name


@pytest.mark.parametrize(
    ("answer", "state", "remedy"),
    [
        (Path("/models"), "ok", None),
        (Unreachable("not here"), "missing", "universal-ai-tools models fetch base"),
        (Damaged("model.bin"), "missing", "universal-ai-tools models fetch base"),
        (SettingsError("no such model"), "missing", "universal-ai-tools models list"),
    ],
)
def test_speech_model_is_examined(answer: Path | Exception, state: str, remedy: str | None):
    """A model that is absent or damaged is to be fetched; an unknown one chosen anew."""
    store: Any = OneModel(answer)
    check = voice.speech_model(store, "base")
    assert (check.state, check.remedy) == (state, remedy)


@pytest.mark.parametrize(
    ("answer", "program", "state", "words"),
    [
        (Path("/models"), 'print(\'{"url": "http://x"}\', flush=True); input()', "ok", "starts"),
        (Path("/models"), "import os; os.kill(os.getpid(), 4)", "warning", "SIGILL"),
        (Path("/models"), 'print(\'{"problem": "no xllamacpp"}\')', "warning", "no xllamacpp"),
        (Unreachable("it is not here"), "", "missing", "it is not here"),
        (Damaged("it is damaged"), "", "missing", "it is damaged"),
    ],
)
def test_built_in_model_is_tried(answer: Path | Exception, program: str, state: str, words: str):
    """The model is fetched where it is missing; where it cannot run, that is no reason to stop."""
    store: Any = OneModel(answer)
    check = language.built_in_model(store, (sys.executable, "-c", program))
    assert check.state == state
    assert words in check.detail
    assert (check.remedy is None) == (state == "ok")


def test_damage_is_found_in_the_bytes(tmp_path: Path):
    """The files of the model are read, not only counted."""
    store = ModelStore(shipped=None, own=tmp_path, entries=CATALOGUE)
    entry = store.entry("base")
    for file in entry.files:
        path = tmp_path / entry.name / file.name
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as sparse:
            sparse.truncate(file.size_bytes)
    check = voice.speech_model(store, "base")
    assert check.state == "missing"
    assert "damaged" in check.detail


@pytest.mark.parametrize(
    ("kinds", "devices", "state", "start"),
    [
        ({"int8", "float32"}, 0, "ok", "cpu int8"),
        ({"int8", "float32"}, 2, "ok", "cuda: 2"),
        ({"float32"}, 0, "warning", "this CPU"),
    ],
)
def test_processor_is_named_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, kinds: set[str], devices: int, state: str, start: str
):
    """The doctor says where transcription will run and why."""
    with_fake(
        monkeypatch,
        "ctranslate2",
        get_supported_compute_types=lambda device: kinds,
        get_cuda_device_count=lambda: devices,
    )
    check = voice.processor()
    assert check.state == state
    assert check.detail.startswith(start)


@pytest.mark.parametrize("need", sorted(PACKAGES))
def test_every_need_has_a_command(monkeypatch: pytest.MonkeyPatch, need: str):
    """On each kind of system the exact command is given, and elsewhere Debian's names."""
    for tool in PACKAGES[need]:
        monkeypatch.setattr(
            remedies.shutil, "which", lambda asked, here=tool: asked == here or None
        )
        assert f"{tool} " in install_command(need)
    monkeypatch.setattr(remedies.shutil, "which", lambda tool: None)
    assert PACKAGES[need]["apt-get"] in install_command(need)


def test_set_up_anew_depends_on_how_it_was_installed(tmp_path: Path):
    """A checkout is made anew by make; an installed application by its installer."""
    assert "install the application again" in set_up_again(tmp_path)
    (tmp_path / "Makefile").touch()
    assert set_up_again(tmp_path) == f'make -C "{tmp_path}" clean run'


def test_set_up_and_doctor_name_the_same_packages():
    """Every Debian package that the doctor names is one that the set-up installs."""
    setup = (Path(__file__).parents[3] / "packaging" / "setup.sh").read_text()
    for need in ("portaudio", "qt", "x11"):
        assert [name for name in PACKAGES[need]["apt-get"].split() if name not in setup] == []


def test_healthy_means_nothing_missing():
    """Only what is missing makes the machine unfit."""
    assert is_healthy([FINE, COULD_BE_MORE])
    assert not is_healthy([FINE, BROKEN])
