"""`doctor`: what works on this machine, what does not, and the command that mends it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from app.commands import gpu
from app.commands.doctor import cards, cuda, gateway, language, machine, parameters, voice, window
from app.commands.doctor.report import Check, as_json, as_text, is_healthy
from app.commands.models import store_of_user
from engine.assembly import Settings
from engine.build import this_build
from engine.configuration import SettingsFile
from engine.errors import SettingsError
from engine.folders import Folders
from engine.voice.adapters.sounddevice_input import SounddeviceInput

HEALTHY, ILL = 0, 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of this command to `parser`."""
    parser.add_argument("--json", action="store_true", help="for programs: one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Print what was found; return 0 when nothing is missing and 1 otherwise."""
    checks = list(examine())
    print(as_json(checks, this_build()) if arguments.json else as_text(checks))
    return HEALTHY if is_healthy(checks) else ILL


def examine() -> Iterator[Check]:
    """Yield every check. Takes some seconds: each library is loaded to see whether it does."""
    folders = Folders.of_user()
    settings_file = SettingsFile(folders.settings_file)
    yield machine.application(this_build())
    yield machine.python()
    yield window.qt()
    yield window.x11_libraries()
    yield window.display()
    yield window.fonts()
    yield window.glyphs()
    yield voice.sound_system()
    yield voice.microphones(SounddeviceInput())
    yield voice.libraries()
    yield voice.speech_detector()
    yield voice.speech_model(store_of_user(), _settings(settings_file).voice.model)
    yield voice.processor()
    yield cuda.cuda_libraries()
    yield cards.library()
    yield cards.cards(gpu.reading)
    yield language.built_in_model(store_of_user())
    yield machine.settings(settings_file, Settings)
    yield from language.lists(folders)
    yield gateway.address(_settings(settings_file).gateway, folders)
    yield parameters.learnt(_settings(settings_file).analytics, folders)
    yield machine.writable(folders)
    yield machine.disk_space(folders.data)
    yield machine.secrets(folders)


def _settings(file: SettingsFile) -> Settings:
    """Return what counts; a wrong file is another check's concern."""
    try:
        return file.read(Settings)
    except SettingsError:
        return Settings()
