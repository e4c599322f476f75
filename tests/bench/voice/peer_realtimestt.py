"""RealtimeSTT, fed a recording in real time. Runs in the peer's own environment.

Arguments: raw 16 kHz mono int16 file, folder of the Whisper model. Prints one event a line.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

CHUNK = 640
"""Bytes in 20 ms."""
PATIENCE_S = 8.0
"""How long the last sentence may take."""


def main() -> None:
    """Feed the file, print partials and finals, then the CPU seconds of all processes."""
    sound, model = Path(sys.argv[1]).read_bytes(), sys.argv[2]
    began_s = [0.0]

    def tell(event: str, text: str) -> None:
        if began_s[0]:
            at_s = time.monotonic() - began_s[0]
            print(json.dumps({"event": event, "text": text, "at_s": at_s}), flush=True)

    recorder = _recorder(model, lambda text: tell("partial", text))
    threading.Thread(target=_finals, args=(recorder, tell), daemon=True).start()
    cpu_s = _cpu_s()
    began_s[0] = time.monotonic()
    for start in range(0, len(sound), CHUNK):
        due_s = began_s[0] + (start + CHUNK) / 32_000
        time.sleep(max(0.0, due_s - time.monotonic()))
        recorder.feed_audio(sound[start : start + CHUNK])
    used_s = _cpu_s() - cpu_s
    for _ in range(40):
        recorder.feed_audio(bytes(CHUNK))
        time.sleep(CHUNK / 32_000)
    time.sleep(PATIENCE_S)
    print(json.dumps({"event": "done", "cpu_s": used_s}), flush=True)
    threading.Thread(target=recorder.shutdown, daemon=True).start()
    time.sleep(2.0)
    os._exit(0)  # its threads and processes do not all end by themselves


def _recorder(model: str, shown: Any) -> Any:
    import silero_vad
    from RealtimeSTT import AudioToTextRecorder

    detector = Path(silero_vad.__file__).parent / "data" / "silero_vad.onnx"
    return AudioToTextRecorder(
        model=model,
        realtime_model_type=model,
        language="en",
        device="cpu",
        compute_type="int8",
        use_microphone=False,
        spinner=False,
        enable_realtime_transcription=True,
        on_realtime_transcription_update=shown,
        beam_size=1,
        beam_size_realtime=1,
        realtime_processing_pause=0.2,
        no_log_file=True,
        silero_backend="raw_onnx",
        silero_onnx_model_path=str(detector),
        level=40,
    )


def _finals(recorder: Any, tell: Any) -> None:
    while True:
        text = recorder.text()
        if text:
            tell("final", text)


def _cpu_s() -> float:
    """Return the CPU seconds of this process and all that it started."""
    own, tick = os.getpid(), os.sysconf("SC_CLK_TCK")
    parents: dict[int, int] = {}
    used: dict[int, float] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        number = int(entry.parent.name)
        parents[number] = int(fields[1])
        used[number] = (int(fields[11]) + int(fields[12])) / tick
    family = {own}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(used.get(number, 0.0) for number in family)


if __name__ == "__main__":
    main()
