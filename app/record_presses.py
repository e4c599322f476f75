"""What a press on a record button means: the other of what was asked for last, on any page."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from app.bridge import Bridge, Handle
from app.ui.panel import Panel
from engine.voice.snapshot import VoiceSnapshot


class Voice(Protocol):
    """What is used of the voice engine."""

    def snapshot(self) -> VoiceSnapshot:
        """Return the engine as it is now; from any thread."""
        ...

    def start_recording(self) -> Coroutine[Any, Any, None]:
        """Record."""
        ...

    def stop_recording(self) -> Coroutine[Any, Any, None]:
        """End the recording."""
        ...


class RecordPresses:
    """Starts and stops recordings for all pages. For Qt's thread.

    voice: the voice engine, None before there is one. not_ready: what is said then.
    """

    def __init__(
        self, bridge: Bridge, *, voice: Callable[[], Voice | None], not_ready: str
    ) -> None:
        self._bridge = bridge
        self._voice = voice
        self._not_ready = not_ready
        self._asked: tuple[bool, Handle] | None = None
        """Whether a recording was asked for last or its end, and the work that came of it."""

    def toggle(self, panel: Panel) -> None:
        """Start a recording, or stop the one that runs or is about to; `panel` shows problems.

        What pages draw is not asked: it is older than a press just before this one.
        """
        voice = self._voice()
        if voice is None:
            panel.show_problem(self._not_ready)
        elif self._asked is not None and not self._asked[1].is_done:
            self.record(panel, on=not self._asked[0])
        else:
            self.record(panel, on=voice.snapshot().recording_s is None)

    def record(self, panel: Panel, *, on: bool) -> None:
        """Start or stop recording; `panel` shows what goes wrong."""
        voice = self._voice()
        if voice is None:
            panel.show_problem(self._not_ready)
            return
        work = voice.start_recording() if on else voice.stop_recording()
        self._asked = on, self._bridge.run(work, None, panel.show_problem)
