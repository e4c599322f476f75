"""How much graphics memory a Whisper model takes on CTranslate2."""

from __future__ import annotations

import math
from pathlib import Path

from engine.errors import Unreachable
from engine.voice.catalogue import full_weights_bytes

MIB = 2**20
WEIGHTS = "model.bin"
KEPT_SHARE = 0.55
"""Of the file, where its 16-bit weights are loaded as int8_float16: one byte for two in every
matrix, a scale for each of its rows, and what is no matrix as it was."""
WORK_MIB = 256
"""Buffers of cuBLAS and cuDNN, and blocks that CTranslate2's allocator keeps."""
WORK_SHARE = 0.3
"""Of the file: what layers hand on, and the keys and values of a window; both grow with the
model."""


def needed_mib(folder: Path) -> int:
    """Return the MiB that the model in `folder` takes on a card, without what the driver takes.

    Formula: KEPT_SHARE of the file, WORK_MIB, and WORK_SHARE of the file. Its two figures for work
    are set so that large-v2 (2,944 MiB) comes out at 2,759 MiB; faster-whisper's own benchmark saw
    2,926 to 3,091 MB with int8 weights, of which some 457 MiB are the driver's. No card was at
    hand to measure smaller models, for which it is a guess: peaks that are seen correct it.
    Weights that packages carry in 8 bits take as much as the file that they were made from.
    Raises Unreachable where the file is not there.
    """
    try:
        file_bytes = (folder / WEIGHTS).stat().st_size
    except OSError as error:
        raise Unreachable(f"{folder / WEIGHTS} cannot be read ({error.strerror})") from error
    file_mib = full_weights_bytes(file_bytes) / MIB
    return math.ceil((KEPT_SHARE + WORK_SHARE) * file_mib) + WORK_MIB
