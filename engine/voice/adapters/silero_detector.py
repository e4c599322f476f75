"""Silero VAD v6 on ONNX Runtime: the detector that decides what is speech."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import Damaged
from engine.voice.ports import FloatArray

if TYPE_CHECKING:
    import onnxruntime

CONTEXT = 64
"""Samples of the window before that the model sees in front of each window of 512."""
STATE_SHAPE = (1, 1, 128)


class SileroDetector:
    """A SpeechDetector. The model is loaded on first use: 20 ms, then about 0.1 ms a window."""

    def __init__(self) -> None:
        self._session: onnxruntime.InferenceSession | None = None
        self.reset()

    def reset(self) -> None:
        """Forget what was heard."""
        self._hidden = np.zeros(STATE_SHAPE, np.float32)
        self._cell = np.zeros(STATE_SHAPE, np.float32)
        self._context = np.zeros(CONTEXT, np.float32)

    def probabilities(self, windows: FloatArray) -> FloatArray:
        """Return the speech probability of each of the windows, shape (n, 512), shape (n,).

        Raises Damaged where the model's file is missing or broken.
        """
        if self._session is None:
            self._session = _session()
        tails = np.vstack([self._context[None], windows[:-1, -CONTEXT:]])
        given: dict[str, Any] = {
            "input": np.hstack([tails, windows]),
            "h": self._hidden,
            "c": self._cell,
        }
        speech, self._hidden, self._cell = self._session.run(None, given)
        self._context = windows[-1, -CONTEXT:].copy()
        return np.asarray(speech, np.float32).reshape(len(windows))


def _session() -> onnxruntime.InferenceSession:
    import onnxruntime
    from onnxruntime.capi.onnxruntime_pybind11_state import (
        Fail,
        InvalidArgument,
        InvalidGraph,
        InvalidProtobuf,
        NoSuchFile,
    )

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    path = _model_file()
    try:
        return onnxruntime.InferenceSession(
            str(path), sess_options=options, providers=["CPUExecutionProvider"]
        )
    except (Fail, InvalidArgument, InvalidGraph, InvalidProtobuf, NoSuchFile) as error:
        raise Damaged(f"{path} cannot be loaded: install faster-whisper again") from error


def _model_file() -> Path:
    # Found without importing faster_whisper, which takes a second.
    found = importlib.util.find_spec("faster_whisper")
    if found is None or not found.submodule_search_locations:
        raise Damaged("faster-whisper, which carries the Silero model, is not installed")
    return Path(found.submodule_search_locations[0]) / "assets" / "silero_vad_v6.onnx"
