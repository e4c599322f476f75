"""What the doctor looks at for voice: sound system, microphones, libraries, speech model."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from app.commands.doctor.remedies import install_command, set_up_again
from app.commands.doctor.report import Check
from engine.errors import Damaged, OutsideError, SettingsError, Unreachable
from engine.model_store.store import ModelStore
from engine.voice.ports import AudioInput

LIBRARIES = ("av", "ctranslate2", "faster_whisper", "pywebrtc_audio", "soxr", "webrtcvad")
"""`av` carries FFmpeg, which reads sound and video files."""

MONITOR = ".monitor"
"""What PulseAudio and PipeWire append to a source that plays back an output: no microphone."""

DETECTOR = "assets/silero_vad_v6.onnx"


def sound_system() -> Check:
    """Check that PortAudio loads, which all recording goes through."""
    try:
        sounddevice = import_module("sounddevice")
    except ModuleNotFoundError as error:
        return Check("sound system", "missing", str(error), set_up_again())
    except OSError as error:  # sounddevice says so where the C library is absent
        return Check("sound system", "missing", str(error), install_command("portaudio"))
    _, version = sounddevice.get_portaudio_version()
    return Check("sound system", "ok", str(version).partition(",")[0])


def microphones(sound: AudioInput) -> Check:
    """Check that there is something to record, by the names that `listen --device` takes."""
    try:
        devices = sound.devices()
    except OutsideError as error:
        return Check("microphones", "missing", str(error), "start the sound system again")
    found = [device for device in devices if not device.name.endswith(MONITOR)]
    if not found:
        detail = "none: files can be transcribed, speech cannot"
        return Check("microphones", "warning", detail, "plug one in, then look again")
    names = [f"{device.name}{' (default)' if device.is_default else ''}" for device in found]
    return Check("microphones", "ok", ", ".join(names))


def libraries(names: Sequence[str] = LIBRARIES) -> Check:
    """Check that each library of the voice engine loads, with the files it brings along."""
    for name in names:
        try:
            import_module(name)
        except (ImportError, OSError) as error:
            return Check("libraries", "missing", f"{name}: {error}", set_up_again())
    return Check("libraries", "ok", ", ".join(names))


def speech_detector() -> Check:
    """Check that the neural speech detector and what runs it are here."""
    name = "speech detector"
    spec = find_spec("faster_whisper")
    if spec is None or spec.origin is None:
        return Check(name, "missing", "faster_whisper is not installed", set_up_again())
    model = Path(spec.origin).parent / DETECTOR
    if not model.is_file():
        return Check(name, "missing", f"{model} is not there", set_up_again())
    try:
        version = import_module("onnxruntime").__version__
    except (ImportError, OSError) as error:
        return Check(name, "missing", f"onnxruntime: {error}", set_up_again())
    return Check(name, "ok", f"Silero v6, ONNX Runtime {version}")


def speech_model(store: ModelStore, name: str) -> Check:
    """Check that the chosen speech model is here and whole, byte by byte."""
    fetch = f"universal-ai-tools models fetch {name}"
    try:
        folder = store.verify(name)
    except SettingsError as error:
        return Check("speech model", "missing", str(error), "universal-ai-tools models list")
    except (Damaged, Unreachable) as error:
        return Check("speech model", "missing", str(error), fetch)
    return Check("speech model", "ok", f"{name}, whole, in {folder}")


def processor() -> Check:
    """Say where transcription will run, and why."""
    try:
        ctranslate2 = import_module("ctranslate2")
    except (ImportError, OSError) as error:
        return Check("processor", "missing", f"ctranslate2: {error}", set_up_again())
    if "int8" not in ctranslate2.get_supported_compute_types("cpu"):
        return Check("processor", "warning", "this CPU has no fast 8-bit arithmetic: expect delays")
    try:
        count = ctranslate2.get_cuda_device_count()
    except RuntimeError as error:
        return Check("processor", "warning", f"cpu int8; CUDA was refused ({error})")
    if not count:
        return Check("processor", "ok", "cpu int8: no CUDA device was found")
    return Check("processor", "ok", f"cuda: {count} device(s); cpu int8 stands by")
