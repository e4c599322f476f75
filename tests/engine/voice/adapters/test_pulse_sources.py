"""Microphones are named as the sound server names them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from engine.voice.adapters import pulse_sources as module
from engine.voice.adapters.pulse_sources import pulse_sources
from engine.voice.snapshot import Device

MICROPHONE = {
    "name": "alsa_input.usb",
    "description": "USB Microphone",
    "sample_specification": "s16le 2ch 44100Hz",
}
MONITOR = {
    "name": "alsa_output.pci.monitor",
    "description": "Monitor of Speakers",
    "sample_specification": "float32le 6ch 48000Hz",
}


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only folder in which programs are found."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def pactl(path: Path, script: str) -> None:
    """Put a `pactl` into `path` that runs the Python `script`."""
    program = path / "pactl"
    program.write_text(f"#!{sys.executable}\nimport sys, time\n{script}\n")
    program.chmod(0o755)


def server(path: Path, *sources: dict[str, str], default: str = "alsa_input.usb") -> None:
    """Let a sound server with `sources` answer."""
    about = json.dumps({"default_source_name": default})
    listed = json.dumps(sources)
    pactl(path, f"print({listed!r} if 'list' in sys.argv else {about!r})")


def test_devices_as_the_server_says(path: Path):
    """Names, labels, channels and rates are the server's; monitors come after microphones."""
    server(path, MONITOR, MICROPHONE)
    assert pulse_sources() == (
        Device("alsa_input.usb", "USB Microphone", 2, 44_100, True),
        Device("alsa_output.pci.monitor", "Monitor of Speakers", 6, 48_000, False),
    )


def test_monitor_is_no_default_where_there_is_no_microphone(path: Path):
    """Loudspeakers are not recorded unless somebody chooses to."""
    server(path, MONITOR, default=MONITOR["name"])
    found = pulse_sources()
    assert found is not None
    assert [device.is_default for device in found] == [False]


def test_unknown_specification_is_ordinary_sound(path: Path):
    """Where the server does not tell the form of its sound, one channel at 48 kHz is assumed."""
    server(path, {"name": "strange"})
    assert pulse_sources() == (Device("strange", "strange", 1, 48_000, False),)


def test_no_server_program(path: Path):
    """Without `pactl` there is no server."""
    assert pulse_sources() is None


@pytest.mark.parametrize(
    "script", ["sys.exit(1)", "print('Connection refused')", "print('[]')", "time.sleep(60)"]
)
def test_server_that_does_not_answer(path: Path, monkeypatch: pytest.MonkeyPatch, script: str):
    """A server that fails, talks nonsense or hangs is none."""
    monkeypatch.setattr(module, "ANSWER_S", 0.2)
    pactl(path, script)
    assert pulse_sources() is None
