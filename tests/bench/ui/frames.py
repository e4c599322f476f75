"""The Voice panel at 60 Hz while the engine transcribes a recording in real time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PySide6.QtCore import QCoreApplication, QEvent, Qt, QTimer
from PySide6.QtWidgets import QApplication

from app.garbage import Garbage
from app.theme import Theme
from app.ui.voice_panel import VoicePanel
from engine.clock import SystemClock
from engine.folders import Folders
from engine.loop import BackgroundLoop
from engine.outsides import voice_ports
from engine.voice.outside import VoicePorts
from engine.voice.ports import FloatArray
from engine.voice.service import VoiceProcessingService
from engine.voice.settings import VoiceSettings
from tests.bench.voice.clips import clip
from tests.bench.voice.playback import PlayedMicrophone

MEASURED_S = 25.0


@dataclass(frozen=True, slots=True)
class Frames:
    """What was measured, each of shape (n,), in ms."""

    intervals_ms: FloatArray
    """Between the ends of two frames."""
    cpu_ms: FloatArray
    """Of the window's thread: reading the snapshot, drawing it, painting."""


def measured_frames(*, is_transcribing: bool) -> Frames:
    """Return the frames of the panel, fed at its own rate for a while."""
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    with TemporaryDirectory() as home:
        loop = BackgroundLoop(on_error=print)
        loop.start()
        voice = _service(Path(home))
        loop.submit(voice.start()).result()
        loop.submit(voice.wait_for_model()).result()
        if is_transcribing:
            loop.submit(voice.start_recording()).result()
        painted_s, cpu_s = _watch(app, voice)
        loop.submit(voice.aclose()).result()
        loop.stop()
    intervals_ms = np.diff(np.array(painted_s)).astype(np.float32) * 1000
    return Frames(intervals_ms, np.array(cpu_s).astype(np.float32) * 1000)


def _service(home: Path) -> VoiceProcessingService:
    folders = Folders.under(home)
    real = voice_ports(folders)
    ports = VoicePorts(
        microphones=PlayedMicrophone(clip("stream_en").sound()),
        decoders=real.decoders,
        reader=real.reader,
        models=real.models,
        gate=real.gate,
        detector=real.detector,
        stages=real.stages,
    )
    return VoiceProcessingService(
        settings=VoiceSettings(language="en"), ports=ports, data=folders.data, clock=SystemClock()
    )


def _watch(app: QApplication, voice: VoiceProcessingService) -> tuple[list[float], list[float]]:
    panel = VoicePanel(Theme(app, "dark"))
    panel.resize(1084, 800)
    panel.show()
    garbage = Garbage()
    garbage.settle()
    painted_s: list[float] = []
    cpu_s: list[float] = []

    def frame() -> None:
        began_s = time.thread_time()
        panel.show_snapshot(voice.snapshot())
        # What has changed is painted now, as Qt would do next: no more and no less.
        QCoreApplication.sendPostedEvents(panel, QEvent.Type.UpdateRequest)
        painted_s.append(time.monotonic())
        cpu_s.append(time.thread_time() - began_s)

    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(frame)
    timer.start(round(1000 / VoicePanel.rate_hz))
    QTimer.singleShot(int(MEASURED_S * 1000), app.quit)
    app.exec()
    timer.stop()
    garbage.close()
    panel.close()
    return painted_s[10:], cpu_s[10:]  # the first frames build caches
