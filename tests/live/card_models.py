"""The application on a machine where models could be loaded onto played graphics cards.

Run as `python -m tests.live.card_models NOTE WORD...`: the application's command line, but
Whisper is one that writes into the file NOTE where it was loaded, and llama.cpp takes itself for
a build that can use a card (and computes on the CPU all the same).
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

from engine import outsides
from engine.coordinator.adapters import embedded_llama
from engine.coordinator.adapters.llama_process import child_command
from engine.voice import card_models
from engine.voice.adapters.simulated import ScriptedDecoder
from engine.voice.ports import SpeechDecoder

LLAMA = """
import runpy, sys, xllamacpp
kind = xllamacpp.ggml_backend_dev_type.GGML_BACKEND_DEVICE_TYPE_GPU
xllamacpp.get_device_info = lambda: [{"name": "CUDA0", "type": kind}]
runpy.run_path(sys.argv[1], run_name="__main__")
"""
PATIENCE_S = 5.0


class NotedDecoder(ScriptedDecoder):
    """Says its script; notes when it is gone."""

    def __init__(self, model: str, note: Path, compute: str) -> None:
        super().__init__(model)
        self.compute = compute
        self._note = note

    def close(self) -> None:
        """Note it."""
        with self._note.open("a") as out:
            out.write(f"closed {self.model} {self.compute}\n")


class CardFactory:
    """A DecoderFactory as on a machine with CUDA."""

    def __init__(self, note: Path) -> None:
        self._note = note

    def wants_card(self, compute: str) -> bool:
        """Return True: CUDA is there."""
        return True

    def load(
        self, name: str, folder: Path, *, compute: str, threads: int, card: str | None = None
    ) -> SpeechDecoder:
        """Return a model that says its script, and note where it is."""
        with self._note.open("a") as out:
            out.write(f"loaded {name} {compute} {card}\n")
        return NotedDecoder(name, self._note, compute)

    def stop(self) -> None:
        """Do nothing: it loads at once."""


def main() -> None:
    """Run the application's command line."""
    note = Path(sys.argv[1])
    python, *_, program = child_command()
    vars(outsides)["FasterWhisperFactory"] = lambda: CardFactory(note)
    vars(embedded_llama)["child_command"] = lambda: (python, "-P", "-c", LLAMA, program)
    card_models.PATIENCE_S = PATIENCE_S
    sys.argv = ["app", *sys.argv[2:]]
    runpy.run_module("app", run_name="__main__")


if __name__ == "__main__":
    main()
