"""One thread for linear algebra on small matrices.

OpenBLAS shares each product out over all cores and lets its threads spin until all are done. With
matrices of a few hundred rows, on cores that others use too, a suggestion then took 25 to 60 ms
instead of 6 to 10, and 1.8 s at worst. numpy and scipy each bring their own OpenBLAS; it has no
setting in Python besides the environment before it is loaded.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from pathlib import Path

import numpy as np

NAMES = tuple(
    f"{prefix}openblas_{{}}_num_threads{suffix}"
    for prefix in ("scipy_", "")
    for suffix in ("64_", "_64", "")
)
"""How builds of OpenBLAS call the same function."""


def use_one_thread() -> int:
    """Let numpy and scipy compute on one thread; return how many libraries took it.

    For the whole process, until it ends. 0 where they use another BLAS than their wheels bring.
    """
    return sum(_call(library, "set", 1) is not None for library in _libraries())


def thread_counts() -> list[int]:
    """Return on how many threads each library computes."""
    counts = [_call(library, "get") for library in _libraries()]
    return [each for each in counts if each is not None]


def _libraries() -> Iterator[ctypes.CDLL]:
    """Yield the libraries that lie beside the packages; they are loaded already."""
    packages = Path(np.__file__).parent.parent
    for folder in ("numpy.libs", "scipy.libs", "numpy/.dylibs", "scipy/.dylibs"):
        for path in sorted((packages / folder).glob("*openblas*")):
            try:
                yield ctypes.CDLL(str(path))
            except OSError:
                # One that cannot be loaded is not in use either.
                continue


def _call(library: ctypes.CDLL, verb: str, *given: int) -> int | None:
    """Return what the function says, 0 where it says nothing; None where there is none."""
    for name in NAMES:
        function = getattr(library, name.format(verb), None)
        if function is not None:
            return int(function(*given))
    return None
