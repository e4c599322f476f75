"""The recording devices of a PulseAudio or PipeWire server."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from typing import Any

from engine.voice.snapshot import Device

ANSWER_S = 2.0
"""A sound server that takes longer than this to list its devices is hung."""


def pulse_sources() -> tuple[Device, ...] | None:
    """Return the server's recording devices, or None where no server answers.

    What is played on an output can be recorded too: its "monitor" comes after the microphones,
    and is no default where there are none.
    """
    if shutil.which("pactl") is None:
        return None
    listed, about = _ask("list", "sources"), _ask("info")
    if not isinstance(listed, list) or not isinstance(about, dict):
        return None
    devices = [_device(source, about.get("default_source_name")) for source in listed]
    if all(_is_monitor(device) for device in devices):
        # The server's way to say that it has no microphone: nobody wants to record that unasked.
        devices = [replace(device, is_default=False) for device in devices]
    return tuple(sorted(devices, key=_is_monitor))


def _is_monitor(device: Device) -> bool:
    return device.name.endswith(".monitor")


def _device(source: dict[str, Any], default: object) -> Device:
    name = str(source["name"])
    specification = str(source.get("sample_specification", ""))
    channels = re.search(r"(\d+)ch", specification)
    rate_hz = re.search(r"(\d+)Hz", specification)
    return Device(
        name=name,
        label=str(source.get("description") or name),
        channels=int(channels[1]) if channels else 1,
        sample_rate_hz=int(rate_hz[1]) if rate_hz else 48_000,
        is_default=name == default,
    )


def _ask(*words: str) -> Any:
    try:
        answer = subprocess.run(
            ["pactl", "--format=json", *words],
            capture_output=True,
            timeout=ANSWER_S,
            check=True,
        )
        return json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
