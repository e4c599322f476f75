"""What the doctor looks at where a graphics card of NVIDIA shall compute: CUDA's own libraries.

They are no part of the application: they fit the driver, and are larger than all the rest.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from importlib import import_module

from app.commands.doctor.remedies import install_command
from app.commands.doctor.report import Check

NAME = "cuda libraries"
NEEDED = {"win32": ("cublas64_12.dll",)}
ELSEWHERE = ("libcublas.so.12",)
"""What CTranslate2 opens by name once it computes on a card; it brings the rest along."""


def cuda_libraries(load: Callable[[str], object] = ctypes.CDLL) -> Check:
    """Check that speech can be computed on the card that there is; without one nothing is needed.

    load: opens a library by its name and raises OSError where there is none.
    """
    try:
        count = import_module("ctranslate2").get_cuda_device_count()
    except (ImportError, OSError, RuntimeError):
        count = 0  # the processor's check says why
    if not count:
        return Check(NAME, "ok", "not needed: speech is computed on the processor")
    for library in NEEDED.get(sys.platform, ELSEWHERE):
        try:
            load(library)
        except OSError:
            detail = f"{library} is not found: speech models cannot use the graphics card"
            return Check(NAME, "warning", detail, install_command("cublas"))
    return Check(NAME, "ok", "all that speech models need on a graphics card")
