"""Peers on the same machine in the same run: each in an environment of its own.

`UAT_PEERS="realtimestt=/path/to/its/python"` names the interpreters; without it there are none.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from tempfile import NamedTemporaryFile

from engine.model_store.store import shipped_models
from engine.voice.ports import SAMPLE_RATE_HZ
from engine.voice.snapshot import VoiceEvent
from tests.bench.voice.clips import Clip
from tests.bench.voice.scoring import Told
from tests.bench.voice.stream import StreamRun

LIMIT_S = 300


def peers() -> dict[str, str]:
    """Return the interpreter of each peer that is installed."""
    named = os.environ.get("UAT_PEERS", "")
    return dict(pair.split("=", 1) for pair in named.split(",") if "=" in pair)


def run_peer(name: str, python: str, clip: Clip) -> StreamRun:
    """Return what the peer `name` told about `clip`."""
    script = Path(__file__).with_name(f"peer_{name}.py")
    sound = (clip.sound() * 32767).astype("<i2")
    with NamedTemporaryFile(suffix=".raw") as file:
        file.write(sound.tobytes())
        file.flush()
        words = [python, str(script), file.name, str(shipped_models() / "base")]
        found = subprocess.run(words, capture_output=True, text=True, timeout=LIMIT_S)
    lines = [json.loads(line) for line in found.stdout.splitlines() if line.startswith("{")]
    if not lines or lines[-1]["event"] != "done":
        raise RuntimeError(f"{name} did not finish: {found.stderr[-500:]}")
    return StreamRun(_told(lines[:-1]), lines[-1]["cpu_s"] / (len(sound) / SAMPLE_RATE_HZ), 0)


def _told(lines: list[dict[str, str]]) -> tuple[Told, ...]:
    told, number = [], 1
    for line in lines:
        kind = "final" if line["event"] == "final" else "partial"
        at_s = float(line["at_s"])
        event = VoiceEvent(
            event=kind, id=number, text=line["text"], stable="", start_s=0.0, end_s=0.0, at_s=at_s
        )
        told.append(Told(at_s, event))
        number += kind == "final"
    return tuple(told)
