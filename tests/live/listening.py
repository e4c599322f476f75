"""`listen` as a person starts it, in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.live.programs import END_S, Program
from tests.live.pulse import wait_for_sound

ROOT = Path(__file__).resolve().parents[2]
START_S = 60.0
"""Importing everything, finding the microphone and loading the model, on a busy machine."""


def application_environment(home: Path, sound: Mapping[str, str]) -> dict[str, str]:
    """Return what the application finds around it: folders under `home`, its own sound system."""
    return {
        **os.environ,
        "UNIVERSAL_AI_TOOLS_HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "DBUS_SESSION_BUS_ADDRESS": "disabled:",
        **sound,
    }


@dataclass(frozen=True, slots=True)
class Listening:
    """A running `listen --jsonl` and the folders it uses."""

    program: Program
    home: Path

    @property
    def recordings(self) -> Path:
        """Where its sound lies until it is transcribed."""
        return self.home / "data" / "recordings"

    @property
    def events(self) -> list[dict[str, Any]]:
        """What it has written so far; an unfinished line is left for later."""
        return [json.loads(line) for line in self.program.out.split("\n")[:-1]]

    @property
    def text(self) -> str:
        """Its finished sentences, in order, each as it was understood last."""
        sentences: dict[int, str] = {}
        for event in self.events:
            if event["event"] != "partial":
                sentences[event["id"]] = event["text"]
        return " ".join(sentences.values())

    def wait_until_it_hears(self) -> None:
        """Return when the microphone delivers."""
        self.program.wait_for(
            lambda: "Listening to" in self.program.err, "it listens", within_s=START_S
        )
        wait_for_sound(self.recordings)

    def wait_for_text(self, *, within_s: float = END_S) -> str:
        """Return its finished sentences once there is one."""
        return self.program.wait_for(lambda: self.text, "a finished sentence", within_s=within_s)

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send it a signal and return its exit status."""
        self.program.signal(number)
        return self.program.wait()


def started_listening(folder: Path, sound: Mapping[str, str], *words: str) -> Listening:
    """Return a `listen --jsonl` that was just started with `words` as further arguments."""
    home = folder / "home"
    program = Program(
        [sys.executable, "-m", "app", "listen", "--jsonl", *words],
        folder=folder,
        name=f"listen{len(list(folder.glob('listen*.out')))}",
        environment=application_environment(home, sound),
    )
    return Listening(program, home)
