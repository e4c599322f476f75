"""`make bench AREA=analytics`: everything of parameter analytics that has a number.

Peers that are installed in the environment are measured beside it: optuna, scikit-optimize,
MABWiser, river.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

from tests.bench.table import show

# One thread for all; numpy reads this once, when it is imported with a part.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

PARTS = {
    "suggest": "tests.bench.analytics.suggest",
    "regret": "tests.bench.analytics.regret",
    "bandits": "tests.bench.analytics.bandits",
    "drift": "tests.bench.analytics.drift",
    "contextual": "tests.bench.analytics.contextual",
    "rate": "tests.bench.analytics.rate",
}
"""Modules with a function `rows`, imported only when they run."""


def main() -> None:
    """Run all parts, or those named."""
    for name in sys.argv[1:] or PARTS:
        show("analytics", import_module(PARTS[name]).rows())


main()
